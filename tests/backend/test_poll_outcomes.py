"""Outcome rules that a poll's question can have, and what is wrong with the others (§14)."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from ostraka.planning.poll_outcomes import (
    CategoriesWanted,
    CondorcetWanted,
    EqualSharesWanted,
    GreedyWanted,
    InstantRunoffWanted,
    MajorityWanted,
    PhragmenWanted,
    PluralityWanted,
    TransferableVoteWanted,
    poll_outcome_rule,
)
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import (
    Completion,
    Condorcet,
    EqualShares,
    Greedy,
    GreedyByCategory,
    InstantRunoff,
    Majority,
    Method,
    OutcomeRule,
    Phragmen,
    Plurality,
    Strength,
    TransferableVote,
    Utility,
)
from ostraka_verifier.question import Question, read_questions

KINDS: dict[str, Any] = {
    "majority": MajorityWanted,
    "plurality": PluralityWanted,
    "greedy": GreedyWanted,
    "categories": CategoriesWanted,
    "condorcet": CondorcetWanted,
    "equal_shares": EqualSharesWanted,
    "instant_runoff": InstantRunoffWanted,
    "transferable_vote": TransferableVoteWanted,
    "phragmen": PhragmenWanted,
}


def question(**members: Any) -> Question:
    content = {"kind": "single_choice", "title": "T", "options": ["A", "B", "C"], **members}
    (read,) = read_questions([content])
    return read


def rule(asked: Question, **wanted: Any) -> OutcomeRule:
    outcome = TypeAdapter(KINDS[wanted["kind"]]).validate_python(wanted)
    made: OutcomeRule = outcome.rule(asked)
    return made


KNAPSACK = {"kind": "knapsack", "costs": [5, 3, 9], "budget": 10}


def test_the_questions_costs_are_the_default() -> None:
    greedy = rule(question(**KNAPSACK), kind="greedy", budget=10)
    assert isinstance(greedy, Greedy)
    assert greedy.costs == (5, 3, 9)
    other = rule(question(**KNAPSACK), kind="greedy", budget=10, costs=[1, 2, 3])
    assert isinstance(other, Greedy)
    assert other.costs == (1, 2, 3)
    categories = rule(
        question(**KNAPSACK), kind="categories", budget=10, categories=[0, 1, 0], budgets=[6, 4]
    )
    assert isinstance(categories, GreedyByCategory)
    assert (categories.costs, categories.category_budgets) == ((5, 3, 9), (6, 4))


def test_an_abstention_cannot_win() -> None:
    plurality = rule(question(abstain=True), kind="plurality", seats=1)
    assert isinstance(plurality, Plurality)
    assert plurality.contenders == 2
    with pytest.raises(Rejected, match="abstentions and pairs cannot be funded"):
        rule(question(abstain=True), kind="greedy", budget=10, costs=[1, 2, 3])
    majority = rule(question(abstain=True), kind="majority")
    assert isinstance(majority, Majority)
    assert majority.abstention


def test_a_majority_needs_two_options() -> None:
    majority = rule(question(options=["yes", "no"]), kind="majority", threshold=[2, 3])
    assert isinstance(majority, Majority)
    assert (majority.numerator, majority.denominator) == (2, 3)
    with pytest.raises(Rejected, match="two options"):
        rule(question(), kind="majority")


def test_missing_costs_are_refused() -> None:
    with pytest.raises(Rejected) as raised:
        rule(question(), kind="greedy", budget=10)
    assert raised.value.item == "outcomes.costs"


def test_numbers_do_not_compete() -> None:
    number = {"kind": "number", "title": "T", "low": 0, "high": 9, "unit": "years"}
    (asked,) = read_questions([number])
    with pytest.raises(Rejected, match="what a 'number' question counts cannot win"):
        rule(asked, kind="plurality")


def test_pairs_decide_only_where_they_are_counted() -> None:
    pairs = question(kind="pairwise")
    assert rule(pairs, kind="condorcet") == Condorcet(3)
    margins = {"method": "minimax", "strength": "margin"}
    made = Condorcet(3, Method.MINIMAX, Strength.MARGIN)
    assert rule(pairs, kind="condorcet", **margins) == made
    borda = rule(pairs, kind="plurality")
    assert isinstance(borda, Plurality)
    assert borda.contenders == 3
    with pytest.raises(Rejected, match="does not count pairs"):
        rule(question(), kind="condorcet")
    with pytest.raises(Rejected, match="compares no strengths"):
        rule(pairs, kind="condorcet", method="copeland", strength="margin")
    with pytest.raises(Rejected, match="pairs cannot be funded"):
        rule(pairs, kind="greedy", budget=10, costs=[1, 2, 3])


DAY = 86_400
RANKING = {"kind": "ranking", "scores": [3, 2, 1], "at_least": 0}


def test_equal_shares_of_the_questions_costs() -> None:
    asked = question(**KNAPSACK)
    assert rule(asked, kind="equal_shares", budget=10) == EqualShares(
        (5, 3, 9), 10, Utility.COST, Completion.ADD_ONE, 1, objection_time=DAY
    )
    holder = "0x00000000000000000000000000000000000000aa"
    assert rule(
        asked,
        kind="equal_shares",
        budget=10,
        costs=[1, 2, 3],
        utility="points",
        completion="add_one_utilitarian",
        increment=100,
        objection_time=60,
        veto_holder=holder,
    ) == EqualShares(
        (1, 2, 3),
        10,
        Utility.POINTS,
        Completion.ADD_ONE_UTILITARIAN,
        100,
        objection_time=60,
        veto_holder=bytes(19) + b"\xaa",
    )
    without = rule(asked, kind="equal_shares", budget=10, completion="utilitarian")
    assert isinstance(without, EqualShares)
    assert without.increment == 0


def test_a_committee_under_phragmens_rule() -> None:
    asked = question(kind="approval", at_least=0, at_most=3)
    assert rule(asked, kind="phragmen", budget=2) == Phragmen((1, 1, 1), 2, objection_time=DAY)
    priced = question(**KNAPSACK)
    assert rule(priced, kind="phragmen", budget=9) == Phragmen((5, 3, 9), 9, objection_time=DAY)


def test_rules_of_rankings() -> None:
    asked = question(**RANKING)
    assert rule(asked, kind="instant_runoff") == InstantRunoff(3, objection_time=DAY)
    elected = rule(asked, kind="transferable_vote", seats=2)
    assert elected == TransferableVote(2, 3, objection_time=DAY)


@pytest.mark.parametrize(
    ("members", "wanted", "reason"),
    [
        ({"kind": "score", "max_score": 5}, {"kind": "phragmen", "budget": 2}, "has points"),
        (KNAPSACK, {"kind": "instant_runoff"}, "has no ranking"),
        (KNAPSACK, {"kind": "transferable_vote", "seats": 1}, "has no ranking"),
        (RANKING | {"scores": [2, 1, 0]}, {"kind": "instant_runoff"}, "counts? as not ranked"),
        (RANKING, {"kind": "transferable_vote", "seats": 4}, "4 for 3 options"),
        (RANKING, {"kind": "equal_shares", "budget": 9}, "the question has none"),
        (
            KNAPSACK,
            {"kind": "equal_shares", "budget": 9, "completion": "none", "increment": 1},
            "increment",
        ),
        (KNAPSACK, {"kind": "equal_shares", "budget": 9, "increment": 0}, "increment"),
        ({"abstain": True}, {"kind": "phragmen", "budget": 1}, "abstentions"),
    ],
)
def test_rules_on_ballots_that_do_not_fit(
    members: dict[str, Any], wanted: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Rejected, match=reason):
        rule(question(**members), **wanted)


def test_a_rule_on_ballots_decides_a_single_question() -> None:
    runoff = InstantRunoffWanted(kind="instant_runoff")
    with pytest.raises(Rejected, match="single question"):
        poll_outcome_rule([question(**RANKING)] * 2, [runoff, runoff])
