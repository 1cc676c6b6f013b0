"""Find what is false about a posted census of which only single places can be asked for.

The chain determines the right census, so whoever reads the chain has it. An answer about a place
shows its entry, and hashes of all subtrees beside its path. What equals the right census need not
be asked for; among the rest, a few places at a time are asked for until one shows the fault.

Source: docs/protocol.md §18.9.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ostraka.chain.governor import PlacedEntry
from ostraka_verifier.census import Census
from ostraka_verifier.census_tree import SIBLING_BYTES


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


Finding = WrongEntry | MissingAccount | WrongOrder | AskFor


def search(right: Census, count: int, shown: Collection[PlacedEntry], at_once: int) -> Finding:
    """Return what the shown places prove, or which to ask for next.

    Args:
        right: The census that the chain determines.
        count: Number of entries of the posted census, whose root differs from the right one's.
        shown: Every place that was shown so far, in any order.
        at_once: Most places to ask for, at least 1.
    """
    places = {place.index: place for place in shown}
    accounts = [entry.account for entry in right.entries]
    fault = _fault(right, accounts, count, places)
    if fault is not None:
        return fault
    # Of more places than there are accounts, one of the first is false, whatever number it claims.
    limit = min(count, len(right) + 1)
    open_ = _unseen(right, limit, places)
    known = [-1, *sorted(places), limit]
    ranks = [
        -1,
        *(bisect_left(accounts, places[index].entry.account) for index in sorted(places)),
        len(accounts),
    ]
    for before, (low, high) in enumerate(pairwise(known)):
        # Between these are more or fewer places than accounts: the fault is there.
        if ranks[before + 1] - ranks[before] != high - low:
            inside = [index for index in open_ if low < index < high]
            # If all of them are right, one at an end has a neighbour that cannot follow it.
            open_ = inside or sorted({low + 1, high - 1})
            break
    wanted = min(at_once, len(open_))
    chosen = {open_[(2 * turn + 1) * len(open_) // (2 * wanted)] for turn in range(wanted)}
    return AskFor(tuple(sorted(chosen)))


def _fault(
    right: Census, accounts: list[bytes], count: int, places: Mapping[int, PlacedEntry]
) -> WrongEntry | MissingAccount | WrongOrder | None:
    for place in places.values():
        if right.by_account.get(place.entry.account) != place.entry:
            return WrongEntry(place)
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


def _unseen(right: Census, count: int, places: Mapping[int, PlacedEntry]) -> list[int]:
    """Return the places that were not shown, and are in no subtree that equals the right one."""
    seen = bytearray(count)
    for index, place in places.items():
        seen[index] = 1
        entry = right.by_account.get(place.entry.account)
        if index >= len(right) or right.entries[index] != entry:
            continue
        _, siblings = right.proof(place.entry.account)
        for height in range(min(len(siblings), len(place.siblings)) // SIBLING_BYTES):
            node = slice(SIBLING_BYTES * height, SIBLING_BYTES * (height + 1))
            if siblings[node] == place.siblings[node]:
                first = ((index >> height) ^ 1) << height
                last = min(first + (1 << height), count)
                if first < last:
                    seen[first:last] = b"\1" * (last - first)
    return [index for index in range(count) if not seen[index]]
