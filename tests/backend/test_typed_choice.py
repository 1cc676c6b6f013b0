"""What a voter types: as it was shown, or refused; never the neighbour, never half a number."""

from typing import Any

import pytest

from ostraka.planning import round_rules
from ostraka.voter.poll import OpenPoll
from ostraka.voter.typed_choice import bits_of
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import Question, ballot_bits, read_questions
from tests.support.polls import SHUFFLED, SyntheticPoll, approval_poll

OPTIONS = {"title": "T", "options": ["a", "b", "c"]}
NUMBER = {"kind": "number", "title": "T", "low": 0, "high": 100_000, "unit": "EUR"}


def question(content: dict[str, Any]) -> Question:
    (found,) = read_questions([content])
    return found


@pytest.mark.parametrize(
    ("content", "text", "vote"),
    [
        (OPTIONS | {"kind": "single_choice"}, "3", 2),
        (OPTIONS | {"kind": "approval", "at_least": 0, "at_most": 2}, "1,3", [0, 2]),
        (OPTIONS | {"kind": "ranking", "scores": [2, 1]}, "3 1", [2, 0]),
        (OPTIONS | {"kind": "pairwise", "at_least": 1}, "3 1", [2, 0]),
        (OPTIONS | {"kind": "points", "credits": 10}, "0,10,0", [0, 10, 0]),
        (
            {"kind": "cross_tabulation", "title": "T", "rows": ["a", "b"], "columns": ["c", "d"]},
            "2,1",
            [1, 0],
        ),
        (NUMBER, "50000", {"value": 50_000}),
        (NUMBER | {"groups": ["w", "m"]}, "52,2", {"value": 52, "group": 1}),
    ],
)
def test_typed_answers_become_bits(content: dict[str, Any], text: str, vote: Any) -> None:
    assert question(content).typed(text) == vote


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (OPTIONS | {"kind": "single_choice"}, ["   1 a", "   2 b", "   3 c"]),
        (
            OPTIONS | {"kind": "knapsack", "costs": [1000, 2, 3], "budget": 1003},
            ["   1 a (1,000)", "   2 b (2)", "   3 c (3)"],
        ),
        (
            {"kind": "cross_tabulation", "title": "T", "rows": ["a", "b"], "columns": ["c", "d"]},
            ["row 1: a", "row 2: b", "column 1: c", "column 2: d"],
        ),
        (NUMBER | {"groups": ["w", "m"]}, ["   1 w", "   2 m"]),
        (NUMBER, []),
    ],
)
def test_choices_are_shown_with_the_numbers_to_type(
    content: dict[str, Any], lines: list[str]
) -> None:
    assert question(content).choices() == lines


@pytest.mark.parametrize(
    ("unit", "shown", "typed"),
    [
        ("EUR", "w: 45 EUR", "A number from 0 to 100000 EUR"),
        ("100 €", "w: 45 × 100 €", "A number from 0 to 100000 × 100 €"),
    ],
)
def test_a_number_is_not_misread_with_its_unit(unit: str, shown: str, typed: str) -> None:
    asked = question(NUMBER | {"unit": unit, "groups": ["w", "m"]})
    assert asked.answer(ballot_bits([asked], {"value": 45, "group": 0})) == (shown,)
    assert asked.how_to_answer().startswith(typed)


@pytest.mark.parametrize(
    ("content", "text", "reason"),
    [
        (NUMBER, "50,000", "a number"),
        (NUMBER, "52 100", "without separators"),
        (NUMBER, "", "without separators"),
        (NUMBER | {"groups": ["w", "m"]}, "50,3", "group 3 does not exist, there are 2"),
        (NUMBER | {"groups": ["w", "m"]}, "50", "number of your group"),
        (OPTIONS | {"kind": "single_choice"}, "4", "option 4 does not exist, there are 3"),
        (OPTIONS | {"kind": "single_choice"}, "0", "option 0 does not exist, there are 3"),
        (OPTIONS | {"kind": "single_choice"}, "1,2", "expected one option, not 2"),
        (
            {"kind": "cross_tabulation", "title": "T", "rows": ["a", "b"], "columns": ["c", "d"]},
            "2",
            "a row and a column",
        ),
    ],
)
def test_invalid_answers_are_refused(content: dict[str, Any], text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        question(content).typed(text)


@pytest.mark.parametrize("standing", [1, 3])
@pytest.mark.parametrize(
    ("ballot", "typed"),
    [
        (round_rules.single_choice(), {1: "1", 3: "2"}),
        (round_rules.approval(1, 2), {1: "1", 3: "1,3"}),
        (round_rules.knapsack(), {1: "1", 3: "1,3"}),
        (round_rules.score(5), {1: "4", 3: "4,0,5"}),
        (round_rules.points(10, 3), {1: "7", 3: "7,0,1"}),
        (round_rules.quadratic(10), {1: "3", 3: "2,1,2"}),
        (round_rules.ranking([5, 2, 0]), {1: "1", 3: "3,1,2"}),
    ],
)
def test_a_description_without_questions_is_refused(
    ballot: bytes, standing: int, typed: Any
) -> None:
    """Of a round of every kind: a ballot is cast as if it asked what the round asks."""
    proposals = [(f"option {number}", 4) for number in range(standing)]
    asked = round_rules.question_of(ballot, "Round", proposals, 10)
    expected = ballot_bits([asked], asked.typed(typed[standing]))
    made = SyntheticPoll([expected], asked.rule, NoOutcome())
    poll = OpenPoll.opened(made.published, [key.public_key for key in made.poll_keys])
    assert poll.description.questions is None
    assert bits_of(poll, [typed[standing]]) == expected
    # Whoever challenges the ballot on another device reads the same question.
    assert made.published.questions == poll.questions
    assert asked.rule.violated(expected) is None


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({}, None),
        ({"nodes": 5, "threshold": 3}, "P6"),
        ({"times": SHUFFLED | {"open_minimum": 4}}, "P6"),
        ({"weights": [2] * 6 + [1]}, "P6"),
    ],
)
def test_voters_refuse_ballots_that_nobody_could_open_safely(
    changes: dict[str, Any], check: str | None
) -> None:
    made = approval_poll(**{"times": SHUFFLED, "secret": False} | changes)
    keys = [key.public_key for key in made.poll_keys]
    if check is None:
        assert OpenPoll.opened(made.published, keys).parameters.is_shuffled
        return
    with pytest.raises(Rejected) as refused:
        OpenPoll.opened(made.published, keys)
    assert refused.value.check == check
