"""Merkle sum tree over the counted ballots: one root that fixes every ballot and their sum.

Source: docs/protocol.md §10.4. Vectors: tests/vectors/merkle_sum.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier import typed_data
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

    def statement(
        self, context: bytes, number: int
    ) -> tuple[str, bytes, int, bytes, bytes, bytes, int]:
        """Return type and members of the `Root` statement of a settling round (§15)."""
        x, y = self.sum[:32], self.sum[32:]
        return typed_data.ROOT, context, number, self.hash, x, y, self.count


@dataclass(frozen=True)
class SumNode:
    """A node of the tree: hash (32 bytes), and sum below it (encoded point, 64 bytes)."""

    hash: bytes
    sum: bytes


EMPTY_NODE = SumNode(EMPTY_HASH, IDENTITY)
"""Every node whose leaves are all at or beyond the count."""


@dataclass(frozen=True)
class SumTree:
    """All nodes of the tree over some leaves, whose order nobody has checked.

    Attributes:
        count: Number of leaves, at least 1.
        hashes: Of each height's nodes, the leaves first. A height has an even number of nodes, as
            padding fills it up, except the top.
        sums: Of the same nodes, encoded points end to end.
    """

    count: int
    hashes: tuple[tuple[bytes, ...], ...]
    sums: tuple[bytes, ...]

    @classmethod
    def of(cls, curve: Curve, leaves: Sequence[Leaf], weighted: Points) -> "SumTree":
        """Return the tree over at least one leaf.

        Args:
            weighted: `w·V` of each leaf, in the same order.
        """
        encoded = weighted.encode()
        level = [
            leaf.hash(encoded[POINT_BYTES * number : POINT_BYTES * (number + 1)])
            for number, leaf in enumerate(leaves)
        ]
        sums = weighted
        padding = curve.decode(IDENTITY, identity=True)
        all_hashes, all_sums = list[tuple[bytes, ...]](), list[bytes]()
        while len(level) > 1:
            if len(level) % 2:
                level.append(EMPTY_HASH)
                sums = curve.concat([sums, padding])
            encoded = sums.encode()
            all_hashes.append(tuple(level))
            all_sums.append(encoded)
            level = [_node_hash(level, encoded, number) for number in range(0, len(level), 2)]
            sums = curve.add(sums[0::2], sums[1::2])
        return cls(len(leaves), (*all_hashes, tuple(level)), (*all_sums, sums.encode()))

    @property
    def depth(self) -> int:
        """Number of levels above the leaves."""
        return len(self.hashes) - 1

    @property
    def root(self) -> SumRoot:
        """The root that nodes would sign for it."""
        return SumRoot(self.hashes[-1][0], self.sums[-1], self.count)

    def node(self, height: int, index: int) -> SumNode:
        """Return a node by its height and its place there; beyond the last one, padding."""
        if index >= len(self.hashes[height]):
            return EMPTY_NODE
        place = POINT_BYTES * index
        return SumNode(self.hashes[height][index], self.sums[height][place : place + POINT_BYTES])

    def siblings(self, index: int, height: int = 0) -> tuple[SumNode, ...]:
        """Return the siblings of a node and of those above it, from its own height upward."""
        return tuple(
            self.node(above, (index >> above - height) ^ 1) for above in range(height, self.depth)
        )


def tree_depth(count: int) -> int:
    """Return the number of levels above `count` leaves, of which there is at least one."""
    return (count - 1).bit_length()


def node_hash(left: SumNode, right: SumNode) -> bytes:
    """Return the hash of the node above two children."""
    return tagged_hash("node", left.hash, left.sum, right.hash, right.sum)


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
    return SumTree.of(curve, leaves, curve.scale(values, [leaf.weight for leaf in leaves])).root


def _node_hash(hashes: Sequence[bytes], sums: bytes, left: int) -> bytes:
    right = left + 1
    return tagged_hash(
        "node",
        hashes[left],
        sums[POINT_BYTES * left : POINT_BYTES * right],
        hashes[right],
        sums[POINT_BYTES * right : POINT_BYTES * (right + 1)],
    )
