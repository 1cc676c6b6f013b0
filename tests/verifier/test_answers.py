"""What a question shows to its voter, and the reason that it gives for an impossible vote."""

from typing import Any

import pytest

from ostraka_verifier.question import CrossTabulation, Number, Ranking


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
