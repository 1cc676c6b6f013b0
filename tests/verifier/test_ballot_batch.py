"""The native check of many ballots says the same as the readable code."""

import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.ballot_batch import BallotBatch
from ostraka_verifier.commitment import generators
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.typed_data import Domain
from tests.support.damaged_ballots import damaged
from tests.support.randomness import SeededRandomness
from tests.support.rules import rules_with_votes
from tests.support.vectors import named, unhex, vectors

CURVE = load("native")
CONTEXT = bytes(range(32))
CASES = vectors("ballot")["cases"]


def batch_of(shape: ProofShape, context: bytes) -> BallotBatch:
    return BallotBatch(CURVE, generators(CURVE, shape.rule.width), BallotLayout(shape), context)


def readably(shape: ProofShape, context: bytes, ballots: Sequence[bytes]) -> list[bytes] | None:
    """Encoded sharing of each ballot; None if one fails."""
    try:
        decoded = BallotLayout(shape).decode_many(CURVE, ballots)
        proofs = [ballot.proof for ballot in decoded]
        points = generators(CURVE, shape.rule.width)
        verify_proofs(CURVE, points, shape, context, proofs, secrets.randbits)
    except (Malformed, Rejected):
        return None
    return [ballot.sharing.encode() for ballot in decoded]


def natively(shape: ProofShape, context: bytes, ballots: Sequence[bytes]) -> list[bytes] | None:
    sharings = batch_of(shape, context).sharings(ballots, secrets.token_bytes)
    return None if sharings is None else [one.encode() for one in sharings]


@pytest.mark.parametrize("case", named(CASES))
def test_vectors(case: dict[str, Any]) -> None:
    shape = ProofShape(BallotRule.decode(unhex(case["rule"])), case["threshold"])
    context, ballot = unhex(case["poll_context"]), unhex(case["ballot"])
    found = natively(shape, context, [ballot, ballot])
    assert found == readably(shape, context, [ballot, ballot])
    assert (found is not None) == (case["expect"] == "valid")
    assert natively(shape, bytes(32), [ballot]) is None


@settings(max_examples=150, deadline=None)
@given(rules_with_votes(), st.integers(1, 5), st.integers(1, 4), st.booleans(), st.data())
def test_both_agree(
    case: tuple[BallotRule, list[int]],
    threshold: int,
    count: int,
    honest: bool,
    data: st.DataObject,
) -> None:
    rule, vote = case
    seed = SeededRandomness(f"{data.draw(st.integers(0, 2**32))}")
    factory = BallotFactory(CURVE, rule, threshold, Domain(31337, bytes(20)), CONTEXT, [], seed)
    shape = ProofShape(rule, threshold)
    ballots = [
        factory.prove(bytes([number] * 20), vote, number + 1).ballot.encoded
        for number in range(count)
    ]
    if not honest:
        bad = data.draw(st.integers(0, count - 1))
        if data.draw(st.booleans()):
            # A proof of another vote, by the same steps.
            place = data.draw(st.integers(0, rule.bits - 1))
            other = data.draw(st.sampled_from([1 - vote[place], 2, R - 1]))
            voted = [*vote[:place], other, *vote[place + 1 :]]
            ballots[bad] = factory.prove(bytes(20), voted, 1).ballot.encoded
        else:
            ballots[bad] = data.draw(damaged(ballots[bad], shape.points))
    expected = readably(shape, CONTEXT, ballots)
    assert not honest or expected is not None
    assert natively(shape, CONTEXT, ballots) == expected


def test_errors_of_two_ballots_do_not_cancel() -> None:
    """With weights that a prover can foresee, they would."""
    (case, *_) = CASES
    shape = ProofShape(BallotRule.decode(unhex(case["rule"])), case["threshold"])
    context, ballot = unhex(case["poll_context"]), unhex(case["ballot"])
    at = len(ballot) - 64
    z = int.from_bytes(ballot[at : at + 32], "big")
    more, less = (
        ballot[:at] + (value % R).to_bytes(32, "big") + ballot[at + 32 :]
        for value in (z + 1, z - 1)
    )
    batch = batch_of(shape, context)
    constant = bytes([0] * 15 + [1])
    assert batch.sharings([more, less], lambda size: constant * (size // 16)) is not None
    assert batch.sharings([more, less], secrets.token_bytes) is None


def test_bad_arguments_are_refused() -> None:
    (case, *_) = CASES
    rule = unhex(case["rule"])
    points = generators(CURVE, BallotRule.decode(rule).width)
    for arguments in (
        (rule[:-1], 2, CONTEXT, points),
        (rule + b"\0", 2, CONTEXT, points),
        (rule, 0, CONTEXT, points),
        (rule, 2, CONTEXT, points[:-1]),
        (rule, 2, CONTEXT[:-1], points),
    ):
        with pytest.raises(ValueError):
            CURVE.ballot_check(*arguments)
    check = CURVE.ballot_check(rule, 2, CONTEXT, points)
    assert check is not None
    with pytest.raises(ValueError, match="48 bytes of weights"):
        check.check([b""], bytes(47))
    assert check.check([b""], bytes(48)) is None
    assert check.check([], b"") == points[:0]
    assert load("reference").ballot_check(rule, 2, CONTEXT, points) is None
