"""What a question shows to its voter, and the reason that it gives for an impossible vote."""

import re
from typing import Any

import pytest

from ostraka_verifier.errors import Rejected
from ostraka_verifier.question import (
    CrossTabulation,
    Number,
    Points,
    Quadratic,
    Question,
    Ranking,
    Score,
    Split,
)


def test_a_number_without_groups_has_one_cell() -> None:
    assert Number("How much?", 0, 9, "kg").cells == 1
    assert Number("How much?", 0, 9, "kg", ("old", "young", "others")).cells == 3


def test_a_typed_number_has_its_group() -> None:
    assert Number("How much?", 0, 9, "kg").typed("5") == {"value": 5}
    grouped = Number("How much?", 0, 9, "kg", ("old", "young"))
    assert grouped.typed("5,2") == {"value": 5, "group": 1}
    for question, text in ((grouped, "5"), (grouped, "5,2,1"), (grouped, "5,3"), (grouped, "5,0")):
        with pytest.raises(ValueError, match="group"):
            question.typed(text)


def test_rows_and_columns_are_numbered_from_1_each() -> None:
    question = CrossTabulation("Which?", ("north", "south"), ("old", "young", "others"))
    assert question.choices() == [
        "row 1: north",
        "row 2: south",
        "column 1: old",
        "column 2: young",
        "column 3: others",
    ]
    assert question.typed("2,3") == [1, 2]
    assert question.cells == 6


@pytest.mark.parametrize(
    ("at_least", "votes"), [(None, [[0, 1], [2, 0]]), (1, [[2], [1, 0]]), (0, [[], [1], [0, 2]])]
)
def test_a_ranking_fills_as_many_places_as_it_asks(at_least: int | None, votes: Any) -> None:
    question = Ranking("Order?", ("a", "b", "c"), (2, 1), at_least)
    for vote in votes:
        bits = question.vote_bits(vote)
        assert question.rule.violated(bits) is None
        placed = [option for place in range(2) for option in range(3) if bits[2 * option + place]]
        assert placed == vote
    fewest = 2 if at_least is None else at_least
    for vote in ([0, 1, 2], [0][: fewest - 1] if fewest else [0, 1, 2]):
        with pytest.raises(ValueError, match=f"places filled: {len(vote)}, allowed are {fewest}"):
            question.vote_bits(vote)


AMOUNTS: list[tuple[Question, list[Any], str]] = [
    (Score("?", ("A", "B"), 5), [0, 5], ""),
    (Score("?", ("A", "B"), 5), [0, 6], "B: 6, allowed are 0 to 5"),
    (Score("?", ("A", "B"), 5), [-1, 5], "A: -1, allowed are 0 to 5"),
    (Score("?", ("A", "B"), 5), [0, "5"], ""),
    (Score("?", ("A", "B"), 5), [0, "x"], "B: 'x' is not a whole number"),
    (Score("?", ("A", "B"), 5), [0], "values: not a list of 2, one for each option"),
    (Points("?", ("A", "B"), 5, 2), [1, 1], ""),
    (Points("?", ("A", "B"), 5, 2), [5, 0], ""),
    (Points("?", ("A", "B"), 5, 2), [0, 1], "the values come to 1, allowed are 2 to 5"),
    (Points("?", ("A", "B"), 5, 2), [3, 3], "the values come to 6, allowed are 2 to 5"),
    (Points("?", ("A", "B"), 5, 2, 3), [4, 0], "A: 4, allowed are 0 to 3"),
    (Split("?", ("A", "B"), 7), [3, 4], ""),
    (Split("?", ("A", "B"), 7), [3, 3], "the values come to 6, allowed are 7"),
    (Split("?", ("A", "B"), 7), [4, 4], "the values come to 8, allowed are 7"),
    (Quadratic("?", ("A", "B"), 5), [2, 1], ""),
    (Quadratic("?", ("A", "B"), 5), [2, 2], "the values come to 8, allowed are 0 to 5"),
]


def test_a_score_needs_an_option() -> None:
    with pytest.raises(Rejected, match="options: 0, at least 1"):
        Score("?", (), 5)


@pytest.mark.parametrize(("question", "vote", "refused"), AMOUNTS)
def test_amounts_within_their_bounds_are_votes(
    question: Question, vote: list[Any], refused: str
) -> None:
    if refused:
        with pytest.raises(ValueError, match=f"^{re.escape(refused)}$"):
            question.vote_bits(vote)
    else:
        bits = question.vote_bits(vote)
        assert question.rule.slot_values(bits) == list(map(int, vote))
