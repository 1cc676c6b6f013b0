"""The browser's statistics are the verifier's, to the last digit."""

import json
from dataclasses import fields
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from ostraka_verifier import question, statistics
from tests.web.bridge import Browser, Refused

BRACKETS = {
    "kind": "histogram",
    "title": "Age?",
    "options": ["young", "middle", "old"],
    "bounds": [0, 30, 60, 120],
}
NUMBER = {"kind": "number", "title": "Rent?", "low": -5, "high": 1000, "unit": "zł"}
GROUPS = NUMBER | {"groups": ["north", "south"], "statistics": ["mean", "variance"]}
CHOICE = {"kind": "single_choice", "title": "Which?", "options": ["a", "b", "c"]}


def written(value: Any) -> Any:
    """As the browser writes it."""
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return [written(one) for one in value]
    if value is None or isinstance(value, str):
        return value
    names = (one.name for one in fields(value) if one.name != "question")
    return {name: written(getattr(value, name)) for name in names}


def both(browser: Browser, asked: list[Any], tally: list[int]) -> tuple[Any, list[Any]]:
    """The browser's statistics, and Python's."""
    made = browser.call("statistics", questions=json.dumps(asked), tally=tally)
    return made, statistics.poll_statistics(question.read_questions(asked), tally)


@pytest.mark.parametrize("asked", [[CHOICE], [BRACKETS], [NUMBER], [GROUPS], [CHOICE, GROUPS]])
def test_the_same_numbers(browser: Browser, asked: list[Any]) -> None:
    random = Random("statistics")
    slots = sum(len(one.labels()) for one in question.read_questions(asked))
    for largest in (0, 1, 9, 1 << 70):
        tally = [random.randint(0, largest) for _ in range(slots)]
        made, expected = both(browser, asked, tally)
        assert made == [written(one) for one in expected]


def test_a_quantile_lies_where_the_answers_reach_it(browser: Browser) -> None:
    made, _ = both(browser, [BRACKETS], [2, 0, 2])
    assert [one["label"] for one in made[0]["quartiles"]] == ["young", "young", "old"]


def test_another_number_of_slots_is_refused(browser: Browser) -> None:
    with pytest.raises(Refused, match="RangeError"):
        browser.call("statistics", questions=json.dumps([CHOICE]), tally=[1, 2])
