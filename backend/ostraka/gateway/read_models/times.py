"""Times in events, under the API's names, and times of blocks."""

from collections.abc import Mapping
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


class BlockTimes:
    """Times of blocks, of which the latest ones asked for are kept."""

    def __init__(self, treasury: Treasury) -> None:
        self._treasury = treasury
        self._known: dict[int, UnixSeconds] = {}

    def of(self, block: int) -> UnixSeconds:
        """Return a block's time; ChainError if the chain is unreachable."""
        if block not in self._known:
            while len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)), None)
            self._known[block] = self._treasury.head(block).timestamp
        return self._known[block]
