"""The worked examples of docs/protocol.md §5 are what the code makes of them.

An example is a code block of lines `name  value`: a question or questions in JSON, the slots, rows
and quadratic rows that it makes, and votes, each with its ballot and the values of its slots.
"""

import json
import re
from pathlib import Path

import pytest

from ostraka_verifier.question import (
    KINDS,
    Question,
    ballot_bits,
    poll_labels,
    poll_rule,
    read_questions,
)
from ostraka_verifier.rule import BallotRule, Terms

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"
BLOCK = re.compile(r"```text\n(questions? .*?)```", re.DOTALL)
NAME_WIDTH = 15

Lines = list[tuple[str, str]]


def examples() -> list[Lines]:
    """(name, value) of each line of each example; an indented line continues the one before."""
    text = PROTOCOL.read_text(encoding="utf-8")
    return [_lines(block) for block in BLOCK.findall(text)]


def _lines(block: str) -> Lines:
    lines: Lines = []
    for line in block.splitlines():
        name, value = line[:NAME_WIDTH].strip(), line[NAME_WIDTH:].strip()
        if name:
            lines.append((name, value))
        else:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {value}")
    return lines


def questions_of(example: Lines) -> tuple[Question, ...]:
    """The questions in the first line of an example."""
    (name, value), *_ = example
    content = json.loads(value)
    return read_questions([content] if name == "question" else content)


def equations(rule: BallotRule) -> Lines:
    """Slots, rows and quadratic rows as the protocol writes them."""
    lines = [("slot", f"v{slot} = {_sum(terms)}") for slot, terms in enumerate(rule.slots)]
    lines += [("row", f"{_sum(row.terms)} = {row.constant}") for row in rule.rows]
    for row in rule.quadratic_rows:
        squares = " + ".join(f"v{slot}²" for slot in row.slots)
        whole = f"{squares} {_sum(row.terms, squares)}".strip()
        lines.append(("quadratic row", f"{whole} = {row.constant}"))
    return lines


def _sum(terms: Terms, before: str = "") -> str:
    text = before
    for bit, coefficient in terms:
        factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)}·"
        sign = "-" if coefficient < 0 else "+"
        if text:
            text += f" {sign} {factor}b{bit}"
        else:
            text = ("-" if coefficient < 0 else "") + f"{factor}b{bit}"
    return text.removeprefix(before).strip()


def test_every_kind_of_question_has_an_example() -> None:
    shown = {question.kind for example in examples() for question in questions_of(example)}
    assert shown == set(KINDS), "write a subsection of §5.5 with an example for each kind"


@pytest.mark.parametrize("example", examples(), ids=lambda example: example[0][1][:50])
def test_an_example_shows_the_rule_and_ballots_of_its_question(example: Lines) -> None:
    questions = questions_of(example)
    rule = poll_rule(questions)
    shown = [line for line in example if line[0] in ("slot", "row", "quadratic row")]
    assert shown == equations(rule)

    votes = [line for line in example[1:] if line not in shown and line[0] != "labels"]
    assert votes
    assert [name for name, _ in votes] == ["vote", "ballot", "values"] * (len(votes) // 3)
    for at in range(0, len(votes), 3):
        vote, ballot, values = (value for _, value in votes[at : at + 3])
        bits = ballot_bits(questions, json.loads(vote))
        assert "".join(map(str, bits)) == ballot
        assert rule.violated(bits) is None
        assert " ".join(map(str, rule.slot_values(bits))) == values

    for labels in (value for name, value in example if name == "labels"):
        assert json.loads(labels) == list(poll_labels(questions))
