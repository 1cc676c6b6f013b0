"""Merkle sum tree over the counted ballots: one root that fixes every ballot and their sum.

Source: docs/protocol.md §10.4. Vectors: tests/vectors/merkle_sum.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.curve import Curve, Points
from ostraka_verifier.encoding import (
    HASH_BYTES,
    IDENTITY,
    POINT_BYTES,
    Reader,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Rejected
from ostraka_verifier.units import UnixSeconds

EMPTY_HASH = bytes(HASH_BYTES)


@dataclass(frozen=True)
class Leaf:
    """One counted ballot in the tree.

    Attributes:
        voter: 20-byte account.
        weight: The census's weight, in [1, 2^128).
        cast_at_unix_s: Of the ballot.
        digest: Of the ballot, 32 bytes.
    """

    voter: bytes
    weight: int
    cast_at_unix_s: UnixSeconds
    digest: bytes

    def hash(self, weighted_value: bytes) -> bytes:
        """Return the leaf hash over these fields and `w·V`, 64 bytes."""
        return tagged_hash(
            "leaf",
            self.voter,
            unsigned(self.weight, 16),
            unsigned(self.cast_at_unix_s, 8),
            self.digest,
            weighted_value,
        )


@dataclass(frozen=True)
class SumRoot:
    """Root of the tree: hash (32 bytes), sum (encoded point, 64 bytes) and number of leaves."""

    hash: bytes
    sum: bytes
    count: int

    def encode(self) -> bytes:
        """Return `hash ‖ sum ‖ u32 count`, 100 bytes."""
        return self.hash + self.sum + unsigned(self.count, 4)

    @classmethod
    def read(cls, reader: Reader) -> "SumRoot":
        """Reverse `encode`; Malformed if bytes are missing."""
        return cls(
            reader.take(HASH_BYTES, "hash"),
            reader.take(POINT_BYTES, "sum"),
            reader.unsigned(4, "count"),
        )

    @property
    def digest(self) -> bytes:
        """Digest in `Final` and `AggregateShare` statements."""
        return tagged_hash("root", self.encode())


def sum_root(curve: Curve, leaves: Sequence[Leaf], values: Points) -> SumRoot:
    """Return the root of the tree over `leaves`.

    Args:
        leaves: Strictly increasing by voter.
        values: Their commitments `V`, in the same order.

    Raises:
        Rejected: The leaves are not strictly increasing by voter (check B2).
    """
    for number in range(1, len(leaves)):
        if leaves[number - 1].voter >= leaves[number].voter:
            raise Rejected("B2", f"leaves[{number}]", "voter does not follow in strict order")
    if not leaves:
        return SumRoot(EMPTY_HASH, IDENTITY, 0)
    sums = curve.scale(values, [leaf.weight for leaf in leaves])
    encoded = sums.encode()
    hashes = [
        leaf.hash(encoded[POINT_BYTES * number : POINT_BYTES * (number + 1)])
        for number, leaf in enumerate(leaves)
    ]
    padding = curve.decode(IDENTITY, identity=True)
    while len(hashes) > 1:
        if len(hashes) % 2:
            hashes.append(EMPTY_HASH)
            sums = curve.concat([sums, padding])
        encoded = sums.encode()
        hashes = [_node_hash(hashes, encoded, number) for number in range(0, len(hashes), 2)]
        sums = curve.add(sums[0::2], sums[1::2])
    return SumRoot(hashes[0], sums.encode(), len(leaves))


def _node_hash(hashes: Sequence[bytes], sums: bytes, left: int) -> bytes:
    right = left + 1
    return tagged_hash(
        "node",
        hashes[left],
        sums[POINT_BYTES * left : POINT_BYTES * right],
        hashes[right],
        sums[POINT_BYTES * right : POINT_BYTES * (right + 1)],
    )
