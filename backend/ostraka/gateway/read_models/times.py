"""Times in events, under the API's names, and times of blocks."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast

from ostraka.chain.treasury import Treasury
from ostraka_verifier.units import UnixSeconds

_KEPT = 1000
_TIMES = {
    "proposalsOpenAt": "proposals_open_at",
    "proposalsCloseAt": "proposals_close_at",
    "votingOpensAt": "voting_opens_at",
    "votingClosesAt": "voting_closes_at",
    "opensAt": "opens_at",
    "closesAt": "closes_at",
}


def times_of(parameters: object) -> dict[str, UnixSeconds]:
    """Return the times among an event's parameters."""
    given = cast(Mapping[str, str], parameters)
    return {shown: UnixSeconds(int(given[name])) for name, shown in _TIMES.items() if name in given}


def block_times(treasury: Treasury) -> Callable[[int], UnixSeconds]:
    """Return a function for the time of a block, which keeps those of the latest ones asked for.

    It raises ChainError if the chain is unreachable.
    """
    return lru_cache(_KEPT)(lambda block: treasury.head(block).timestamp)
