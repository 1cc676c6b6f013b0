"""Limit on concurrent requests to cast ballots, so that an overloaded service answers soon.

Without it, every ballot of a crowd waits until its sender has given up, and none is recorded in
time. With it, those that are accepted get their receipts, and the others learn when to try again.
"""

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from ostraka.wire.clients import client_of
from ostraka.wire.paths import routed
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

AT_ONCE = 256
"""Most concurrent requests to cast ballots: a few seconds of work on a small machine."""
CLIENT_AT_ONCE = 128
"""Most of these of one client, so that no client can use up those of the others."""
RETRY_AFTER_S = 2
_CASTING = routed("/api/v1/polls/[^/]+/ballots(:batch)?")
"""Whatever stands for the poll: the framework reads more as a number than digits."""


class CastingLimit:
    """ASGI middleware that refuses ballots beyond the limit with status 429 and `Retry-After`."""

    def __init__(self, app: ASGIApp) -> None:
        """Args:
        app: Gets the requests within the limit.
        """
        self._app = app
        self._under_way: Counter[str] = Counter()
        self._total = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or not _CASTING.fullmatch(scope["path"])
        ):
            await self._app(scope, receive, send)
            return
        client = client_of(scope)
        if self._total >= AT_ONCE or self._under_way[client] >= CLIENT_AT_ONCE:
            detail = "too many ballots are being cast at once"
            full = Problem(ProblemType.QUEUE_FULL, detail, retry_after_s=RETRY_AFTER_S)
            await respond(full)(scope, receive, send)
            return
        self._total += 1
        self._under_way[client] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._total -= 1
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
