"""Ask one tallying node over HTTP, and read its answers into the protocol's types.

Answers are limited in size and time, redirects are not followed, and proxy settings of the
environment are ignored. Nothing is verified here beyond the format: callers check signatures,
shares and sums.

The interface: `/api/docs` of a node, docs/protocol.md §4.3, §11, §12 and §16.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ostraka.wire import census_upload
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.certificates import read_certificate
from ostraka.wire.poll_keys import KeyReport
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, reported
from ostraka.wire.records import from_hex, strict_json
from ostraka.wire.signed_outcomes import Outcome, read_signed_outcome
from ostraka_verifier.board import AnchoredRoot, Attestation, Board, SignedShare
from ostraka_verifier.deadline import Connections, Deadline
from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.sharing import Share
from ostraka_verifier.uncompressed import UNCOMPRESSED, require_uncompressed

_CONNECT_S = 3
_PATIENCE_S = 5
_LARGE_PATIENCE_S = 30
"""For census and board, which grow with the number of voters."""
_ANSWER_BYTES = 2**22
"""Limit of every answer except the board."""
_VOTER_BYTES = 2**9
"""Upper bound of the bytes that one voter adds to a board beside the ballot."""


class NodeError(Exception):
    """A node is unreachable, refuses the request, or gives an invalid, late or oversized answer.

    The message starts with the node's URL.

    Attributes:
        problem: The node's own refusal, or the kind of failure; without the URL.
    """

    def __init__(
        self, url: str, reason: object, kind: ProblemType = ProblemType.ANSWER_INVALID
    ) -> None:
        super().__init__(f"{url}: {reason}")
        self.problem = reason if isinstance(reason, Problem) else Problem(kind, str(reason))


def node_http(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return an HTTP client for `NodeClient`; several nodes and threads may share it.

    Args:
        transport: By default the network.
    """
    return httpx.Client(
        timeout=httpx.Timeout(_LARGE_PATIENCE_S, connect=_CONNECT_S),
        # Each request has its own connection, which its deadline closes. Their number is not
        # limited, so that silent nodes do not use up those of others.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        headers=UNCOMPRESSED,
        event_hooks={"response": [require_uncompressed]},
    )


class Cancellation:
    """Ends requests that nobody waits for any more."""

    def __init__(self) -> None:
        self._ends: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._cancelled = False

    def cancel(self) -> None:
        """End all running requests, and all later ones, with `NodeError`."""
        with self._lock:
            self._cancelled, ends = True, set(self._ends)
        for end in ends:
            end()

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Call a function when this is cancelled meanwhile, or was cancelled before."""
        with self._lock:
            self._ends.add(end)
            cancelled = self._cancelled
        if cancelled:
            end()
        try:
            yield
        finally:
            with self._lock:
                self._ends.discard(end)


class NodeClient:
    """One node. Every method raises `NodeError` when there is no well-formed answer in time."""

    def __init__(
        self, http: httpx.Client, url: str, cancellation: Cancellation | None = None
    ) -> None:
        """Args:
        http: From `node_http`.
        url: The node's address, as registered with its committees.
        cancellation: Ends its requests.
        """
        self.url = url
        self._http = http
        self._cancellation = cancellation or Cancellation()

    def member(self) -> Member:
        """Return the address of the node's signing key, and the URL that the node itself names."""
        answer = self._get_json("/config")
        try:
            address, url = from_hex(answer["node"], "node"), answer["url"]
            if not isinstance(url, str):
                raise Malformed("url", "not a text")
            return Member(address, url)
        except (Malformed, KeyError, TypeError) as error:
            raise self._invalid("config", error) from error

    def suspects(self) -> list[tuple[str, str, str]]:
        """Return poll, number of a node, and kind, for each node that contradicts its checkpoints
        or does not prove its log, as this node knows it."""
        listed = self._get_json("/polls")
        try:
            return [
                (str(poll["poll"]), str(node), str(kind))
                for poll in listed
                for node, kind in poll["suspects"].items()
            ]
        except (AttributeError, KeyError, TypeError) as error:
            raise self._invalid("polls", error) from error

    def stated_time(self) -> str:
        """Return the `Date` header of an answer; "" without one."""
        _, headers = self._exchange("GET", "/config", _PATIENCE_S, _ANSWER_BYTES)
        return str(headers.get("Date", ""))

    def join(self, committee: Committee) -> bytes:
        """Ask the node to join a committee, and return its signature of it."""
        answer = self._send_json("POST", "/committees", committee.encode())
        try:
            return from_hex(answer["signature"], "signature")
        except (Malformed, KeyError, TypeError) as error:
            raise self._invalid("committees", error) from error

    def give_census(self, poll_id: int, census: bytes, upload: CensusUpload) -> None:
        """Upload a poll's census; the node then announces a poll key.

        Args:
            upload: Signed by the poll's creator, or by the organizer of its round.
        """
        headers = {census_upload.HEADER: upload.encode()}
        path = f"/polls/{poll_id}/census"
        answer = self._send_json("PUT", path, census, headers, _LARGE_PATIENCE_S)
        if not isinstance(answer, dict) or "public_key" not in answer:
            raise NodeError(self.url, "announces no poll key")

    def key_report(self, poll_id: int, nodes: int) -> KeyReport:
        """Return the node's report of a poll's keys, in a committee of `nodes` nodes."""
        answer = self._get_json(f"/polls/{poll_id}/opening")
        try:
            return KeyReport.from_json(answer, nodes)
        except Malformed as error:
            raise NodeError(self.url, error) from error

    def certificate(self, poll_id: int) -> AnchoredRoot:
        """Return the latest root that a quorum of nodes signed."""
        data = self._get(f"/polls/{poll_id}/certificate")
        try:
            return read_certificate(data)
        except Malformed as error:
            raise NodeError(self.url, error) from error

    def board(self, poll: PublishedPoll) -> Board:
        """Return a poll's bulletin board."""
        limit = _ANSWER_BYTES + poll.parameters.voters * (poll.layout.size + _VOTER_BYTES)
        data = self._get(f"/polls/{poll.poll_id}/board", _LARGE_PATIENCE_S, limit)
        try:
            return Board.decode(data, poll.layout.size, poll.slots)
        except Malformed as error:
            raise NodeError(self.url, error) from error

    def omitted(self, poll_id: int) -> list[Any]:
        """Return recorded ballots that the anchored root leaves out, as the node lists them."""
        listed = self._read_json(self._get(f"/polls/{poll_id}/omitted", _LARGE_PATIENCE_S))
        if not isinstance(listed, list):
            raise NodeError(self.url, "omitted: not a list")
        return listed

    def share(self, poll: PublishedPoll, number: int) -> SignedShare | None:
        """Return the aggregate share that node `number` released; None before it is released."""
        listed = self._get_json(f"/polls/{poll.poll_id}/shares")
        try:
            if not isinstance(listed, list):
                raise Malformed("shares", "not a list")
            for content in listed:
                if content["node"] == number:
                    reader = Reader(from_hex(content["share"], "share"), "share")
                    share = Share.read(reader, poll.slots, "share")
                    reader.end()
                    return SignedShare(number, share, from_hex(content["signature"], "signature"))
        except (Malformed, KeyError, TypeError) as error:
            raise self._invalid("shares", error) from error
        return None

    def outcome(self, poll: PublishedPoll, number: int) -> tuple[Outcome, Attestation]:
        """Return the outcome of opened ballots that node `number` signed."""
        answer = self._read_json(
            self._get(f"/polls/{poll.poll_id}/outcome", _LARGE_PATIENCE_S, _ANSWER_BYTES)
        )
        try:
            return read_signed_outcome(answer, poll, number)
        except (Malformed, Rejected) as error:
            raise NodeError(self.url, error) from error

    def _invalid(self, answer: str, error: Exception) -> NodeError:
        reason = error if isinstance(error, Malformed) else f"{answer}: {error!r}"
        return NodeError(self.url, reason)

    def _get(self, path: str, patience_s: float = _PATIENCE_S, limit: int = _ANSWER_BYTES) -> bytes:
        return self._exchange("GET", path, patience_s, limit)[0]

    def _get_json(self, path: str) -> Any:
        return self._read_json(self._get(path))

    def _send_json(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str] | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> Any:
        answer, _ = self._exchange(method, path, patience_s, _ANSWER_BYTES, body, headers)
        return self._read_json(answer)

    def _read_json(self, body: bytes) -> Any:
        try:
            return strict_json(body)
        except Malformed as error:
            raise NodeError(self.url, error) from error

    def _exchange(
        self,
        method: str,
        path: str,
        patience_s: float,
        limit: int,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[bytes, httpx.Headers]:
        """Return body and headers of a success of at most `limit` bytes."""
        body = bytearray()
        response = None
        url = f"{self.url.rstrip('/')}/api/v1{path}"
        late = NodeError(self.url, f"no answer within {patience_s} s", ProblemType.NODE_SILENT)
        deadline = Deadline(patience_s, Connections())
        with deadline, self._cancellation.ending(deadline.end):
            try:
                request = self._http.build_request(
                    method,
                    url,
                    content=content,
                    headers=headers,
                    extensions={"trace": deadline.trace},
                )
                response = self._http.send(request, stream=True)
                for chunk in response.iter_bytes():
                    body += chunk
                    if deadline.is_over:
                        raise late
                    if len(body) > limit:
                        raise NodeError(self.url, f"more than {limit} bytes")
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                # Any text can be a node's URL on chain.
                if deadline.is_over:
                    raise late from error
                kind = ProblemType.NODE_UNREACHABLE
                raise NodeError(self.url, no_answer(error), kind) from error
            finally:
                if response is not None:
                    response.close()
        if deadline.is_over:
            raise late
        if response.status_code != 200:
            problem = reported(bytes(body), response.status_code, response.headers)
            raise NodeError(self.url, problem)
        return bytes(body), response.headers
