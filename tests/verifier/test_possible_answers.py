"""How many different ballots a question has, and whether slots tell its answers apart."""

from itertools import product

import pytest

from ostraka_verifier.question import (
    Approval,
    Cap,
    CrossTabulation,
    Histogram,
    Knapsack,
    Number,
    Pairwise,
    Points,
    Quadratic,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
)

THREE = ("a", "b", "c")
QUESTIONS = [
    SingleChoice("Q", THREE),
    Approval("Q", THREE, 1, 2),
    Approval("Q", THREE, 0, 3),
    Histogram("Q", THREE),
    CrossTabulation("Q", ("x", "y"), THREE),
    Score("Q", ("a", "b"), 5),
    Split("Q", ("a", "b", "c"), 3),
    Points("Q", ("a", "b"), 6, 0),
    Number("Q", 10, 13, "min", ("x", "y")),
    Ranking("Q", THREE, (2, 1), 1),
    Ranking("Q", THREE, (3, 2, 1), 0),
    Ranking("Q", THREE, (2, 1, 0)),
    Pairwise("Q", THREE, 1),
    Pairwise("Q", THREE),
]


def ballots(question: Question) -> list[tuple[int, ...]]:
    """All bit vectors that the rule allows."""
    rule = question.rule
    assert rule.bits <= 18
    bits = product((0, 1), repeat=rule.bits)
    return [one for one in bits if rule.violated(one) is None]


def opened(question: Question) -> set[tuple[int, ...]]:
    """All ballots as they are opened: their slots."""
    return {tuple(question.rule.slot_values(bits)) for bits in ballots(question)}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one.kind} {one.rule.bits}")
def test_possible_answers_are_counted(question: Question) -> None:
    assert question.possible_answers == len(opened(question))
    assert question.slots_objection is None


@pytest.mark.parametrize(
    "question",
    [
        Approval("Q", THREE, 0, 3, (Cap((0, 1), at_most=1),)),
        Knapsack("Q", THREE, (4, 3, 2), 6),
        Points("Q", ("a", "b", "c"), 3, 1, 2),
        Quadratic("Q", ("a", "b"), 9),
    ],
    ids=lambda one: one.kind,
)
def test_where_some_are_forbidden_the_count_is_a_bound(question: Question) -> None:
    assert question.possible_answers >= len(opened(question))


@pytest.mark.parametrize("scores", [(1, 1), (2, 1, 1), (1, 0), (2, 1, 0), (3, 3, 1)], ids=str)
@pytest.mark.parametrize("at_least", [0, 1, None])
def test_rankings_are_refused_exactly_where_slots_do_not_tell_them(
    scores: tuple[int, ...], at_least: int | None
) -> None:
    question = Ranking("Q", THREE, scores, at_least)
    apart = question.possible_answers == len(opened(question))
    assert apart == (question.slots_objection is None)
