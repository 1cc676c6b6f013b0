"""What is false about an anchored root, as far as a board or answers on chain show it.

Pure: trees, roots and what was shown are arguments.

Source: docs/protocol.md §10.4, §11.3; docs/decisions/0080-watchtower.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostraka.chain.disputes import ShownLeaf
from ostraka.guard.evidence import Evidence, SignedLeaf
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import POINT_BYTES
from ostraka_verifier.merkle_sum import (
    EMPTY_HASH,
    EMPTY_NODE,
    Leaf,
    SumNode,
    SumRoot,
    SumTree,
    node_hash,
    tree_depth,
)


@dataclass(frozen=True)
class FalseSum:
    """An inner node whose stated sum is not that of its children."""

    height: int
    index: int
    stated: bytes
    children: tuple[SumNode, SumNode]
    siblings: tuple[SumNode, ...]


@dataclass(frozen=True)
class FalsePadding:
    """A node at or beyond the count that is not empty, or an empty leaf before it."""

    height: int
    index: int
    node: SumNode
    siblings: tuple[SumNode, ...]


@dataclass(frozen=True)
class FalseOrder:
    """The leaves at `index` and after it, whose voters do not increase, each with its `w·V`."""

    index: int
    leaves: tuple[tuple[Leaf, bytes], tuple[Leaf, bytes]]
    siblings: tuple[tuple[SumNode, ...], tuple[SumNode, ...]]


@dataclass(frozen=True)
class FalseLeaf:
    """A leaf for which nobody can have an answer."""

    index: int
    reason: str


Fault = FalseSum | FalsePadding | FalseOrder | FalseLeaf
"""What is false about a root. All but a false leaf are shown at once, without a bond."""


def faults_of_board(evidence: Evidence, leaves: Sequence[SignedLeaf], tree: SumTree) -> list[Fault]:
    """Return all that is false about a root that a board gives: order, and leaves."""
    found: list[Fault] = []
    for index in range(1, len(leaves)):
        if leaves[index - 1].voter >= leaves[index].voter:
            found.append(_false_order(evidence, leaves, tree, index - 1))
    for index, leaf in enumerate(leaves):
        reason = evidence.fault(leaf)
        if reason is not None:
            found.append(FalseLeaf(index, reason))
    return found


def _false_order(
    evidence: Evidence, leaves: Sequence[SignedLeaf], tree: SumTree, index: int
) -> FalseOrder:
    def shown(place: int) -> tuple[Leaf, bytes]:
        leaf = leaves[place]
        return leaf.leaf(evidence.weight_of(leaf.voter)), tree.node(0, place).sum

    paths = tree.siblings(index), tree.siblings(index + 1)
    return FalseOrder(index, (shown(index), shown(index + 1)), paths)


def fault_against_board(
    curve: Curve, leaves: Sequence[Leaf], tree: SumTree, root: SumRoot
) -> Fault | None:
    """Return the one place in which a root differs from the tree of a board; None without one.

    The whole difference of the sums is tried at every node: in the node itself, with all hashes
    above as they follow.

    Args:
        leaves: Of the board, with the census's weights.
    """
    depth = tree_depth(root.count) if root.count else 0
    if tree.depth > depth:
        if tree.root.hash == root.hash:
            # No path has the right length, so no leaf can be shown.
            return FalseLeaf(0, "the count does not fit the tree")
        return None
    levels = _levels(tree, depth)
    top = levels[depth][0]
    if top.hash == root.hash:
        return _fault_under_hash(levels, tree.count, top, root)
    if top.sum == root.sum:
        return None
    difference = curve.decode(root.sum, identity=True)
    difference = curve.add(difference, curve.negate(curve.decode(top.sum, identity=True)))
    moved = []
    for level in levels:
        sums = curve.decode(b"".join([node.sum for node in level]), identity=True)
        encoded = curve.add(sums, curve.concat([difference] * len(level))).encode()
        moved.append([encoded[at : at + POINT_BYTES] for at in range(0, len(encoded), POINT_BYTES)])
    for height, level in enumerate(levels[:-1]):
        for index in range(len(level)):
            fault = _moved(levels, moved, leaves, (height, index), root)
            if fault is not None:
                return fault
    return None


def _fault_under_hash(
    levels: Sequence[Sequence[SumNode]], count: int, top: SumNode, root: SumRoot
) -> Fault | None:
    """Return what is false of a root with the hash of a known tree."""
    depth = len(levels) - 1
    if top.sum != root.sum:
        if depth == 0:
            return FalseLeaf(0, "the sum is not that of the only leaf")
        left, right = levels[depth - 1]
        return FalseSum(depth, 0, root.sum, (left, right), ())
    if count == root.count:
        return None
    # A leaf beyond the count, or an empty one before it.
    index = min(count, root.count)
    node = _at(levels, 0, index)
    return FalsePadding(0, index, node, _siblings(levels, 0, index))


def _moved(
    levels: Sequence[Sequence[SumNode]],
    moved: Sequence[Sequence[bytes]],
    leaves: Sequence[Leaf],
    place: tuple[int, int],
    root: SumRoot,
) -> Fault | None:
    """Return the fault if a root follows from another sum in one node; None if it does not.

    Args:
        moved: The sum of each node with the whole difference in it.
    """
    height, index = place
    is_leaf = height == 0 and index < len(leaves)
    stated = moved[height][index]
    own = leaves[index].hash(stated) if is_leaf else levels[height][index].hash
    hash_, at = own, index
    for above in range(height, len(levels) - 1):
        current, sibling = SumNode(hash_, moved[above][at]), _at(levels, above, at ^ 1)
        hash_ = node_hash(*((sibling, current) if at & 1 else (current, sibling)))
        at >>= 1
    if hash_ != root.hash:
        return None
    if is_leaf:
        return FalseLeaf(index, "its value is not that of the signed ballot")
    siblings = _siblings(levels, height, index)
    if index << height >= root.count:
        return FalsePadding(height, index, SumNode(own, stated), siblings)
    children = _at(levels, height - 1, 2 * index), _at(levels, height - 1, 2 * index + 1)
    return FalseSum(height, index, stated, children, siblings)


def climb(
    curve: Curve, node: SumNode, index: int, siblings: Sequence[SumNode]
) -> tuple[bytes, bytes]:
    """Return hash and sum of the top node above a node, as the contract computes them."""
    hash_ = node.hash
    total = curve.decode(node.sum, identity=True)
    for level, sibling in enumerate(siblings):
        current = SumNode(hash_, total.encode())
        pair = (sibling, current) if index >> level & 1 else (current, sibling)
        hash_ = node_hash(*pair)
        total = curve.add(total, curve.decode(sibling.sum, identity=True))
    return hash_, total.encode()


def fault_of_shown(curve: Curve, shown: Mapping[int, ShownLeaf], root: SumRoot) -> Fault | None:
    """Return what the answers on chain show to be false: padding, or the order of two neighbours.

    Args:
        shown: Answered leaves by their index.
    """
    for index, leaf in sorted(shown.items()):
        for height, sibling in enumerate(leaf.siblings):
            beside = (index >> height) ^ 1
            if beside << height >= root.count and sibling != EMPTY_NODE:
                own = _own_node(curve, leaf, height)
                siblings = (own, *leaf.siblings[height + 1 :])
                return FalsePadding(height, beside, sibling, siblings)
            if height == 0 and beside < root.count and sibling.hash == EMPTY_HASH:
                own = _own_node(curve, leaf, height)
                return FalsePadding(0, beside, sibling, (own, *leaf.siblings[1:]))
        after = shown.get(index + 1)
        if after is not None and leaf.leaf.voter >= after.leaf.voter:
            pair = ((leaf.leaf, leaf.value), (after.leaf, after.value))
            return FalseOrder(index, pair, (leaf.siblings, after.siblings))
    return None


def _own_node(curve: Curve, shown: ShownLeaf, height: int) -> SumNode:
    """Return the node above an answered leaf at a height."""
    node = SumNode(shown.leaf.hash(shown.value), shown.value)
    hash_, total = climb(curve, node, shown.index, shown.siblings[:height])
    return SumNode(hash_, total)


def _levels(tree: SumTree, depth: int) -> list[list[SumNode]]:
    """Return all nodes of a tree, padded to a depth of at least its own."""
    levels = [
        [tree.node(height, index) for index in range(len(tree.hashes[height]))]
        for height in range(tree.depth + 1)
    ]
    while len(levels) <= depth:
        levels[-1].append(EMPTY_NODE)
        left, right = levels[-1]
        levels.append([SumNode(node_hash(left, right), left.sum)])
    return levels


def _at(levels: Sequence[Sequence[SumNode]], height: int, index: int) -> SumNode:
    level = levels[height]
    return level[index] if index < len(level) else EMPTY_NODE


def _siblings(levels: Sequence[Sequence[SumNode]], height: int, index: int) -> tuple[SumNode, ...]:
    return tuple(
        _at(levels, above, (index >> above - height) ^ 1)
        for above in range(height, len(levels) - 1)
    )
