"""Leaders of the shuffle that lie: the next turn has another, and the ballots are opened.

Node 1 leads the first turn, and relays, asks and shows what it likes; or node 2, which leads the
second, disturbs an honest leader (docs/protocol.md §19.2).
"""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ostraka.node.peers import PeerError
from ostraka.node.phases import Releasing
from ostraka.node.shuffle import shuffling
from ostraka.node.shuffle.leading import RunFailed, RunLeader
from ostraka.node.shuffle.messages import Call, Certificate, SignCall, StepHead
from ostraka.node.shuffle.shuffling import Shuffling
from ostraka.node.shuffle.turns import Turns
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.shuffle import Group, RunRecord
from tests.support.lying_shufflers import Opened, open_beside
from tests.support.shuffled_village import ShuffledVillage


class Leader(RunLeader):
    """A bad leader that counts its lies."""

    told = 0


class ShowsTwoStates(Leader):
    """Lets a group make its step twice, and gives each half of the nodes another state."""

    async def _step(self, group: Group) -> bool:
        head = StepHead(self._state_hash, self._turn, len(self.done) + 1, group)
        one, two = await self._made(head), await self._made(head)
        assert one
        assert two
        type(self).told += 1
        asked = {node: self._taking((one, two)[node % 2], node) for node in self._nodes}
        answers = await self._everywhere(asked)
        assert len(set(answers.values())) == 2
        found = []
        for state_hash in set(answers.values()):
            body = SignCall(self._turn, state_hash).encode()
            holders = [node for node, answer in answers.items() if answer == state_hash]
            found.append(
                await self._everywhere(
                    {node: self._call(node, Call.SIGN, body) for node in holders}
                )
            )
        raise RunFailed("two states")


class ShowsBothStates(Leader):
    """Lets a group make its last step twice, gives all nodes both states, and asks for both."""

    async def _step(self, group: Group) -> bool:
        if not self.done:
            return await super()._step(group)
        head = StepHead(self._state_hash, self._turn, len(self.done) + 1, group)
        signed = []
        for _ in range(2):
            made = await self._made(head)
            assert made
            asked = {node: self._taking(made, node) for node in self._nodes}
            (state_hash,) = set((await self._everywhere(asked)).values())
            body = SignCall(self._turn, state_hash).encode()
            calls = {node: self._call(node, Call.SIGN, body) for node in self._nodes}
            signed.append(await self._everywhere(calls))
        type(self).told += 1
        assert len(signed[0]) == len(self._nodes)
        assert not signed[1]
        raise RunFailed("one state is signed, and nobody gets its certificate")


class CoversNothing(Leader):
    """Wants the state after one step signed, and calls it a run."""

    async def lead(self) -> None:
        await self._begin()
        assert await self._step(await self._next_group())
        body = SignCall(self._turn, self._state_hash).encode()
        others = [node for node in self._nodes if node != self._served.node]
        signed = await self._everywhere(
            {node: self._call(node, Call.SIGN, body) for node in others}
        )
        assert not signed
        type(self).told += 1
        record = RunRecord(self._turn, tuple(self._steps))
        false = Certificate(record, ()).encode()
        calls = {node: self._call(node, Call.CERTIFY, false) for node in others}
        assert not await self._everywhere(calls)
        raise RunFailed("no cover")


class LeavesOutAStep(Leader):
    """Gives nodes a certificate of which the record lacks the first step."""

    async def _signed(self) -> Certificate:
        type(self).told += 1
        certificate = await super()._signed()
        turn, steps = certificate.record.turn, certificate.record.steps
        return replace(certificate, record=RunRecord(turn, steps[1:]))


class KeepsTheCertificate(Leader):
    """Gives the certificate to one node alone."""

    async def _everywhere(self, calls: Any) -> dict[int, bytes]:
        if self._certifies:
            type(self).told += 1
            calls = {2: calls[2]}
        return await super()._everywhere(calls)

    _certifies = False

    async def _signed(self) -> Certificate:
        certificate = await super()._signed()
        self._certifies = True
        return certificate


class ReplaysAStep(Leader):
    """Sends nodes the first step again as the second."""

    async def _made(self, head: StepHead) -> Any:
        if self._last is None:
            return await super()._made(head)
        type(self).told += 1
        return replace(self._last, head=replace(head, group=self._last.head.group))


def beside_leader(settled: ShuffledVillage, folder: Path, kind: type[Leader]) -> Opened:
    """Let node 1 lead the first turn as it likes; it must have told its lie."""
    kind.told = 0

    def lie(village: ShuffledVillage) -> None:
        its = village.shuffling(1)
        honest = its._lead

        async def lead(phase: Releasing, turns: Turns, turn: int) -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(shuffling, "RunLeader", kind)
                await honest(phase, turns, turn)

        its._lead = lead  # type: ignore[method-assign]

    opened = open_beside(settled, folder, 1, lie)
    assert kind.told
    # A leader that fails by a mistake of this test tells no lie.
    assert not [one for one in opened.log if "exc_info" in one]
    return opened


@pytest.mark.parametrize(
    "kind", [ShowsTwoStates, ShowsBothStates, CoversNothing, LeavesOutAStep, ReplaysAStep]
)
def test_after_a_bad_leaders_turn_another_leads(
    settled: ShuffledVillage, tmp_path: Path, kind: type[Leader]
) -> None:
    opened = beside_leader(settled, tmp_path, kind)
    assert {opened.turn, *(run.turn for run in opened.runs)} == {1}


def test_a_certificate_that_one_node_has_reaches_all(
    settled: ShuffledVillage, tmp_path: Path
) -> None:
    assert beside_leader(settled, tmp_path, KeepsTheCertificate).turn == 0


def beside_sender(
    settled: ShuffledVillage, folder: Path, *sent: tuple[Call, bytes]
) -> tuple[Opened, list[Any]]:
    """Let node 2 send requests to all others while node 1 leads; return the problems, too."""
    problems = []

    def lie(village: ShuffledVillage) -> None:
        other = village.service(2).served

        class Interrupted(RunLeader):
            async def _step(self, group: Group) -> bool:
                for peer, (call, body) in product(other.peers, sent if self.done else ()):
                    with pytest.raises(PeerError) as refused:
                        await peer.post(other.path(f"peer/shuffle/{call.value}"), body)
                    assert refused.value.problem
                    problems.append(refused.value.problem.kind)
                return await super()._step(group)

        patch.setattr(shuffling, "RunLeader", Interrupted)

    with pytest.MonkeyPatch.context() as patch:
        return open_beside(settled, folder, 2, lie), problems


def test_the_next_leader_cannot_end_a_run(settled: ShuffledVillage, tmp_path: Path) -> None:
    opened, problems = beside_sender(settled, tmp_path, (Call.BEGIN, unsigned(1, 4)))
    assert opened.turn == 0
    assert problems == [ProblemType.WRONG_TURN] * 3


def test_false_certificates_keep_nobody_busy(settled: ShuffledVillage, tmp_path: Path) -> None:
    false = Certificate(RunRecord(0, ()), ()).encode()
    opened, problems = beside_sender(settled, tmp_path, *2 * ((Call.CERTIFY, false),))
    assert opened.turn == 0
    assert problems == [ProblemType.CHECK_FAILED, ProblemType.BUSY] * 3


def test_a_leader_keeps_nobody_busy_after_its_turn(
    settled: ShuffledVillage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def idle(*_: object) -> None:
        return

    monkeypatch.setattr(Shuffling, "_lead", idle)

    async def run() -> None:
        async with settled.resumed(tmp_path / "disks") as village:
            await village.tick_until(lambda: village.agreed() == {1, 2, 3, 4})
            node, leader = village.shuffling(3), village.poll.committee.members[0].address
            begun = await node.answer(Call.BEGIN, unsigned(0, 4), leader)
            prove = StepHead(begun, 0, 1, (3, 4)).encode()
            async with node._busy:
                asked = [
                    asyncio.create_task(node.answer(Call.PROVE, prove, leader)) for _ in range(9)
                ]
                await asyncio.wait(asked, timeout=1)
                village.pass_turn()
                village.pass_turn()
                await village.tick()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            refused = Counter(one.kind for one in answers if isinstance(one, Problem))
            assert refused == {ProblemType.WRONG_TURN: 4, ProblemType.BUSY: 5}

    asyncio.run(run())
