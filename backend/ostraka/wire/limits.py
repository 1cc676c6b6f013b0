"""Caps on request bodies, applied before anything is parsed."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ostraka.wire.problems import Problem, respond


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
        if not declared.isdigit() or int(declared) > self._limit:
            await self._refuse(scope, send)
            return
        body = bytearray()
        # Read here as a whole: a handler would only see a stream that was cut short.
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if len(body) > self._limit:
                await self._refuse(scope, send)
                return
            if not message.get("more_body", False):
                break
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
