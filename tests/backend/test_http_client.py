"""The client of services: aiohttp's connections with httpx's errors and limits."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from ostraka.wire.http_client import service_client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(size)


def _answering(answer: bytes, *, close: bool = False) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _request(reader)
                writer.write(answer)
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return handler


async def _post(handler: Handler, read_s: float = 5) -> httpx.Response:
    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with service_client(httpx.Timeout(read_s, connect=1)) as client:
            return await client.post(f"http://127.0.0.1:{port}/a%20b?c=%2F", content=b"body")


def test_a_request_arrives_as_it_was_signed() -> None:
    seen = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await _request(reader))
        writer.write(OK)

    answer = asyncio.run(_post(handler))
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert seen[0].startswith(b"POST /a%20b?c=%2F HTTP/1.1\r\n")
    assert seen[0].endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"what?\r\n\r\n", httpx.RemoteProtocolError),
        (OK[:-1], httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2**17 + b"\r\n\r\n", httpx.RemoteProtocolError),
    ],
    ids=["closed", "not HTTP", "cut off", "a long header"],
)
def test_a_broken_answer_is_no_silence(answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        asyncio.run(_post(_answering(answer, close=True)))
    # A timeout would make the relay leave the node alone.
    assert not isinstance(caught.value, httpx.TimeoutException)


def test_silence_is_a_timeout() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with pytest.raises(httpx.ReadTimeout):
        asyncio.run(_post(handler, read_s=0.2))


def test_nobody_listening_is_no_connection() -> None:
    async def run() -> None:
        server = await asyncio.start_server(_answering(OK), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        async with service_client(httpx.Timeout(2)) as client:
            await client.get(f"http://127.0.0.1:{port}/")

    with pytest.raises(httpx.ConnectError):
        asyncio.run(run())


def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    answer = OK.replace(b"200 OK", b"302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b")
    seen = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await _request(reader))
            writer.write(answer)

    async def run() -> None:
        async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with service_client(httpx.Timeout(5)) as client:
                for _ in range(2):
                    given = await client.post(f"http://127.0.0.1:{port}/", content=b"x")
                    assert given.status_code == 302

    asyncio.run(run())
    assert len(seen) == 2
    assert b"elsewhere" not in seen[1]
    assert b"cookie" not in seen[1].lower()
