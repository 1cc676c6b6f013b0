"""The bulletin board of one poll as bytes: everything public beside the chain.

Source: docs/protocol.md §16. Vectors: tests/vectors/board.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.encoding import (
    HASH_BYTES,
    POINT_BYTES,
    SIGNATURE_BYTES,
    Reader,
    unsigned,
)
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.sharing import Share

MAGIC = b"ostraka/board/v1"

_SECTIONS = (
    "poll",
    "parameters",
    "rule",
    "outcome_rule",
    "description",
    "committee",
    "poll_keys",
    "census",
    "leaves",
    "root",
    "shares",
)


@dataclass(frozen=True)
class PollKeyAnnouncement:
    """A node's X25519 poll key (32 bytes) under its signature."""

    public_key: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedBallot:
    """A canonical ballot, the hash of its boxes, and the voter's signature over both."""

    ballot: bytes
    boxes_hash: bytes
    signature: bytes


@dataclass(frozen=True)
class Attestation:
    """A node's signature of the root."""

    node: int
    signature: bytes


@dataclass(frozen=True)
class AnchoredRoot:
    """The root of a settling round with the signatures that anchor it."""

    round: int
    root: SumRoot
    attestations: tuple[Attestation, ...]


@dataclass(frozen=True)
class SignedShare:
    """A node's aggregate share under its signature."""

    node: int
    share: Share
    signature: bytes


@dataclass(frozen=True)
class Board:
    """All sections of a board.

    The first six and the census stay encoded: their own modules read them, and each check
    answers for its own section.
    """

    poll: bytes
    parameters: bytes
    rule: bytes
    outcome_rule: bytes
    description: bytes
    committee: bytes
    poll_keys: tuple[PollKeyAnnouncement, ...]
    census: bytes
    leaves: tuple[SignedBallot, ...]
    root: AnchoredRoot | None
    shares: tuple[SignedShare, ...]

    def encode(self) -> bytes:
        """Canonical bytes."""
        sections = (
            self.poll,
            self.parameters,
            self.rule,
            self.outcome_rule,
            self.description,
            self.committee,
            b"".join(key.public_key + key.signature for key in self.poll_keys),
            self.census,
            _encode_leaves(self.leaves),
            _encode_root(self.root),
            _encode_shares(self.shares),
        )
        framed = [unsigned(len(section), 4) + section for section in sections]
        return MAGIC + b"".join(framed)

    @classmethod
    def decode(cls, data: bytes, ballot_bytes: int, slots: int) -> "Board":
        """Read a board.

        Args:
            ballot_bytes: Length of the poll's canonical ballots.
            slots: Number of slots of its rule.

        Raises:
            Malformed: Not a board, or one of another poll's dimensions.
        """
        sections = split_sections(data)
        return cls(
            sections["poll"],
            sections["parameters"],
            sections["rule"],
            sections["outcome_rule"],
            sections["description"],
            sections["committee"],
            decode_poll_keys(sections["poll_keys"]),
            sections["census"],
            decode_leaves(sections["leaves"], ballot_bytes),
            decode_root(sections["root"]),
            decode_shares(sections["shares"], slots),
        )


def split_sections(data: bytes) -> dict[str, bytes]:
    """The sections of a board by name, still encoded.

    Raises:
        Malformed: Another magic, a section missing or cut short, trailing bytes.
    """
    reader = Reader(data, "board")
    if reader.take(len(MAGIC), "magic") != MAGIC:
        raise Malformed("board: not an Ostraka board of version 1")
    sections = {name: reader.prefixed(4, name) for name in _SECTIONS}
    reader.end()
    return sections


def decode_poll_keys(data: bytes) -> tuple[PollKeyAnnouncement, ...]:
    """Read section 7; Malformed when it is none."""
    size = HASH_BYTES + SIGNATURE_BYTES
    if len(data) % size:
        raise Malformed(f"board.poll_keys: {len(data)} bytes, no multiple of {size}")
    return tuple(
        PollKeyAnnouncement(data[at : at + HASH_BYTES], data[at + HASH_BYTES : at + size])
        for at in range(0, len(data), size)
    )


def _encode_leaves(leaves: Sequence[SignedBallot]) -> bytes:
    parts = [unsigned(len(leaves), 4)]
    for leaf in leaves:
        parts += [leaf.ballot, leaf.boxes_hash, leaf.signature]
    return b"".join(parts)


def decode_leaves(data: bytes, ballot_bytes: int) -> tuple[SignedBallot, ...]:
    """Read section 9 with ballots of `ballot_bytes` bytes; Malformed when it is none."""
    reader = Reader(data, "board.leaves")
    count = reader.unsigned(4, "count")
    # Compared before any loop: a forged count must not make us allocate.
    if len(data) != 4 + count * (ballot_bytes + HASH_BYTES + SIGNATURE_BYTES):
        raise Malformed(f"board.leaves: {len(data)} bytes do not hold {count} ballots")
    return tuple(
        [
            SignedBallot(
                reader.take(ballot_bytes, "ballot"),
                reader.take(HASH_BYTES, "boxes_hash"),
                reader.take(SIGNATURE_BYTES, "signature"),
            )
            for _ in range(count)
        ]
    )


def _encode_root(anchored: AnchoredRoot | None) -> bytes:
    if anchored is None:
        return b""
    root = anchored.root
    parts = [unsigned(anchored.round, 4), root.hash, root.sum, unsigned(root.count, 4)]
    parts += [unsigned(len(anchored.attestations), 1)]
    for attestation in anchored.attestations:
        parts += [unsigned(attestation.node, 1), attestation.signature]
    return b"".join(parts)


def decode_root(data: bytes) -> AnchoredRoot | None:
    """Read section 10, None before anchoring; Malformed when it is none."""
    if not data:
        return None
    reader = Reader(data, "board.root")
    number = reader.unsigned(4, "round")
    root = SumRoot(
        reader.take(HASH_BYTES, "hash"),
        reader.take(POINT_BYTES, "sum"),
        reader.unsigned(4, "count"),
    )
    attestations = []
    previous = 0
    for _ in range(reader.unsigned(1, "attestations")):
        previous = _next_node(reader, previous)
        attestations.append(Attestation(previous, reader.take(SIGNATURE_BYTES, "signature")))
    reader.end()
    return AnchoredRoot(number, root, tuple(attestations))


def _encode_shares(shares: Sequence[SignedShare]) -> bytes:
    parts = [unsigned(len(shares), 1)]
    for signed in shares:
        parts += [unsigned(signed.node, 1), signed.share.encode(), signed.signature]
    return b"".join(parts)


def decode_shares(data: bytes, slots: int) -> tuple[SignedShare, ...]:
    """Read section 11 of a poll with `slots` slots; Malformed when it is none."""
    reader = Reader(data, "board.shares")
    shares = []
    previous = 0
    for _ in range(reader.unsigned(1, "count")):
        previous = _next_node(reader, previous)
        share = Share.read(reader, slots, f"share of node {previous}")
        shares.append(SignedShare(previous, share, reader.take(SIGNATURE_BYTES, "signature")))
    reader.end()
    return tuple(shares)


def _next_node(reader: Reader, previous: int) -> int:
    node = reader.unsigned(1, "node")
    if node <= previous:
        raise Malformed(f"board: node {node} does not follow node {previous} in strict order")
    return node
