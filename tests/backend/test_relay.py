"""Casting: a node that answers without end, slowly or never keeps nothing from the voter."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from ostraka.wire import node_standing, relay
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, ProblemDocument
from ostraka.wire.records import to_hex
from ostraka.wire.relay import Cast, Nodes, rejection
from ostraka_verifier import typed_data
from tests.support.polls import approval_poll

LIAR = "node-2.example"


class Endless(httpx.AsyncByteStream):
    """An endless answer; counts the bytes that were read."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += len(self.piece)
            yield self.piece
            await asyncio.sleep(0)


class Silent(httpx.AsyncByteStream):
    """An answer that does not come."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""


def cast_with(answer: httpx.Response) -> Cast:
    """Cast a ballot where node 2 gives this answer and the others their receipts."""
    poll = approval_poll()
    prepared = poll.prepared[0]
    ballot = prepared.ballot
    statement = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )

    def handle(request: httpx.Request) -> httpx.Response:
        number = int(request.url.host[len("node-")])
        if request.url.host == LIAR:
            return answer
        signature = poll.node_keys[number - 1].sign(statement)
        return httpx.Response(200, json=[{"signature": to_hex(signature)}])

    async def run() -> Cast:
        transport = httpx.MockTransport(handle)
        async with httpx.AsyncClient(transport=transport) as client, Nodes(client) as nodes:
            (result,) = await nodes.send(poll.published, [prepared.record])
            return result

    return asyncio.run(run())


@pytest.mark.parametrize("status", [200, 422])
def test_an_endless_answer_is_cut_off(status: int) -> None:
    endless = Endless(bytes(2**12))
    result = cast_with(httpx.Response(status, stream=endless))
    assert result.recorded
    assert set(result.receipts) == {1, 3, 4}
    assert "more than" in result.refusals[2].detail
    assert endless.taken < 2**18


def test_a_node_that_always_asks_for_a_retry_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "_PATIENCE_S", 0.5)
    result = cast_with(httpx.Response(503, headers={"Retry-After": "1"}, text="later"))
    assert result.recorded
    assert {node: one.title for node, one in result.refusals.items()} == {2: "HTTP status 503"}


@pytest.mark.parametrize(
    "nonsense", ["[]", "[1]", "[null]", '[{"signature": 5}]', "{}", "nothing", "[[]]", '["yes"]']
)
def test_nonsense_is_not_a_receipt(nonsense: str) -> None:
    result = cast_with(httpx.Response(200, text=nonsense))
    assert result.recorded
    assert set(result.refusals) == {2}
    assert result.refusals[2].kind is ProblemType.ANSWER_INVALID


def test_a_silent_node_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_PATIENCE_S", 0.2)
    silent = httpx.Response(200, stream=Silent())
    result = cast_with(silent)
    assert result.recorded
    assert {node: one.kind for node, one in result.refusals.items()} == {2: ProblemType.NODE_SILENT}


def test_a_node_with_too_many_waiting_ballots_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_standing, "MOST_WAITING", 0)
    result = cast_with(httpx.Response(200, text="[]"))
    assert {one.kind for one in result.refusals.values()} == {ProblemType.NODE_BUSY}


def test_a_rejected_ballot_keeps_the_problem_of_each_node() -> None:
    silent = Problem(ProblemType.NODE_SILENT, "no answer in time", "", 1)
    closed = Problem(ProblemType.POLL_CLOSED, "it closed at 5")
    wrong = Problem(ProblemType.CHECK_FAILED, "it does not contain a good share", "boxes[2]")
    shown = rejection({4: closed, 3: wrong, 1: silent, 2: closed}, faults=1)
    assert (shown.kind, shown.detail) == (closed.kind, closed.detail)
    assert shown.nodes == (
        {"node": 1, "problem": silent.to_json()},
        {"node": 2, "problem": closed.to_json()},
        {"node": 3, "problem": wrong.to_json()},
        {"node": 4, "problem": closed.to_json()},
    )
    received = Problem.from_json(shown.to_json())
    assert received == shown
    assert ProblemDocument.model_validate(shown.to_json())
    # The original is what a node answered, and stays so.
    assert not closed.nodes


def test_a_ballot_that_no_node_answers_can_be_sent_again() -> None:
    silent = Problem(ProblemType.NODE_SILENT, "no answer in time", "", 1)
    shown = rejection(dict.fromkeys((1, 2), silent), faults=1)
    assert (shown.kind, shown.retry_after_s) == (ProblemType.NODES_UNREACHABLE, 5)
    assert [one["node"] for one in shown.nodes] == [1, 2]
