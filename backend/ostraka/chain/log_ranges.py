"""How many blocks a provider allows in one `eth_getLogs`, found by asking.

Providers limit the range or the number of results, each with another error. A refused range is
halved, and the range that worked is remembered for the provider. A provider may also have refused
for a passing reason, such as a replica without the newest block, so that a larger range is tried
again after a while.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from http import HTTPStatus
from typing import TypeVar

import requests
from web3.exceptions import Web3RPCError

from ostraka.chain.errors import ChainError
from ostraka.chain.whole_answers import TooLarge

LOG_BLOCKS = 10_000
"""Blocks of the first attempt; many providers refuse more."""
FEWEST_LOG_BLOCKS = 16
"""A provider that refuses so few refuses for another reason."""
_LARGER_AFTER = 100
"""After so many ranges in turn that worked, twice as many blocks are tried."""
_TOO_OFTEN = re.compile("rate limit|too many requests", re.IGNORECASE)
_TOO_MUCH = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

_T = TypeVar("_T")


class LogRanges:
    """The range of one provider.

    Attributes:
        blocks: Blocks of the next request.
    """

    def __init__(self) -> None:
        self.blocks = LOG_BLOCKS
        self._worked = 0

    def backwards(self, fetch: Callable[[int, int], _T], first: int, last: int) -> Iterator[_T]:
        """Yield what `fetch` returns for ranges that cover `first` to `last`, the newest first.

        Args:
            fetch: Called with the first and last block of a range.

        Raises:
            ChainError: As `fetch`, where fewer blocks do not help.
        """
        blocks = self.blocks
        while last >= first:
            start = max(first, last - blocks + 1)
            try:
                found = fetch(start, last)
            except ChainError as error:
                span = last - start + 1
                if not _may_be_too_much(error) or span <= FEWEST_LOG_BLOCKS:
                    raise
                blocks = max(FEWEST_LOG_BLOCKS, span // 2)
                continue
            if blocks < self.blocks:
                self.blocks, self._worked = blocks, 0
            elif self.blocks < LOG_BLOCKS:
                self._grow()
            yield found
            last = start - 1

    def _grow(self) -> None:
        """Count a range that worked, and try more blocks the next time after many."""
        self._worked += 1
        if self._worked >= _LARGER_AFTER:
            self.blocks, self._worked = min(LOG_BLOCKS, 2 * self.blocks), 0


@cache
def log_ranges(rpc_url: str) -> LogRanges:
    """Return the range of a provider, one for each URL of this process."""
    return LogRanges()


def _may_be_too_much(error: ChainError) -> bool:
    """Return whether fewer blocks may help: a refusal may be about the range."""
    match error.__cause__:
        case Web3RPCError() as refused:
            return _TOO_OFTEN.search(str(refused)) is None
        case requests.HTTPError() as refused if refused.response is not None:
            return refused.response.status_code in _TOO_MUCH
        case TooLarge():
            return True
    return False
