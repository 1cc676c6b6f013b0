"""Answers of a node's HTTP interface when the node cannot answer."""

from typing import Any

from fastapi.testclient import TestClient

from ostraka.chain.contract import ChainError
from ostraka.node.api import build_api


class Unreachable:
    """A service whose chain is out of reach."""

    def poll(self, _: int) -> Any:
        """Always fails."""
        raise ChainError("chain: ConnectionError: http://user:secret@provider.example")

    async def check_census(self, poll_id: int, *_: object) -> None:
        """Always fails."""
        self.poll(poll_id)


def test_chain_errors_are_temporary_and_show_no_details() -> None:
    service: Any = Unreachable()
    answer = TestClient(build_api(service)).get("/api/v1/polls/1/board")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Retry-After" in answer.headers
    assert "secret" not in answer.text
