"""A gateway that answers what a test tells it to, over real HTTP."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from typer.testing import CliRunner, Result

from ostraka.cli.main import app
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

TOKEN = "a-token-that-nobody-sees"
CONFIG = {
    "chain_id": 31337,
    "registry": "0x" + "11" * 20,
    "treasury": "0x" + "22" * 20,
    "head": {"number": 1, "timestamp": 1_800_000_000},
    "coin": {"symbol": "ETH", "decimals": 18},
}
PLN = {"symbol": "PLN", "decimals": 2, "status": "proposing"}
"""What commands read of a round about its money."""
Answer = tuple[int, dict[str, str], bytes]


def answer(status: int, body: Any, **headers: str) -> Answer:
    """JSON, or bytes as they are; underscores of header names stand for dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, content


def refusal(kind: ProblemType, detail: str, field: str = "", retry_after_s: int = 0) -> Answer:
    """A problem, as a gateway answers it."""
    problem = Problem(kind, detail, field, retry_after_s)
    headers = {"Retry_After": str(retry_after_s)} if retry_after_s else {}
    return answer(problem.status, problem.to_json(), **headers)


class StubGateway:
    """Serves on a port of its own while the context lasts.

    Attributes:
        routes: Answers, or what makes them from a request's body, by "METHOD /path".
        requests: "METHOD /path", headers and body of each request that came.
    """

    def __init__(self) -> None:
        self.routes: dict[str, Answer | Callable[[bytes], Answer]] = {}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = f"{self.command} {self.path.removeprefix('/api/v1')}"
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub.requests.append((name, dict(self.headers), body))
                found = stub.routes.get(name, refusal(ProblemType.NOT_FOUND, name))
                status, headers, content = found(body) if callable(found) else found
                self.send_response(status)
                for one, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(one, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def bodies(self, name: str) -> list[Any]:
        """JSON of each request of a name."""
        return [json.loads(body) for one, _, body in self.requests if one == name]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def run(stub: StubGateway | str, *command: str, token: str | None = TOKEN) -> Result:
    """Run a command as an organizer of this gateway, and see that it shows no token."""
    url = stub if isinstance(stub, str) else stub.url
    environment = {"OSTRAKA_GATEWAY": url, "OSTRAKA_ORGANIZER_TOKEN": token, "COLUMNS": "200"}
    environment["OSTRAKA_PLAIN_KEY"] = "1"
    result = CliRunner().invoke(app, list(command), env=environment)
    assert TOKEN not in result.output
    return result
