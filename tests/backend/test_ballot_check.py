"""The contract that checks ballots agrees with the verifier.

On random ballots of random rules, on the shared vectors, and on every fraud with ballots,
signatures or the census for which the verifier has a check.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import generators
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.merkle_sum import Leaf
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.question import poll_rule, read_questions
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.typed_data import Domain
from tests.support.audits import BOARD, POLL, Case
from tests.support.ballot_check import (
    MALFORMED,
    OK,
    REJECTED,
    BallotChecker,
    ballot_checker,
)
from tests.support.damaged_ballots import damaged
from tests.support.randomness import SeededRandomness
from tests.support.rules import rules_with_votes
from tests.verifier.checks import test_ballots, test_census

CURVE = load("native")
CONTEXT = bytes(range(32))
VOTER = bytes(range(20))
BALLOTS = int(os.environ.get("OSTRAKA_BALLOTS", "200"))
"""Random ballots; `make soak ARGS="contracts ballots"` asks for more."""


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BallotChecker]:
    with ballot_checker(tmp_path_factory.mktemp("chain")) as checker:
        yield checker


def by_verifier(rule: BallotRule, threshold: int, ballot: bytes) -> int:
    shape = ProofShape(rule, threshold)
    try:
        proof = BallotLayout(shape).decode(CURVE, ballot).proof
    except Malformed:
        return MALFORMED
    points = generators(CURVE, rule.width)
    try:
        verify_proofs(CURVE, points, shape, CONTEXT, [proof], lambda bits: (1 << bits) - 159)
    except Rejected:
        return REJECTED
    return OK


@settings(
    max_examples=BALLOTS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rules_with_votes(), st.integers(2, 5), st.booleans(), st.data())
def test_contract_and_verifier_agree(
    check: BallotChecker,
    case: tuple[BallotRule, list[int]],
    threshold: int,
    honest: bool,
    data: st.DataObject,
) -> None:
    rule, vote = case
    seed = SeededRandomness(f"{data.draw(st.integers(0, 2**32))}")
    factory = BallotFactory(CURVE, rule, threshold, Domain(31337, bytes(20)), CONTEXT, [], seed)
    if not honest and data.draw(st.booleans()):
        # A proof of another vote, by the same steps.
        place = data.draw(st.integers(0, rule.bits - 1))
        other = data.draw(st.sampled_from([1 - vote[place], 2, R - 1]))
        vote = [*vote[:place], other, *vote[place + 1 :]]
    ballot = factory.prove(VOTER, vote, 1).ballot.encoded
    points = ProofShape(rule, threshold).points
    if not honest and data.draw(st.booleans()):
        ballot = data.draw(damaged(ballot, points))
    expected = by_verifier(rule, threshold, ballot)
    assert not honest or expected == OK
    assert check.class_of(CONTEXT, rule.encode(), threshold, ballot) == expected


def vectors(name: str) -> list[dict[str, Any]]:
    path = Path(__file__).parents[1] / "vectors" / f"{name}.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    assert cases
    return cases


def test_vectors_of_questions(check: BallotChecker) -> None:
    expected = {"valid": OK, "Malformed": MALFORMED, "Rejected": REJECTED}
    for case in vectors("question_ballots"):
        rule = poll_rule(read_questions(case["questions"]))
        context, ballot = (bytes.fromhex(case[name][2:]) for name in ("poll_context", "ballot"))
        found = check.class_of(context, rule.encode(), case["threshold"], ballot)
        assert found == expected[case["expect"]], case["name"]


def test_honest_leaves_are_the_verifiers(check: BallotChecker) -> None:
    for prepared, weight, leaf in zip(
        POLL.prepared, POLL.counted_weights, BOARD.leaves, strict=True
    ):
        ballot = prepared.ballot
        value = CURVE.scale(ballot.sharing[0:1], [weight]).encode()
        content = Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
        found = check.leaf_of(POLL, leaf, POLL.census)
        voter, *fields, x, y = found
        assert Leaf(bytes.fromhex(voter[2:]), *fields) == content
        assert x.to_bytes(32, "big") + y.to_bytes(32, "big") == value


LEAF_CHECKS = {"B1", "B3", "B4", "B5", "B6", "C1"}
"""What the contract checks of a single leaf; order is shown by two (B2)."""
FRAUDS = [
    (mutate, expected)
    for mutate, expected in (*test_ballots.MUTATIONS, *test_census.MUTATIONS)
    # A board without a readable section has no leaves to ask for.
    if expected & LEAF_CHECKS and "section_of" not in mutate.__qualname__
]


@pytest.mark.parametrize(("mutate", "expected"), FRAUDS)
def test_no_leaf_of_a_fraud_is_answered(
    check: BallotChecker, mutate: Callable[[], Case], expected: set[str]
) -> None:
    board, _ = mutate()
    try:
        census = Census.decode(board.census)
    except (Malformed, Rejected):
        # No membership can be shown in what is no census.
        assert "C1" in expected
        return
    answered = [check.leaf_of(POLL, leaf, census) is not None for leaf in board.leaves]
    if "C1" in expected:
        # Another census has another root: it proves nobody's membership.
        assert not any(answered)
    else:
        assert answered.count(False) >= (1 if board.leaves else 0)
