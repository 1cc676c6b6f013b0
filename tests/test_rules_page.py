"""docs/rules.md: every kind of ballot and outcome rule, with numbers of code and vectors."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from ostraka.gateway.read_models.results import outcome_rule_json
from ostraka.planning.poll_outcomes import PollOutcome
from ostraka.planning.round_ballots import RoundBallot, RoundOutcome
from ostraka_verifier.outcome import Completion, Method, decode_outcome_rule
from ostraka_verifier.question import (
    KINDS,
    Approval,
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
from tests.support.vectors import vectors

PAGE = (Path(__file__).parents[1] / "docs" / "rules.md").read_text()
TEN = tuple("ABCDEFGHIJ")
EXAMPLES: tuple[Question, ...] = (
    SingleChoice("", TEN),
    Approval("", TEN, 1, 5),
    Knapsack("", TEN, tuple(range(10, 20)), 60),
    Score("", TEN, 5),
    Points("", TEN, 100),
    Split("", TEN, 100),
    Quadratic("", TEN, 100),
    Ranking("", TEN, tuple(range(10, 0, -1))),
    Pairwise("", TEN, 1),
    Histogram("", TEN, tuple(range(11))),
    CrossTabulation("", ("a", "b"), tuple("cdefg")),
    Number("", 0, 100, "km"),
)
_CASE = re.compile(
    r"(?P<name>\S.*?) +(?:votes (?P<votes>[\d ]+?)|(?P<groups>\d+ × .*?)) +"
    r"awards (?P<awards>[\d ]+)"
)


def section(title: str) -> str:
    """The text under a heading, up to the next one of its level."""
    return re.split(r"^## ", PAGE.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def rows(title: str) -> dict[str, str]:
    """Rows of the first table under a heading, by the name in backticks that begins each."""
    table = section(title).split("\n### ")[0]
    return {line.split("`")[1]: line for line in table.splitlines() if line.startswith("| `")}


def kinds(union: object) -> set[str]:
    """Values of `kind` of a union of models."""
    models = get_args(get_args(union)[0])
    return {get_args(model.model_fields["kind"].annotation)[0] for model in models}


def test_every_kind_of_ballot_is_described() -> None:
    assert rows("Kinds of ballot").keys() == KINDS.keys()
    assert {one.kind for one in EXAMPLES} == KINDS.keys()


@pytest.mark.parametrize("question", EXAMPLES, ids=lambda one: one.kind)
def test_sizes_are_those_of_ten_options(question: Question) -> None:
    bits = question.rule.bits
    said = f"{bits} bits, {701 + 32 * bits:,} bytes"
    assert said in rows("Kinds of ballot")[question.kind]


def test_every_outcome_rule_is_described() -> None:
    assert rows("Outcome rules").keys() == kinds(PollOutcome) | {"parts"}
    in_rounds = {name for name, row in rows("Outcome rules").items() if "polls and rounds" in row}
    assert in_rounds == kinds(RoundOutcome)
    text = section("Outcome rules")
    for one in (*Completion, *Method):
        assert f"`{one.name.lower()}`" in text


def test_the_kinds_of_ballot_of_rounds_are_named() -> None:
    listed = re.search(r"the ballot is (.*?) \(protocol", section("Kinds of ballot"), re.DOTALL)
    assert listed is not None
    assert set(re.findall("`(.*?)`", listed[1])) == kinds(RoundBallot)


@cache
def known() -> dict[str, dict[str, Any]]:
    return {
        case["name"]: case
        for name in ("outcome", "ballot_outcomes")
        for case in vectors(name)["cases"]
    }


def examples() -> Iterator[re.Match[str]]:
    for block in re.findall(r"```text\n(.*?)```", section("Worked examples"), re.DOTALL):
        # A long example goes on in an indented line.
        for line in block.replace("\n    ", "  ").splitlines():
            found = _CASE.fullmatch(line)
            assert found is not None, line
            yield found


@pytest.mark.parametrize("example", list(examples()), ids=lambda one: one["name"])
def test_worked_examples_are_vectors(example: re.Match[str]) -> None:
    case = known()[example["name"]]
    assert example["awards"].split() == [str(one) for one in case["awards"]]
    if example["votes"]:
        assert example["votes"].split() == case["tally"]
        return
    groups = Counter[tuple[int, ...]]()
    for group in example["groups"].split(", "):
        count, slots = group.split(" × ")
        groups[tuple(map(int, slots.split()))] += int(count)
    assert groups == Counter(tuple(one) for one in case["ballots"])


def test_each_rule_has_an_example() -> None:
    encoded = [bytes.fromhex(known()[one["name"]]["rule"][2:]) for one in examples()]
    shown = {outcome_rule_json(decode_outcome_rule(one))["kind"] for one in encoded}
    # Without an outcome nothing is awarded.
    assert shown | {"none"} == rows("Outcome rules").keys()
