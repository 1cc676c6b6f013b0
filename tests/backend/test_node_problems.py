"""Problems of a node that no other test meets: each by the code that makes it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import Head
from ostraka.node.accepting import Accepting
from ostraka.node.repairing import Repairing
from ostraka.node.settlement import Settlement
from ostraka.node.settling import Entry, LeafList
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from tests.backend.test_release import release_of
from tests.support.polls import CLOSES_AT, SyntheticPoll, approval_poll, open_view
from tests.support.village import POLL, Village


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def frozen(poll: SyntheticPoll, folder: Path) -> tuple[Any, Settlement]:
    """A node that holds all ballots and has heard all inventories."""
    state: Any = release_of(poll, folder, [])._state
    accepting = Accepting(state)
    settlement = Settlement(state, accepting, Repairing(state))
    state.view = open_view(poll)
    state.head = Head(1, bytes(32), CLOSES_AT - 1)
    asyncio.run(accepting.ingest([one.record for one in poll.prepared]))
    state.frozen = True
    settlement._inventories.update({1, 3, 4})
    state.head = Head(2, bytes(32), poll.parameters.freezes_at)
    return state, settlement


def test_one_node_proposes_and_one_root_is_signed_a_round(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    _, settlement = frozen(poll, tmp_path)
    entries = [Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared]

    def answer(node: int, listed: list[Entry]) -> bytes:
        proposer = poll.committee.members[node - 1].address
        body = LeafList(0, tuple(listed)).encode()
        return asyncio.run(settlement.answer_proposal(body, proposer))

    with pytest.raises(Problem) as other:
        answer(3, entries)
    assert other.value.kind is ProblemType.NOT_THE_PROPOSER
    assert len(answer(1, entries)) == 65
    with pytest.raises(Problem) as second:
        answer(1, entries[1:])
    assert second.value.kind is ProblemType.ROOT_SIGNED


def test_a_node_without_its_key_does_not_say_which_shares_it_lacks(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    state, settlement = frozen(poll, tmp_path)
    first = poll.nodes
    start = poll.parameters.freezes_at + first * poll.parameters.round_duration
    state.head = Head(3, bytes(32), start)
    state.poll_key = None
    with pytest.raises(Problem) as raised:
        settlement.answer_lacking(first.to_bytes(4, "big"))
    assert raised.value.kind is ProblemType.POLL_OVER


def test_ballots_that_wait_when_a_poll_goes_are_answered(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    state: Any = release_of(poll, tmp_path, [])._state
    state.view = open_view(poll)
    state.head = Head(1, bytes(32), CLOSES_AT - 1)
    accepting = Accepting(state)

    async def run() -> object:
        waiting = asyncio.create_task(accepting.submit(poll.prepared[0].record, "a client"))
        await asyncio.sleep(0)
        worker = asyncio.create_task(_cancelled_at_once(accepting))
        await asyncio.gather(worker, return_exceptions=True)
        return await waiting

    answer = asyncio.run(run())
    assert isinstance(answer, Problem)
    assert answer.kind is ProblemType.UNAVAILABLE


async def _cancelled_at_once(accepting: Accepting) -> None:
    """Work that ends before its first turn."""

    async def ends() -> None:
        raise asyncio.CancelledError

    accepting._turn = ends  # type: ignore[method-assign]
    await accepting.work()


def test_a_poll_without_a_census_and_one_that_was_replaced(
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
