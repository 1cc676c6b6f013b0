"""Which leaves to ask for when no board gives the anchored root.

Every answer puts a path on chain: the hashes and sums of whole blocks of leaves. A block that known
ballots explain needs no further question; the others are divided until one leaf is left that has no
answer.

Pure. Source: docs/decisions/0080-watchtower.md.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostraka.chain.disputes import ShownLeaf
from ostraka.guard.evidence import Evidence, SignedLeaf
from ostraka.randomness import Randomness
from ostraka_verifier.merkle_sum import EMPTY_NODE, SumNode, SumRoot, node_hash, tree_depth


@dataclass(frozen=True)
class Block:
    """Leaves from `start` on below one node of the tree, whose content is not known.

    Attributes:
        node: What an answer showed of it.
        height: Of the node above the leaves.
    """

    start: int
    size: int
    node: SumNode
    height: int


def unexplained(evidence: Evidence, root: SumRoot, shown: Mapping[int, ShownLeaf]) -> list[Block]:
    """Return the blocks of the tree that neither answers nor known ballots explain."""
    found = _explained(evidence, root, shown)
    return [block for block, leaves in found if leaves is None]


def reconstructed(
    evidence: Evidence, root: SumRoot, shown: Mapping[int, ShownLeaf]
) -> tuple[SignedLeaf, ...] | None:
    """Return all leaves of a tree in its order, from answers and known ballots; None if some are
    not explained."""
    found: dict[int, list[SignedLeaf]] = {}
    for index, leaf in shown.items():
        signed = evidence.sound(leaf.leaf.digest)
        if signed is None:
            return None
        found[index] = [signed]
    for block, leaves in _explained(evidence, root, shown):
        if leaves is None:
            return None
        found[block.start] = list(leaves)
    return tuple(leaf for start in sorted(found) for leaf in found[start])


def _explained(
    evidence: Evidence, root: SumRoot, shown: Mapping[int, ShownLeaf]
) -> list[tuple[Block, Sequence[SignedLeaf] | None]]:
    """Return each block that no answer opens, with the known ballots that it consists of."""
    known = evidence.known()
    return [
        (block, _explanation(evidence, block, known, root, shown)) for block in _blocks(root, shown)
    ]


def demands(
    evidence: Evidence,
    root: SumRoot,
    shown: Mapping[int, ShownLeaf],
    rounds_left: int,
    most: int,
    random: Randomness,
) -> list[int]:
    """Return the leaves to ask for next, at most `most`.

    With known ballots, the smallest unexplained block is divided evenly, so that two watchers with
    the same ballots ask for the same leaves. Without any, the leaves are random: whoever made the
    root must not know them.

    Args:
        shown: Answered leaves by their index.
        rounds_left: How many questions can still follow one another in time.
    """
    blocks = unexplained(evidence, root, shown)
    if not blocks or most < 1:
        return []
    if not evidence.known():
        places = [place for block in blocks for place in range(block.start, _end(block, root))]
        wanted = min(most, _parts(len(places), rounds_left), len(places))
        chosen: set[int] = set()
        while len(chosen) < wanted:
            chosen.add(places[random.scalar() % len(places)])
        return sorted(chosen)
    block = min(blocks, key=lambda one: (one.size, one.start))
    size = _end(block, root) - block.start
    parts = min(most, _parts(size, rounds_left), size)
    return sorted({block.start + (2 * part + 1) * size // (2 * parts) for part in range(parts)})


def _parts(size: int, rounds_left: int) -> int:
    """Return how many leaves to ask for at once, to end within the rounds that are left."""
    return max(1, math.ceil(math.pow(size, 1 / max(1, rounds_left))) - 1)


def _end(block: Block, root: SumRoot) -> int:
    return min(block.start + block.size, root.count)


def _blocks(root: SumRoot, shown: Mapping[int, ShownLeaf]) -> list[Block]:
    """Return the largest nodes beside the shown paths that have leaves, none of them shown."""
    if not root.count:
        return []
    if not shown:
        depth = tree_depth(root.count)
        return [Block(0, 1 << depth, SumNode(root.hash, root.sum), depth)]
    found: dict[tuple[int, int], SumNode] = {}
    for index, leaf in shown.items():
        for height, sibling in enumerate(leaf.siblings):
            found[height, (index >> height) ^ 1] = sibling
    places = sorted(shown)
    blocks = []
    for (height, index), node in sorted(found.items()):
        start, size = index << height, 1 << height
        at = bisect_left(places, start)
        has_shown = at < len(places) and places[at] < start + size
        if start < root.count and not has_shown:
            blocks.append(Block(start, size, node, height))
    return blocks


def _explanation(
    evidence: Evidence,
    block: Block,
    known: Sequence[SignedLeaf],
    root: SumRoot,
    shown: Mapping[int, ShownLeaf],
) -> Sequence[SignedLeaf] | None:
    """Return the known ballots that make up a block, counted from the shown leaf on either side;
    None if they do not."""
    end = _end(block, root)
    before = max((place for place in shown if place < block.start), default=-1)
    after = min((place for place in shown if place >= end), default=root.count)
    voters = [one.voter for one in known]
    first = 0 if before < 0 else bisect_right(voters, shown[before].leaf.voter)
    last = len(known) if after == root.count else bisect_left(voters, shown[after].leaf.voter)
    from_left = first + block.start - before - 1
    from_right = last - (after - block.start)
    size = end - block.start
    for start in {from_left, from_right}:
        if first <= start and start + size <= last:
            leaves = known[start : start + size]
            tree = evidence.tree(leaves)
            if tree is None:
                continue
            if _padded(tree.node(tree.depth, 0), tree.depth, block) == block.node:
                return leaves
    return None


def _padded(node: SumNode, height: int, block: Block) -> SumNode:
    while height < block.height:
        node = SumNode(node_hash(node, EMPTY_NODE), node.sum)
        height += 1
    return node
