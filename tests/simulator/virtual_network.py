"""A network between programs of one loop: slow, lossy, repeating, reordering, partitioned.

Nodes' real ASGI applications are reached through httpx, as over the real network.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.simulator.virtual_time import Crash, Process, current

_LEAST_S, _USUAL_S, _SLOW_S = 0.002, 0.03, 1.5


@dataclass
class NetworkFaults:
    """How the network misbehaves now; all are probabilities except the last two."""

    lost_requests: float = 0.0
    lost_answers: float = 0.0
    repeated: float = 0.0
    late: float = 0.0
    """Delays of up to a second and a half, which reorder messages."""
    broken: float = 0.0
    """The connection breaks in the middle of the answer."""
    cut: frozenset[str] = frozenset()
    """Names of programs that are separated from all others."""
    slow: dict[str, float] = field(default_factory=dict)
    """Further delay of each message to a program, in seconds."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, complete."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def replaced(self, body: bytes, status: int = 200) -> "Answer":
        """Return another answer in its place."""
        headers = [one for one in self.headers if one[0].lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        return Answer(status, (*headers, length), body)


@dataclass(frozen=True)
class Asked:
    """A request as it is delivered."""

    sender: str
    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


Application = Callable[[dict[str, Any], Any, Any], Coroutine[Any, Any, None]]


@dataclass
class Host:
    """A program that serves HTTP."""

    process: Process
    application: Application
    lies: Callable[[Asked, Answer], Answer | None] | None = None
    """A liar's answer in place of its program's; None for silence."""
    twists: Callable[[str, Asked], Asked] | None = None
    """A liar's request to a host in place of its program's."""


class VirtualNetwork(httpx.AsyncBaseTransport):
    """Carries requests to hosts by their names."""

    def __init__(self, random: Random, log: Callable[..., None]) -> None:
        self._random = random
        self._log = log
        self.faults = NetworkFaults()
        self.hosts: dict[str, Host] = {}
        self.watch: Callable[[Process, bytes], None] = lambda *_: None
        """Sees everything that honest programs send."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Deliver a request as far as the faults allow."""
        sender = current()
        assert sender is not None
        if not sender.alive:
            raise Crash
        asked = Asked(
            sender.name,
            request.method,
            request.url.path,
            request.url.query,
            tuple((name.lower(), value) for name, value in request.headers.raw),
            await request.aread(),
        )
        own = self.hosts.get(sender.name)
        if own is not None and own.twists is not None:
            asked = own.twists(request.url.host, asked)
        self.watch(sender, asked.body)
        limits = request.extensions.get("timeout", {})
        host = self.hosts.get(request.url.host)
        faults, name = self.faults, request.url.host
        if (name in faults.cut) != (sender.name in faults.cut):
            await asyncio.sleep(limits.get("connect") or 5)
            raise httpx.ConnectTimeout("no route to the host")
        await asyncio.sleep(self._delay(name))
        if host is None or not host.process.alive:
            raise httpx.ConnectError("connection refused")
        answering = self._deliver(host, asked)
        if self._random.random() < faults.repeated:
            self._log("repeated", sender.name, name, asked.path)
            asyncio.get_running_loop().call_later(self._delay(name), self._deliver, host, asked)
        if self._random.random() < faults.lost_requests + faults.lost_answers:
            self._log("lost", sender.name, name, asked.path)
            await asyncio.sleep(limits.get("read") or 5)
            raise httpx.ReadTimeout("no answer")
        try:
            async with asyncio.timeout(limits.get("read")):
                answer = await answering
        except TimeoutError:
            raise httpx.ReadTimeout("no answer") from None
        await asyncio.sleep(self._delay(name))
        if answer is None:
            raise httpx.ReadError("connection reset")
        self._log("answer", sender.name, name, asked.method, asked.path, answer.status)
        breaks = self._random.random() < faults.broken
        stream = _Stream(answer.body, breaks=breaks)
        return httpx.Response(answer.status, headers=list(answer.headers), stream=stream)

    def _delay(self, name: str) -> float:
        usual_s = self._random.uniform(_LEAST_S, _USUAL_S)
        late_s = 0.0
        if self.faults.late and self._random.random() < self.faults.late:
            late_s = self._random.uniform(0, _SLOW_S)
        return usual_s + late_s + self.faults.slow.get(name, 0.0)

    def _deliver(self, host: Host, asked: Asked) -> "asyncio.Future[Answer | None]":
        """Let a host answer, independently of whether the sender still waits."""
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        lost = self._random.random() < self.faults.lost_requests
        if not lost and host.process.alive:
            host.process.run(self._serve(host, asked, answer))
            host.process.ends.append(answer)
        return answer

    async def _serve(
        self, host: Host, asked: Asked, answer: "asyncio.Future[Answer | None]"
    ) -> None:
        given: Answer | None = await _call(host.application, asked)
        if host.lies is not None and given is not None:
            given = host.lies(asked, given)
            if given is None:
                return
        elif given is not None:
            self.watch(host.process, given.body)
        if not answer.done():
            answer.set_result(given)


class _Stream(httpx.AsyncByteStream):
    """A body, or the first half of it."""

    def __init__(self, body: bytes, *, breaks: bool) -> None:
        self._body = body
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._breaks:
            yield self._body[: len(self._body) // 2]
            raise httpx.ReadError("connection reset")
        yield self._body


async def _call(application: Application, asked: Asked) -> Answer:
    """Serve one request by an ASGI application."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "headers": list(asked.headers),
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": asked.query,
        "server": ("node.example", 80),
        "client": (asked.sender, 40000),
        "root_path": "",
    }
    body, status, headers = bytearray(), 500, ()
    waiting = [{"type": "http.request", "body": asked.body, "more_body": False}]
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], tuple(message.get("headers", ()))
        else:
            body.extend(message.get("body", b""))

    try:
        await application(scope, receive, send)
    finally:
        gone.set()
    return Answer(status, headers, bytes(body))
