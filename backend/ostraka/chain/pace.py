"""When to ask a provider for its newest block.

Who waits for something asks often, and on a chain with a steady interval only when the next block
is due. Who waits for nothing asks rarely.
"""

import time
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from ostraka.chain.contract import Head

QUICK_S = 0.5
"""Least pause between two questions."""
REST_S = 12
"""Longest pause, and the pause of who waits for nothing."""
_SLOW_S = 3
"""Longest pause of who waits on a chain without a steady interval, if no block comes for long."""
_SLOWER = 120
"""On such a chain, the pause is the time without a block divided by this."""
_BLOCKS = 9
_FEWEST = 5
"""Number of blocks remembered, and needed to call their interval steady."""


@dataclass(frozen=True)
class _Seen:
    """A block, and when it was first seen."""

    head: Head
    at_monotonic_s: float

    @property
    def delay_s(self) -> float:
        """Time between the block's timestamp and its sight, up to an unknown constant."""
        return self.at_monotonic_s - self.head.timestamp


class BlockPace:
    """The rhythm of one chain, as one observer sees it."""

    def __init__(self) -> None:
        self._seen: deque[_Seen] = deque(maxlen=_BLOCKS)
        self._asked_at_monotonic_s = 0.0

    def asked(self) -> None:
        """Note that the newest block is being asked for."""
        self._asked_at_monotonic_s = time.monotonic()

    def saw(self, head: Head) -> bool:
        """Note an answer; return whether it shows another block than the last one."""
        if self._seen:
            last = self._seen[-1].head
            if head == last:
                return False
            if head.number <= last.number or head.timestamp < last.timestamp:
                # A replica that lags behind, or a reorganization.
                self._seen.clear()
        self._seen.append(_Seen(head, time.monotonic()))
        return True

    def is_due(self, *, waiting: bool) -> bool:
        """Whether to ask now.

        Args:
            waiting: Whether the next block matters soon.
        """
        now_monotonic_s = time.monotonic()
        since_s = now_monotonic_s - self._asked_at_monotonic_s
        return since_s >= (self._pause_s(now_monotonic_s) if waiting else REST_S)

    def _pause_s(self, now_monotonic_s: float) -> float:
        if not self._seen:
            return QUICK_S
        newest, interval_s = self._seen[-1], self.interval_s()
        if interval_s is None:
            silence_s = now_monotonic_s - newest.at_monotonic_s
            return min(max(QUICK_S, silence_s / _SLOWER), _SLOW_S)
        # The block seen with the least delay shows best when the next one can be seen.
        delay_s = min(one.delay_s for one in self._seen)
        overdue_s = now_monotonic_s - (newest.head.timestamp + interval_s + delay_s)
        step_s = max(QUICK_S, interval_s / 20)
        if overdue_s < -step_s:
            return REST_S
        return min(max(step_s, overdue_s / 4), REST_S)

    def interval_s(self) -> float | None:
        """Return the steady time between blocks; None if the last blocks came irregularly.

        Some slots may be empty, but blocks keep real time: a test chain may skip it.
        """
        if len(self._seen) < _FEWEST:
            return None
        spans = [
            (
                later.head.timestamp - earlier.head.timestamp,
                later.head.number - earlier.head.number,
            )
            for earlier, later in pairwise(self._seen)
        ]
        interval_s = min(seconds / blocks for seconds, blocks in spans)
        if interval_s < 1:
            return None
        if any(
            abs(seconds - interval_s * round(seconds / interval_s)) > max(1, interval_s / 10)
            for seconds, _ in spans
        ):
            return None
        first, last = self._seen[0], self._seen[-1]
        chain_s = last.head.timestamp - first.head.timestamp
        lost_s = abs(last.at_monotonic_s - first.at_monotonic_s - chain_s)
        # Each sight may be a pause late.
        return interval_s if lost_s <= REST_S + interval_s else None
