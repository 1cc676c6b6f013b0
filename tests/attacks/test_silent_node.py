"""A silent node makes no voter wait for receipts (docs/protocol.md §9.2)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi.responses import StreamingResponse

from ostraka.chain.registry import PollView, Status
from ostraka.gateway.ballots import Ballots
from ostraka.wire import node_standing, relay
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, decode_records, to_hex
from ostraka.wire.relay import Nodes, receipt_statement
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.town import Town, eventually, vote_for

SILENT = 4
VOTERS = 40
PATIENCE_S = 6
"""Shortened from a minute, so that waiting for all nodes shows soon."""


class Committee:
    """Nodes in this process, one of them silent; counts what each is asked."""

    def __init__(self, poll: SyntheticPoll) -> None:
        self.poll = poll
        self.published = poll.published
        self.silent = {SILENT}
        self.asked = dict.fromkeys(range(1, poll.nodes + 1), 0)
        self.at_once = 0
        self.most_at_once = 0

    async def handle(self, request: httpx.Request) -> httpx.Response:
        number = int(request.url.host[len("node-")].rstrip("."))
        self.asked[number] += 1
        if number in self.silent:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await asyncio.sleep(3600)
            finally:
                self.at_once -= 1
        poll = self.published
        answers = []
        for record in decode_records(request.content, poll.layout.size, poll.nodes, poll.box_bytes):
            signature = self.poll.node_keys[number - 1].sign(receipt_statement(poll, record))
            answers.append({"signature": to_hex(signature)})
        return httpx.Response(200, json=answers)

    def run(self, steps: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.handle)) as client:
                return await steps(client)

        return asyncio.run(run())


@pytest.fixture
def committee(monkeypatch: pytest.MonkeyPatch) -> Committee:
    monkeypatch.setattr(relay, "_PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(relay, "SLOW_S", 1.5)
    return Committee(approval_poll())


async def wait_for_all(nodes: Nodes, committee: Committee, record: CastRecord) -> None:
    """The old rule: an answer of every node, or no patience any more."""
    poll = committee.published
    delivery = relay._Delivery(
        [relay._Sent(record, receipt_statement(poll, record))], poll.record_bytes, poll.committee
    )
    nodes._ask(poll, dict(enumerate(poll.committee.members, start=1)), delivery)
    everybody = set(range(1, poll.nodes + 1))
    await delivery.reaches(lambda: delivery.has_heard(everybody), None)


def test_a_vote_waits_for_a_quorum_only(committee: Committee) -> None:
    record = committee.poll.prepared[0].record

    async def old(client: httpx.AsyncClient) -> float:
        started = time.monotonic()
        async with Nodes(client) as nodes:
            await wait_for_all(nodes, committee, record)
        return time.monotonic() - started

    async def new(client: httpx.AsyncClient) -> float:
        started = time.monotonic()
        async with Nodes(client) as nodes:
            (result,) = await nodes.send(committee.published, [record])
        assert result.recorded
        assert set(result.receipts) == {1, 2, 3}
        assert result.waiting == {SILENT}
        return time.monotonic() - started

    assert committee.run(old) >= PATIENCE_S
    assert committee.run(new) < PATIENCE_S


def test_a_gateway_skips_a_silent_node_for_a_while(
    committee: Committee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_standing, "PAUSE_S", 3)
    records = [one.record for one in committee.poll.prepared]

    async def steps(client: httpx.AsyncClient) -> None:
        ballots = Ballots(client)
        await ballots.cast(committee.published, records[0])
        await asyncio.sleep(2)
        started = time.monotonic()
        answer = await ballots.cast(committee.published, records[1])
        # Not even the others' time of grace passes.
        assert time.monotonic() - started < 0.9
        assert len(answer["receipts"]) == 3
        # It was not asked, so nobody waits for it.
        assert answer["waiting"] == answer["refusals"] == []
        assert committee.asked[SILENT] == 1
        # With another one refusing, its word is wanted all the same.
        committee.silent = {1}
        answer = await ballots.cast(committee.published, records[2])
        assert [one["node"] for one in answer["receipts"]] == [2, 3, 4]
        await asyncio.sleep(3)
        committee.silent = set()
        answer = await ballots.cast(committee.published, records[3])
        assert len(answer["receipts"]) == 4

    committee.run(steps)


def test_a_node_that_kept_a_vote_waiting_is_sent_all_and_waited_for_no_more(
    committee: Committee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SLOW_S", 60)
    records = [one.record for one in committee.poll.prepared]

    async def steps(client: httpx.AsyncClient) -> None:
        async with Nodes(client) as nodes:
            await nodes.send(committee.published, records[:1])
            # From here on, a wait for the silent node would exceed the time of the test.
            monkeypatch.setattr(relay, "GRACE_S", 3600)
            async with asyncio.timeout(PATIENCE_S):
                (result,) = await nodes.send(committee.published, records[1:2])
            assert result.waiting == {SILENT}
            assert committee.asked[SILENT] == 2
            # It answers, and is waited for again.
            committee.silent = set()
            await nodes.send(committee.published, records[2:3])
            await asyncio.sleep(0.1)
            assert not nodes.standing(committee.published.committee.members[SILENT - 1].url).late
            (result,) = await nodes.send(committee.published, records[3:4])
            assert set(result.receipts) == {1, 2, 3, SILENT}

    committee.run(steps)


def test_a_vote_that_too_few_nodes_answer_returns_and_goes_on(
    committee: Committee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_QUORUM_S", 0.5)
    committee.silent = {3, SILENT}
    record = committee.poll.prepared[0].record

    async def steps(client: httpx.AsyncClient) -> None:
        async with Nodes(client) as nodes:
            (result,) = await nodes.send(committee.published, [record])
            assert not result.recorded
            assert set(result.receipts) == {1, 2}
            assert result.waiting == {3, SILENT}
            # The requests to both continue.
            assert committee.at_once == 2
        # If there is no receipt at all, the answer names the nodes that are silent.
        committee.silent = {1, 2, 3, SILENT}
        with pytest.raises(Problem) as problem:
            await Ballots(client).cast(committee.published, record)
        assert problem.value.kind is ProblemType.NODES_UNREACHABLE
        assert [one["node"] for one in problem.value.nodes] == [1, 2, 3, SILENT]

    committee.run(steps)


@pytest.mark.parametrize("drips", [False, True])
def test_turnout_receipts_and_board_come_without_a_silent_node(
    committee: Committee, drips: bool
) -> None:
    poll = committee.poll
    record = poll.prepared[0].record
    ended = asyncio.Event()

    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"."
                    await asyncio.sleep(0.05)
            finally:
                ended.set()

    async def handle(request: httpx.Request) -> httpx.Response:
        number = int(request.url.host[len("node-")].rstrip("."))
        if number in committee.silent:
            if drips:
                headers = {"ETag": '"tag"', "Content-Length": "1000000"}
                return httpx.Response(200, headers=headers, stream=Drip())
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()
        if request.url.path.endswith("/board"):
            return httpx.Response(200, headers={"ETag": '"tag"'}, content=b"the board")
        if "/receipts/" in request.url.path:
            signature = poll.node_keys[number - 1].sign(receipt_statement(poll.published, record))
            receipt = {"voter": to_hex(record.voter), "cast_at": record.cast_at_unix_s}
            return httpx.Response(200, json=receipt | {"signature": to_hex(signature)})
        return httpx.Response(200, json={"voted": 7})

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            ballots = Ballots(client)
            # Returned while the silent node's requests still hang.
            answer = await ballots.receipts(poll.published, record.ballot_digest)
            assert [one["node"] for one in answer["receipts"]] == [1, 2, 3]
            view = SimpleNamespace(status=Status.OPEN)
            counts = await ballots.progress(poll.published, cast(PollView, view))
            assert [one["answers"] for one in counts["nodes"]] == [True, True, True, False]
            assert counts["voted"] == 7
            assert not ended.is_set()
            # Asked first, as only it is not known to be slow.
            for number, member in enumerate(poll.committee.members, start=1):
                ballots._nodes.standing(member.url).late = number not in committee.silent
            answer = await ballots.boards.answer(poll.published, "GET", {})
            assert isinstance(answer, StreamingResponse)
            assert [piece async for piece in answer.body_iterator] == [b"the board"]
            for task in ballots._asking:
                task.cancel()

    asyncio.run(run())


def test_ballots_waiting_for_a_silent_node_are_limited(
    committee: Committee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_standing, "MOST_WAITING", 50)
    monkeypatch.setattr(relay, "SLOW_S", 60)
    record = committee.poll.prepared[0].record

    async def steps(client: httpx.AsyncClient) -> None:
        ballots = Ballots(client)
        answers = await asyncio.gather(
            *(ballots.cast(committee.published, record) for _ in range(70))
        )
        assert all(len(one["receipts"]) == 3 for one in answers)
        refused = [one["refusals"] for one in answers if one["refusals"]]
        assert len(refused) == 20
        assert committee.most_at_once == node_standing.AT_ONCE

    committee.run(steps)


def test_a_live_gateway_serves_forty_voters_at_once(tmp_path: Path) -> None:
    town = Town(tmp_path, nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        town.stack.start_gateway([town.committee.digest])
        poll = town.open_poll(VOTERS + 1)
        prepared = [poll.prepare(voter, vote_for(0, 1)) for voter in range(VOTERS + 1)]
        town.stack.pause_node(SILENT)
        url = f"{town.stack.gateway_url}/api/v1/polls/{poll.poll_id}/ballots"

        async def vote() -> list[dict[str, Any]]:
            limits = httpx.Limits(max_connections=None)
            async with httpx.AsyncClient(timeout=90, trust_env=False, limits=limits) as client:
                answers = await asyncio.gather(
                    *(client.post(url, json=one.record.to_json()) for one in prepared[:-1])
                )
            assert {answer.status_code for answer in answers} == {200}
            return [answer.json() for answer in answers]

        started = time.monotonic()
        answers = asyncio.run(vote())
        # Far less than the minute for which the silent node is asked on.
        assert time.monotonic() - started < 40
        assert all(one["recorded"] for one in answers)
        assert {one["node"] for answer in answers for one in answer["receipts"]} == {1, 2, 3}
        assert all(one["waiting"] == [SILENT] for one in answers)
        started = time.monotonic()
        (direct,) = poll.cast_all(prepared[-1:])
        assert direct.recorded
        assert time.monotonic() - started < 40
        town.stack.resume_node(SILENT)
        eventually(
            lambda: bool(poll.get(SILENT).json()["voted"] == VOTERS + 1),
            "the silent node has pulled what it missed",
        )
