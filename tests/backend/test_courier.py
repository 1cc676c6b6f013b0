"""The courier survives nodes that drip, flood or answer nonsense, and names them."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from ostraka.chain.contract import Head, Sent
from ostraka.chain.errors import NoFinality
from ostraka.chain.registry import Registry
from ostraka.gateway import courier as courier_module
from ostraka.gateway.courier import Courier, CourierError
from ostraka.keys import SigningKey
from ostraka.wire import node_client
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.parameters import Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import single_choice
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.typed_data import Domain
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import ScriptedRegistry

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
CENSUS = Census((CensusEntry(bytes([1] * 20), bytes([1] * 20), 1),))


class Node:
    """Answers every request with the same pieces, for as long as somebody listens."""

    def __init__(self, pieces: Iterator[bytes], pause_s: float) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._serve, args=(pieces, pause_s), daemon=True).start()

    def _serve(self, pieces: Iterator[bytes], pause_s: float) -> None:
        connection, _ = self.server.accept()
        try:
            connection.sendall(HEAD)
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)
            # A socket closed before its request is read is reset, and its answer lost.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
        except OSError:
            pass
        connection.close()


def forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


@pytest.mark.parametrize(
    ("pieces", "pause_s", "reason"),
    [
        (forever(b" "), 0.05, "no answer within 0.5 s"),
        (forever(b" " * 2**18), 0, "more than 4194304 bytes"),
        (iter([b"{}"]), 0, "announces no poll key"),
        (iter([b"[]"]), 0, "announces no poll key"),
    ],
)
def test_one_bad_node_is_named_and_does_not_block_plans(
    monkeypatch: pytest.MonkeyPatch, pieces: Iterator[bytes], pause_s: float, reason: str
) -> None:
    # Long enough for the flood on a busy machine.
    monkeypatch.setattr(node_client, "_LARGE_PATIENCE_S", 0.5 if pause_s else 20)
    node = Node(pieces, pause_s)
    committee = SimpleNamespace(members=[Member(bytes(20), node.url)], quorum=1)
    poll = cast(
        PublishedPoll,
        SimpleNamespace(
            poll_id=1, committee=committee, domain=Domain(1, bytes(20)), context=bytes(32)
        ),
    )
    courier = Courier(cast(Registry, cast(Any, None)), SigningKey())
    with pytest.raises(CourierError, match=reason) as error:
        courier.open_poll(poll, CENSUS.encode())
    assert node.url in str(error.value)
    node.server.close()


class CountingRegistry(ScriptedRegistry):
    """A chain with the poll's root, which keeps the tally that it is given."""

    def accept_tally(self, _: object, __: int, tally: Tally) -> Sent:
        """Keep the tally."""
        self.tally = tally
        return cast(Sent, "sent")


def test_a_node_with_a_good_share_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier_module, "_PAUSE_S", 0)
    poll = SyntheticPoll([(1, 0), (0, 1), (0, 1)], single_choice(2), NoOutcome())
    board, _ = poll.finish()
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        node = 1 + [member.url for member in poll.committee.members].index(
            f"https://{request.url.host}"
        )
        if request.url.path.endswith("/board"):
            return httpx.Response(200, content=board.encode())
        asked.append(node)
        signed = board.shares[node - 1] if node <= len(board.shares) else None
        # Node 2 releases its share late, node 3 a false one, and node 4 does not answer.
        if signed is None or (node == 2 and asked.count(2) < 3):
            return httpx.Response(503)
        share = board.shares[0].share if node == 3 else signed.share
        content = {
            "node": node,
            "share": to_hex(share.encode()),
            "signature": to_hex(signed.signature),
        }
        return httpx.Response(200, json=[content])

    registry = CountingRegistry(poll)
    registry.view = replace(registry.view, root=poll.root())
    transport = httpx.MockTransport(answer)
    courier = Courier(cast(Registry, registry), SigningKey(), transport)
    tally, _ = courier.tally(poll.published, poll.curve, 20)
    assert tally.values == registry.tally.values == (1, 2)
    assert asked.count(1) == 1
    assert asked.count(2) == 3


@pytest.mark.parametrize(
    ("final_at", "reason"),
    [
        (999, "; the dispute window had not ended in block 1, the newest final one"),
        (1000, ""),
        (None, "; no final block"),
    ],
)  # fmt: skip
def test_a_missing_finality_is_named(final_at: int | None, reason: str) -> None:
    poll = SyntheticPoll([(1, 0), (0, 1), (0, 1)], single_choice(2), NoOutcome())
    board, _ = poll.finish()

    class Chain(CountingRegistry):
        def head(self, block: str = "latest") -> Head:
            assert block == "finalized"
            if final_at is None:
                raise NoFinality("no final block")
            return Head(1, bytes(32), final_at)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/board"):
            return httpx.Response(200, content=board.encode())
        return httpx.Response(200, json=[])

    registry = Chain(poll)
    registry.view = replace(registry.view, root=poll.root(), releasable_at=1000)
    courier = Courier(cast(Registry, registry), SigningKey(), httpx.MockTransport(answer))
    with pytest.raises(CourierError) as raised:
        courier.tally(poll.published, poll.curve, 0)
    needed = f"{poll.committee.threshold} shares of the tally needed"
    assert str(raised.value) == f"{needed}; nodes that released one: none{reason}"


def refused(kind: ProblemType) -> httpx.Response:
    problem = Problem(kind, "words of a node")
    return httpx.Response(problem.status, json=problem.to_json())


NO_ANSWER = httpx.ConnectError("nobody listens")
NOT_YET = (ProblemType.NOT_SETTLED, ProblemType.NOT_FROZEN, ProblemType.NODE_INCOMPLETE)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([*NOT_YET, NO_ANSWER], ProblemType.NODES_NOT_READY),
        ([*NOT_YET[:2], NO_ANSWER, NO_ANSWER], ProblemType.NODES_UNREACHABLE),
        ([*NOT_YET[:2], ProblemType.POLL_SECRET_LOST, NO_ANSWER], ProblemType.NODES_UNREACHABLE),
        ([ProblemType.INTERNAL_ERROR] * 4, ProblemType.NODES_UNREACHABLE),
    ],
)
def test_nodes_that_need_time_are_not_called_unreachable(
    answers: list[ProblemType | httpx.ConnectError], expected: ProblemType
) -> None:
    poll = approval_poll()
    by_host = {
        httpx.URL(member.url).host: one
        for member, one in zip(poll.committee.members, answers, strict=True)
    }

    def answer(request: httpx.Request) -> httpx.Response:
        one = by_host[request.url.host]
        if isinstance(one, ProblemType):
            return refused(one)
        raise one

    transport = httpx.MockTransport(answer)
    courier = Courier(cast(Registry, ScriptedRegistry(poll)), SigningKey(), transport)
    with pytest.raises(CourierError) as raised:
        courier.anchor(poll.published, 0)
    assert raised.value.kind is expected


@pytest.mark.parametrize(
    ("silent", "expected"),
    [(1, ProblemType.NODES_NOT_READY), (2, ProblemType.NODES_UNREACHABLE)],
)
def test_shares_that_are_not_released_yet_need_time(silent: int, expected: ProblemType) -> None:
    poll = SyntheticPoll([(1, 0), (0, 1), (0, 1)], single_choice(2), NoOutcome())
    board, _ = poll.finish()
    hosts = [httpx.URL(member.url).host for member in poll.committee.members]

    def answer(request: httpx.Request) -> httpx.Response:
        number = 1 + hosts.index(request.url.host)
        if request.url.path.endswith("/board"):
            return httpx.Response(200, content=board.encode())
        if number > len(hosts) - silent:
            raise NO_ANSWER
        signed = board.shares[0]
        content = {
            "node": 1,
            "share": to_hex(signed.share.encode()),
            "signature": to_hex(signed.signature),
        }
        # The first one has released its share.
        return httpx.Response(200, json=[content] if number == 1 else [])

    registry = CountingRegistry(poll)
    registry.view = replace(registry.view, root=poll.root(), releasable_at=0)
    courier = Courier(cast(Registry, registry), SigningKey(), httpx.MockTransport(answer))
    with pytest.raises(CourierError) as raised:
        courier.tally(poll.published, poll.curve, 0)
    assert raised.value.kind is expected
