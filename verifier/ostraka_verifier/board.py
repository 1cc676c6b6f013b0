"""The bulletin board of one poll as bytes: everything public that is not on chain.

Source: docs/protocol.md §16. Vectors: tests/vectors/board.json.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ostraka_verifier.content import Content, InMemory, Within
from ostraka_verifier.encoding import (
    HASH_BYTES,
    POINT_BYTES,
    SIGNATURE_BYTES,
    Reader,
    unsigned,
)
from ostraka_verifier.errors import Malformed, Undecided
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.poll_key import PUBLIC_KEY_BYTES
from ostraka_verifier.sharing import Share

MAGIC = b"ostraka/board/v2"

SECTIONS = {
    1: "poll",
    2: "parameters",
    3: "rule",
    4: "outcome_rule",
    5: "description",
    6: "committee",
    7: "poll_keys",
    8: "census",
    9: "leaves",
    10: "root",
    11: "shares",
    12: "redemptions",
    13: "extension",
    14: "opened",
}
"""Sections by tag. Tags 1 to 9 always exist, the others exactly if they have content."""
_ALWAYS = range(1, 10)
LEAVES = 9
OPENED = "opened"
NOTES_FROM = 0x8000
"""Tags from this one on are notes, which no check reads."""
MAX_NOTES_BYTES = 1 << 26
MAX_SECTION_BYTES = 1 << 26
"""Of a section that is read into memory: every one but census, leaves and opened ballots."""
MAX_VOTERS_BYTES = 1 << 31
"""Of a section that grows with the voters: census, redemptions and opened ballots."""
CENSUS = "census"
_OF_VOTERS = frozenset({CENSUS, "redemptions", OPENED})
_IN_PLACE = frozenset({CENSUS, OPENED})
"""Sections that grow with the voters and are read in parts."""
_MAX_LENGTH = 1 << 53


@dataclass(frozen=True)
class PollKeyAnnouncement:
    """A node's poll key (1,216 bytes), and its signature over all nodes' keys (`PollKeys`)."""

    public_key: bytes
    signature: bytes


@dataclass(frozen=True)
class BoardLeaf:
    """A canonical ballot, its signing key's two coordinates (64 bytes), the hash of its boxes, and
    that key's signature over ballot and boxes."""

    ballot: bytes
    public_key: bytes
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

    def encode(self) -> bytes:
        """Encode section 10 of a board. Nodes exchange roots in this form, too."""
        parts = [unsigned(self.round, 4), self.root.encode(), unsigned(len(self.attestations), 1)]
        for attestation in self.attestations:
            parts += [unsigned(attestation.node, 1), attestation.signature]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "AnchoredRoot":
        """Reverse `encode`; Malformed on another length, or nodes that do not increase."""
        reader = Reader(data, "board.root")
        number, root = reader.unsigned(4, "round"), SumRoot.read(reader)
        attestations = []
        previous = 0
        for _ in range(reader.unsigned(1, "attestations")):
            previous = next_node(reader, previous)
            attestations.append(Attestation(previous, reader.take(SIGNATURE_BYTES, "signature")))
        reader.end()
        return cls(number, root, tuple(attestations))


@dataclass(frozen=True)
class SignedShare:
    """A node's aggregate share under its signature."""

    node: int
    share: Share
    signature: bytes


@dataclass(frozen=True)
class Board:
    """All sections of a board.

    The first six and the census stay encoded: their own modules read them, and each check is
    about its own section.
    """

    poll: bytes
    parameters: bytes
    rule: bytes
    outcome_rule: bytes
    description: bytes
    committee: bytes
    poll_keys: tuple[PollKeyAnnouncement, ...]
    census: bytes
    leaves: tuple[BoardLeaf, ...]
    root: AnchoredRoot | None
    shares: tuple[SignedShare, ...]
    redemptions: bytes | None = None
    opened: bytes | None = None

    def encode(self) -> bytes:
        """Return canonical bytes."""
        return join_sections(
            {
                1: self.poll,
                2: self.parameters,
                3: self.rule,
                4: self.outcome_rule,
                5: self.description,
                6: self.committee,
                7: b"".join(key.public_key + key.signature for key in self.poll_keys),
                8: self.census,
                9: _encode_leaves(self.leaves),
                10: self.root.encode() if self.root else None,
                11: _encode_shares(self.shares) if self.shares else None,
                12: self.redemptions,
                14: self.opened,
            }
        )

    def around_leaves(self, count: int, ballot_bytes: int) -> tuple[bytes, bytes]:
        """Return a board of `count` leaves without their records: what is before and after them.

        So a program can write a large board leaf by leaf.

        Args:
            ballot_bytes: Length of the poll's canonical ballots.
        """
        before = replace(
            self, leaves=(), root=None, shares=(), redemptions=None, opened=None
        ).encode()
        empty = _section(9, _encode_leaves(()))
        length = 4 + count * record_bytes(ballot_bytes)
        head = unsigned(9, 2) + unsigned(length, 8) + unsigned(count, 4)
        whole = replace(self, leaves=()).encode()
        return before.removesuffix(empty) + head, whole[len(before) :]

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
            AnchoredRoot.decode(sections["root"]) if "root" in sections else None,
            decode_shares(sections["shares"], slots) if "shares" in sections else (),
            sections.get("redemptions"),
            sections.get(OPENED),
        )


def join_sections(contents: Mapping[int, bytes | None]) -> bytes:
    """Return a board of sections by tag, without those that are None."""
    framed = [
        _section(tag, content) for tag, content in sorted(contents.items()) if content is not None
    ]
    return MAGIC + b"".join(framed)


def _section(tag: int, content: bytes) -> bytes:
    return unsigned(tag, 2) + unsigned(len(content), 8) + content


def split_sections(data: bytes) -> dict[str, bytes]:
    """Return the sections of a board by name, still encoded and without notes.

    Raises:
        Malformed: Another magic or version, a section missing, unknown, twice, out of order or cut
            short, or too many notes.
    """
    board = OpenedBoard.of(data)
    apart = {CENSUS: board.census, SECTIONS[LEAVES]: board.leaves, OPENED: board.opened}
    return board.sections | {
        name: part.read(0, part.size) for name, part in apart.items() if part is not None
    }


class OpenedBoard:
    """The sections of a board that is read from front to back, perhaps while it arrives.

    Census, leaves and opened ballots stay where they are: there may be more of them than memory.

    Attributes:
        sections: Sections by name that have been read, still encoded, without those that
            stay where they are.
        notes: Length of each note by its tag.
    """

    def __init__(self, content: Content) -> None:
        self.sections: dict[str, bytes] = {}
        self.notes: dict[int, int] = {}
        self._content = content
        self._in_place: dict[str, Within] = {}
        self._leaves: Within | None = None
        self._at = 0
        self._previous = 0
        self._notes_bytes = 0

    @classmethod
    def of(cls, data: bytes) -> "OpenedBoard":
        """Return a whole board; errors as for `split_sections`."""
        board = cls(InMemory(data))
        board.read_to_leaves()
        board.read_rest()
        return board

    @property
    def census(self) -> Within:
        """Section 8, all of which is there; only after `read_to_leaves`."""
        return self._read(self._in_place.get(CENSUS))

    @property
    def opened(self) -> Within | None:
        """Section 14, all of which is there; None without one. Only after `read_rest`."""
        return self._in_place.get(OPENED)

    @property
    def leaves(self) -> Within:
        """Section 9; only after `read_to_leaves`."""
        return self._read(self._leaves)

    def read_to_leaves(self) -> None:
        """Read the sections before the leaves.

        Raises:
            Malformed: As for `split_sections`.
            Undecided: The board does not arrive.
        """
        self._read_magic()
        while self._leaves is None and self._more():
            self._read_section()
        if self._leaves is None or self._missing():
            # Whatever else is wrong with the board comes first.
            self.read_rest()

    def read_rest(self) -> None:
        """Read the sections behind the leaves; errors as for `read_to_leaves`."""
        if self._leaves is not None:
            missing = self._leaves.size - self._leaves.reach(self._leaves.size)
            if missing:
                raise Malformed(f"board.{SECTIONS[LEAVES]}", f"{missing} bytes missing")
        while self._more():
            self._read_section()
        for name in self._missing():
            raise Malformed(f"board.{name}", "missing")

    def _read_magic(self) -> None:
        found = self._content.read(0, len(MAGIC))
        if found != MAGIC:
            if found.startswith(MAGIC[:-1]):
                raise Malformed(
                    "board", f"{found.decode(errors='replace')}, expected {MAGIC.decode()}"
                )
            raise Malformed("board", "not an Ostraka board")
        self._at = len(MAGIC)

    @staticmethod
    def _read(section: Within | None) -> Within:
        if section is None:
            raise RuntimeError("the board was not read as far as its leaves")
        return section

    def _more(self) -> bool:
        return self._content.reach(self._at + 1) > self._at

    def _missing(self) -> list[str]:
        leaves = () if self._leaves is None else (SECTIONS[LEAVES],)
        found = {*self.sections, *self._in_place, *leaves}
        return [SECTIONS[tag] for tag in _ALWAYS if SECTIONS[tag] not in found]

    def _read_section(self) -> None:
        tag = int.from_bytes(self._take(2, "tag"), "big")
        if tag <= self._previous:
            raise Malformed(
                "board", f"section {tag} does not follow section {self._previous} in order"
            )
        self._previous = tag
        name = SECTIONS.get(tag, f"section {tag}")
        size = int.from_bytes(self._take(8, f"{name}.length"), "big")
        if size >= _MAX_LENGTH:
            raise Malformed(f"board.{name}", f"length {size} is not below 2^53")
        if tag >= NOTES_FROM:
            self.notes[tag] = size
            self._notes_bytes += size
            if self._notes_bytes > MAX_NOTES_BYTES:
                raise Malformed("board", f"notes of more than {MAX_NOTES_BYTES} bytes")
            self._skip(size, name)
        elif tag not in SECTIONS:
            raise Malformed("board", f"section {tag} is unknown to this program")
        elif tag == LEAVES:
            self._leaves = Within(self._content, self._at, size)
            # Nobody waits for them here: `read_rest` finds out whether they are whole.
            self._at += size
        elif name in _IN_PLACE:
            start = self._at
            self._pass(size, name)
            self._in_place[name] = Within(self._content, start, size)
        else:
            self.sections[name] = self._take(size, name)

    def _take(self, size: int, field: str) -> bytes:
        self._pass(size, field)
        return self._content.read(self._at - size, size)

    def _pass(self, size: int, field: str) -> None:
        """Wait for bytes, of which there must not be too many."""
        self._skip(size, field)
        limit = MAX_VOTERS_BYTES if field in _OF_VOTERS else MAX_SECTION_BYTES
        if size > limit:
            raise Undecided(f"board.{field}: more than {limit} bytes")

    def _skip(self, size: int, field: str) -> None:
        end = self._at + size
        missing = end - self._content.reach(end)
        if missing:
            raise Malformed(f"board.{field}", f"{missing} bytes missing")
        self._at = end


def decode_poll_keys(data: bytes) -> tuple[PollKeyAnnouncement, ...]:
    """Read section 7; Malformed if it is invalid."""
    size = PUBLIC_KEY_BYTES + SIGNATURE_BYTES
    if len(data) % size:
        raise Malformed("board.poll_keys", f"{len(data)} bytes, no multiple of {size}")
    return tuple(
        PollKeyAnnouncement(
            data[at : at + PUBLIC_KEY_BYTES], data[at + PUBLIC_KEY_BYTES : at + size]
        )
        for at in range(0, len(data), size)
    )


def _encode_leaves(leaves: Sequence[BoardLeaf]) -> bytes:
    parts = [unsigned(len(leaves), 4)]
    for leaf in leaves:
        parts += [leaf.ballot, leaf.public_key, leaf.boxes_hash, leaf.signature]
    return b"".join(parts)


def decode_leaves(data: bytes, ballot_bytes: int) -> tuple[BoardLeaf, ...]:
    """Read section 9 with ballots of `ballot_bytes` bytes; Malformed if it is invalid."""
    count, size = leaf_count(data[:4], len(data), ballot_bytes), record_bytes(ballot_bytes)
    return tuple(
        [decode_leaf(data[at : at + size], ballot_bytes) for at in range(4, 4 + count * size, size)]
    )


def leaf_count(start: bytes, size: int, ballot_bytes: int) -> int:
    """Return the number of leaves of a section 9 of `size` bytes, of which `start` are the first 4.

    Raises:
        Malformed: The length is not that of so many leaves.
    """
    count = Reader(start, "board.leaves").unsigned(4, "count")
    # Compare before any loop: a forged count must not make us allocate memory.
    if size != 4 + count * record_bytes(ballot_bytes):
        raise Malformed("board.leaves", f"{size} bytes do not hold {count} ballots")
    return count


def decode_leaf(record: bytes, ballot_bytes: int) -> BoardLeaf:
    """Read the record of one leaf; Malformed if its length is wrong."""
    reader = Reader(record, "board.leaves")
    leaf = BoardLeaf(
        reader.take(ballot_bytes, "ballot"),
        reader.take(POINT_BYTES, "public_key"),
        reader.take(HASH_BYTES, "boxes_hash"),
        reader.take(SIGNATURE_BYTES, "signature"),
    )
    reader.end()
    return leaf


def record_bytes(ballot_bytes: int) -> int:
    """Return the length of a leaf's record on a board with ballots of `ballot_bytes` bytes."""
    return ballot_bytes + POINT_BYTES + HASH_BYTES + SIGNATURE_BYTES


def _encode_shares(shares: Sequence[SignedShare]) -> bytes:
    parts = [unsigned(len(shares), 1)]
    for signed in shares:
        parts += [unsigned(signed.node, 1), signed.share.encode(), signed.signature]
    return b"".join(parts)


def decode_shares(data: bytes, slots: int) -> tuple[SignedShare, ...]:
    """Read section 11 of a poll with `slots` slots; Malformed if it is invalid."""
    reader = Reader(data, "board.shares")
    shares = []
    previous = 0
    count = reader.unsigned(1, "count")
    if not count:
        # A section exists exactly if it has content.
        raise Malformed("board.shares", "none")
    for _ in range(count):
        previous = next_node(reader, previous)
        share = Share.read(reader, slots, f"share of node {previous}")
        shares.append(SignedShare(previous, share, reader.take(SIGNATURE_BYTES, "signature")))
    reader.end()
    return tuple(shares)


def next_node(reader: Reader, previous: int) -> int:
    """Read the next node of a list of nodes in strictly increasing order; Malformed otherwise."""
    node = reader.unsigned(1, "node")
    if node <= previous:
        raise Malformed("board", f"node {node} does not follow node {previous} in strict order")
    return node
