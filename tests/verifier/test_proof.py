"""Ballot proofs over random general rules, in batches, and against forgers."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka.voter.kernel import Kernel
from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.ballot import Ballot, BallotLayout
from ostraka_verifier.commitment import CommitmentKey, generators
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.proof import BallotProof, ProofShape, RejectedProofs, challenge, verify_proofs
from ostraka_verifier.question import approval, single_choice
from ostraka_verifier.rule import BallotRule, slack_bits
from ostraka_verifier.typed_data import Domain
from tests.support.randomness import SeededRandomness
from tests.support.rules import rules_with_votes

CURVE = load("native")
DOMAIN = Domain(31337, bytes(20))
CONTEXT = bytes(range(32))
VOTER = bytes(range(20))


def factory(rule: BallotRule, threshold: int = 2, context: bytes = CONTEXT) -> BallotFactory:
    return BallotFactory(CURVE, rule, threshold, DOMAIN, context, [])


def verify(
    rule: BallotRule, ballots: list[Ballot], threshold: int = 2, context: bytes = CONTEXT
) -> None:
    shape = ProofShape(rule, threshold)
    proofs = [ballot.proof for ballot in ballots]
    points = generators(CURVE, rule.width)
    verify_proofs(CURVE, points, shape, context, proofs, secrets.randbits)


@settings(max_examples=60, deadline=None)
@given(rules_with_votes(), st.integers(2, 4))
def test_an_honest_ballot_of_any_rule_verifies(
    case: tuple[BallotRule, list[int]], threshold: int
) -> None:
    rule, vote = case
    assert BallotRule.decode(rule.encode()) == rule
    shared = factory(rule, threshold).share(VOTER, vote, 1)
    layout = BallotLayout(ProofShape(rule, threshold))
    ballot = layout.decode(CURVE, shared.ballot.encoded)
    assert len(ballot.encoded) == layout.size
    verify(rule, [ballot], threshold)


@settings(max_examples=60, deadline=None)
@given(rules_with_votes(), st.data())
def test_a_vote_that_breaks_any_rule_does_not(
    case: tuple[BallotRule, list[int]], data: st.DataObject
) -> None:
    rule, vote = case
    at = data.draw(st.integers(0, rule.bits - 1))
    vote[at] = data.draw(st.sampled_from([1 - vote[at], 2, R - 1, vote[at] + R]))
    if vote[at] in (0, 1) and rule.violated(vote) is None:
        return
    if vote[at] >= R and vote[at] % R in (0, 1):
        # The same vote modulo R: an honest ballot, whose maker merely did not reduce.
        return
    assert rule.violated(vote) is not None
    with pytest.raises(ValueError, match="not a ballot of this poll"):
        factory(rule).share(VOTER, vote, 1)
    ballot = factory(rule).prove(VOTER, vote, 1).ballot
    with pytest.raises(Rejected, match="B6"):
        verify(rule, [ballot])


@settings(max_examples=30, deadline=None)
@given(rules_with_votes())
def test_masks_are_in_the_kernel(case: tuple[BallotRule, list[int]]) -> None:
    rule, _ = case
    kernel = Kernel.of(rule)
    first, second = (kernel.sample(SeededRandomness(seed)) for seed in ("a", "b"))
    for row in rule.rows:
        assert sum(coefficient * first[bit] for bit, coefficient in row.terms) % R == 0
    if len(kernel.pivots) < rule.bits:
        assert first != second


APPROVAL = approval(5, 1, 3)
VOTE = [1, 0, 1, 0, 0, *slack_bits(2, 1)]


@pytest.fixture(scope="module")
def many() -> list[Ballot]:
    maker = factory(APPROVAL)
    return [maker.share(bytes([n]) * 20, VOTE, 1).ballot for n in range(1, 200)]


def changed(ballot: Ballot, **fields: object) -> Ballot:
    """The ballot with other fields of its proof, read again from bytes."""
    proof = ballot.proof
    values = {name: getattr(proof, name) for name in BallotProof.__dataclass_fields__} | fields
    layout = BallotLayout(ProofShape(APPROVAL, 2))
    return layout.decode(CURVE, layout.build(1, BallotProof(**values)).encoded)  # type: ignore[arg-type]


def test_a_bad_ballot_among_many_is_named(many: list[Ballot]) -> None:
    verify(APPROVAL, many)
    for bad in ({0}, {198}, {17, 18, 150}):
        ballots = [
            changed(ballot, z_value=(ballot.proof.z_value + 1) % R) if number in bad else ballot
            for number, ballot in enumerate(many)
        ]
        with pytest.raises(RejectedProofs) as caught:
            verify(APPROVAL, ballots)
        assert {number for number, _ in caught.value.failures} == bad


def test_errors_that_cancel_across_ballots_are_found(many: list[Ballot]) -> None:
    """+Δ in one ballot and −Δ in another would pass under equal weights."""
    plus = changed(many[0], z_value=(many[0].proof.z_value + 5) % R)
    minus = changed(many[1], z_value=(many[1].proof.z_value - 5) % R)
    with pytest.raises(RejectedProofs) as caught:
        verify(APPROVAL, [plus, minus])
    assert [number for number, _ in caught.value.failures] == [0, 1]


def test_errors_that_cancel_across_equations_are_found(many: list[Ballot]) -> None:
    """+Δ in one equation and −Δ in another of the same ballot would pass under one weight."""
    proof = many[0].proof
    lying = changed(many[0], z_value=(proof.z_value + 5) % R, z_square=(proof.z_square - 5) % R)
    shape = ProofShape(APPROVAL, 2)
    points = generators(CURVE, APPROVAL.width)
    # The attack works where every equation gets the same weight …
    verify_proofs(CURVE, points, shape, CONTEXT, [lying.proof], lambda bits: 1)
    # … and fails where each gets its own.
    with pytest.raises(Rejected):
        verify(APPROVAL, [lying])


def test_weights_are_fresh_for_each_equation_of_each_ballot(many: list[Ballot]) -> None:
    drawn = []

    def record(bits: int) -> int:
        drawn.append(secrets.randbits(bits))
        assert bits == 128
        return drawn[-1]

    shape = ProofShape(APPROVAL, 2)
    proofs = [ballot.proof for ballot in many[:10]]
    verify_proofs(CURVE, generators(CURVE, APPROVAL.width), shape, CONTEXT, proofs, record)
    assert len(set(drawn)) == 3 * 10


def test_the_challenge_depends_on_everything_absorbed(many: list[Ballot]) -> None:
    shape, proof = ProofShape(APPROVAL, 2), many[0].proof
    seen = {challenge(shape, CONTEXT, proof.voter, proof.encoded_points)}
    seen.add(challenge(shape, bytes(32), proof.voter, proof.encoded_points))
    seen.add(challenge(shape, CONTEXT, bytes(20), proof.encoded_points))
    other = many[1].proof.encoded_points
    for number in range(shape.points):
        mixed = bytearray(proof.encoded_points)
        mixed[64 * number : 64 * number + 64] = other[64 * number : 64 * number + 64]
        seen.add(challenge(shape, CONTEXT, proof.voter, bytes(mixed)))
    assert len(seen) == 3 + shape.points
    with pytest.raises(Malformed):
        challenge(shape, CONTEXT, proof.voter, proof.encoded_points[64:])


def test_a_ballot_counts_for_its_voter_poll_and_rule_only(many: list[Ballot]) -> None:
    for fields in ({"voter": bytes(20)}, {"voter": many[1].voter}):
        with pytest.raises(Rejected):
            verify(APPROVAL, [changed(many[0], **fields)])
    with pytest.raises(Rejected):
        verify(APPROVAL, [many[0]], context=bytes(32))


def test_a_shifted_commitment_fails(many: list[Ballot]) -> None:
    """V + cH opens with another blinding, but the challenge is another one then."""
    proof = many[0].proof
    blinding = CommitmentKey(CURVE, 0).commit([((), 7)])
    shifted = CURVE.concat([CURVE.add(proof.points[0], blinding), proof.points[1:]])
    with pytest.raises(Rejected):
        verify(
            APPROVAL,
            [changed(many[0], points=shifted, encoded_points=shifted.encode())],
        )


def test_weak_fiat_shamir_would_be_forgeable() -> None:
    """With V outside the transcript, V can be solved for after the challenge: any tally passes.

    The forger commits to masks only, learns the challenge, picks responses that obey the rows, and
    then computes the V, U and D that the equations want.
    """
    rule = single_choice(3)
    shape, random = ProofShape(rule, 2), SeededRandomness("forger")
    key = CommitmentKey(CURVE, rule.width)
    points = key.generators
    a_value, sharing, cross = (key.commit([((), random.scalar())]) for _ in range(3))

    def forge(x: int) -> BallotProof:
        # 40 votes for option 0, minus 39 for option 1: rows hold, bits do not.
        f = [40 * x % R, -39 * x % R, 0]
        z_value, z_square = random.scalar(), random.scalar()
        inverse = pow(x, -1, R)
        value = CURVE.scale(CURVE.add(key.commit([(f, z_value)]), CURVE.negate(a_value)), [inverse])
        products = [response * (x - response) % R for response in f]
        square = CURVE.add(
            key.commit([(products, z_square)]), CURVE.negate(CURVE.scale(cross, [x]))
        )
        commitments = CURVE.concat([value, sharing, a_value, cross, square])
        encoded = commitments.encode()
        return BallotProof(VOTER, commitments, encoded, tuple(f), z_value, 0, z_square)

    x = 12345
    forged = forge(x)
    # A verifier whose challenge does not cover V and D takes it:
    left = CURVE.add(CURVE.scale(forged.points[0], [x]), a_value)
    assert left == key.commit([(forged.responses, forged.z_value)])
    # Ours does not, however the forger guesses the challenge.
    for guess in (x, challenge(shape, CONTEXT, VOTER, forged.encoded_points)):
        with pytest.raises(Rejected):
            verify_proofs(CURVE, points, shape, CONTEXT, [forge(guess)], secrets.randbits)
