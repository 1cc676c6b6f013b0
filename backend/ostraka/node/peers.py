"""Requests to the other nodes of a committee.

URLs come only from the chain; redirects are not followed; answers are limited in size. The caller
checks the signatures in an answer.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ostraka.clock import unix_now
from ostraka.keys import SigningKey
from ostraka.wire import peer_auth
from ostraka.wire.http_client import service_client
from ostraka.wire.problems import Problem, reported
from ostraka.wire.records import strict_json
from ostraka_verifier.parameters import Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.typed_data import Domain

_TIMEOUT = httpx.Timeout(10, connect=2)
_PATIENCE_S = 10
"""Longest duration of one request, including a slow answer."""
_PAUSE_S = 30
"""How long a peer that took longer is skipped."""
_MAX_ANSWER_BYTES = 256 * 2**20
LONG_BYTES = 2**20
"""Hashing a body of this length or more would hold up everything else."""
_MAX_JSON_BYTES = 4 * 2**20
"""Enough for statements of all nodes; parsed JSON takes many times its length in memory."""


class PeerError(Exception):
    """A peer is unreachable, refuses, or gives an invalid answer.

    Attributes:
        problem: Its refusal; None if it did not answer, or not validly.
    """

    def __init__(self, reason: str, problem: Problem | None = None) -> None:
        super().__init__(reason)
        self.problem = problem


class Peer:
    """Another node of the committee."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        key: SigningKey,
        domain: Domain,
        number: int,
        member: Member,
    ) -> None:
        """Args:
        key: Signs requests.
        domain: Chain and registry of the requests.
        number: The peer's index.
        """
        self.number = number
        self._domain = domain
        self.address = member.address
        self._url = member.url.rstrip("/")
        self._client = client
        self._key = key
        self._left_alone_until_monotonic_s = 0.0
        self._answered_in_s = 0.0
        self._pending_since_monotonic_s: list[float] = []
        self.is_away = False
        """Whether it did not answer the last request; a refusal is an answer."""

    @property
    def slowness_s(self) -> float:
        """Duration of the last request, successful or not, or of the oldest unanswered one."""
        since = min(self._pending_since_monotonic_s, default=time.monotonic())
        return max(self._answered_in_s, time.monotonic() - since)

    async def get(self, path: str) -> bytes:
        """Return the body of a successful GET; PeerError otherwise."""
        return await self._request("GET", path, b"", _MAX_ANSWER_BYTES)

    async def get_json(self, path: str) -> Any:
        """Return the strict JSON of a successful GET; PeerError or Malformed otherwise."""
        return strict_json(await self._request("GET", path, b"", _MAX_JSON_BYTES))

    async def post(self, path: str, body: bytes) -> bytes:
        """Return the body of a successful authenticated POST; PeerError otherwise."""
        return await self._request("POST", path, body, _MAX_ANSWER_BYTES)

    async def get_patiently(self, path: str, patience_s: float, limit: int) -> bytes:
        """Return the body of a successful GET that may take long; PeerError otherwise.

        Args:
            patience_s: Longest duration, with the answer.
            limit: Most bytes of the answer.
        """
        return await self._patiently("GET", path, b"", patience_s, limit)

    async def post_patiently(self, path: str, body: bytes, patience_s: float, limit: int) -> bytes:
        """Return the body of a successful POST that may take long; PeerError otherwise.

        Args:
            patience_s: Longest duration, with the answer.
            limit: Most bytes of the answer.
        """
        return await self._patiently("POST", path, body, patience_s, limit)

    async def _patiently(
        self, method: str, path: str, body: bytes, patience_s: float, limit: int
    ) -> bytes:
        # How long it takes says nothing about other requests.
        try:
            async with asyncio.timeout(patience_s):
                return await self._answer(method, path, body, limit, patience_s)
        except TimeoutError:
            reason = f"node {self.number}: no answer within {patience_s:.0f} s"
            raise PeerError(reason) from None

    async def _request(self, method: str, path: str, body: bytes, limit: int) -> bytes:
        # A slow peer must not make each step outlast its round.
        if time.monotonic() < self._left_alone_until_monotonic_s:
            raise PeerError(f"node {self.number}: left alone, it kept us waiting")
        started = time.monotonic()
        self._pending_since_monotonic_s.append(started)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._answer(method, path, body, limit)
        except TimeoutError:
            self._answered_in_s = float(_PATIENCE_S)
            self._left_alone_until_monotonic_s = time.monotonic() + _PAUSE_S
            self.is_away = True
            raise PeerError(f"node {self.number}: no answer within {_PATIENCE_S} s") from None
        except PeerError:
            self._answered_in_s = float(_PATIENCE_S)
            raise
        finally:
            self._pending_since_monotonic_s.remove(started)
        self._answered_in_s = time.monotonic() - started
        return answer

    async def _answer(
        self, method: str, path: str, body: bytes, limit: int, patience_s: float | None = None
    ) -> bytes:
        timeout = _TIMEOUT if patience_s is None else httpx.Timeout(patience_s, connect=2)
        asked = self._key, self._domain, self.address, method, path, body, unix_now()
        if len(body) < LONG_BYTES:
            header = peer_auth.sign_request(*asked)
        else:
            header = await asyncio.to_thread(peer_auth.sign_request, *asked)
        try:
            async with self._client.stream(
                method,
                self._url + path,
                content=body,
                headers={peer_auth.HEADER: header},
                timeout=timeout,
            ) as response:
                answer = bytearray()
                async for chunk in response.aiter_bytes():
                    answer += chunk
                    if len(answer) > limit:
                        raise PeerError(f"node {self.number}: answer too large")
        except httpx.TimeoutException:
            raise TimeoutError from None
        except httpx.HTTPError as error:
            self.is_away = True
            raise PeerError(f"node {self.number}: {no_answer(error)}") from error
        self.is_away = False
        if response.status_code != 200:
            problem = reported(bytes(answer), response.status_code, response.headers)
            raise PeerError(f"node {self.number}: {problem}", problem)
        return bytes(answer)


def peers_of(client: httpx.AsyncClient, key: SigningKey, poll: PublishedPoll) -> list[Peer]:
    """Return the other nodes of a poll's committee."""
    return [
        Peer(client, key, poll.domain, number, member)
        for number, member in enumerate(poll.committee.members, start=1)
        if member.address != key.address
    ]


@asynccontextmanager
async def peer_client() -> AsyncIterator[httpx.AsyncClient]:
    """Provide an HTTP client for requests to peers."""
    async with service_client(_TIMEOUT) as client:
        yield client
