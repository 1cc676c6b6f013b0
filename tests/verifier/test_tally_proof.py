"""Aggregate shares, their combination, the opening, and the simulator of the whole."""

import secrets
from itertools import combinations

import pytest

import ostraka_verifier.proof
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import Rejected
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.question import approval, single_choice
from ostraka_verifier.rule import BallotRule, QuadraticRow
from ostraka_verifier.sharing import Share, lagrange
from ostraka_verifier.tally_proof import AggregateCommitments, Tally, combine, verify_opening
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.randomness import SeededRandomness
from tests.verifier.simulator import Simulator

CURVE = load("native")


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll(nodes=5, threshold=3, faults=1, weights=[1, 1, 1, 1, 1, 3, 3])


def commitments(poll: SyntheticPoll) -> AggregateCommitments:
    ballots = [prepared.ballot for prepared in poll.prepared]
    return AggregateCommitments.of(CURVE, ballots, poll.counted_weights, poll.threshold)


def expected(poll: SyntheticPoll) -> tuple[int, ...]:
    weights = [entry.weight for entry in poll.census.entries]
    return tuple(
        sum(weight * vote[slot] for weight, vote in zip(weights, poll.votes, strict=True))
        for slot in range(len(poll.rule.slots))
    )


def test_every_set_of_t_nodes_gives_the_tally(poll: SyntheticPoll) -> None:
    sums, key = commitments(poll), poll.factory.key
    shares = {node: poll.aggregate_share(node) for node in range(1, 6)}
    for node, share in shares.items():
        sums.verify_share(CURVE, key, node, share)
    tallies = {
        combine({node: shares[node] for node in nodes}, 3)
        for size in (3, 4, 5)
        for nodes in combinations(shares, size)
    }
    (tally,) = tallies
    assert tally.values == expected(poll)
    verify_opening(key, sums.sum.encode(), tally, poll.census.total_weight)


def test_fewer_than_t_shares_give_nothing(poll: SyntheticPoll) -> None:
    shares = {node: poll.aggregate_share(node) for node in (1, 4)}
    with pytest.raises(Rejected, match="S2"):
        combine(shares, 3)
    # Two shares fit every tally: for any there is a third that makes it so.
    wrong = list(expected(poll))
    wrong[0] += 1
    l1, l4, l5 = lagrange([1, 4, 5])
    third = [
        (target - l1 * shares[1].values[slot] - l4 * shares[4].values[slot]) * pow(l5, -1, R) % R
        for slot, target in enumerate(wrong)
    ]
    assert combine(shares | {5: Share(tuple(third), 0)}, 3).values == tuple(wrong)


def test_a_wrong_share_is_blamed_on_its_node(poll: SyntheticPoll) -> None:
    sums, good = commitments(poll), poll.aggregate_share(2)
    lies = [
        Share((good.values[0] + 1, *good.values[1:]), good.blinding),
        Share(good.values, (good.blinding + 1) % R),
        Share(tuple(reversed(good.values)), good.blinding),
        poll.aggregate_share(3),
    ]
    for lie in lies:
        with pytest.raises(Rejected, match="S1: node 2"):
            sums.verify_share(CURVE, poll.factory.key, 2, lie)


def test_only_the_tally_opens_the_sum(poll: SyntheticPoll) -> None:
    sums, key = commitments(poll).sum.encode(), poll.factory.key
    tally = combine({node: poll.aggregate_share(node) for node in (1, 2, 3)}, 3)
    votes = poll.census.total_weight
    for slot in range(len(tally.values)):
        values = list(tally.values)
        values[slot] += 1
        with pytest.raises(Rejected, match="R1"):
            verify_opening(key, sums, Tally(tuple(values), tally.blinding), votes)
    with pytest.raises(Rejected, match="R1"):
        verify_opening(key, sums, Tally(tally.values, (tally.blinding + 1) % R), votes)
    with pytest.raises(Rejected, match="R1"):
        verify_opening(key, sums, Tally(tally.values, tally.blinding + R), votes)
    with pytest.raises(Rejected, match="R2"):
        verify_opening(key, sums, tally, min(tally.values))


@pytest.mark.parametrize(
    "rule",
    [
        single_choice(3),
        approval(4, 1, 3),
        BallotRule(
            6, (((0, 1), (1, 2)), ((2, 1),)), (), (QuadraticRow((0, 1), ((4, 1), (5, 2)), 3),)
        ),
    ],
    ids=["single choice", "approval", "quadratic"],
)
def test_the_public_record_can_be_made_without_any_vote(
    rule: BallotRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything published, from the tally alone: so it tells no more than the tally."""
    shape, random = ProofShape(rule, 3), SeededRandomness("simulator")
    simulator = Simulator(CURVE, shape, random)
    tally = Tally(tuple(range(2, 2 + len(rule.slots))), random.scalar())
    values = simulator.commitments(tally, 6)
    ballots = [simulator.ballot(bytes([number]) * 20, value) for number, value in enumerate(values)]
    # The random oracle answers what the simulator chose; nothing else of the verifier changes.
    chosen = {one.proof.encoded_points: one.challenge for one in ballots}
    monkeypatch.setattr(
        ostraka_verifier.proof, "challenge", lambda _shape, _context, _voter, points: chosen[points]
    )
    proofs = [one.proof for one in ballots]
    points = simulator.key.generators
    verify_proofs(CURVE, points, shape, bytes(32), proofs, secrets.randbits)

    total = CURVE.sum(CURVE.concat([proof.points[0] for proof in proofs]))
    verify_opening(simulator.key, total.encode(), tally, 1000)
    shares = simulator.aggregate_shares(tally, [1, 2, 4])
    assert combine(shares, 3) == tally

    # And the simulation is not so lax that a wrong tally would pass too.
    wrong = Tally((tally.values[0] + 1, *tally.values[1:]), tally.blinding)
    with pytest.raises(Rejected):
        verify_opening(simulator.key, total.encode(), wrong, 1000)
