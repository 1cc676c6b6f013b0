"""What a voter types about a question, and what it means.

Options count from 1, as they are shown. Source: docs/protocol.md §5.9.
"""

import re
from collections.abc import Sequence
from typing import Any

from ostraka.voter.choice import ballot_bits
from ostraka.voter.poll import OpenPoll
from ostraka_verifier.question import (
    Amounts,
    Approval,
    CrossTabulation,
    Histogram,
    Knapsack,
    Number,
    Points,
    Quadratic,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
)

BETWEEN_QUESTIONS = ";"
_NUMBER = re.compile("0|-?[1-9][0-9]{0,18}")


def bits_of(poll: OpenPoll, answers: Sequence[str]) -> list[int]:
    """Bits of a ballot out of one answer for each question.

    Raises:
        ValueError: An answer is none, or breaks the rule; says how.
    """
    questions = poll.questions
    if len(answers) != len(questions):
        raise ValueError(f"{len(answers)} answers, expected {len(questions)}")
    votes = [_vote(question, text) for question, text in zip(questions, answers, strict=True)]
    return ballot_bits(questions, votes[0] if len(votes) == 1 else votes)


def shown(question: Question) -> list[str]:
    """What can be answered, a line each."""
    match question:
        case Knapsack():
            return [
                f"{option} ({cost:,})"
                for option, cost in zip(question.options, question.costs, strict=True)
            ]
        case CrossTabulation():
            rows = [f"row {number}: {name}" for number, name in enumerate(question.rows, 1)]
            columns = [f"column {number}: {one}" for number, one in enumerate(question.columns, 1)]
            return rows + columns
        case Number():
            return list(question.groups)
    return list(question.labels())


def how_to_answer(question: Question) -> str:
    """One line that says what to type."""
    match question:
        case SingleChoice() | Histogram():
            return "Number of your choice"
        case Approval():
            return f"Numbers of {question.at_least} to {question.at_most} options, as in 1,3"
        case Knapsack():
            return f"Numbers of options that cost at most {question.budget:,} together"
        case Score():
            return f"A score of 0 to {question.max_score} for each option, as in 3,0,5"
        case Points():
            return f"Points for each option, at most {question.credits} together, as in 3,0,5"
        case Split():
            return f"Parts of {question.total} for each option, as in 60,40"
        case Quadratic():
            return f"Votes for each option whose squares sum to at most {question.credits}"
        case Ranking():
            return f"Numbers of options from the best on, {question.fewest} or more, as in 2,1,3"
        case CrossTabulation():
            return "Number of your row and of your column, as in 1,2"
        case Number():
            group = ", and the number of your group" if question.groups else ""
            return f"A number from {question.low} to {question.high} {question.unit}{group}"
    raise TypeError(f"{type(question).__name__} is no kind of question")


def _vote(question: Question, text: str) -> Any:
    match question:
        case SingleChoice() | Histogram():
            return _one(_places(text, "option", len(question.options)), "option")
        case Approval() | Knapsack() | Ranking():
            return _places(text, "option", len(question.options))
        case Amounts():
            return _numbers(text, "a number for each option")
        case CrossTabulation():
            numbers = _numbers(text, "row and column")
            if len(numbers) != 2:
                raise ValueError("expected a row and a column, as in 1,2")
            row, column = numbers
            return [
                _place(row, "row", len(question.rows)),
                _place(column, "column", len(question.columns)),
            ]
        case Number():
            values = _numbers(text, "a number")
            if len(values) != 1 + bool(question.groups):
                group = " and the number of your group" if question.groups else ""
                raise ValueError(f"expected one number without separators{group}")
            vote: dict[str, int] = {"value": values[0]}
            if question.groups:
                vote["group"] = _place(values[1], "group", len(question.groups))
            return vote
    raise TypeError(f"{type(question).__name__} is no kind of question")


def _one(values: list[int], name: str) -> int:
    if len(values) != 1:
        raise ValueError(f"expected one {name}, not {len(values)}")
    return values[0]


def _places(text: str, noun: str, count: int) -> list[int]:
    """Numbers from 1 as indices from 0."""
    return [_place(number, noun, count) for number in _numbers(text, f"numbers of {noun}s")]


def _place(number: int, noun: str, count: int) -> int:
    # Said as it was shown, from 1: an index would name the neighbour.
    if not 1 <= number <= count:
        raise ValueError(f"{noun} {number} does not exist, there are {count}")
    return number - 1


def _numbers(text: str, name: str) -> list[int]:
    parts = text.replace(",", " ").split()
    for part in parts:
        # No leading zeros: 50,002 is meant as one number, and would be read as two.
        if not _NUMBER.fullmatch(part):
            raise ValueError(f"expected {name}, as in 1,3")
    return [int(part) for part in parts]
