"""Asking a node: honest answers become the protocol's types, all others a `NodeError`."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ostraka.keys import SigningKey
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.certificates import certificate_json
from ostraka.wire.node_client import Cancellation, NodeClient, NodeError, node_http
from ostraka.wire.problem_types import ProblemType
from ostraka_verifier import typed_data
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import single_choice
from ostraka_verifier.signatures import recover
from tests.support.polls import SyntheticPoll
from tests.support.village import POLL, Village

URL = "https://node.example"
REFUSAL = {"type": "urn:ostraka:problem:no-such-poll", "title": "Unknown", "detail": "x"}


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return SyntheticPoll([(1, 0), (0, 1)], single_choice(2), NoOutcome(), secret=False)


def node_that_answers(body: object, status: int = 200) -> NodeClient:
    """A node with one answer for every request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    return NodeClient(httpx.Client(transport=transport), URL)


def client_of(village: Village, number: int) -> NodeClient:
    """A client of a village's node, for use in another thread."""
    loop = asyncio.get_running_loop()

    def handle(request: httpx.Request) -> httpx.Response:
        asked = village.client.request(
            request.method, request.url, content=request.read(), headers=request.headers
        )
        answer = asyncio.run_coroutine_threadsafe(asked, loop).result()
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    http = httpx.Client(transport=httpx.MockTransport(handle))
    return NodeClient(http, village.poll.committee.members[number - 1].url)


def test_a_real_node_gives_address_census_keys_and_shares(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            node = client_of(village, 1)
            assert await asyncio.to_thread(node.member) == poll.committee.members[0]
            signature = await asyncio.to_thread(node.join, poll.committee)
            digest = poll.domain.digest(typed_data.COMMITTEE, poll.committee.digest)
            assert recover(digest, signature) == poll.committee.members[0].address
            census = poll.census.encode()
            upload = CensusUpload.sign(village.creator.sign, poll.domain, poll.context, census)
            await asyncio.to_thread(node.give_census, POLL, census, upload)
            report = await asyncio.to_thread(node.key_report, POLL, poll.nodes)
            report.check_statement(1, poll.committee.members[0].address, poll.domain, poll.context)
            assert set(report.announcements) == {1}
            assert await asyncio.to_thread(node.share, poll.published, 1) is None

    asyncio.run(run())


def test_a_refusal_names_the_node_and_its_problem(poll: SyntheticPoll, tmp_path: Path) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            node = client_of(village, 2)
            stranger, census = SigningKey(), poll.census.encode()
            upload = CensusUpload.sign(stranger.sign, poll.domain, poll.context, census)
            with pytest.raises(NodeError) as refused:
                await asyncio.to_thread(node.give_census, POLL, census, upload)
            assert str(refused.value).startswith(f"{node.url}: ")
            with pytest.raises(NodeError):
                await asyncio.to_thread(node.certificate, POLL)

    asyncio.run(run())


def test_certificate_board_and_share_are_read(poll: SyntheticPoll) -> None:
    board, chain = poll.finish()
    assert chain.anchored is not None
    node = node_that_answers(certificate_json(chain.anchored))
    assert node.certificate(POLL) == chain.anchored
    assert node_that_answers(board.encode()).board(poll.published) == board
    listed = [
        {
            "node": signed.node,
            "share": "0x" + signed.share.encode().hex(),
            "signature": "0x" + signed.signature.hex(),
        }
        for signed in board.shares
    ]
    shares = node_that_answers(listed)
    assert shares.share(poll.published, 2) == board.shares[1]
    assert shares.share(poll.published, 4) is None


@pytest.mark.parametrize("body", [b"", b"{", [], {}, 5, None, {"node": "0x", "url": 5}, [5], [{}]])
def test_an_answer_in_another_form_is_a_node_error(poll: SyntheticPoll, body: object) -> None:
    node = node_that_answers(body)
    census = poll.census.encode()
    upload = CensusUpload(bytes(32), bytes(65))
    asked: list[Callable[[], Any]] = [
        node.member,
        lambda: node.join(poll.committee),
        lambda: node.give_census(POLL, census, upload),
        lambda: node.key_report(POLL, poll.nodes),
        lambda: node.certificate(POLL),
        lambda: node.board(poll.published),
    ]
    # A list without shares is well-formed: the node has not released its own yet.
    if body != []:
        asked.append(lambda: node.share(poll.published, 1))
    for ask in asked:
        with pytest.raises(NodeError, match=URL):
            ask()


@pytest.mark.parametrize(
    "change",
    [
        {"round": "0"},
        {"round": -1},
        {"count": None},
        {"count": 2**200},
        {"root_hash": "0x00"},
        {"attestations": [{"node": 2, "signature": "0x" + "00" * 64}]},
    ],
)
def test_a_certificate_with_an_impossible_member_is_refused(
    poll: SyntheticPoll, change: dict[str, object]
) -> None:
    _, chain = poll.finish()
    assert chain.anchored is not None
    node = node_that_answers(certificate_json(chain.anchored) | change)
    with pytest.raises(NodeError, match=URL):
        node.certificate(POLL)


def test_an_error_status_is_a_node_error_with_its_problem() -> None:
    with pytest.raises(NodeError, match=URL):
        node_that_answers(REFUSAL, 404).member()


@pytest.mark.parametrize("url", ["", "http://[", "ftp://node.example", "http://\ud800"])
def test_a_url_that_is_no_address_is_a_node_error(url: str) -> None:
    with node_http() as http, pytest.raises(NodeError):
        NodeClient(http, url).member()


def test_a_cancelled_request_ends_with_a_node_error() -> None:
    cancelled = Cancellation()
    cancelled.cancel()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}"))
    with pytest.raises(NodeError):
        NodeClient(httpx.Client(transport=transport), URL, cancelled).member()


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Waits: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_node_that_drips_is_ended_in_time(head: bytes) -> None:
    """Also before its headers are complete, where each byte restarts the timeout of a read."""
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = server.accept()
        with suppress(OSError):
            connection.sendall(head)
            while True:
                connection.sendall(b"." if head else b"")
                time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with node_http() as http, pytest.raises(NodeError, match="no answer within") as error:
        NodeClient(http, url)._get("/config", 0.5)
    assert error.value.problem.kind is ProblemType.NODE_SILENT
    server.close()
