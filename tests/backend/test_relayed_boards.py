"""The gateway passes on boards as streams, and changes the node where one breaks off."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import Request
from fastapi.responses import StreamingResponse

from ostraka.gateway import relayed_boards
from ostraka.gateway.relayed_boards import RelayedBoards
from ostraka.wire.file_answers import StoredFile, file_answer
from ostraka.wire.node_standing import NodeStanding
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from tests.support.polls import SyntheticPoll, approval_poll

BOARD = bytes(range(251)) * 20_000
TAG, OTHER_TAG = '"aa"', '"bb"'


@dataclass
class Node:
    """A node that answers as nodes do, and may break off."""

    content: bytes = BOARD
    etag: str = TAG
    breaks_after: int | None = None
    shifted: int = 0
    refuses: bool = False
    always: dict[str, str] | None = None
    """Headers with which a liar answers every request as if the client had sent them."""
    asked: list[httpx.Headers] = field(default_factory=list)

    async def answer(self, request: httpx.Request, folder_file: StoredFile) -> httpx.Response:
        self.asked.append(request.headers)
        if self.refuses:
            return httpx.Response(503)
        scope = {
            "type": "http",
            "method": request.method,
            "headers": [
                (name.lower(), value)
                for name, value in httpx.Headers(self.always or request.headers).raw
            ],
        }
        answer = file_answer(Request(scope), folder_file)
        if not isinstance(answer, StreamingResponse):
            return httpx.Response(answer.status_code, headers=answer.headers)
        pieces = answer.body_iterator

        async def stream() -> AsyncIterator[bytes]:
            sent = 0
            async for piece in pieces:
                assert isinstance(piece, bytes)
                if self.breaks_after is not None and sent + len(piece) > self.breaks_after:
                    yield piece[: self.breaks_after - sent]
                    raise httpx.ReadError("broken off")
                sent += len(piece)
                yield piece

        headers = dict(answer.headers)
        if self.shifted:
            headers["content-range"] = f"bytes {self.shifted}-{len(BOARD) - 1}/{len(BOARD)}"
        return httpx.Response(answer.status_code, headers=headers, content=stream())


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


class Gateway:
    """Relayed boards of a poll whose nodes a test names."""

    def __init__(self, poll: SyntheticPoll, nodes: list[Node], folder: object) -> None:
        self.poll, self.nodes = poll, nodes
        self.standings: dict[str, NodeStanding] = {}
        self.folder = folder

    async def handle(self, request: httpx.Request) -> httpx.Response:
        number = int(request.url.host[len("node-")].rstrip("."))
        assert request.url.path == "/api/v1/polls/1/board"
        node = self.nodes[number - 1]
        path = self.folder / f"{number}"  # type: ignore[operator]
        path.write_bytes(node.content)
        return await node.answer(request, StoredFile(path, node.etag, len(node.content)))

    def ask(
        self, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        async def run() -> tuple[int, dict[str, str], bytes]:
            transport = httpx.MockTransport(self.handle)
            async with httpx.AsyncClient(transport=transport) as client:
                boards = RelayedBoards(
                    client, lambda url: self.standings.setdefault(url, NodeStanding(url))
                )
                answer = await boards.answer(self.poll.published, method, headers or {})
                if isinstance(answer, StreamingResponse):
                    content = b"".join([piece async for piece in answer.body_iterator])  # type: ignore[misc]
                else:
                    content = bytes(answer.body)
                return answer.status_code, dict(answer.headers), content

        return asyncio.run(run())


@pytest.fixture
def gateway(poll: SyntheticPoll, tmp_path: object) -> Gateway:
    return Gateway(poll, [Node() for _ in range(poll.nodes)], tmp_path)


def test_whole_part_known_and_head(gateway: Gateway) -> None:
    status, headers, content = gateway.ask()
    assert (status, content, headers["etag"]) == (200, BOARD, TAG)
    assert headers["content-length"] == str(len(BOARD))
    assert headers["accept-ranges"] == "bytes"
    status, headers, content = gateway.ask(headers={"range": "bytes=100-299", "if-range": TAG})
    assert (status, content) == (206, BOARD[100:300])
    assert headers["content-range"] == f"bytes 100-299/{len(BOARD)}"
    status, headers, content = gateway.ask(headers={"if-none-match": TAG})
    assert (status, content, headers["etag"]) == (304, b"", TAG)
    status, headers, content = gateway.ask("HEAD")
    assert (status, content) == (200, b"")
    assert headers["content-length"] == str(len(BOARD))
    status, headers, content = gateway.ask(headers={"range": f"bytes={len(BOARD)}-"})
    assert status == ProblemType.RANGE_NOT_SATISFIABLE.status
    assert ProblemType.RANGE_NOT_SATISFIABLE.uri.encode() in content
    assert headers["content-range"] == f"bytes */{len(BOARD)}"


def test_another_node_continues_where_one_breaks_off(gateway: Gateway) -> None:
    breaks = 2 * relayed_boards._CHUNK_BYTES + 77
    gateway.nodes[0].breaks_after = breaks
    gateway.nodes[1].breaks_after = relayed_boards._CHUNK_BYTES
    assert gateway.ask() == (200, dict(gateway.ask()[1]), BOARD)
    asked = gateway.nodes[1].asked[0]
    assert asked["if-range"] == TAG
    assert asked["range"].endswith(f"-{len(BOARD) - 1}")


def test_a_node_with_other_bytes_continues_nothing(gateway: Gateway) -> None:
    gateway.nodes[0].breaks_after = relayed_boards._CHUNK_BYTES + 1000
    for other in gateway.nodes[1:]:
        other.content, other.etag = BOARD[::-1], OTHER_TAG
    gateway.nodes[2] = Node(shifted=5)
    gateway.nodes[3].refuses = True
    with pytest.raises(httpx.ReadError, match="broken off"):
        gateway.ask()
    assert all(node.asked for node in gateway.nodes)


def test_a_client_is_given_its_own_board_or_a_whole_one(gateway: Gateway) -> None:
    gateway.nodes[0].etag, gateway.nodes[1].refuses = OTHER_TAG, True
    part = {"range": "bytes=5-", "if-range": TAG}
    status, headers, content = gateway.ask(headers=part)
    assert (status, content, headers["etag"]) == (206, BOARD[5:], TAG)
    for node in gateway.nodes:
        node.etag = OTHER_TAG
    status, headers, content = gateway.ask(headers=part)
    assert (status, content, headers["etag"]) == (200, BOARD, OTHER_TAG)


@pytest.mark.parametrize(
    "always", [{"range": "bytes=0-9"}, {"range": "bytes=999999999-"}, {"if-none-match": TAG}]
)
def test_an_answer_that_nobody_asked_for_is_no_board(
    gateway: Gateway, always: dict[str, str]
) -> None:
    """A lying node may not keep whole boards from clients."""
    gateway.nodes[0].always = always
    status, _, content = gateway.ask()
    assert (status, content) == (200, BOARD)
    assert gateway.nodes[0].asked


def test_without_any_board(gateway: Gateway) -> None:
    for node in gateway.nodes:
        node.refuses = True
    with pytest.raises(Problem) as raised:
        gateway.ask()
    assert raised.value.kind is ProblemType.BOARD_UNAVAILABLE
