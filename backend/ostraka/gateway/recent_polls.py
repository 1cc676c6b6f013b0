"""Polls that the chain showed a moment ago, so that not every ballot costs a request to it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from ostraka.chain.registry import PollView
from ostraka.chain.threads import in_chain_thread
from ostraka_verifier.published import PublishedPoll

FRESH_S = 2
"""How long a poll is taken from memory. Before finality, a reorganization may replace it: nodes
refuse ballots of the other one, as a ballot is bound to its poll."""


@dataclass(frozen=True)
class _Seen:
    poll: PublishedPoll
    at_monotonic_s: float

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.at_monotonic_s < FRESH_S


class RecentPolls:
    """Served polls by id. Requests for one poll share one reading of the chain."""

    def __init__(self, read: Callable[[int], tuple[PublishedPoll, PollView]]) -> None:
        """Args:
        read: Reads a served poll from the chain; raises Problem or ChainError.
        """
        self._read = read
        self._seen: dict[int, _Seen] = {}
        self._reading: dict[int, asyncio.Task[PublishedPoll]] = {}

    async def served(self, poll_id: int) -> PublishedPoll:
        """Return a served poll.

        Raises:
            Problem: It does not exist, or this gateway does not serve it.
            ChainError: The chain is unreachable.
        """
        seen = self._seen.get(poll_id)
        if seen is not None and seen.is_fresh:
            return seen.poll
        if poll_id not in self._reading:
            self._reading[poll_id] = asyncio.create_task(self._read_again(poll_id))
        # The others wait on if one client goes away.
        return await asyncio.shield(self._reading[poll_id])

    async def _read_again(self, poll_id: int) -> PublishedPoll:
        try:
            # Other requests may fill the common threads while a provider is slow.
            poll, _ = await in_chain_thread(self._read, poll_id)
            self._seen = {number: one for number, one in self._seen.items() if one.is_fresh}
            self._seen[poll_id] = _Seen(poll, time.monotonic())
            return poll
        finally:
            del self._reading[poll_id]
