"""A small answer does not unpack to gigabytes at whoever asked for it (docs/threat-model.md)."""

import ast
import asyncio
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from ostraka.wire.http_client import service_client
from ostraka.wire.node_client import node_http
from ostraka_verifier.rpc import JsonRpc, Unanswered, server_client

ROOT = Path(__file__).parents[2]
SIZE = 32 * 2**20
PACKED = gzip.compress(gzip.compress(bytes(SIZE)))


@contextmanager
def packed_answers() -> Iterator[str]:
    """URL of a server that compresses its answers twice, whatever was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip, gzip")
            self.send_header("Content-Length", str(len(PACKED)))
            self.end_headers()
            self.wfile.write(PACKED)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_library_alone_unpacks_everything_at_once() -> None:
    """Limits on the length of an answer look at it only afterwards."""
    assert len(PACKED) < 2000
    with packed_answers() as url, httpx.stream("GET", url) as response:
        assert len(next(response.iter_bytes())) == SIZE


@pytest.mark.parametrize("client", [node_http, server_client])
def test_clients_refuse_it_unread(client) -> None:  # type: ignore[no-untyped-def]
    with (
        packed_answers() as url,
        client() as http,
        pytest.raises(httpx.DecodingError, match="compressed"),
        http.stream("GET", url),
    ):
        pass


def test_services_refuse_it_unread() -> None:
    async def run(url: str) -> None:
        async with service_client(httpx.Timeout(5)) as client:
            with pytest.raises(httpx.DecodingError, match="compressed"):
                await client.post(url, content=b"")

    with packed_answers() as url:
        asyncio.run(run(url))


def test_the_verifier_says_so() -> None:
    with packed_answers() as url, pytest.raises(Unanswered, match="its answer is compressed"):
        JsonRpc(url).chain_id()


def test_every_client_refuses_it() -> None:
    """Also those that are made elsewhere; the demo asks only its own services."""
    made = 0
    for path in [*(ROOT / "backend").rglob("*.py"), *(ROOT / "verifier").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "httpx.Client",
                "httpx.AsyncClient",
            ):
                given = {one.arg: ast.unparse(one.value) for one in node.keywords}
                assert given.get("headers") == "UNCOMPRESSED", path
                assert "require_uncompressed" in given.get("event_hooks", ""), path
                made += 1
    assert made >= 5
