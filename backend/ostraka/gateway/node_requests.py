"""Requests to all nodes of a committee at once, of which no silent one delays the caller.

Each request has a thread of its own, which ends at the latest with the patience of `NodeClient`.
"""

import secrets
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from ostraka.wire.node_client import Cancellation, NodeError
from ostraka.wire.problem_types import ProblemType
from ostraka_verifier.errors import AuditError
from ostraka_verifier.parameters import Member

T = TypeVar("T")
Failure = NodeError | AuditError
HEDGE_S = 1
"""How long to wait for one node before the next is asked as well."""
GRACE_S = 1
"""Once enough nodes have answered, how long to wait for the others."""
_LONGEST_S = 10
"""How long to wait for enough nodes; their requests continue."""
_PAUSE_S = 30
"""How long a node that did not answer in time is asked last."""
_MOST_KEPT = 1000
"""Most requests that are kept for the next call."""


class NodeRequests:
    """Requests of one courier."""

    def __init__(self) -> None:
        self._pending: dict[Hashable, Future[object]] = {}
        self._slow_until_monotonic_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def each(
        self,
        what: Hashable,
        members: Mapping[int, Member],
        ask: Callable[[int, Member], T],
        enough: int,
    ) -> tuple[dict[int, T], dict[int, Failure]]:
        """Ask all nodes at once, and return the answers and the failures by node.

        Once enough of them have answered or failed, the others get a moment. The requests that are
        still pending then count as failed, and continue: the next call waits for them, and does not
        ask these nodes again.

        Args:
            what: Identifies the request.
        """
        asked: dict[int, Future[T]] = {}
        for number, member in members.items():
            asked[number] = self._once((what, number), lambda n=number, m=member: ask(n, m))  # type: ignore[misc]
        _wait_for_enough(list(asked.values()), enough)
        answers: dict[int, T] = {}
        failed: dict[int, Failure] = {}
        for number, future in asked.items():
            if not future.done():
                late = "has not answered yet; it is still being asked"
                failed[number] = NodeError(members[number].url, late, ProblemType.NODE_SILENT)
                continue
            self._forget((what, number))
            try:
                answers[number] = future.result()
            except (NodeError, AuditError) as error:
                failed[number] = error
        return answers, failed

    def race(
        self,
        members: Sequence[Member],
        ask: Callable[[Member, Cancellation], T],
        enough: int,
    ) -> Iterator[tuple[Member, Future[T]]]:
        """Yield answers as they come; the next node is asked when the previous one is slow.

        Ends a moment after so many answers. Requests that are still pending then are cancelled.
        """
        # A random order spreads the load.
        order = secrets.SystemRandom().sample(members, len(members))
        order.sort(key=lambda member: self._is_slow(member.url), reverse=True)
        waiting: dict[Future[T], tuple[Member, float]] = {}
        cancelled = Cancellation()
        came, ends_at_monotonic_s = 0, 0.0
        try:
            while order or waiting:
                if order:
                    member = order.pop()
                    started = start(lambda member=member: ask(member, cancelled))  # type: ignore[misc]
                    waiting[started] = member, time.monotonic()
                left_s: float | None = None
                if order:
                    left_s = HEDGE_S
                elif came >= enough:
                    left_s = max(0, ends_at_monotonic_s - time.monotonic())
                done, _ = wait(waiting, left_s, return_when=FIRST_COMPLETED)
                if not done and not order:
                    return
                for future in done:
                    came += 1
                    if came == enough:
                        ends_at_monotonic_s = time.monotonic() + GRACE_S
                    yield waiting.pop(future)[0], future
        finally:
            now_monotonic_s = time.monotonic()
            for member, asked_at in waiting.values():
                if now_monotonic_s - asked_at >= HEDGE_S:
                    self._slow_until_monotonic_s[member.url] = now_monotonic_s + _PAUSE_S
            cancelled.cancel()

    def _is_slow(self, url: str) -> bool:
        return self._slow_until_monotonic_s.get(url, 0) > time.monotonic()

    def _once(self, key: Hashable, ask: Callable[[], T]) -> Future[T]:
        """Start a request, unless the same one is pending or has been answered meanwhile."""
        with self._lock:
            known = self._pending.get(key)
            # A request that has failed meanwhile is made again: the node may be back.
            if known is None or (known.done() and known.exception() is not None):
                if len(self._pending) >= _MOST_KEPT:
                    # Answers that nobody asked for again.
                    pending = self._pending.items()
                    self._pending = {kept: one for kept, one in pending if not one.done()}
                self._pending[key] = start(ask)
            return self._pending[key]  # type: ignore[return-value]

    def _forget(self, key: Hashable) -> None:
        with self._lock:
            self._pending.pop(key, None)


def start(ask: Callable[[], T]) -> Future[T]:
    """Ask in another thread, which does not keep the process from ending."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _wait_for_enough(asked: Sequence[Future[T]], enough: int) -> None:
    deadline_monotonic_s = time.monotonic() + _LONGEST_S
    pending = set(asked)
    while pending and len(asked) - len(pending) < enough:
        left_s = deadline_monotonic_s - time.monotonic()
        if left_s <= 0:
            return
        _, pending = wait(pending, left_s, return_when=FIRST_COMPLETED)
    wait(pending, GRACE_S)
