"""A node's view of the chain's newest block, which a slow or silent provider does not stop.

Source: docs/operations.md, "Requests to the chain".
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.pace import REST_S, BlockPace
from ostraka.chain.registry import Registry
from ostraka.chain.threads import in_chain_thread

log = structlog.get_logger()

_SLOW_S = 5
"""A question without an answer for so long is asked again beside it."""
_MOST_ASKING = 3
STALE_S = 30
"""Age of the last answer from which the node says so, once for each such time."""


class HeadWatch:
    """Asks one provider for the newest block, in the rhythm of the chain."""

    def __init__(self, registry: Registry, changed: Callable[[Head], None]) -> None:
        """Args:
        changed: Called with each block that is not the one before.
        """
        self.newest: Head | None = None
        self._registry = registry
        self._changed = changed
        self._pace = BlockPace()
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._asked = self._answered = 0
        self._asked_at_monotonic_s = 0.0
        self._true_at_monotonic_s = time.monotonic()
        self._said_at_monotonic_s = self._true_at_monotonic_s

    @property
    def age_s(self) -> float:
        """Seconds since the last question that the provider answered: the block was the newest one
        then, or a replica's."""
        return time.monotonic() - self._true_at_monotonic_s

    def ask_if_due(self, *, waiting: bool) -> None:
        """Ask in the background, if it is time.

        Args:
            waiting: Whether the next block matters soon.
        """
        asked_s = time.monotonic() - self._asked_at_monotonic_s
        if self._asking:
            # Later questions may be answered although an earlier one never is.
            due = len(self._asking) < _MOST_ASKING and asked_s >= _SLOW_S
        else:
            due = self._pace.is_due(waiting=waiting)
        if due:
            number = self._asked + 1
            self._asking[number] = asyncio.create_task(self._ask_and_log(number))
        self._say_if_stale()

    async def ask(self) -> Head:
        """Return the newest block.

        Raises:
            ChainError: The chain cannot be reached.
        """
        self._asked += 1
        number, asked_at_monotonic_s = self._asked, time.monotonic()
        self._asked_at_monotonic_s = asked_at_monotonic_s
        self._pace.asked()
        head = await in_chain_thread(self._registry.head)
        # An answer that took longer than that to a later question says nothing new.
        if number > self._answered:
            self._answered, self._true_at_monotonic_s = number, asked_at_monotonic_s
            if self._pace.saw(head):
                self.newest = head
                self._changed(head)
        return head

    async def _ask_and_log(self, number: int) -> None:
        try:
            await self.ask()
        except ChainError as error:
            # A failed provider is asked again; until then nothing is decided.
            log.warning("chain unreachable", problem=str(error))
        except Exception:
            log.exception("the newest block is not known")
        finally:
            del self._asking[number]

    def _say_if_stale(self) -> None:
        now_monotonic_s = time.monotonic()
        if self.age_s >= REST_S + STALE_S and now_monotonic_s >= self._said_at_monotonic_s:
            self._said_at_monotonic_s = now_monotonic_s + STALE_S
            log.warning(
                "the provider does not show the newest block; this node's view of the time is old",
                seconds=round(self.age_s),
                block=self.newest.number if self.newest else None,
            )
