"""Members of groups that lie in the shuffle: all ballots are opened all the same.

One node of four is bad. It has all that an honest node has, and signs and seals in its own name. As
a member of groups it proves, deals, takes and opens what it likes. Nobody is judged: what does not
fit is passed over (docs/protocol.md §19.2, §19.5, §19.9, §19.10).
"""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ostraka.node.phases import Releasing
from ostraka.node.shuffle import leading, member
from ostraka.node.shuffle.dealing import MemberDeal
from ostraka.node.shuffle.member import ShuffleMember
from ostraka.node.shuffle.messages import (
    DealCall,
    Dealt,
    SignCall,
    StepHead,
    TakeCall,
)
from ostraka.node.shuffle.opening import BallotOpening
from ostraka.node.shuffle.states import SharedState
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.curve import Points, R
from ostraka_verifier.errors import Rejected
from ostraka_verifier.sharing import Share
from tests.support.lying_shufflers import Opened, open_beside
from tests.support.shuffled_village import ShuffledVillage

FIRST, SECOND = 2, 3
"""The nodes of the group that the leader of the first turn asks second: first member and other."""


class Liar(ShuffleMember):
    """A node that counts its lies."""

    told = 0

    @property
    def node(self) -> int:
        return self._served.node


class CopiesABallot(Liar):
    """Puts one ballot, under another blinding, in place of another."""

    def prove(self, phase: Releasing, head: StepHead) -> bytes:
        self.told += 1
        honest = member.shuffled_values
        curve, key = self._served.curve, self._served.commitment_key

        def copying(*shuffled: Any) -> Points:
            outputs = honest(*shuffled)
            copied = curve.add(outputs[1], key.commit([([], 7)]))
            return curve.concat([copied, outputs[1:]])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(member, "shuffled_values", copying)
            return super().prove(phase, head)


class AddsAVote(Liar):
    """Shuffles the ballots, then gives one of them a vote of another."""

    def prove(self, phase: Releasing, head: StepHead) -> bytes:
        self.told += 1
        honest = member.shuffled_values
        curve, key = self._served.curve, self._served.commitment_key

        def adding(*shuffled: Any) -> Points:
            outputs = honest(*shuffled)
            vote, opposite = key.commit([([1], 0), ([R - 1], 0)])
            changed = curve.add(outputs[:2], curve.concat([vote, opposite]))
            return curve.concat([changed, outputs[2:]])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(member, "shuffled_values", adding)
            return super().prove(phase, head)


class Replays(Liar):
    """Gives the proof of its first step again, after every other state."""

    first: bytes | None = None

    def prove(self, phase: Releasing, head: StepHead) -> bytes:
        if self.first is None:
            self.first = super().prove(phase, head)
            raise Problem(ProblemType.NO_SHARE, "not now")
        self.told += 1
        return self.first


class SealsAnotherDeal(Liar):
    """Tells the other member another permutation than the one that it proved."""

    def prove(self, phase: Releasing, head: StepHead) -> bytes:
        self.told += 1
        honest = MemberDeal.encode

        def reversed_order(deal: MemberDeal) -> bytes:
            return honest(replace(deal, permutation=deal.permutation[::-1]))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MemberDeal, "encode", reversed_order)
            return super().prove(phase, head)


class DealsAnotherValue(Liar):
    """Shares a vote more in the first ballot than it has a share of."""

    def deal(self, phase: Releasing, call: DealCall) -> bytes:
        self.told += 1
        return super().deal(phase, call)

    def _shares(self, held: SharedState) -> list[Share]:
        first, *rest = super()._shares(held)
        return [Share(((first.values[0] + 1) % R, *first.values[1:]), first.blinding), *rest]


class DealsAnotherOrder(Liar):
    """Shares the ballots in another order than the one that was proven."""

    def _own_deal(self, phase: Releasing, call: DealCall, digest: bytes) -> MemberDeal:
        self.told += 1
        dealt = super()._own_deal(phase, call, digest)
        return replace(dealt, permutation=dealt.permutation[::-1])


class SealsBadShares(Liar):
    """Seals false sub-shares for some nodes, under commitments that are right."""

    victims: tuple[int, ...] = (1, 2, 3, 4)

    def deal(self, phase: Releasing, call: DealCall) -> bytes:
        self.told += 1
        return super().deal(phase, call)

    def _seal(self, node: int, plaintext: bytes, info: bytes) -> bytes:
        return super()._seal(
            node, bytes(len(plaintext)) if node in self.victims else plaintext, info
        )


class SealsBadSharesForOne(SealsBadShares):
    """The same for the leader alone, which then lacks the state that the others hold."""

    victims = (1,)


class LeavesOutABox(Liar):
    """Answers without the last node's box."""

    def deal(self, phase: Releasing, call: DealCall) -> bytes:
        self.told += 1
        dealt = Dealt.decode(super().deal(phase, call), self._sizes(phase))
        return dealt.commitments + b"".join(dealt.boxes[:-1])


class StopsInDeal(Liar):
    """Lets the others prove and deal, and then does not."""

    def deal(self, phase: Releasing, call: DealCall) -> bytes:
        self.told += 1
        raise Problem(ProblemType.NO_SHARE, "stopped")


class ClaimsBadShares(Liar):
    """Says that good shares are bad."""

    def take(self, phase: Releasing, call: TakeCall) -> bytes:
        self.told += 1
        super().take(phase, call)
        raise Rejected("A0", "positions[1]", f"does not open its commitment at node {self.node}")


class ClaimsAnotherState(Liar):
    """Takes every step, and names a state that nobody else has."""

    def take(self, phase: Releasing, call: TakeCall) -> bytes:
        self.told += 1
        return super().take(phase, call)[::-1]


class DoesNotSign(Liar):
    """Takes part in everything, and then signs another state."""

    def sign_state(self, phase: Releasing, call: SignCall) -> bytes:
        self.told += 1
        return super().sign_state(phase, call)[::-1]


def beside_member(settled: ShuffledVillage, folder: Path, number: int, kind: type[Liar]) -> Opened:
    """The same beside a member that must have told its lie."""
    liars = []

    def lie(village: ShuffledVillage) -> None:
        its = village.shuffling(number)
        its._member = liar = kind(its._served, its._states)
        liars.append(liar)

    opened = open_beside(settled, folder, number, lie)
    assert liars[0].told
    return opened


@pytest.mark.parametrize("kind", [CopiesABallot, AddsAVote, Replays, SealsAnotherDeal])
def test_nobody_deals_on_a_false_proof(
    settled: ShuffledVillage, tmp_path: Path, kind: type[Liar]
) -> None:
    opened = beside_member(settled, tmp_path, FIRST, kind)
    assert opened.turn == 0
    assert FIRST not in [group[0] for group in opened.groups]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (FIRST, DealsAnotherValue),
        (SECOND, DealsAnotherValue),
        (SECOND, DealsAnotherOrder),
        (SECOND, SealsBadShares),
        (SECOND, LeavesOutABox),
        (SECOND, StopsInDeal),
        (FIRST, ClaimsBadShares),
        (SECOND, ClaimsAnotherState),
    ],
)
def test_groups_with_a_liar_are_passed_over(
    settled: ShuffledVillage, tmp_path: Path, number: int, kind: type[Liar]
) -> None:
    opened = beside_member(settled, tmp_path, number, kind)
    assert opened.turn == 0
    assert not any(number in group for group in opened.groups)


@pytest.mark.parametrize("kind", [SealsBadSharesForOne, DoesNotSign])
def test_one_node_less_is_no_loss(
    settled: ShuffledVillage, tmp_path: Path, kind: type[Liar]
) -> None:
    assert beside_member(settled, tmp_path, SECOND, kind).turn == 0


class KeepsSharesFromOne(SealsBadSharesForOne):
    """Keeps good shares from one node, takes the step itself, and then does not sign."""

    def sign_state(self, phase: Releasing, call: SignCall) -> bytes:
        self.told += 1
        raise Problem(ProblemType.NO_SHARE, "it has none, either")


@pytest.mark.parametrize("victim", [1, 2, 4])
def test_one_node_cannot_keep_a_quorum_from_signing(
    settled: ShuffledVillage, tmp_path: Path, victim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeepsSharesFromOne, "victims", (victim,))
    assert beside_member(settled, tmp_path, SECOND, KeepsSharesFromOne).turn == 0


class AnswersLate(Liar):
    """Makes the leader wait for a proof, and then does not give it."""

    passed_s = 0.0

    def prove(self, phase: Releasing, head: StepHead) -> bytes:
        self.told += 1
        AnswersLate.passed_s += 3600
        raise Problem(ProblemType.WRONG_TURN, "not now")


def test_who_wastes_the_turn_is_in_no_later_group(
    settled: ShuffledVillage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + AnswersLate.passed_s)
    monkeypatch.setattr(leading, "time", clock)
    monkeypatch.setattr(AnswersLate, "passed_s", 0.0)
    opened = beside_member(settled, tmp_path, FIRST, AnswersLate)
    assert opened.turn == 0
    assert AnswersLate.passed_s == 3600
    assert not any(FIRST in group for group in opened.groups)


class FalseOpening(BallotOpening):
    """Gives peers shares that would open a ballot with a vote more."""

    told = 0

    def released(self, call: SignCall) -> bytes:
        self.told += 1
        data = super().released(call)
        vote = (int.from_bytes(data[:32], "big") + 1) % R
        return vote.to_bytes(32, "big") + data[32:]


def test_false_opening_shares_are_refuted(settled: ShuffledVillage, tmp_path: Path) -> None:
    liars = []

    def lie(village: ShuffledVillage) -> None:
        its = village.shuffling(FIRST)
        its._opening = liar = FalseOpening(its._served, its._states)
        liars.append(liar)

    opened = open_beside(settled, tmp_path, FIRST, lie)
    assert liars[0].told
    assert opened.turn == 0
    assert [one for one in opened.log if one["event"] == "bad shares" and one["node"] == FIRST]
