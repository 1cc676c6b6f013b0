"""Find what is false about a posted census of which only single places can be asked for.

The chain determines the right census, so whoever reads the chain has it. An answer about a place
shows its entry, and hashes of all subtrees beside its path. What equals the right census need not
be asked for; among the rest, a few places at a time are asked for until one shows the fault.

Which places are asked for follows from the answers about those that were asked for before, and from
nothing else. So several watchers ask for the same places. Challenges that the maker of a false
census opens do not hold them up, nor send them elsewhere.

Source: docs/protocol.md §18.9.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ostraka.chain.governor import PlacedEntry
from ostraka_verifier.census import Census
from ostraka_verifier.census_tree import SIBLING_BYTES, path_node


@dataclass(frozen=True)
class WrongEntry:
    """An entry that is not as the chain says."""

    place: PlacedEntry


@dataclass(frozen=True)
class MissingAccount:
    """An account that is missing between two neighbours, or before the first, or after the last."""

    account: bytes
    around: tuple[PlacedEntry, ...]


@dataclass(frozen=True)
class WrongOrder:
    """Two neighbours whose accounts do not increase."""

    pair: tuple[PlacedEntry, PlacedEntry]


@dataclass(frozen=True)
class AskFor:
    """Places of the posted census that are to be asked for next."""

    places: tuple[int, ...]


@dataclass(frozen=True)
class WrongPadding:
    """A node at or beyond the count that is not empty.

    Attributes:
        height: Of the node; leaves have height 0.
        index: Among the nodes of its height.
        node: Hash, and sum as u128.
        siblings: From the node's height upward.
    """

    height: int
    index: int
    node: bytes
    siblings: bytes


Finding = WrongEntry | MissingAccount | WrongOrder | WrongPadding | AskFor


def search(
    right: Census | None, count: int, shown: Collection[PlacedEntry], at_once: int
) -> Finding:
    """Return what the shown places prove, or which to ask for next.

    Args:
        right: The census that the chain determines, None if nobody has a weight.
        count: Number of entries of the posted census, whose root differs from the right one's.
        shown: Every place that was shown so far, in any order.
        at_once: Most places to ask for, at least 1.

    Raises:
        ValueError: The posted census is the right one.
    """
    places = {place.index: place for place in shown}
    if right is None:
        return next(map(WrongEntry, places.values()), AskFor((0,)))
    accounts = [entry.account for entry in right.entries]
    fault = _fault(right, accounts, count, places)
    if fault is not None:
        return fault
    # Of more places than there are accounts, one of the first is false, whatever number it claims.
    seen = bytearray(min(count, len(right) + 1))
    used: dict[int, PlacedEntry] = {}
    while True:
        wanted = _wanted(accounts, seen, used, at_once)
        unshown = tuple(index for index in wanted if index not in places)
        if unshown:
            return AskFor(unshown)
        for index in wanted:
            used[index] = places[index]
            _see(right, seen, places[index])


def _wanted(
    accounts: Sequence[bytes], seen: bytearray, used: Mapping[int, PlacedEntry], at_once: int
) -> list[int]:
    """Return the places of the next round, at least one, in order."""
    limit = len(seen)
    open_ = [index for index in range(limit) if not seen[index]]
    known = [-1, *sorted(used), limit]
    ranks = [
        -1,
        *(bisect_left(accounts, used[index].entry.account) for index in sorted(used)),
        len(accounts),
    ]
    for before, (low, high) in enumerate(pairwise(known)):
        # Between these are more or fewer places than accounts: the fault is there.
        if ranks[before + 1] - ranks[before] != high - low:
            inside = [index for index in open_ if low < index < high]
            # If all of them are right, one at an end has a neighbour that cannot follow it.
            open_ = inside or sorted({low + 1, high - 1})
            break
    if not open_:
        raise ValueError("the posted census is the right one")
    wanted = min(at_once, len(open_))
    return sorted({open_[(2 * turn + 1) * len(open_) // (2 * wanted)] for turn in range(wanted)})


def _fault(
    right: Census, accounts: list[bytes], count: int, places: Mapping[int, PlacedEntry]
) -> WrongEntry | MissingAccount | WrongOrder | WrongPadding | None:
    for place in places.values():
        if right.by_account.get(place.entry.account) != place.entry:
            return WrongEntry(place)
        padding = _padding(place, count)
        if padding is not None:
            return padding
    for index in sorted(places):
        place, after = places[index], places.get(index + 1)
        account = place.entry.account
        if index == 0 and accounts[0] < account:
            return MissingAccount(accounts[0], (place,))
        if index == count - 1 and account < accounts[-1]:
            return MissingAccount(accounts[-1], (place,))
        if after is None:
            continue
        if after.entry.account <= account:
            return WrongOrder((place, after))
        following = accounts[bisect_left(accounts, account) + 1]
        if following < after.entry.account:
            return MissingAccount(following, (place, after))
    return None


def _padding(place: PlacedEntry, count: int) -> WrongPadding | None:
    """Return what is not empty beyond the count beside a shown path."""
    for height in range(len(place.siblings) // SIBLING_BYTES):
        index = (place.index >> height) ^ 1
        node = place.siblings[SIBLING_BYTES * height : SIBLING_BYTES * (height + 1)]
        if index << height >= count and any(node):
            beside = path_node(place.index, place.entry.encode(), place.siblings, height)
            above = place.siblings[SIBLING_BYTES * (height + 1) :]
            return WrongPadding(height, index, node, beside + above)
    return None


def _see(right: Census, seen: bytearray, place: PlacedEntry) -> None:
    """Mark a shown place, and those in subtrees beside its path that equal the right ones."""
    index, entry = place.index, right.by_account.get(place.entry.account)
    seen[index] = 1
    if index >= len(right) or right.entries[index] != entry:
        return
    _, siblings = right.proof(place.entry.account)
    for height in range(min(len(siblings), len(place.siblings)) // SIBLING_BYTES):
        node = slice(SIBLING_BYTES * height, SIBLING_BYTES * (height + 1))
        if siblings[node] == place.siblings[node]:
            first = ((index >> height) ^ 1) << height
            last = min(first + (1 << height), len(seen))
            if first < last:
                seen[first:last] = b"\1" * (last - first)
