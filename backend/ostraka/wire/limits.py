"""Limits on request bodies, applied before anything is parsed."""

import asyncio
from collections import Counter
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ostraka.wire.clients import client_of
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

SMALL_BYTES = 2**18
"""Bodies up to this size are always accepted."""
CLIENT_BYTES = 2**26 + 2**20
"""Most bytes of larger bodies that one client may be sending."""
ALL_BYTES = 2**29
"""Most bytes of larger bodies that all clients together may be sending."""
PATIENCE_S = 60
"""Longest time in which a body must arrive."""
_DRAIN_BYTES = 16 * 2**20


class BodyLimit:
    """ASGI middleware that reads whole bodies, and refuses those that are too large or too slow.

    Memory stays bounded, regardless of the number of clients and of the sizes that they declare.
    """

    def __init__(
        self, app: ASGIApp, limit: int, limit_of: Callable[[Scope], int] = lambda _: 0
    ) -> None:
        """Args:
        limit: Most bytes of one body.
        limit_of: Most bytes of the body of a certain request, where it may be longer.
        """
        self._app = app
        self._limit = limit
        self._limit_of = limit_of
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = client_of(scope)
        body = _Body(self, client)
        try:
            await self._serve(body, scope, receive, send)
        finally:
            self._release(client, body.reserved)

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
        pending: list[Message] = [
            {"type": "http.request", "body": bytes(body.data), "more_body": False}
        ]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)

    def reserve(self, client: str, count: int, limit: int) -> None:
        """Reserve bytes for a client's body; raise a Problem if there are too many.

        Args:
            limit: Most bytes of this body.
        """
        if (
            self._under_way[client] + count > max(CLIENT_BYTES, limit)
            or self._under_way.total() + count > ALL_BYTES
        ):
            raise Problem(ProblemType.BUSY, "too much is being sent at once", "body", 5)
        self._under_way[client] += count

    def _release(self, client: str, count: int) -> None:
        self._under_way[client] -= count
        if not self._under_way[client]:
            del self._under_way[client]

    def limit_of(self, scope: Scope) -> int:
        """Return the most bytes of a request's body."""
        return min(ALL_BYTES, max(self._limit, self._limit_of(scope)))

    @staticmethod
    async def _refuse(problem: Problem, scope: Scope, send: Send) -> None:
        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await respond(problem)(scope, nothing, send)


class _Body:
    """A body that is being received."""

    def __init__(self, limits: BodyLimit, client: str) -> None:
        self.data = bytearray()
        self.reserved = 0
        self._limits = limits
        self._client = client
        self._limit = 0

    async def read(self, scope: Scope, receive: Receive) -> bool:
        """Read the body; return False if the client disconnected.

        Raises:
            Problem: It is too large, or clients are sending too many bytes at once.
        """
        self._limit = self._limits.limit_of(scope)
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
        if size > max(SMALL_BYTES, self.reserved):
            self._limits.reserve(self._client, size - self.reserved, self._limit)
            self.reserved = size

    async def _drain(self, receive: Receive, more: bool) -> None:
        """Discard some of the remaining body, so that the client reads the refusal."""
        drained = len(self.data)
        self.data.clear()
        while more and drained <= self._limit + _DRAIN_BYTES:
            message = await receive()
            drained += len(message.get("body", b""))
            more = message.get("more_body", False) and message["type"] == "http.request"
