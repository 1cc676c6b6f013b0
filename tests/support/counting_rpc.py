"""A JSON-RPC provider that counts what it is asked: a proxy before a real node, over real HTTP."""

import json
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Self

import httpx


class CountingRpc:
    """The proxy, for as long as the context lasts.

    Attributes:
        counts: Requests by method, calls by `eth_call 0x…` with the selector.
        answers: Cleared to let every request wait until it is set again.
    """

    def __init__(self, upstream: Callable[[], str]) -> None:
        """Args:
        upstream: Returns the URL of the node behind it, once it is asked for something.
        """
        self.counts: Counter[str] = Counter()
        self.answers = Event()
        self.answers.set()
        self._lock = Lock()
        headers = {"Content-Type": "application/json"}
        self._client = httpx.Client(timeout=30, trust_env=False, headers=headers)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy._count(body)
                proxy.answers.wait()
                try:
                    answer = proxy._client.post(upstream(), content=body)
                    status, content = answer.status_code, answer.content
                except httpx.HTTPError:
                    # The node behind it has stopped.
                    status, content = 502, b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            # Connections that clients keep open would hold up the end.
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _count(self, body: bytes) -> None:
        asked = json.loads(body)
        with self._lock:
            for one in asked if isinstance(asked, list) else [asked]:
                method = one["method"]
                if method == "eth_call":
                    # With the function's selector.
                    call = one["params"][0]
                    method += " " + (call.get("data") or call["input"])[:10]
                self.counts[method] += 1

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._client.close()
