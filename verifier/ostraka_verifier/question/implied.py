"""The question that a rule implies: a description without questions prevents nobody from voting.

Rounds need it if long titles leave no room for their question, and against organizers who omit
the question.

Source: docs/protocol.md §4.4, §5.5. Vectors: tests/vectors/constructors.json.
"""

from collections.abc import Sequence

from ostraka_verifier.errors import Rejected
from ostraka_verifier.question.amounts import Points, Quadratic, Score
from ostraka_verifier.question.asked import Question
from ostraka_verifier.question.ranking import Ranking
from ostraka_verifier.question.selection import Approval, Knapsack, SingleChoice
from ostraka_verifier.rule import BallotRule


def implied_question(rule: BallotRule, title: str, options: Sequence[str]) -> Question:
    """Return the first of a round's possible questions that makes the rule.

    Args:
        options: One for each slot.

    Raises:
        Rejected: No question does (check P5).
    """
    names = tuple(options)
    count = len(names)
    chosen = {bit for terms in rule.slots for bit, _ in terms}
    # Without a row everything is allowed, as with a row for 0 to all options.
    terms, bound = (rule.rows[0].terms, rule.rows[0].constant) if rule.rows else ((), count)
    prices = tuple(coefficient for bit, coefficient in terms if bit in chosen)
    slack = sum(coefficient for bit, coefficient in terms if bit not in chosen)
    least = bound - slack if rule.rows else 0
    credits = rule.quadratic_rows[0].constant if rule.quadratic_rows else 0
    # Each place has a row. With several places each option has one, too.
    places = max(1, len(rule.rows) - count)
    scores = [coefficient for _, coefficient in rule.slots[0]]
    scores += [0] * (places - len(scores))
    for make in (
        lambda: SingleChoice(title, names),
        lambda: Approval(title, names, least, bound),
        lambda: Knapsack(title, names, prices, bound),
        lambda: Score(title, names, rule.slot_maxima[0]),
        lambda: Points(title, names, bound, least),
        lambda: Quadratic(title, names, credits),
        lambda: Ranking(title, names, tuple(scores)),
    ):
        try:
            question = make()
        except Rejected:
            continue
        # So far this is a guess from the rule. Only this comparison confirms it.
        if question.rule == rule:
            return question
    raise Rejected(
        "P5", "description.questions", "there are none, and no question implies the rule"
    )
