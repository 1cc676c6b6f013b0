"""Whole nodes shuffle and open the ballots of a poll (§19.2)."""

import asyncio
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.registry import Status
from ostraka.node import served_poll
from ostraka.node.phases import Destroyed
from ostraka.node.shuffle import asking, leading, member
from ostraka.node.shuffle.leading import RunFailed, RunLeader
from ostraka.node.shuffle.messages import (
    Call,
    DealCall,
    Dealt,
    Proven,
    SignCall,
    StepHead,
    TakeCall,
)
from ostraka.node.shuffle.opening import BallotOpening
from ostraka.node.shuffle.shuffling import Shuffling
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import Malformed, Rejected
from tests.support.shuffled_village import ShuffledVillage, shuffled_poll
from tests.support.village import POLL

NO_HASH = bytes(32)


async def all_open(village: ShuffledVillage, *numbers: int) -> None:
    """Wait until nodes have the opened ballots, and check them."""
    await village.tick_until(village.opened_at(*numbers))
    for number in numbers or village.nodes:
        answer = await village.client.get(village.url(number, "/opened"))
        assert village.opened_ballots(answer.content) == village.cast_ballots
    await village.tick_until(lambda: village.released() == set(village.nodes))


@pytest.mark.parametrize(("nodes", "threshold", "faults"), [(4, 2, 1), (5, 2, 1), (7, 3, 2)])
def test_nodes_open_the_cast_ballots_before_they_release(
    tmp_path: Path, nodes: int, threshold: int, faults: int
) -> None:
    village = ShuffledVillage(tmp_path, shuffled_poll(nodes, threshold, faults))

    async def run() -> None:
        async with village.releasable():
            await all_open(village)
            shown = await village.get(1)
            assert shown["shuffle"]["stage"] == "opened"

    asyncio.run(run())


def test_without_a_node_the_others_open_and_it_gets_the_ballots_later(tmp_path: Path) -> None:
    village = ShuffledVillage(tmp_path)

    async def run() -> None:
        async with village.releasable():
            village.kill(4)
            await all_open(village, 1, 2, 3)
            await village.revive(4)
            await all_open(village, 4)

    asyncio.run(run())


def test_seven_nodes_open_the_ballots_without_two_of_them(tmp_path: Path) -> None:
    """The others need ten groups instead of five."""
    village = ShuffledVillage(tmp_path, shuffled_poll(7, 3, 2))

    async def run() -> None:
        async with village.releasable():
            village.kill(7)
            village.kill(3)
            await all_open(village)
            run = village.opened(village.shuffling(1).opened()).run
            assert len(run.steps) == 10

    asyncio.run(run())


def test_a_node_that_never_answers_holds_nobody_up_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A turn lasts for hours, and so would the wait for one answer.
    village = ShuffledVillage(tmp_path, shuffled_poll(shuffle_period=40_000))
    for module, name in ((leading, "GRACE_S"), (leading, "LATE_S"), (asking, "LATE_S")):
        monkeypatch.setattr(module, name, 0.2)

    async def run() -> None:
        async with village.releasable():
            village.hang(4)
            monkeypatch.setattr(served_poll, "GRACE_S", 0.2)
            monkeypatch.setattr(served_poll, "MAX_GRACE_S", 0.2)
            await village.tick_until(village.opened_at(1, 2, 3))

    asyncio.run(run())


def test_a_node_that_restarts_during_a_run_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = ShuffledVillage(tmp_path)
    step = RunLeader._step
    steps: list[bool] = []

    async def forgetful(leader: RunLeader, group: tuple[int, ...]) -> bool:
        made = await step(leader, group)
        steps.append(made)
        village.shuffling(2)._states.forget()
        return made

    monkeypatch.setattr(RunLeader, "_step", forgetful)

    async def run() -> None:
        async with village.releasable():
            await all_open(village)
            assert steps.count(True) >= 2

    asyncio.run(run())


def test_after_a_leader_that_dies_the_next_one_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = ShuffledVillage(tmp_path)
    signed = RunLeader._signed

    async def dies(leader: RunLeader) -> Any:
        if leader._served.node == 1:
            raise RunFailed("the leader dies")
        return await signed(leader)

    monkeypatch.setattr(RunLeader, "_signed", dies)

    async def run() -> None:
        async with village.releasable():
            await village.tick_until(lambda: village.shuffling(1)._led == 0)
            await village.tick_until(lambda: village.shuffling(1)._leading is None)
            village.kill(1)
            await village.tick()
            assert not village.released()
            shown = await village.get(2)
            assert shown["shuffle"] == {
                "stage": "shuffling",
                "turn": 0,
                "steps_done": 2,
                "steps": 2,
            }
            village.pass_turn()
            await all_open(village, 2, 3, 4)

    asyncio.run(run())


def test_certified_ballots_are_opened_after_all_nodes_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = ShuffledVillage(tmp_path)

    async def nobody(*_: object) -> bool:
        return False

    async def run() -> None:
        async with village.releasable():
            with monkeypatch.context() as patched:
                patched.setattr(BallotOpening, "open", nobody)
                await village.tick_until(
                    lambda: all(village.store(one).shuffle.certified(POLL) for one in village.nodes)
                )
                shown = await village.get(3)
                assert shown["shuffle"]["stage"] == "opening"
                for number in list(village.nodes):
                    village.kill(number)
                await village.revive(1, 2, 3, 4)
            await all_open(village)

    asyncio.run(run())


@pytest.mark.parametrize("status", [Status.TALLIED, Status.VOID])
def test_a_certified_run_outlives_the_key_where_it_may_still_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    """When a shuffle ends late, one honest node alone may have the opened ballots."""
    village = ShuffledVillage(tmp_path)

    async def nobody(*_: object) -> bool:
        return False

    def certified() -> list[bool]:
        return [village.store(one).shuffle.is_certified(POLL) for one in village.nodes]

    def opened_and_deleted() -> bool:
        for one in village.nodes:
            # Without a pause between two attempts.
            village.service(one)._complete_at_monotonic_s = 0.0
        return village.opened_at()() and not any(certified())

    async def run() -> None:
        async with village.releasable():
            with monkeypatch.context() as patched:
                patched.setattr(BallotOpening, "open", nobody)
                await village.tick_until(lambda: all(certified()))
                period = village.poll.parameters.shuffle_period
                village.registry.now = village.registry.view.releasable_at + period
                village.registry.show(status=status)
                await village.tick_until(
                    lambda: all(
                        isinstance(village.service(one).phase, Destroyed) for one in village.nodes
                    )
                )
                assert certified() == [status is Status.TALLIED] * len(village.nodes)
            if status is Status.TALLIED:
                await village.tick_until(opened_and_deleted)

    asyncio.run(run())


def test_too_few_ballots_are_never_opened(tmp_path: Path) -> None:
    village = ShuffledVillage(tmp_path, shuffled_poll(open_minimum=7), cast=6)

    async def run() -> None:
        async with village.releasable():
            await village.tick_until(lambda: village.released() == set(village.nodes))
            assert not any(village.opened_at(one)() for one in village.nodes)
            shown = await village.get(1)
            assert shown["shuffle"]["stage"] == "too_few_ballots"
            with pytest.raises(Problem) as refused:
                await ask(village, 2, Call.BEGIN, unsigned(0, 4), asker=1)
            assert refused.value.kind is ProblemType.NOT_SHUFFLING

    asyncio.run(run())


def test_after_the_shuffle_period_nodes_release_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = ShuffledVillage(tmp_path)

    async def never(*_: object) -> Any:
        raise RunFailed("nobody signs")

    monkeypatch.setattr(RunLeader, "_signed", never)

    async def run() -> None:
        async with village.releasable():
            for _ in range(village.poll.nodes - 1):
                await village.tick(3)
                village.pass_turn()
            await village.tick(3)
            assert not village.released()
            village.registry.now += village.poll.parameters.shuffle_period
            village.registry.block += 1
            await village.tick_until(lambda: village.released() == set(village.nodes))
            assert not village.opened_at(1)()
            shown = await village.get(1)
            assert shown["shuffle"]["stage"] == "not_opened"
            # Nobody signs a run any more.
            with pytest.raises(Problem) as refused:
                await ask(village, 2, Call.SIGN, SignCall(3, NO_HASH).encode(), asker=4)
            assert refused.value.kind is ProblemType.WRONG_TURN

    asyncio.run(run())


def test_many_slow_readers_share_one_copy_of_the_opened_ballots(tmp_path: Path) -> None:
    village = ShuffledVillage(tmp_path)

    async def run() -> None:
        async with village.releasable():
            await all_open(village)
            shuffling = village.shuffling(1)
            first, second = shuffling.shared_section(), shuffling.shared_section()
            assert first is second
            assert first.data == shuffling.opened()
            answer = await village.client.get(village.url(1, "/opened"))
            assert answer.content == first.data
            assert answer.headers["content-length"] == str(len(first.data))
            # Nobody gets it any more.
            gone = weakref.ref(first)
            del first, second, answer
            assert gone() is None

    asyncio.run(run())


@pytest.mark.parametrize("way", ["open", "fetch"])
def test_a_fault_in_opening_does_not_hold_up_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    village = ShuffledVillage(tmp_path)

    async def fails(*_: object) -> Any:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(BallotOpening, way, fails)
    monkeypatch.setattr(Shuffling, "_lead", fails)

    async def run() -> None:
        async with village.releasable():
            await village.tick_until(lambda: village.agreed() == set(village.nodes))
            village.registry.now += village.poll.parameters.shuffle_period
            village.registry.block += 1
            await village.tick_until(lambda: village.released() == set(village.nodes))

    asyncio.run(run())


async def ask(
    village: ShuffledVillage, node: int, call: Call, body: bytes, asker: int = 1
) -> bytes:
    """A node's answer to another one, without HTTP."""
    address = village.poll.committee.members[asker - 1].address
    return await village.shuffling(node).answer(call, body, address)


def test_nodes_answer_the_turn_s_leader_deal_once_and_sign_whole_runs_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = ShuffledVillage(tmp_path)

    async def idle(*_: object) -> None:
        return

    # The test leads in place of node 1.
    monkeypatch.setattr(Shuffling, "_lead", idle)

    async def run() -> None:
        async with village.releasable():
            await village.tick_until(lambda: village.agreed() == {1, 2, 3, 4})
            await refuse_others(village)
            await make_a_step(village, monkeypatch)

    asyncio.run(run())


async def refuse_others(village: ShuffledVillage) -> None:
    begin = unsigned(0, 4)
    with pytest.raises(Problem) as refused:
        await ask(village, 4, Call.BEGIN, begin, asker=2)
    assert refused.value.kind is ProblemType.NOT_THE_PROPOSER
    with pytest.raises(Problem) as refused:
        await ask(village, 4, Call.BEGIN, unsigned(2, 4), asker=3)
    assert refused.value.kind is ProblemType.WRONG_TURN
    with pytest.raises(Problem) as refused:
        await ask(village, 4, Call.BEGIN, unsigned(1, 4), asker=2)
    assert refused.value.kind is ProblemType.WRONG_TURN
    # Clocks differ a little; but a node does not go back to an earlier turn.
    village.registry.now += village.poll.parameters.shuffle_period // village.poll.nodes - 1
    village.registry.block += 1
    await village.tick()
    await ask(village, 4, Call.BEGIN, unsigned(1, 4), asker=2)
    with pytest.raises(Problem, match="in a later turn"):
        await ask(village, 4, Call.BEGIN, begin)
    # Whole states come from leaders of these turns; only a certificate comes from any node.
    shuffling, members = village.shuffling(4), village.poll.committee.members
    for call, senders in (("take", {1, 2}), ("certify", {1, 2, 3, 4}), ("begin", set())):
        sizes = [shuffling.body_bytes(call, member.address) for member in members]
        assert {at for at, size in enumerate(sizes, start=1) if size > 7 * 320} == senders
    stranger = await village.client.post(village.url(3, "/peer/shuffle/begin"), content=begin)
    assert stranger.status_code == 400


async def make_a_step(village: ShuffledVillage, monkeypatch: pytest.MonkeyPatch) -> None:
    start = await ask(village, 1, Call.BEGIN, unsigned(0, 4))
    head, sizes = StepHead(start, 0, 1, (1, 2)), village.shuffling(1)._states.sizes(7)
    with pytest.raises(Malformed, match="does not follow"):
        await ask(village, 1, Call.PROVE, replace(head, step=2).encode())
    with pytest.raises(Malformed, match="not its first member"):
        await ask(village, 2, Call.PROVE, head.encode())
    proven = Proven.decode(await ask(village, 1, Call.PROVE, head.encode()), sizes)
    box = proven.boxes[0]
    first = DealCall(head, proven.proof, b"").encode()
    dealt = {1: Dealt.decode(await ask(village, 1, Call.DEAL, first), sizes)}
    with pytest.raises(Problem, match="has dealt with this proof"):
        await ask(village, 1, Call.DEAL, first)
    other = DealCall(head, proven.proof, box[:-1] + bytes([box[-1] ^ 1])).encode()
    with pytest.raises(Malformed, match="does not open"):
        await ask(village, 2, Call.DEAL, other)
    second = DealCall(head, proven.proof, box).encode()
    dealt[2] = Dealt.decode(await ask(village, 2, Call.DEAL, second), sizes)
    with pytest.raises(Problem) as refused:
        await ask(village, 2, Call.SIGN, SignCall(0, NO_HASH).encode())
    assert refused.value.kind is ProblemType.STATE_UNKNOWN
    taken = TakeCall.of(head, proven.proof, dealt, 3)
    # Boxes for another node.
    swapped = replace(taken, boxes=TakeCall.of(head, proven.proof, dealt, 2).boxes)
    with pytest.raises(Malformed, match="does not open"):
        await ask(village, 3, Call.TAKE, swapped.encode())
    after = await ask(village, 3, Call.TAKE, taken.encode())
    with pytest.raises(Rejected, match="A2"):
        await ask(village, 3, Call.SIGN, SignCall(0, after).encode())
    # Its shares of it stay secret.
    with pytest.raises(Problem, match="no certificate"):
        await ask(village, 3, Call.SHARES, SignCall(0, after).encode())
    # If one group did, it would sign one state a turn.
    monkeypatch.setattr(member, "verify_groups", lambda *_: None)
    signature = await ask(village, 3, Call.SIGN, SignCall(0, after).encode())
    assert await ask(village, 3, Call.SIGN, SignCall(0, after).encode()) == signature
    with pytest.raises(Problem, match="another state was signed in this turn"):
        await ask(village, 3, Call.SIGN, SignCall(0, start).encode())
    village.pass_turn()
    await village.tick()
    with pytest.raises(Problem, match="of another turn"):
        await ask(village, 3, Call.SIGN, SignCall(1, after).encode(), asker=2)
