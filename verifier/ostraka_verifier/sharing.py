"""Verifiable secret sharing of a vote among the nodes (Pedersen 1991), for whole vectors.

One point for each degree commits to the polynomials of all slots at once, so that the public part
does not grow with the number of slots.

Source: docs/protocol.md §7. Vectors: tests/vectors/board.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    HASH_BYTES,
    SCALAR_BYTES,
    Reader,
    scalars,
    tagged_hash,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.poll_key import SEAL_BYTES as SEAL_BYTES


@dataclass(frozen=True)
class Share:
    """One node's share of one ballot, or the weighted sum of such shares.

    Attributes:
        values: `f_j(i)` for each slot, in [0, R).
        blinding: `ρ(i)`, in [0, R).
    """

    values: tuple[int, ...]
    blinding: int

    def encode(self) -> bytes:
        """Return `k + 1` scalars."""
        return scalars((*self.values, self.blinding))

    @classmethod
    def read(cls, reader: Reader, slots: int, field: str) -> "Share":
        """Read `slots + 1` scalars; Malformed when one is missing or unreduced."""
        values = tuple(reader.scalar(f"{field}[{slot}]") for slot in range(slots))
        return cls(values, reader.scalar(f"{field}.blinding"))

    def __repr__(self) -> str:
        # A share in a log or traceback would leak a vote.
        return f"Share(slots={len(self.values)})"


@dataclass(frozen=True)
class BoxContent:
    """Plaintext of a sealed box: the share, bound to its poll, voter and ballot (§7.3)."""

    poll_context: bytes
    voter: bytes
    ballot_digest: bytes
    share: Share

    def encode(self) -> bytes:
        """Return `84 + 32 (k + 1)` bytes."""
        return self.poll_context + self.voter + self.ballot_digest + self.share.encode()

    @classmethod
    def decode(cls, data: bytes, slots: int) -> "BoxContent":
        """Read a box of a poll with `slots` slots; Malformed if it is invalid."""
        reader = Reader(data, "box")
        content = cls(
            reader.take(HASH_BYTES, "poll_context"),
            reader.take(ADDRESS_BYTES, "voter"),
            reader.take(HASH_BYTES, "ballot_digest"),
            Share.read(reader, slots, "share"),
        )
        reader.end()
        return content


def box_bytes(slots: int) -> int:
    """Return the length of every sealed box of a poll with `slots` slots."""
    return SEAL_BYTES + 2 * HASH_BYTES + ADDRESS_BYTES + SCALAR_BYTES * (slots + 1)


def boxes_hash(boxes: Sequence[bytes]) -> bytes:
    """Return what the voter signs for all `n` boxes together."""
    return tagged_hash("boxes", *boxes)


def check_boxes(boxes: Sequence[bytes], nodes: int, slots: int) -> None:
    """Check number and lengths of a ballot's boxes.

    Raises:
        Malformed: One of them is wrong.
    """
    if len(boxes) != nodes:
        raise Malformed("boxes", f"{len(boxes)}, expected one for each of {nodes} nodes")
    for number, box in enumerate(boxes):
        if len(box) != box_bytes(slots):
            raise Malformed(f"boxes[{number}]", f"{len(box)} bytes, expected {box_bytes(slots)}")


def powers(node: int, count: int) -> list[int]:
    """Return `node^0 … node^(count−1)` modulo R."""
    return [pow(node, degree, R) for degree in range(count)]


def share_commitment(curve: Curve, sharing: Points, node: int) -> Points:
    """Return `V + Σ_d i^d A_d`, to which node `i`'s share must open.

    Args:
        sharing: `V, A_1, …, A_{t−1}`.
        node: Committee index, from 1.
    """
    return curve.msm(sharing, powers(node, len(sharing)))


def verify_shares(
    curve: Curve,
    key: CommitmentKey,
    node: int,
    shares: Sequence[tuple[Points, Share]],
) -> None:
    """Check that every share opens its ballot's commitments at `node` (§7.2).

    Args:
        shares: For each ballot `V, A_1, …, A_{t−1}` and the node's share.

    Raises:
        Rejected: A share does not; the item names it (check S0).
    """
    commitments = key.commit([(share.values, share.blinding) for _, share in shares])
    for number, (sharing, _) in enumerate(shares):
        if share_commitment(curve, sharing, node) != commitments[number]:
            raise Rejected("S0", f"shares[{number}]", f"does not open the ballot at node {node}")


def lagrange(nodes: Sequence[int], at: int = 0) -> list[int]:
    """Return coefficients that turn values at `nodes` into the value at `at`.

    Args:
        nodes: Distinct committee indices, each at least 1.
        at: 0 for the vote itself, or the index of another node.
    """
    if len(set(nodes)) != len(nodes) or any(node < 1 for node in nodes):
        raise ValueError("node indices must be distinct and at least 1")
    coefficients = []
    for node in nodes:
        numerator, denominator = 1, 1
        for other in nodes:
            if other != node:
                numerator = numerator * (other - at) % R
                denominator = denominator * (other - node) % R
        coefficients.append(numerator * pow(denominator, -1, R) % R)
    return coefficients
