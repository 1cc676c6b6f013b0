"""Problems of a node that no other test meets: each by the code that makes it."""

import asyncio
from pathlib import Path

import pytest

from ostraka.chain.registry import Status
from ostraka.node.accepting import BallotIntake
from ostraka.node.agreement import Entry, LeafList
from ostraka.node.finality import PollEnd
from ostraka.node.phases import Settling
from ostraka.node.poll_service import PollService
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from tests.support.node_polls import accepting_service, at, move, settling_service
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import POLL, Village


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def frozen(poll: SyntheticPoll, folder: Path) -> tuple[PollService, Settling]:
    """A node that holds all ballots and has heard all inventories."""
    service, settling = settling_service(poll, folder, ballots=len(poll.prepared))
    settling.inventories.update({1, 3, 4})
    return service, settling


def test_a_round_has_one_proposer_and_one_signed_root(poll: SyntheticPoll, tmp_path: Path) -> None:
    service, settling = frozen(poll, tmp_path)
    entries = [Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared]

    def answer(node: int, listed: list[Entry]) -> bytes:
        proposer = poll.committee.members[node - 1].address
        body = LeafList(0, tuple(listed)).encode()
        return asyncio.run(service.settling.answer_proposal(settling, body, proposer))

    with pytest.raises(Problem) as other:
        answer(3, entries)
    assert other.value.kind is ProblemType.NOT_THE_PROPOSER
    assert len(answer(1, entries)) == 65
    with pytest.raises(Problem) as second:
        answer(1, entries[1:])
    assert second.value.kind is ProblemType.ROOT_SIGNED


def test_without_its_key_a_node_does_not_list_missing_shares(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    service, settling = frozen(poll, tmp_path)
    first = poll.nodes
    at(service, poll.parameters.freezes_at + first * poll.parameters.round_duration)
    asked = first.to_bytes(4, "big")
    assert len(service.settling.answer_lacking(service.progress.frozen(), asked)) == 65
    move(service, lambda: settling.destroy(PollEnd(Status.VOID)))
    with pytest.raises(Problem) as raised:
        service.settling.answer_lacking(service.progress.frozen(), asked)
    assert raised.value.kind is ProblemType.POLL_OVER


def test_waiting_ballots_are_answered_when_a_poll_ends(poll: SyntheticPoll, tmp_path: Path) -> None:
    accepting = accepting_service(poll, tmp_path).accepting

    async def run() -> object:
        waiting = asyncio.create_task(accepting.submit(poll.prepared[0].record, "a client"))
        await asyncio.sleep(0)
        worker = asyncio.create_task(_cancelled_at_once(accepting))
        await asyncio.gather(worker, return_exceptions=True)
        return await waiting

    answer = asyncio.run(run())
    assert isinstance(answer, Problem)
    assert answer.kind is ProblemType.UNAVAILABLE


async def _cancelled_at_once(accepting: BallotIntake) -> None:
    """Work that ends before its first turn."""

    async def ends() -> None:
        raise asyncio.CancelledError

    accepting._turn = ends  # type: ignore[method-assign]
    await accepting.work()


def test_polls_without_census_and_replaced_polls_are_refused(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            await village.tick()
            node = village.nodes[1]
            with pytest.raises(Problem) as unknown:
                node.poll(POLL)
            assert unknown.value.kind is ProblemType.CENSUS_UNKNOWN
            village.registry.show(poll_context=bytes(32))
            with pytest.raises(Problem) as replaced:
                await node.take_census(POLL, village.census_header(), poll.census.encode())
            assert replaced.value.kind is ProblemType.POLL_REPLACED

    asyncio.run(run())
