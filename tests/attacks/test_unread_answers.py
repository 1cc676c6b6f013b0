"""An answer that nobody reads does not keep a connection for ever (docs/threat-model.md)."""

import asyncio
import socket

import pytest
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ostraka.services import http_protocol
from ostraka.services.http_protocol import BoundedHttp
from tests.attacks.test_endless_heads import Served

BOARD_BYTES = 32 * 2**20
"""More than the buffers of both machines' kernels hold."""
PATIENCE_S = 0.3
REQUEST = b"GET / HTTP/1.1\r\nHost: node\r\n\r\n"


async def _whole(_: dict, __, send) -> None:  # type: ignore[no-untyped-def,type-arg]
    """A board, written at once."""
    length = str(BOARD_BYTES).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": bytes(BOARD_BYTES)})


async def _in_parts(_: dict, __, send) -> None:  # type: ignore[no-untyped-def,type-arg]
    """A file of the web client, or a stream of events."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(BOARD_BYTES // 2**18):
        await send({"type": "http.response.body", "body": bytes(2**18), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _connect(port: int, buffer_bytes: int) -> socket.socket:
    """A client; with a small buffer, the server's fills."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    await asyncio.get_running_loop().sock_sendall(client, REQUEST)
    return client


async def _took(client: socket.socket, each: int, pause_s: float, most_s: float) -> int:
    """Bytes that a client gets that reads so many at once, until the connection ends."""
    loop, taken = asyncio.get_running_loop(), 0
    ends_at = loop.time() + most_s
    while loop.time() < ends_at:
        await asyncio.sleep(pause_s)
        try:
            part = await asyncio.wait_for(loop.sock_recv(client, each), 1) if each else b"-"
        except (ConnectionError, TimeoutError):
            break
        if not part:
            break
        taken += len(part) if each else 0
    return taken


@pytest.mark.parametrize("app", [_whole, _in_parts])
@pytest.mark.parametrize("each", [0, 10], ids=["reads nothing", "reads drop by drop"])
@pytest.mark.parametrize("protocol", [HttpToolsProtocol, BoundedHttp])
def test_a_connection_whose_answer_is_not_read_is_cut(  # type: ignore[no-untyped-def]
    protocol: type[HttpToolsProtocol], each: int, app, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server alone keeps it as long as the client likes."""
    monkeypatch.setattr(http_protocol, "ANSWER_PATIENCE_S", PATIENCE_S)

    async def run() -> int:
        served = Served(protocol, app)
        async with served as port:
            with await _connect(port, 2**14) as client:
                await _took(client, each, 0.05, 5 * PATIENCE_S)
                return len(served._server.server_state.connections)

    assert uvloop.run(run()) == (protocol is HttpToolsProtocol)


@pytest.mark.parametrize("app", [_whole, _in_parts])
def test_who_reads_steadily_gets_everything(  # type: ignore[no-untyped-def]
    app, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes several times the patience in all."""
    monkeypatch.setattr(http_protocol, "ANSWER_PATIENCE_S", 0.6)

    async def run() -> int:
        async with Served(BoundedHttp, app) as port:
            with await _connect(port, 2**18) as client:
                return await _took(client, 2**17, 0.012, 60)

    assert uvloop.run(run()) >= BOARD_BYTES
