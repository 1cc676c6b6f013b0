"""How many voted, for however many watch: chain and nodes are asked once a second for all."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

from sse_starlette import ServerSentEvent

from ostraka.chain.errors import ChainError
from ostraka.wire.problems import Problem

FRESH_S = 1.0
MAX_WATCHERS = 500
"""Streams at once; who comes later asks for the counts as often as they like."""

Counts = dict[str, Any]


class Progress:
    """Counts of polls, each kept for a second."""

    def __init__(self, ask: Callable[[int], Awaitable[Counts]]) -> None:
        """Args:
        ask: Counts of a poll by its number; Problem when there is none.
        """
        self._ask = ask
        self._known: dict[int, tuple[float, Counts]] = {}
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

    def check_room(self) -> None:
        """Problem when as many watch as can."""
        if self._watchers >= MAX_WATCHERS:
            raise Problem(503, "Busy", f"{MAX_WATCHERS} streams are open already", "", 5)

    async def watch(
        self, poll_id: int, gone: Callable[[], Awaitable[bool]], once: bool
    ) -> AsyncIterator[ServerSentEvent]:
        """A poll's counts whenever they change, until nobody listens."""
        self._watchers += 1
        try:
            last = None
            while not await gone():
                try:
                    counts = await self.of(poll_id)
                except (ChainError, Problem) as error:
                    counts = {"poll": str(poll_id), "problem": type(error).__name__}
                if counts != last:
                    yield ServerSentEvent(json.dumps(counts), event="progress")
                    last = counts
                if once:
                    return
                await asyncio.sleep(FRESH_S)
        finally:
            self._watchers -= 1
