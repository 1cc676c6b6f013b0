"""`ostraka vote check`: nodes prove that their checkpoints have a ballot, and no liar is believed
(protocol §9.6)."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from ostraka.voter.inclusion import Fork, Inclusions, inclusions
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.receipt_log import SignedCheckpoint, contradiction
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.receipt_logs import LIAR, START, Liar, Log, cast, digest, minute, run, voting
from tests.support.stub_gateway import StubGateway
from tests.support.stub_town import BALLOTS, Town


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


class LiarToVoters(Liar):
    """A node that shows a log of its own to voters as well."""

    def __init__(self, poll: SyntheticPoll, to_nodes: Log, to_voters: Log) -> None:
        super().__init__(poll, dict.fromkeys(range(1, 4), to_nodes) | {0: to_voters})
        self.change: Callable[[dict[str, Any]], Any] = lambda answer: answer

        @self.app.get("/api/v1/polls/1/checkpoints/inclusion")
        def inclusion(digest: str) -> Any:
            (head,) = to_voters.heads()["heads"]
            index = to_voters.digests.index(from_hex(digest, "digest"))
            proof = to_voters.log.inclusion(index, len(to_voters.log))
            return self.change(
                {"index": index, "proof": list(map(to_hex, proof)), "checkpoint": head}
            )


def test_every_node_proves_what_it_recorded(poll: SyntheticPoll, tmp_path: Path) -> None:
    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 2)
            await minute(village)
            for prepared in poll.prepared[:2]:
                found = await inclusions(village.client, poll.published, prepared.ballot.digest)
                assert not found.problems
                assert not found.forks
                assert [one.checkpoint.node for one in found.checkpoints.values()] == [1, 2, 3, 4]
                for node, witnesses in found.witnesses.items():
                    assert witnesses == {1, 2, 3, 4} - {node}
            not_cast = poll.prepared[2].ballot.digest
            found = await inclusions(village.client, poll.published, not_cast)
            assert not found.checkpoints
            assert {one.kind for one in found.problems.values()} == {ProblemType.NOT_FOUND}

    run(steps())


def test_a_log_made_for_voters_is_found(poll: SyntheticPoll, tmp_path: Path) -> None:
    """It proves to the voter what it hides from the others; these show the other log."""
    ballot = poll.prepared[0].ballot.digest
    hiding, showing = Log(poll), Log(poll)
    hiding.grow([digest(1)], START)
    showing.grow([digest(1), ballot], START)
    liar = LiarToVoters(poll, hiding, showing)

    async def steps() -> None:
        async with voting(poll, tmp_path, {LIAR: liar.app}) as village:
            await cast(village, 0, 1)
            # The other nodes compare checkpoints, and cannot know of the voter's.
            await minute(village)
            found = await inclusions(village.client, poll.published, ballot)
            assert set(found.checkpoints) == {1, 2, 3, LIAR}
            (fork,) = found.forks
            assert (fork.node, fork.reason) == (
                LIAR,
                "two different checkpoints have the number 1",
            )
            assert contradiction(poll.context, fork.first.checkpoint, fork.second.checkpoint)
            assert found.witnesses[LIAR] == set()

    run(steps())


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def _in_checkpoint(**members: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda answer: answer | {"checkpoint": answer["checkpoint"] | members}


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "not an object": lambda _: [],
    "no proof": _without("proof"),
    "no index": _without("index"),
    "no checkpoint": _without("checkpoint"),
    "another index": lambda answer: answer | {"index": answer["index"] - 1},
    "no number": lambda answer: answer | {"index": True},
    "a shorter proof": lambda answer: answer | {"proof": answer["proof"][1:]},
    "another step": lambda answer: answer | {"proof": ["0x" + "11" * 32]},
    "no hashes": lambda answer: answer | {"proof": [7]},
    "no cosignatures": _in_checkpoint(cosignatures=None),
    "another signature": lambda answer: _in_checkpoint(
        checkpoint=answer["checkpoint"]["checkpoint"][:-130] + "11" * 65
    )(answer),
    "no bytes": _in_checkpoint(checkpoint="0x"),
}


def test_wrong_proofs_are_refused(poll: SyntheticPoll, tmp_path: Path) -> None:
    ballot, log = poll.prepared[0].ballot.digest, Log(poll)
    log.grow([digest(1), ballot], START)
    liar = LiarToVoters(poll, log, log)

    async def steps() -> None:
        async with voting(poll, tmp_path, {LIAR: liar.app}) as village:
            await cast(village, 0, 1)
            await minute(village)

            async def asked() -> Inclusions:
                return await inclusions(village.client, poll.published, ballot)

            found = await asked()
            assert not found.problems
            assert found.witnesses[LIAR] == {1, 2, 3}
            for name, change in WRONG.items():
                liar.change = change
                found = await asked()
                assert set(found.problems) == {LIAR}, name
                assert found.problems[LIAR].kind is ProblemType.ANSWER_INVALID, name
                assert set(found.checkpoints) == {1, 2, 3}, name
            # The checkpoint of another node, with a right signature.
            others = await village.get(1, "/checkpoints/latest")
            liar.change = _in_checkpoint(checkpoint=others["checkpoint"])
            assert str((await asked()).problems[LIAR]).endswith("not of node 4")
            # Cosignatures that do not hold count for nothing.
            liar.change = _in_checkpoint(
                cosignatures=[{"node": 1, "signature": "0x" + "11" * 65}, {"node": 9}, None]
            )
            assert set((await asked()).witnesses[LIAR]) == {1, 2, 3}

    run(steps())


def test_silent_nodes_are_named(poll: SyntheticPoll) -> None:
    def no_route(request: httpx.Request) -> httpx.Response:
        if "node-1" in request.url.host:
            raise httpx.ConnectError("refused")
        if "node-2" in request.url.host:
            raise httpx.ReadTimeout("late")
        if "node-3" in request.url.host:
            return httpx.Response(200, content=b"{" + b" " * 2**20)
        return httpx.Response(500, content=b"no JSON")

    async def steps() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(no_route)) as client:
            found = await inclusions(client, poll.published, bytes(32))
            kinds = [found.problems[node].kind for node in (1, 2, 3)]
            assert kinds == [
                ProblemType.NODE_UNREACHABLE,
                ProblemType.NODE_SILENT,
                ProblemType.ANSWER_INVALID,
            ]
            assert set(found.problems) == {1, 2, 3, 4}

    asyncio.run(steps())


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with StubGateway() as stub:
        yield Town(stub, tmp_path)


def test_the_command_says_what_the_nodes_proved(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.stub.routes[BALLOTS] = town.receipts
    voted = json.loads(town.vote().stdout)
    log, other = Log(town.nodes), Log(town.nodes)
    signed = log.grow([from_hex(voted["ballot_digest"], "digest")], START)
    again = other.grow([digest(1)], START)

    def checkpoint(node: int) -> SignedCheckpoint:
        return replace(signed, checkpoint=replace(signed.checkpoint, node=node))

    def show(nodes: range, *forks: Fork) -> None:
        rest = [node for node in range(1, 5) if node not in nodes]
        problem = Problem(ProblemType.NOT_FOUND, "does not have that ballot")
        found = Inclusions(
            {node: checkpoint(node) for node in nodes},
            {node: {1, 2} - {node} for node in nodes},
            dict.fromkeys(rest, problem),
            list(forks),
        )
        monkeypatch.setattr("ostraka.cli.vote_check.check_inclusion", lambda *_: found)

    show(range(1, 4))
    done = town.run("vote", "check", str(town.file), "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["ballot_digest"] == voted["ballot_digest"]
    assert [one["node"] for one in told["checkpoints"]] == [1, 2, 3]
    assert told["checkpoints"][0]["cosigned_by"] == [2]
    assert [one["node"] for one in told["refusals"]] == [4]
    assert "3 nodes; 3 needed" in town.run("vote", "check", str(town.file)).output
    show(range(1, 3))
    done = town.run("vote", "check", str(town.file))
    assert done.exit_code == 3
    assert "Ask again in a few minutes" in done.output
    show(range(1, 4), Fork(LIAR, signed, again, "two logs"))
    done = town.run("vote", "check", str(town.file))
    assert done.exit_code == 1
    assert "Node 4 showed two different logs: two logs." in done.output
    done = town.run("vote", "check", str(town.file), "--json")
    (fork,) = json.loads(done.stdout)["forks"]
    assert fork["first"] == to_hex(signed.encode())
    assert fork["second"] == to_hex(again.encode())


def test_a_file_without_a_ballot_has_nothing_to_check(town: Town) -> None:
    town.stub.routes[BALLOTS] = town.receipts
    town.vote()
    content = json.loads(town.file.read_text())
    town.file.write_text(json.dumps(content | {"ballots": []}))
    done = town.run("vote", "check", str(town.file))
    assert done.exit_code == 1
    assert "has no ballot" in done.output
