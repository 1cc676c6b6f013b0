"""The questions of one poll: their JSON form, and their common rule.

Source: docs/protocol.md §4.4, §5.5, §5.7, §5.8. Vectors: tests/vectors/questions.json.
"""

from collections.abc import Sequence
from typing import Any

from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.question.amounts import Points, Quadratic, Score, Split
from ostraka_verifier.question.asked import Question
from ostraka_verifier.question.buckets import CrossTabulation, Histogram
from ostraka_verifier.question.fields import Fields
from ostraka_verifier.question.number import Number
from ostraka_verifier.question.pairwise import Pairwise
from ostraka_verifier.question.ranking import Ranking
from ostraka_verifier.question.selection import Approval, Knapsack, SingleChoice
from ostraka_verifier.question.votes import one_for_each
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row, Terms

KINDS: dict[str, type[Question]] = {
    one.kind: one
    for one in (
        SingleChoice,
        Approval,
        Knapsack,
        Score,
        Points,
        Split,
        Quadratic,
        Ranking,
        Histogram,
        CrossTabulation,
        Number,
        Pairwise,
    )
}


def read_questions(content: Any, item: str = "questions") -> tuple[Question, ...]:
    """Return questions from their JSON form.

    Raises:
        Malformed: Not a list of at least one question, each with its members and no others.
        Rejected: A question is invalid (check P2).
    """
    if not isinstance(content, list) or not content:
        raise Malformed(item, "not a list of questions")
    return tuple(_read(one, f"{item}[{number}]") for number, one in enumerate(content))


def stack(rules: Sequence[BallotRule]) -> BallotRule:
    """Return one rule whose ballots are one ballot of each, in order.

    Raises:
        Rejected: The common rule is too large (check P2).
    """
    slots: list[Terms] = []
    rows: list[Row] = []
    quadratic_rows: list[QuadraticRow] = []
    bits = 0
    for rule in rules:
        first_slot = len(slots)
        slots += (_shifted(terms, bits) for terms in rule.slots)
        rows += (Row(_shifted(row.terms, bits), row.constant) for row in rule.rows)
        quadratic_rows += (
            QuadraticRow(
                tuple(first_slot + slot for slot in row.slots),
                _shifted(row.terms, bits),
                row.constant,
            )
            for row in rule.quadratic_rows
        )
        bits += rule.bits
    return BallotRule(bits, tuple(slots), tuple(rows), tuple(quadratic_rows))


def poll_rule(questions: Sequence[Question]) -> BallotRule:
    """Return the ballot rule of these questions; Rejected if it is too large."""
    return stack([question.rule for question in questions])


def ballot_bits(questions: Sequence[Question], vote: Any) -> list[int]:
    """Return bits of a ballot on all questions of a poll.

    Args:
        vote: A vote (§5.9); where there are several questions, a list with one for each.

    Raises:
        ValueError: No such vote is possible; names the question and the reason.
    """
    if len(questions) == 1:
        return questions[0].vote_bits(vote)
    bits = []
    votes = one_for_each(vote, "votes", len(questions), "question")
    for question, one in zip(questions, votes, strict=True):
        try:
            bits += question.vote_bits(one)
        except ValueError as error:
            raise ValueError(f"{question.title}: {error}") from None
    return bits


def poll_labels(questions: Sequence[Question]) -> tuple[str, ...]:
    """Return a label for each slot, with the question's title if there are several."""
    if len(questions) == 1:
        return questions[0].labels()
    return tuple(
        f"{question.title}: {label}" for question in questions for label in question.labels()
    )


def _read(content: Any, item: str) -> Question:
    fields = Fields(content, item)
    kind, title = fields.text("kind"), fields.text("title")
    if kind not in KINDS:
        raise Malformed(f"{item}.kind", f"{kind[:40]!r} is unknown")
    try:
        question = KINDS[kind].read(title, fields)
    except Rejected as error:
        name = error.item.partition(".")[2]
        raise Rejected(error.check, f"{item}.{name}", error.reason) from None
    fields.end()
    return question


def _shifted(terms: Terms, bits: int) -> Terms:
    return tuple((bit + bits, coefficient) for bit, coefficient in terms)
