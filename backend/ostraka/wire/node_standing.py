"""How promptly nodes have answered, so that a silent node makes nobody wait.

Source: docs/protocol.md §9.2.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

GRACE_S = 1
"""Once enough nodes have answered, how long to wait for the others."""
SLOW_S = 5
"""A node that takes longer to answer is left alone for a while."""
PAUSE_S = 30
"""How long a slow node is left alone."""
AT_ONCE = 32
"""Most concurrent requests to one node."""
MOST_WAITING = 2000
"""Most unanswered ballots for one node, including those that wait for their turn."""
MOST_BYTES = 64 * 2**20
"""Most bytes of these ballots."""

T = TypeVar("T")
Warn = Callable[..., object]
"""`warn(event, **values)`, as of a structured log."""


def no_warning(_: str, **__: Any) -> None:
    """Warn nobody."""


class NodeStanding:
    """How one node has lately answered this program, for all polls.

    Attributes:
        late: Whether it kept others waiting for the whole grace. It is sent everything, but nobody
            waits for it once enough others have answered, until it answers in time again.
        turn: Limits concurrent requests.
        waiting: Ballots that it has not answered.
        given_up: Ballots that it never answered, since it last answered any.
    """

    def __init__(self, url: str, warn: Warn = no_warning) -> None:
        self.late = False
        self.turn = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0
        self.given_up = 0
        self._bytes = 0
        self._left_alone_until_monotonic_s = 0.0
        self._url = url
        self._warn = warn

    @property
    def left_alone(self) -> bool:
        """Whether it is sent nothing for a while."""
        return self._left_alone_until_monotonic_s > time.monotonic()

    def leave_alone(self) -> None:
        """Send it nothing for a while: it is slow."""
        if not self.left_alone:
            self._warn("node left alone", node=self._url, pause_s=PAUSE_S, waiting=self.waiting)
        self.late = True
        self._left_alone_until_monotonic_s = time.monotonic() + PAUSE_S

    def answered_in_time(self) -> None:
        """Wait for it again from now on."""
        if self.late and self.given_up:
            self._warn("node answers again", node=self._url, given_up=self.given_up)
        self.late, self.given_up = False, 0

    def take(self, ballots: int, size: int) -> bool:
        """Count ballots of together `size` bytes as waiting; False if they are too many."""
        if self.waiting + ballots > MOST_WAITING or self._bytes + size > MOST_BYTES:
            return False
        self.waiting += ballots
        self._bytes += size
        return True

    def release(self, ballots: int, size: int) -> None:
        """Count ballots as waiting no more."""
        self.waiting -= ballots
        self._bytes -= size


async def enough_answers(
    asked: Mapping[int, asyncio.Task[T]], late: Collection[int], enough: int
) -> set[int]:
    """Wait until enough requests have ended, and then a moment for the others.

    Nobody waits longer than that moment for late nodes, even if they are needed.

    Args:
        asked: A request to each node.
        late: Nodes that kept others waiting before.
        enough: How many ended requests suffice.

    Returns:
        The nodes whose requests have not ended; they continue.
    """

    def pending() -> set[int]:
        return {node for node, task in asked.items() if not task.done()}

    def prompt() -> set[int]:
        return pending().difference(late)

    while prompt() and len(asked) - len(pending()) < enough:
        await asyncio.wait([asked[node] for node in pending()], return_when=asyncio.FIRST_COMPLETED)
    awaited = prompt() if len(asked) - len(pending()) >= enough else pending()
    if awaited:
        await asyncio.wait([asked[node] for node in awaited], timeout=GRACE_S)
    return pending()
