"""What both services do with every request: name it, measure it, and log how it went.

Log lines and metrics show routes, never paths, queries, bodies or addresses: which client cast a
ballot, or asked for a receipt, is nobody's business.

Source: docs/operations.md, "Logs" and "Watch".
"""

import re
import time
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

import structlog
from pydantic import IPvAnyNetwork
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ostraka.services.metrics import RequestMetrics
from ostraka.wire import request_ids

log = structlog.get_logger()

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT"})
_PAGE = "page"
"""What metrics call the pages of the web client, and everything else that is not described."""
_PARAMETER = re.compile(r"\\{[^/]+\\}")
_FAILED = 500


class NamedRequests:
    """ASGI middleware around the whole application, and around the reading of proxies' headers."""

    def __init__(
        self,
        app: ASGIApp,
        routes: Iterable[str],
        trusted_proxies: Sequence[IPvAnyNetwork],
        metrics: RequestMetrics,
    ) -> None:
        """Args:
        routes: Templates of paths, such as `/api/v1/polls/{poll_id}`.
        trusted_proxies: Networks of proxies that may name requests.
        """
        self._app = app
        self._routes = Routes(routes)
        self._trusted = tuple(trusted_proxies)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(request_ids.HEADER, "")
        names = request_ids.name_of(given, self._is_trusted(scope))
        started_monotonic_s = time.monotonic()
        status = _FAILED
        answered_monotonic_s: float | None = None

        async def answer(message: Message) -> None:
            nonlocal status, answered_monotonic_s
            if message["type"] == "http.response.start":
                status = message["status"]
                answered_monotonic_s = time.monotonic()
                MutableHeaders(scope=message)[request_ids.HEADER] = names["request_id"]
            await send(message)

        with structlog.contextvars.bound_contextvars(**names):
            try:
                await self._app(scope, receive, answer)
            finally:
                took_s = (answered_monotonic_s or time.monotonic()) - started_monotonic_s
                method = scope["method"] if scope["method"] in _METHODS else "other"
                route = self._routes.of(scope["path"])
                self._metrics.answered(method, route, status, took_s)
                # Anybody can cause other answers, and would fill the disk with lines.
                say = log.warning if status == _FAILED else log.debug
                say("request", method=method, route=route, status=status, took_s=round(took_s, 3))

    def _is_trusted(self, scope: Scope) -> bool:
        """Whether a trusted proxy opened the connection."""
        if not self._trusted:
            return False
        try:
            address = ip_address(scope["client"][0])
        except (TypeError, ValueError):
            return False
        return any(address in network for network in self._trusted)


class Routes:
    """The described routes of an application, which name requests in logs and metrics.

    The framework names a route only once it has chosen it: not for requests that are refused
    before, such as too many ballots.
    """

    def __init__(self, templates: Iterable[str]) -> None:
        """Args:
        templates: A path that several fit has the name of the one with the fewest parameters.
        """
        each = sorted(templates, key=lambda one: one.count("{"))
        self._patterns = [
            (re.compile(_PARAMETER.sub("[^/]+", re.escape(one))), one) for one in each
        ]

    def of(self, path: str) -> str:
        """Return the template of a path; `page` if it fits none."""
        for pattern, template in self._patterns:
            if pattern.fullmatch(path):
                return template
        return _PAGE
