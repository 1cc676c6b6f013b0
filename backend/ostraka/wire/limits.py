"""Limits on request bodies, applied before anything is parsed."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ostraka.wire.clients import client_of
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import LONGEST_BYTES

SMALL_BYTES = 2**18
"""Bodies up to this size are always accepted."""
CLIENT_BYTES = 2**26 + 2**20
"""Most bytes of larger bodies that one client may be sending."""
ALL_BYTES = 2**29
"""Most bytes of larger bodies that all clients together may be sending."""
PATIENCE_S = 60
"""Longest time in which a body must arrive."""
_DRAIN_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Known:
    """A sender that has proven who it is before its body is read; only few can.

    Attributes:
        name: Its name; strangers cannot send under it.
        limit: Most bytes of this body, if it may be longer than usual; otherwise 0.
    """

    name: str
    limit: int


class BodyLimit:
    """ASGI middleware that reads whole bodies, and refuses those that are too large or too slow.

    Memory stays bounded, regardless of the number of clients and of the sizes that they declare.
    Each known sender has a bound of its own, so that nobody can use it up.
    """

    def __init__(
        self, app: ASGIApp, limit: int, known_of: Callable[[Scope], Known | None] = lambda _: None
    ) -> None:
        """Args:
        limit: Most bytes of one body.
        known_of: Returns the sender of a request, if it is known.
        """
        self._app = app
        self._limit = limit
        self._known_of = known_of
        self._strangers: Counter[str] = Counter()
        self._known: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = self._known_of(scope)
        if known is None:
            body = _Body(self._limit, _Share(self._strangers, client_of(scope), ALL_BYTES))
        else:
            limit = min(LONGEST_BYTES, max(self._limit, known.limit))
            body = _Body(limit, _Share(self._known, known.name))
        try:
            await self._serve(body, scope, receive, send)
        finally:
            body.share.release()

    async def _serve(self, body: "_Body", scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                complete = await body.read(scope, receive)
        except TimeoutError:
            detail = f"the body did not arrive within {PATIENCE_S} s"
            await self._refuse(Problem(ProblemType.TOO_SLOW, detail, "body"), scope, send)
            return
        except Problem as problem:
            await self._refuse(problem, scope, send)
            return
        if not complete:
            return
        whole = bytes(body.data)
        body.data.clear()
        pending: list[Message] = [{"type": "http.request", "body": whole, "more_body": False}]
        del whole

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)

    @staticmethod
    async def _refuse(problem: Problem, scope: Scope, send: Send) -> None:
        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await respond(problem)(scope, nothing, send)


class _Share:
    """The bytes of one body, of those that its sender may be sending."""

    def __init__(self, under_way: Counter[str], sender: str, total: int | None = None) -> None:
        """Args:
        under_way: Bytes of every sender.
        total: Most bytes of all senders together; None if they are few.
        """
        self.count = 0
        self._under_way = under_way
        self._sender = sender
        self._total = total

    def grow(self, size: int, limit: int) -> None:
        """Reserve more; raise a Problem if too much is under way.

        Args:
            size: Bytes that have arrived.
            limit: Most bytes of this body.
        """
        more = size - self.count
        if self._under_way[self._sender] + more > max(CLIENT_BYTES, limit) or (
            self._total is not None and self._under_way.total() + more > self._total
        ):
            raise Problem(ProblemType.BUSY, "too much is being sent at once", "body", 5)
        self._under_way[self._sender] += more
        self.count = size

    def release(self) -> None:
        """Give all back."""
        self._under_way[self._sender] -= self.count
        if not self._under_way[self._sender]:
            del self._under_way[self._sender]


class _Body:
    """A body that is being received."""

    def __init__(self, limit: int, share: _Share) -> None:
        self.data = bytearray()
        self.share = share
        self._limit = limit

    async def read(self, scope: Scope, receive: Receive) -> bool:
        """Read the body; return False if the client disconnected.

        Raises:
            Problem: It is too large, or clients are sending too many bytes at once.
        """
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        size = int(declared) if declared.isdigit() and len(declared) < 20 else 0
        more = True
        # A handler that reads the stream itself would only see that it was cut short.
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return False
            more = message.get("more_body", False)
            self.data += message.get("body", b"")
            try:
                self._allow(max(size, len(self.data)))
            except Problem:
                await self._drain(receive, more)
                raise
        return True

    def _allow(self, declared: int) -> None:
        if declared > self._limit:
            detail = f"the body has more than {self._limit} bytes"
            raise Problem(ProblemType.TOO_LARGE, detail, "body")
        # Only what arrives: who declares much and sends nothing must not keep others out.
        size = len(self.data)
        if size > max(SMALL_BYTES, self.share.count):
            self.share.grow(size, self._limit)

    async def _drain(self, receive: Receive, more: bool) -> None:
        """Discard some of the remaining body, so that the client reads the refusal."""
        drained = len(self.data)
        self.data.clear()
        while more and drained <= self._limit + _DRAIN_BYTES:
            message = await receive()
            drained += len(message.get("body", b""))
            more = message.get("more_body", False) and message["type"] == "http.request"
