"""Caps on request bodies, applied before anything is parsed."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ostraka.wire.problems import Problem, respond

_DRAIN_BYTES = 16 * 2**20


class BodyLimit:
    """ASGI middleware that refuses bodies of more than `limit` bytes, however they are sent."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        size = int(declared) if declared.isdigit() else 0
        body = bytearray()
        # Read here as a whole: a handler would only see a stream that was cut short.
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            more = message.get("more_body", False)
            body += message.get("body", b"")
            size = max(size, len(body))
            if size > self._limit:
                # Discard a little of what comes, so that a client gets to read the refusal.
                drained = len(body)
                body.clear()
                while more and drained <= self._limit + _DRAIN_BYTES:
                    message = await receive()
                    drained += len(message.get("body", b""))
                    more = message.get("more_body", False)
                await self._refuse(scope, send)
                return
        pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        detail = f"the body has more than {self._limit} bytes"
        response = respond(Problem(413, "Too large", detail, "body"))

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await response(scope, nothing, send)
