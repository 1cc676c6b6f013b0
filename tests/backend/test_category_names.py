"""Names of a round's categories at the end of its text: docs/protocol.md §17.1."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostraka.planning.specification import RoundSpecification
from ostraka_verifier.category_names import named_text, split_names

NAMES = ["Green spaces", "Streets [and paths]"]
ROUND = {
    "title": "Spring",
    "text": "What shall we do?",
    "budget": 100,
    "proposals_close_at": 1,
    "voting_opens_at": 2,
    "voting_closes_at": 3,
    "members": {"kind": "list", "accounts": []},
    "ballot": {"kind": "knapsack"},
}


@pytest.mark.parametrize("text", ["", "What shall we do?", "Two\n\nparts", "[1] is a number"])
def test_names_are_read_as_they_were_written(text: str) -> None:
    assert split_names(named_text(text, NAMES), 2) == (text, NAMES)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("What shall we do?", 2),
        ("", 1),
        (named_text("Text", NAMES), 3),
        (named_text("Text", NAMES), 1),
        (named_text("Text", NAMES), 0),
        ("[2] Two\n[1] One", 2),
        ("[1] One\n[2]  ", 2),
        ("[1] One\n[2] Two\n", 2),
    ],
)
def test_other_texts_have_no_names(text: str, count: int) -> None:
    assert split_names(text, count) == (text, [])


def asked(**outcome: Any) -> RoundSpecification:
    return RoundSpecification.model_validate(
        {**ROUND, "outcome": {"kind": "categories", **outcome}}
    )


def test_a_round_names_its_categories_on_the_chain() -> None:
    wanted = asked(budgets=[60, 40], names=NAMES)
    assert split_names(wanted.named_text, 2) == ("What shall we do?", NAMES)
    assert asked(budgets=[60, 40]).named_text == "What shall we do?"
    # Names are not part of the rule.
    assert wanted.outcome.encoded == asked(budgets=[60, 40]).outcome.encoded


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["One"], "1 name for 2 budgets"),
        (["Park", "park"], "look alike"),
        (["Park", ""], "names"),
        (["Park", "a\nb"], "names"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(names: list[str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        asked(budgets=[60, 40], names=names)
