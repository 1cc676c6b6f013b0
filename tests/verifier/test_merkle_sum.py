"""The sum tree over ballots: siblings of every leaf lead to the root, and padding is beyond it.

Source: docs/protocol.md §10.4.
"""

import pytest

from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import POINT_BYTES
from ostraka_verifier.merkle_sum import (
    EMPTY_NODE,
    Leaf,
    SumNode,
    SumTree,
    node_hash,
    tree_depth,
)
from ostraka_verifier.units import UnixSeconds

CURVE = load("native")
VALUES = CommitmentKey(CURVE, 8).generators


def tree_of(count: int) -> SumTree:
    leaves = [Leaf(bytes([n]) * 20, 1, UnixSeconds(n), bytes([n]) * 32) for n in range(count)]
    return SumTree.of(CURVE, leaves, VALUES[:count])


def parent(left: SumNode, right: SumNode) -> SumNode:
    values = [CURVE.decode(one.sum, identity=True) for one in (left, right)]
    return SumNode(node_hash(left, right), CURVE.add(*values).encode())


@pytest.mark.parametrize("count", range(1, 9))
def test_siblings_of_every_leaf_lead_to_the_root(count: int) -> None:
    tree = tree_of(count)
    assert tree.depth == tree_depth(count)
    for index in range(count):
        node = tree.node(0, index)
        assert node.sum == VALUES.encode()[POINT_BYTES * index :][:POINT_BYTES]
        for height, sibling in enumerate(tree.siblings(index)):
            assert tree.siblings(index >> height, height)[0] == sibling
            node = parent(sibling, node) if index >> height & 1 else parent(node, sibling)
        assert node == SumNode(tree.root.hash, tree.root.sum) == tree.node(tree.depth, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6])
def test_nodes_beyond_the_last_leaf_are_padding(count: int) -> None:
    tree = tree_of(count)
    for index in range(count, 10):
        assert tree.node(0, index) == EMPTY_NODE
    assert tree.node(tree.depth, 1) == EMPTY_NODE
