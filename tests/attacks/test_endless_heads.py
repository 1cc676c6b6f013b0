"""Endless heads and trailers do not fill a service's memory (docs/threat-model.md)."""

import asyncio

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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

    def __init__(self, protocol: type[HttpToolsProtocol]) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(_echo, port=0, http=protocol, ws="none", lifespan="off", log_config=None)
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
