"""Endless heads and trailers do not fill a service's memory, nor do slow ones keep its connections
(docs/threat-model.md)."""

import asyncio

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ostraka.services import http_protocol
from ostraka.services.http_protocol import MAX_HEAD_BYTES, BoundedHttp

SENT = 16 * MAX_HEAD_BYTES
PIECE = b"a" * 2**14
HEAD = b"POST / HTTP/1.1\r\nHost: node\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"


async def _echo(scope: dict, receive, send) -> None:  # type: ignore[no-untyped-def,type-arg]
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": body})


class Served:
    """A server on a free port, as `serving` configures it."""

    def __init__(self, protocol: type[HttpToolsProtocol], app=_echo) -> None:  # type: ignore[no-untyped-def]
        self._server = uvicorn.Server(
            uvicorn.Config(app, port=0, http=protocol, ws="none", lifespan="off", log_config=None)
        )

    async def __aenter__(self) -> int:
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task


async def _refuse(_: dict, __, send) -> None:  # type: ignore[no-untyped-def,type-arg]
    """Answer without reading the body."""
    await send(
        {"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


async def _taken(protocol: type[HttpToolsProtocol], start: bytes) -> tuple[int, bytes]:
    """Send a start and pieces of a header; return the bytes taken, and the answer."""
    async with Served(protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        taken = 0
        try:
            writer.write(start)
            while taken < SENT:
                writer.write(PIECE)
                await writer.drain()
                taken += len(PIECE)
                # The answer arrives while the rest is being sent.
                await asyncio.sleep(0.005)
                if reader.at_eof() or reader._buffer:  # type: ignore[attr-defined]
                    break
            answer = await asyncio.wait_for(reader.read(200), 1)
        except (ConnectionError, TimeoutError):
            answer = b""
        writer.close()
        return taken, answer


STARTS = {
    "one endless header": HEAD + b"X: ",
    "an endless path": b"GET /",
    "an endless trailer": CHUNKED + b"X: ",
    "an endless extension of a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;",
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_the_parser_alone_takes_everything(start: bytes) -> None:
    taken, answer = asyncio.run(_taken(HttpToolsProtocol, start))
    assert (taken, answer) == (SENT, b"")


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_service_refuses_after_64_kib(start: bytes) -> None:
    taken, answer = asyncio.run(_taken(BoundedHttp, start))
    assert taken < SENT
    assert answer.startswith(b"HTTP/1.1 400") or not answer


def test_many_short_headers_count_together() -> None:
    start = HEAD + b"X: y\r\n" * (MAX_HEAD_BYTES // 6) + b"X: "
    taken, answer = asyncio.run(_taken(BoundedHttp, start))
    assert taken <= 2 * len(PIECE)
    assert answer.startswith(b"HTTP/1.1 400")


def test_long_bodies_and_many_requests_on_one_connection_are_served() -> None:
    async def run() -> None:
        async with Served(BoundedHttp) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = bytes(4 * MAX_HEAD_BYTES)
            for _ in range(3):
                writer.write(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                assert await reader.readexactly(len(body)) == body
            writer.close()

    asyncio.run(run())


SLOW = {
    "nothing": (b"", b"", _echo),
    "a head, drop by drop": (HEAD, b"X", _echo),
    "empty lines after an answer": (b"GET / HTTP/1.1\r\nHost: node\r\n\r\n", b"\r\n", _echo),
    "a refused body, drop by drop": (HEAD + b"Content-Length: 9999\r\n\r\n", b"x", _refuse),
}


@pytest.mark.parametrize("protocol", [HttpToolsProtocol, BoundedHttp])
@pytest.mark.parametrize(("start", "drop", "app"), SLOW.values(), ids=SLOW)
def test_a_connection_without_a_request_is_closed(  # type: ignore[no-untyped-def]
    protocol: type[HttpToolsProtocol], start: bytes, drop: bytes, app, monkeypatch
) -> None:
    """The server alone keeps it as long as the client likes."""
    monkeypatch.setattr(http_protocol, "HEAD_PATIENCE_S", 0.3)

    async def run() -> bool:
        async with Served(protocol, app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(start)
            for _ in range(15):
                await asyncio.sleep(0.1)
                try:
                    writer.write(drop)
                    await writer.drain()
                except ConnectionError:
                    return True
            try:
                await asyncio.wait_for(reader.read(), 0.2)
            except TimeoutError:
                return False
            except ConnectionError:
                return True
            return reader.at_eof()

    assert asyncio.run(run()) is (protocol is BoundedHttp)


def test_a_slow_answer_and_an_idle_connection_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_PATIENCE_S", 0.2)

    async def slow(scope: dict, receive, send) -> None:  # type: ignore[no-untyped-def,type-arg]
        await asyncio.sleep(0.5)
        await _echo(scope, receive, send)

    async def run() -> None:
        async with Served(BoundedHttp, slow) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(2):
                writer.write(HEAD + b"Content-Length: 2\r\n\r\nab")
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"ab"
                await asyncio.sleep(0.5)
            writer.close()

    asyncio.run(run())
