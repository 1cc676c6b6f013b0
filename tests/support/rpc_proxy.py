"""A proxy before a node of a chain, over real HTTP: what its kinds have in common."""

from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

import httpx


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        """Answer the request."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    # Connections that clients keep open would hold up the end.
    block_on_close = False


class RpcProxy(ABC):
    """A proxy, for as long as the context lasts.

    Attributes:
        url: Where it listens.
        client: For requests to the node.
    """

    def __init__(self) -> None:
        headers = {"Content-Type": "application/json"}
        self.client = httpx.Client(timeout=30, trust_env=False, headers=headers)
        proxy = self

        class Handler(Exchange):
            def do_POST(self) -> None:
                proxy.serve(self, self.rfile.read(int(self.headers["Content-Length"])))

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @abstractmethod
    def serve(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.client.close()
