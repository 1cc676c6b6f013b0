"""Which committees may shuffle, and which groups of nodes hide who cast a ballot.

A step hides its permutation from everybody outside its group. Fewer than `t` bad nodes therefore
learn nothing about the whole permutation if one group has none of them: the groups must *cover*.

Source: docs/protocol.md §19.1, §19.3.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, pairwise

MAX_SHUFFLING_NODES = 7
"""More nodes have so many groups that nobody could wait for all of them to be tried."""

Group = tuple[int, ...]
"""Indices of `t` nodes, from 1, strictly increasing."""


def may_shuffle(nodes: int, threshold: int, faults: int) -> bool:
    """Return whether a committee that obeys §3.2 may shuffle ballots.

    With `f` nodes silent, `n − f` are left, of which up to `t − 1` may be bad. A group without any
    of them needs `t` others.
    """
    return nodes <= MAX_SHUFFLING_NODES and nodes - faults >= 2 * threshold - 1


def is_group(nodes: int, threshold: int, group: Sequence[int]) -> bool:
    """Return whether these are `t` nodes of the committee in strictly increasing order."""
    ascending = all(low < high for low, high in pairwise(group))
    return len(group) == threshold and ascending and group[0] >= 1 and group[-1] <= nodes


def uncovered(nodes: int, threshold: int, groups: Iterable[Group]) -> list[Group]:
    """Return the sets of `t − 1` nodes that are disjoint from none of the groups, ascending."""
    members = [frozenset(group) for group in groups]
    return [
        bad
        for bad in combinations(range(1, nodes + 1), threshold - 1)
        if not any(group.isdisjoint(bad) for group in members)
    ]


def covers(nodes: int, threshold: int, groups: Iterable[Group]) -> bool:
    """Return whether every set of `t − 1` nodes is disjoint from one of the groups."""
    return not uncovered(nodes, threshold, groups)


def fewest_groups(
    nodes: int,
    threshold: int,
    present: Collection[int] | None = None,
    done: Sequence[Group] = (),
    refused: Collection[Group] = (),
) -> tuple[Group, ...] | None:
    """Return the fewest groups that, with those that are done, cover.

    Equal arguments give equal groups, ascending.

    Args:
        nodes: At most `MAX_SHUFFLING_NODES`.
        present: The nodes that can be members, by default all.
        done: Groups that have done their step in this run.
        refused: Groups that did not deliver.

    Returns:
        None if no groups of these nodes cover.
    """
    if nodes > MAX_SHUFFLING_NODES:
        raise ValueError(f"{nodes} nodes, at most {MAX_SHUFFLING_NODES}")
    able = sorted(range(1, nodes + 1) if present is None else present)
    possible = [group for group in combinations(able, threshold) if group not in refused]
    missing = frozenset(uncovered(nodes, threshold, done))
    hidden_from = {
        group: frozenset(bad for bad in missing if set(bad).isdisjoint(group)) for group in possible
    }
    if missing - frozenset[Group]().union(*hidden_from.values()):
        return None
    count = 0
    while True:
        found = _search(missing, hidden_from, count)
        if found is not None:
            return tuple(sorted(found))
        count += 1


def _search(
    missing: frozenset[Group], hidden_from: dict[Group, frozenset[Group]], count: int
) -> tuple[Group, ...] | None:
    """Return `count` groups that hide from all missing sets; None if there are none."""
    if not missing:
        return ()
    most = max(len(hidden & missing) for hidden in hidden_from.values())
    if count * most < len(missing):
        return None
    first = min(missing)
    for group, hidden in hidden_from.items():
        if first in hidden:
            rest = _search(missing - hidden, hidden_from, count - 1)
            if rest is not None:
                return (group, *rest)
    return None
