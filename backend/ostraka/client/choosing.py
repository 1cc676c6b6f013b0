"""What a voter types about a question, and what it means.

Options count from 1, as they are shown. Source: docs/protocol.md §5.9.
"""

from collections.abc import Sequence
from typing import Any

from ostraka.client.poll import VotersPoll
from ostraka.voter.choice import ballot_bits, selection_bits
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


def bits_of(poll: VotersPoll, answers: Sequence[str]) -> list[int]:
    """Bits of a ballot out of one answer for each question.

    Raises:
        ValueError: An answer is none, or breaks the rule; says how.
    """
    questions = poll.questions
    if not questions:
        # Of a poll whose description asks nothing: its options are what can be selected.
        return selection_bits(poll.rule, _places(answers[0], "options"))
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
            return _one(_places(text, "option"), "option")
        case Approval() | Knapsack() | Ranking():
            return _places(text, "options")
        case Amounts():
            return _numbers(text, "options")
        case CrossTabulation():
            return _places(text, "row and column")
        case Number():
            value, *group = _numbers(text, "number")
            vote: dict[str, int] = {"value": value}
            return vote | ({"group": _one(group, "group") - 1} if question.groups else {})
    raise TypeError(f"{type(question).__name__} is no kind of question")


def _one(values: list[int], name: str) -> int:
    if len(values) != 1:
        raise ValueError(f"expected one {name}, not {len(values)}")
    return values[0]


def _places(text: str, name: str) -> list[int]:
    """Numbers from 1 as indices from 0."""
    return [number - 1 for number in _numbers(text, f"numbers of {name}")]


def _numbers(text: str, name: str) -> list[int]:
    parts = text.replace(",", " ").split()
    for part in parts:
        digits = part.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise ValueError(f"expected {name}, as in 1,3")
    return [int(part) for part in parts]
