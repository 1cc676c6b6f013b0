"""What a voter types: as it was shown, or refused; never the neighbour, never half a number."""

from typing import Any

import pytest

from ostraka.client.choosing import _vote
from ostraka_verifier.question import Question, read_questions

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
def test_answers(content: dict[str, Any], text: str, vote: Any) -> None:
    assert _vote(question(content), text) == vote


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
def test_answers_that_are_none(content: dict[str, Any], text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _vote(question(content), text)
