"""Let requests between nodes in by their headers, before any of the body is read.

Whole states of a shuffle are long. Strangers must neither send them nor use up what nodes may send.

Source: docs/protocol.md §9.4.
"""

import re
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from ostraka.clock import unix_now
from ostraka.node.service import NodeService
from ostraka.wire import peer_auth
from ostraka.wire.limits import SMALL_BYTES, Known
from ostraka.wire.paths import routed
from ostraka.wire.peer_auth import PeerRequest
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka_verifier.errors import Malformed

_PATH = routed("/api/v1/polls/([^/]+)/(challenge|peer/(?:shuffle/([a-z]{1,10})|.*))")
_NUMBER = re.compile("[1-9][0-9]{0,14}")
_LENGTH = re.compile(b"[0-9]{1,19}")


class PeerGate:
    """ASGI middleware that refuses requests that no node of the poll signed."""

    def __init__(self, app: ASGIApp, node_of: Callable[[], NodeService]) -> None:
        """Args:
        node_of: Returns the node that is asked.
        """
        self._app = app
        self._node_of = node_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asks = scope["type"] == "http" and scope["method"] == "POST"
        match = _PATH.fullmatch(scope["path"]) if asks else None
        if match is None:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            request, known = self._open(match, headers, scope["path"])
        except (Problem, Malformed) as error:
            problem = error if isinstance(error, Problem) else from_audit_error(error)
            # Who sends a short body reads the refusal in any case.
            close = {} if _is_short(headers) else {"Connection": "close"}
            await respond(problem, close)(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["peer_request"], state["known_sender"] = request, known
        try:
            await self._app(scope, receive, send)
        finally:
            request.close()

    def _open(
        self, match: re.Match[str], headers: dict[bytes, bytes], path: str
    ) -> tuple[PeerRequest, Known | None]:
        """Return a signed request, and how long its body may be if a node sends it."""
        number, route, call = match.groups()
        if not _NUMBER.fullmatch(number):
            # The framework accepts further spellings of a number.
            raise Problem(ProblemType.NO_SUCH_POLL, "expected the number of a poll", "poll")
        node = self._node_of()
        poll = node.poll(int(number))
        nodes = poll.served.member_addresses
        allowed = nodes | {poll.progress.observed.view.creator} if route == "challenge" else nodes
        header = headers.get(peer_auth.HEADER.lower().encode(), b"").decode("latin-1")
        request = node.requests.open(header, allowed, "POST", path, unix_now())
        if request.sender not in nodes:
            # Anybody can create polls.
            return request, None
        limit = poll.shuffling.body_bytes(call, request.sender) if call else 0
        return request, Known(request.sender.hex(), limit)


def sender_of(scope: Scope) -> Known | None:
    """Return the node that sends a request, if `PeerGate` let it in."""
    known: Known | None = scope.get("state", {}).get("known_sender")
    return known


def _is_short(headers: dict[bytes, bytes]) -> bool:
    """Whether a body is so short that the server takes it without keeping it."""
    length = headers.get(b"content-length", b"")
    return bool(_LENGTH.fullmatch(length)) and int(length) <= SMALL_BYTES
