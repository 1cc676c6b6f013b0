"""Turnout, polled once a second and shared by all watchers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from ostraka.chain.errors import ChainError
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

FRESH_S = 1.0
MAX_WATCHERS = 500
"""Most concurrent streams; further clients can still poll the counts."""

_HEARTBEAT_S = 15
_WAITING = Problem(
    ProblemType.NOT_INDEXED, "the gateway cannot reach the chain now, or does not know the poll"
)

Counts = dict[str, Any]


class Progress:
    """Counts of polls, each cached for a second."""

    def __init__(self, ask: Callable[[int], Awaitable[Counts]]) -> None:
        """Args:
        ask: Returns the counts of a poll by its number; Problem if it does not exist.
        """
        self._ask = ask
        self._known: dict[int, tuple[float, Counts]] = {}
        """Until when they are fresh, by the monotonic clock, and the counts; by poll."""
        # Anybody can name polls, so entries that nobody waits for are deleted.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._watchers = 0

    async def of(self, poll_id: int) -> Counts:
        """Return a poll's counts, at most a second old."""
        turn = self._turns.setdefault(poll_id, asyncio.Lock())
        async with turn:
            known = self._known.get(poll_id)
            if known is None or known[0] < time.monotonic():
                counts = await self._ask(poll_id)
                known = self._known[poll_id] = time.monotonic() + FRESH_S, counts
            return known[1]

    def watch(
        self, poll_id: int, gone: Callable[[], Awaitable[bool]], once: bool
    ) -> EventSourceResponse:
        """Return a stream of a poll's counts, one event per change, until the client disconnects.

        Raises:
            Problem: The maximum number of streams is open.
        """
        if self._watchers >= MAX_WATCHERS:
            raise Problem(ProblemType.BUSY, f"{MAX_WATCHERS} streams are open already", "", 5)
        return _Stream(self, self._events(poll_id, gone, once))

    async def _events(
        self, poll_id: int, gone: Callable[[], Awaitable[bool]], once: bool
    ) -> AsyncIterator[ServerSentEvent]:
        last = None
        while not await gone():
            try:
                counts = await self.of(poll_id)
            except (ChainError, Problem):
                counts = {"poll": str(poll_id), "problem": _WAITING.to_json()}
            if counts != last:
                yield ServerSentEvent(json.dumps(counts), event="progress")
                last = counts
            if once:
                return
            await asyncio.sleep(FRESH_S)


class _Stream(EventSourceResponse):
    """A response that counts as a watcher while it is served."""

    def __init__(self, progress: Progress, events: AsyncIterator[ServerSentEvent]) -> None:
        super().__init__(events, ping=_HEARTBEAT_S)
        self._progress = progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        self._progress._watchers += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._progress._watchers -= 1
