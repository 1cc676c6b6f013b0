"""Conditions of ballot rules (§5.3) and outcome rules (§14), on both sides of each bound."""

from collections.abc import Callable
from typing import Any

import pytest

from ostraka_verifier.commitment import MAX_GENERATORS
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.errors import Rejected
from ostraka_verifier.merkle_sum import tree_depth
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Majority,
    Misfit,
    NoOutcome,
    Order,
    Parts,
    Plurality,
    Proportional,
    decode_outcome_rule,
)
from ostraka_verifier.redemption import poll_electorate, round_electorate
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row

SLOTS = (((0, 1),), ((1, 1),))
LARGEST = 2**127 - 1
MANY = 1 << 128


def rule_of(**changes: Any) -> Callable[[], BallotRule]:
    return lambda: BallotRule(**({"bits": 2, "slots": SLOTS} | changes))


def row(*terms: tuple[int, int], constant: int = 0) -> Callable[[], BallotRule]:
    return rule_of(rows=(Row(terms, constant),))


def quadratic(
    *terms: tuple[int, int], slots: tuple[int, ...] = (0, 1), constant: int = 0, most: int = 1
) -> Callable[[], BallotRule]:
    """A quadratic row over two slots of which the first is at most `most`."""
    first = (((0, most),), SLOTS[1])
    return rule_of(slots=first, quadratic_rows=(QuadraticRow(slots, terms, constant),))


@pytest.mark.parametrize(
    "made",
    [
        rule_of(),
        rule_of(bits=1, slots=(((0, LARGEST),),)),
        rule_of(bits=MAX_GENERATORS),
        rule_of(bits=3, slots=(((0, 1), (2, 5)), ((1, 1),))),
        row((0, 1), (1, -1)),
        row((0, LARGEST), constant=-(2**127)),
        row((0, LARGEST), (1, LARGEST), constant=1),
        quadratic(slots=(1,)),
        quadratic((0, -3), constant=-9),
        quadratic((1, LARGEST), slots=(0,), constant=LARGEST),
        quadratic(slots=(0,), most=2**64 - 1),
    ],
)
def test_rules_at_their_bounds_are_accepted(made: Callable[[], BallotRule]) -> None:
    rule = made()
    assert BallotRule.decode(rule.encode()) == rule


@pytest.mark.parametrize(
    ("item", "made"),
    [
        ("bits", rule_of(bits=0)),
        ("slots", rule_of(slots=())),
        ("bits", rule_of(bits=MAX_GENERATORS + 1)),
        (
            "bits",
            rule_of(bits=MAX_GENERATORS, quadratic_rows=(QuadraticRow((0,), (), 1),)),
        ),
        ("slots[1]", rule_of(slots=(((0, 1),), ()))),
        ("slots[1]", rule_of(slots=(((0, 1),), ((1, -1),)))),
        ("slots[1]", rule_of(slots=(((0, 1),), ((0, 1),)))),
        ("slots[1]", rule_of(slots=(((0, 1),), ((2, 1),)))),
        ("slots[0]", rule_of(slots=(((1, 1), (0, 1)),))),
        ("slots[0]", rule_of(slots=(((0, 1), (0, 1)),))),
        ("slots[0]", rule_of(slots=(((-1, 1),),))),
        ("slots[0]", rule_of(slots=(((0, 0),),))),
        ("slots[0]", rule_of(slots=(((0, LARGEST + 1),),))),
        ("rows[0]", row()),
        ("rows[0]", row((2, 1))),
        ("rows[0]", row((0, 0))),
        ("rows[0]", row((0, 1), constant=LARGEST + 1)),
        ("rows[0]", row((0, 1), constant=-(2**127) - 1)),
        ("rows[0]", row((0, LARGEST), (1, LARGEST), constant=2)),
        ("rows[0]", row((0, -LARGEST), (1, LARGEST), constant=-2)),
        ("quadratic_rows[0]", quadratic(slots=())),
        ("quadratic_rows[0]", quadratic(slots=(2,))),
        ("quadratic_rows[0]", quadratic(slots=(0, 0))),
        ("quadratic_rows[0]", quadratic(slots=(1, 0))),
        ("quadratic_rows[0]", quadratic((2, 1))),
        ("quadratic_rows[0]", quadratic((0, 0))),
        ("quadratic_rows[0]", quadratic(constant=LARGEST + 1)),
        ("quadratic_rows[0]", quadratic((1, LARGEST), constant=-(2**127))),
        ("quadratic_rows[0]", quadratic(slots=(0,), most=2**64)),
    ],
)
def test_rules_beyond_their_bounds_are_refused(item: str, made: Callable[[], BallotRule]) -> None:
    with pytest.raises(Rejected) as refused:
        made()
    assert (refused.value.check, refused.value.item) == ("P2", f"rule.{item}")


def test_a_tally_stays_below_its_bound() -> None:
    rule = BallotRule(1, (((0, 2**100),),))
    rule.check_weight(2**100 - 1)
    with pytest.raises(Rejected) as refused:
        rule.check_weight(2**100)
    assert (refused.value.check, refused.value.item) == ("P2", "rule.slots")


def test_a_broken_condition_is_named() -> None:
    rule = BallotRule(2, SLOTS, (Row(((0, 1), (1, 1)), 1),), (QuadraticRow((0, 1), ((0, 2),), 3),))
    assert rule.violated([1, 0]) is None
    assert rule.violated([0, 1]) == "quadratic_rows[0] gives 1, expected 3"
    assert rule.violated([1, 1]) == "rows[0] gives 2, expected 1"
    assert rule.violated([1, 2]) == "bits[1] is 2, expected 0 or 1"
    assert rule.violated([1]) == "1 bits, expected 2"


COSTS, CATEGORIES = (1, 2), (0, 1)


@pytest.mark.parametrize(
    ("outcome", "slots"),
    [
        (NoOutcome(), 3),
        (Greedy((1, MANY - 1), 0, minimum_support=0), 2),
        (Greedy((1,), MANY - 1, Order.VOTES_PER_COST, Misfit.STOP, MANY - 1), 1),
        (GreedyByCategory((1, MANY - 1), CATEGORIES, (0, MANY - 1), 0, minimum_support=0), 2),
        (GreedyByCategory(COSTS, (0, 0), (5,), MANY - 1, minimum_support=MANY - 1), 2),
        (Majority(1, 2, strict=True), 2),
        (Majority((1 << 64) - 1, (1 << 64) - 1, strict=False, quorum=MANY - 1), 2),
        (Majority(1, 1, strict=False, abstention=True), 3),
        (Plurality(1, 1, 0), 1),
        (Plurality((1 << 16) - 1, (1 << 16) - 1, MANY - 1), 1 << 16),
        (Proportional(1, 1), 2),
        (Proportional(MANY - 1, (1 << 16) - 1), 1 << 16),
        (Parts(((2, Majority()), (1, NoOutcome()))), 3),
        (Parts(((1, NoOutcome()),) * 255), 255),
    ],
)
def test_outcomes_at_their_bounds_are_accepted(outcome: Any, slots: int) -> None:
    outcome.check_slots(slots)
    assert decode_outcome_rule(outcome.encode()) == outcome


@pytest.mark.parametrize(
    ("item", "made"),
    [
        ("costs[1]", lambda: Greedy((1, 0), 1)),
        ("costs[1]", lambda: Greedy((1, MANY), 1)),
        ("budget", lambda: Greedy((1,), -1)),
        ("budget", lambda: Greedy((1,), MANY)),
        ("minimum_support", lambda: Greedy((1,), 1, minimum_support=-1)),
        ("minimum_support", lambda: Greedy((1,), 1, minimum_support=MANY)),
        ("category_budgets", lambda: GreedyByCategory(COSTS, CATEGORIES, (), 1)),
        ("category_budgets[1]", lambda: GreedyByCategory(COSTS, CATEGORIES, (1, -1), 1)),
        ("category_budgets[1]", lambda: GreedyByCategory(COSTS, CATEGORIES, (1, MANY), 1)),
        ("categories", lambda: GreedyByCategory(COSTS, (0,), (1, 1), 1)),
        ("costs[0]", lambda: GreedyByCategory((0, 1), CATEGORIES, (1, 1), 1)),
        ("costs[0]", lambda: GreedyByCategory((MANY, 1), CATEGORIES, (1, 1), 1)),
        ("categories[1]", lambda: GreedyByCategory(COSTS, (0, 2), (1, 1), 1)),
        ("categories[0]", lambda: GreedyByCategory(COSTS, (-1, 0), (1, 1), 1)),
        ("budget", lambda: GreedyByCategory(COSTS, CATEGORIES, (1, 1), MANY)),
        ("budget", lambda: GreedyByCategory(COSTS, CATEGORIES, (1, 1), -1)),
        (
            "minimum_support",
            lambda: GreedyByCategory(COSTS, CATEGORIES, (1, 1), 1, minimum_support=MANY),
        ),
        ("numerator", lambda: Majority(0, 2)),
        ("numerator", lambda: Majority(1 << 64, 1 << 64, strict=False)),
        ("denominator", lambda: Majority(1, 1 << 64)),
        ("denominator", lambda: Majority(1, 0)),
        ("quorum", lambda: Majority(quorum=-1)),
        ("quorum", lambda: Majority(quorum=MANY)),
        ("numerator", lambda: Majority(2, 2, strict=True)),
        ("numerator", lambda: Majority(3, 2, strict=False)),
        ("abstention", lambda: Majority().check_slots(3)),
        ("abstention", lambda: Majority(abstention=True).check_slots(2)),
        ("contenders", lambda: Plurality(0, 0)),
        ("contenders", lambda: Plurality(1, 1 << 16)),
        ("minimum_support", lambda: Plurality(1, 1, -1)),
        ("minimum_support", lambda: Plurality(1, 1, MANY)),
        ("seats", lambda: Plurality(0, 1)),
        ("seats", lambda: Plurality(2, 1)),
        ("contenders", lambda: Plurality(1, 3).check_slots(2)),
        ("amount", lambda: Proportional(0, 1)),
        ("amount", lambda: Proportional(MANY, 1)),
        ("contenders", lambda: Proportional(1, 0)),
        ("contenders", lambda: Proportional(1, 1 << 16)),
        ("contenders", lambda: Proportional(1, 3).check_slots(2)),
        ("costs", lambda: Greedy(COSTS, 1).check_slots(3)),
        ("costs", lambda: GreedyByCategory(COSTS, CATEGORIES, (1, 1), 1).check_slots(1)),
        ("parts", lambda: Parts(((1, NoOutcome()),))),
        ("parts", lambda: Parts(((1, NoOutcome()),) * 256)),
        ("parts[1]", lambda: Parts(((1, NoOutcome()), (2, Parts(((1, NoOutcome()),) * 2))))),
        ("parts[1].slots", lambda: Parts(((1, NoOutcome()), (0, NoOutcome())))),
        ("parts[0].slots", lambda: Parts(((1 << 16, NoOutcome()), (1, NoOutcome())))),
        ("abstention", lambda: Parts(((1, Majority()), (1, NoOutcome())))),
        ("parts", lambda: Parts(((1, NoOutcome()),) * 2).check_slots(3)),
    ],
)
def test_outcomes_beyond_their_bounds_are_refused(item: str, made: Callable[[], Any]) -> None:
    with pytest.raises(Rejected) as refused:
        made()
    assert (refused.value.check, refused.value.item) == ("P2", f"outcome.{item}")


def test_what_an_outcome_is_where_nothing_is_said() -> None:
    assert Greedy((1,), 1) == Greedy((1,), 1, Order.VOTES, Misfit.SKIP, 1)
    by_category = GreedyByCategory((1,), (0,), (1,), 1)
    assert by_category == GreedyByCategory(
        (1,), (0,), (1,), 1, Order.VOTES, Misfit.SKIP, leftover=False, minimum_support=1
    )
    assert Majority() == Majority(1, 2, strict=True, abstention=False, quorum=0)
    assert Plurality(1, 1) == Plurality(1, 1, 1)


def test_the_depth_of_a_tree_is_the_least_that_holds_its_leaves() -> None:
    assert [tree_depth(count) for count in (1, 2, 3, 4, 5, 8, 9)] == [0, 1, 2, 2, 3, 3, 4]


def test_ids_of_electorates_are_those_of_the_protocol() -> None:
    address, root, nonce = bytes(range(20)), bytes([1] * 32), bytes([2] * 32)
    head = b"ostraka/v2/electorate" + word(1) + word(address)
    assert poll_electorate(1, address, nonce, root) == keccak256(head + nonce + root)
    assert round_electorate(1, address, 7, root) == keccak256(head + word(7) + root)
