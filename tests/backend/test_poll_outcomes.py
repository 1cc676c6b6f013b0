"""Outcome rules that a poll's question can have, and what is wrong with the others (§14)."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from ostraka.planning.poll_outcomes import (
    CategoriesWanted,
    CondorcetWanted,
    GreedyWanted,
    MajorityWanted,
    PluralityWanted,
)
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import (
    Condorcet,
    Greedy,
    GreedyByCategory,
    Majority,
    Method,
    OutcomeRule,
    Plurality,
    Strength,
)
from ostraka_verifier.question import Question, read_questions

KINDS: dict[str, Any] = {
    "majority": MajorityWanted,
    "plurality": PluralityWanted,
    "greedy": GreedyWanted,
    "categories": CategoriesWanted,
    "condorcet": CondorcetWanted,
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
