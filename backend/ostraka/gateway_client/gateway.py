"""Client of one gateway or node over HTTP: answers, refusals, streams.

Answers are not verified here; callers that do not trust the gateway check them (`voter.poll`,
`voter.chain_poll`).

Source: docs/protocol.md §16; RFC 9457; the server-sent events of the HTML standard.
"""

import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Self

import httpx

from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, reported
from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.uncompressed import UNCOMPRESSED, require_uncompressed

_TIMEOUT = httpx.Timeout(120, connect=5)
# Longer than the interval of heartbeats in the gateway's streams.
_STREAM_TIMEOUT = httpx.Timeout(60, connect=5)
_ATTEMPTS = 4
_MAX_PAUSE_S = 5
_CHUNK = 2**16

_NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""UnicodeError comes from host names that the resolver cannot encode."""

Progress = Callable[[int, int], None]
"""`progress(done, total)` in bytes; total is 0 if it is unknown."""


class Unreachable(Exception):
    """There is no answer, or the answer is not a gateway's."""


class Gateway:
    """A gateway at a URL; nodes answer to some of the same paths."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Args:
        url: Address of the gateway, without `/api/v1`.
        token: The organizer's token, for requests that need it.

        Raises:
            Unreachable: The URL is invalid.
        """
        try:
            base = httpx.URL(f"{url.rstrip('/')}/api/v1")
        except httpx.InvalidURL as error:
            raise Unreachable(f"{url} cannot be reached: {no_answer(error)}") from error
        self._client = httpx.Client(
            base_url=base,
            timeout=_TIMEOUT,
            follow_redirects=False,
            # Proxies and netrc of the environment must not redirect requests.
            trust_env=False,
            headers=UNCOMPRESSED,
            event_hooks={"response": [require_uncompressed]},
        )
        self._token = token
        # Without the credentials that a URL may contain.
        self.name = f"{self._client.base_url.scheme}://{self._client.base_url.netloc.decode()}"

    def get(self, path: str, *, as_organizer: bool = False) -> Any:
        """Return the JSON of a resource; retry while the gateway is catching up.

        Raises:
            Problem: The gateway refuses, or is unable to answer now.
            Unreachable: There is no answer, or the answer is not a gateway's.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._json(self._send("GET", path, None, as_organizer))
            except Problem as problem:
                if attempt + 1 == _ATTEMPTS or not _passes(problem):
                    raise
                time.sleep(min(problem.retry_after_s, _MAX_PAUSE_S))
        raise AssertionError("unreachable")

    def post(
        self, path: str, body: object, *, as_organizer: bool = False, key: str | None = None
    ) -> Any:
        """Send a request once, and return the JSON of the answer.

        Args:
            key: Idempotency key; the gateway acts only once on requests with the same key.
        """
        return self._json(self._send("POST", path, body, as_organizer, key))

    def post_bytes(self, path: str, content: bytes) -> Any:
        """As `post`, with a body of bytes."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._json(self._request("POST", path, content, headers))

    def put(self, path: str, body: object, *, as_organizer: bool = False) -> Any:
        """As `post`, with the method PUT."""
        return self._json(self._send("PUT", path, body, as_organizer))

    def download(self, path: str, write: Callable[[bytes], object], progress: Progress) -> None:
        """Yield a resource in pieces."""
        try:
            with self._client.stream("GET", path) as response:
                if response.status_code != 200:
                    response.read()
                    raise _problem(response)
                # The length is that of the body as sent, which may be compressed.
                total = int(response.headers.get("Content-Length", 0))
                for chunk in response.iter_bytes(_CHUNK):
                    write(chunk)
                    progress(response.num_bytes_downloaded, total)
        except _NO_ANSWER as error:
            raise self._unreachable(error) from error

    def events(self, path: str) -> Iterator[Any]:
        """Yield the JSON of each server-sent event, until the server ends the stream."""
        try:
            with self._client.stream("GET", path, timeout=_STREAM_TIMEOUT) as response:
                if response.status_code != 200:
                    response.read()
                    raise _problem(response)
                for data in _event_data(response.iter_lines()):
                    yield parse_json(data.encode(), "event")
        except (*_NO_ANSWER, Malformed) as error:
            raise self._unreachable(error) from error

    def required_token(self) -> str:
        """Return the organizer's token; Problem without one."""
        if not self._token:
            detail = "pass the organizer's token with --token or OSTRAKA_ORGANIZER_TOKEN"
            raise Problem(ProblemType.NOT_ORGANIZER, detail)
        return self._token

    def _send(
        self, method: str, path: str, body: object, as_organizer: bool, key: str | None = None
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        if as_organizer:
            headers["Authorization"] = f"Bearer {self.required_token()}"
        content = None if body is None else json.dumps(body).encode()
        return self._request(method, path, content, headers)

    def _request(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str]
    ) -> httpx.Response:
        try:
            response = self._client.request(method, path, content=content, headers=headers)
        except _NO_ANSWER as error:
            raise self._unreachable(error) from error
        if response.status_code not in (200, 201):
            raise _problem(response)
        return response

    def _json(self, response: httpx.Response) -> Any:
        try:
            return parse_json(response.content, "answer")
        except Malformed as error:
            raise Unreachable(f"{self.name} answers, but is not a gateway: {error}") from error

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"{self.name} cannot be reached: {no_answer(error)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


def _passes(problem: Problem) -> bool:
    """Whether a service is only catching up, so that a retry helps."""
    return problem.status == HTTPStatus.SERVICE_UNAVAILABLE and problem.retry_after_s > 0


def _problem(response: httpx.Response) -> Problem:
    """Return the problem of an error response."""
    return reported(response.content, response.status_code, response.headers)


def _event_data(lines: Iterator[str]) -> Iterator[str]:
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []
