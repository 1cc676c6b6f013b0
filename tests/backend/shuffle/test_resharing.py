"""Resharing a shuffled state, and every lie of a member (§19.9)."""

import secrets
from dataclasses import replace

import pytest

from ostraka.node.shuffle.dealing import Deal, draw_deal, shuffled_values
from ostraka.node.shuffle.resharing import (
    NewSharing,
    Resharing,
    combine_commitments,
    receive,
    reshare,
)
from ostraka.randomness import system
from ostraka_verifier.curve import Points, R
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share
from tests.support.shuffles import SharedBallots, engine

GROUP = (1, 3)
COUNT = 4


class Step:
    """One step of a group, before anybody checked it."""

    def __init__(self) -> None:
        self.ballots = SharedBallots([[1, 0], [0, 1], [1, 1], [0, 0]], nodes=4)
        self.deal = draw_deal(GROUP, COUNT, system)
        self.outputs = shuffled_values(
            self.ballots.shuffle_key,
            self.ballots.start.values,
            self.deal.permutation,
            self.deal.blindings,
        )

    def share(self, member: int, deal: Deal | None = None, vote: int = 0) -> Resharing:
        """A member's sharing, by default honest."""
        shares = list(self.ballots.shares[member - 1])
        shares[0] = replace(shares[0], values=(shares[0].values[0] + vote, shares[0].values[1]))
        dealt = (deal or self.deal).members[GROUP.index(member)]
        return reshare(self.ballots.key, GROUP, member, 4, shares, dealt, system)

    def combine(self, *made: Resharing) -> NewSharing:
        commitments = {h: one.commitments for h, one in zip(GROUP, made, strict=True)}
        return combine_commitments(engine(), self.outputs, 2, commitments)


@pytest.fixture
def step() -> Step:
    return Step()


def test_every_node_gets_a_good_share(step: Step) -> None:
    one, other = step.share(1), step.share(3)
    sharing = step.combine(one, other)
    assert sharing.commitments[::2] == step.outputs
    assert sharing.commitments[1::2] == sharing.sharing
    shares = [
        receive(
            engine(),
            step.ballots.key,
            node,
            sharing,
            [one.sub_shares[node - 1], other.sub_shares[node - 1]],
            secrets.randbits,
        )
        for node in range(1, 5)
    ]
    assert shares[0] != step.ballots.shares[0]


def test_a_member_that_shares_another_value_is_noticed(step: Step) -> None:
    with pytest.raises(Rejected, match="A0: commitments"):
        step.combine(step.share(1, vote=1), step.share(3))


def test_a_member_that_uses_another_permutation_is_noticed(step: Step) -> None:
    order = step.deal.permutation
    members = tuple(
        replace(member, permutation=(order[1], order[0], *order[2:]))
        for member in step.deal.members
    )
    with pytest.raises(Rejected, match="A0: commitments"):
        step.combine(step.share(1, Deal(GROUP, members)), step.share(3))


def test_a_member_that_uses_other_blindings_is_noticed(step: Step) -> None:
    other = draw_deal(GROUP, COUNT, system)
    members = tuple(
        replace(member, blindings=drawn.blindings)
        for member, drawn in zip(step.deal.members, other.members, strict=True)
    )
    with pytest.raises(Rejected, match="A0: commitments"):
        step.combine(step.share(1, Deal(GROUP, members)), step.share(3))


def test_a_bad_sub_share_is_noticed_by_its_node_alone(step: Step) -> None:
    one, other = step.share(1), step.share(3)
    sharing = step.combine(one, other)

    def received(node: int, sent: tuple[Share, ...]) -> None:
        own = [sent, other.sub_shares[node - 1]]
        receive(engine(), step.ballots.key, node, sharing, own, secrets.randbits)

    good = one.sub_shares[1]
    bad = (*good[:2], replace(good[2], blinding=(good[2].blinding + 1) % R), good[3])
    with pytest.raises(Rejected, match=r"A0: positions\[3\]"):
        received(2, bad)
    for node in (1, 3, 4):
        received(node, one.sub_shares[node - 1])


def test_missing_commitments_are_named(step: Step) -> None:
    one, other = step.share(1), step.share(3)
    short: Points = other.commitments[:-1]
    with pytest.raises(Malformed, match="node 3: 7 commitments, expected 8"):
        step.combine(one, replace(other, commitments=short))


def test_coefficients_are_never_used_twice(step: Step) -> None:
    one, again = step.share(1), step.share(1)
    fresh = {bytes(points.encode()) for points in (one.commitments, again.commitments)}
    assert len(fresh) == 2
    degrees = one.commitments[1::2].encode()
    assert len({degrees[at : at + 64] for at in range(0, len(degrees), 64)}) == COUNT
