"""How many voted, for however many watch: chain and nodes are asked once a second for all."""

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
"""Streams at once; who comes later asks for the counts as often as they like."""

_HEARTBEAT_S = 15
_WAITING = Problem(
    ProblemType.NOT_INDEXED, "the gateway cannot reach the chain now, or does not know the poll"
)

Counts = dict[str, Any]


class Progress:
    """Counts of polls, each kept for a second."""

    def __init__(self, ask: Callable[[int], Awaitable[Counts]]) -> None:
        """Args:
        ask: Counts of a poll by its number; Problem when there is none.
        """
        self._ask = ask
        self._known: dict[int, tuple[float, Counts]] = {}
        """Until when they are fresh, by the monotonic clock, and the counts; by poll."""
        # Strangers name the polls: what nobody waits for is forgotten.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._watchers = 0

    async def of(self, poll_id: int) -> Counts:
        """A poll's counts, at most a second old."""
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
        """A stream of a poll's counts, whenever they change, until nobody listens.

        Raises:
            Problem: As many watch as can.
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
    """Counts as a watcher for as long as it is served."""

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
