"""How the questions of a poll without a round decide.

Source: docs/protocol.md §14.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from ostraka.planning.fields import Amount, Count, Strict
from ostraka.planning.round_ballots import Ranked
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Majority,
    NoOutcome,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
)
from ostraka_verifier.question import Question


def contenders(question: Question) -> int:
    """Options that can win: all but an abstention, which is the last."""
    if not question.competes:
        raise Rejected("P2", "outcomes.kind", "sums of numbers do not compete")
    return len(question.rule.slots) - question.abstentions


def costs_of(question: Question, costs: Sequence[int] | None) -> tuple[int, ...]:
    """What each option costs; Rejected where neither outcome nor question says."""
    if contenders(question) != len(question.rule.slots):
        raise Rejected("P2", "outcomes.kind", "an abstention cannot be funded")
    if costs is not None:
        return tuple(costs)
    if question.option_costs is not None:
        return question.option_costs
    raise Rejected("P2", "outcomes.costs", "missing, and the question has none")


class NoOutcomeWanted(Strict):
    """The counts themselves are the result."""

    kind: Literal["none"] = "none"

    def rule(self, question: Question) -> OutcomeRule:
        """As the registry takes it; Rejected when it cannot be."""
        return NoOutcome()


class MajorityWanted(Strict):
    """Yes against no, the first two options; the third, if there is one, is an abstention."""

    kind: Literal["majority"]
    quorum: Amount = 0
    """Least turnout, by weight, abstentions included."""
    threshold: tuple[Count, Count] = (1, 2)
    """Numerator and denominator of what yes needs of yes and no."""
    strict: bool = True
    """Whether yes needs more than the threshold, or as much."""

    def rule(self, question: Question) -> OutcomeRule:
        """As the registry takes it; Rejected when it cannot be."""
        if contenders(question) != 2:
            reason = "a majority is of two options, and of an abstention that the question names"
            raise Rejected("P2", "outcomes.kind", reason)
        numerator, denominator = self.threshold
        abstention = len(question.rule.slots) == 3
        return Majority(numerator, denominator, self.strict, abstention, self.quorum)


class PluralityWanted(Strict):
    """The options with most votes."""

    kind: Literal["plurality"]
    seats: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)] = 1
    minimum_support: Amount = 1

    def rule(self, question: Question) -> OutcomeRule:
        """As the registry takes it; Rejected when it cannot be."""
        return Plurality(self.seats, contenders(question), self.minimum_support)


class GreedyWanted(Ranked):
    """Fund by rank while the budget lasts."""

    kind: Literal["greedy"]
    costs: list[Amount] | None = Field(default=None, max_length=320)
    """Of each option; those of the question when left out."""
    budget: Amount

    def rule(self, question: Question) -> OutcomeRule:
        """As the registry takes it; Rejected when it cannot be."""
        return Greedy(
            costs_of(question, self.costs), self.budget, *self.flags, self.minimum_support
        )


class CategoriesWanted(Ranked):
    """Fund by rank while the budgets of categories last."""

    kind: Literal["categories"]
    costs: list[Amount] | None = Field(default=None, max_length=320)
    """Of each option; those of the question when left out."""
    categories: list[Count] = Field(max_length=320)
    """Of each option, from 0."""
    budgets: list[Amount] = Field(max_length=320)
    """Of each category."""
    budget: Amount
    """Of all together."""
    leftover: bool = False
    """Whether what categories leave is spent in a second pass."""

    def rule(self, question: Question) -> OutcomeRule:
        """As the registry takes it; Rejected when it cannot be."""
        order, misfit = self.flags
        return GreedyByCategory(
            costs_of(question, self.costs),
            tuple(self.categories),
            tuple(self.budgets),
            self.budget,
            order,
            misfit,
            self.leftover,
            self.minimum_support,
        )


class ProportionalWanted(Strict):
    """An amount divided by votes, to the last unit."""

    kind: Literal["proportional"]
    amount: Amount

    def rule(self, question: Question) -> OutcomeRule:
        """As the registry takes it; Rejected when it cannot be."""
        return Proportional(self.amount, contenders(question))


PollOutcome = Annotated[
    NoOutcomeWanted
    | MajorityWanted
    | PluralityWanted
    | GreedyWanted
    | CategoriesWanted
    | ProportionalWanted,
    Field(discriminator="kind"),
]


def poll_outcome_rule(
    questions: Sequence[Question], wanted: Sequence[PollOutcome] | None
) -> OutcomeRule:
    """How a poll decides.

    Args:
        wanted: How each question decides; None where all counts are results.

    Raises:
        Rejected: One of them is none for its question.
    """
    if wanted is None:
        return NoOutcome()
    if len(wanted) != len(questions):
        raise Rejected("P2", "outcomes", f"{len(wanted)}, expected {len(questions)}")
    slots = [len(question.rule.slots) for question in questions]
    rules = []
    for number, (one, question, count) in enumerate(zip(wanted, questions, slots, strict=True)):
        try:
            rule = one.rule(question)
            rule.check_slots(count)
        except Rejected as error:
            name = error.item.partition(".")[2]
            raise Rejected(error.check, f"outcomes[{number}].{name}", error.reason) from None
        rules.append(rule)
    if all(isinstance(rule, NoOutcome) for rule in rules):
        return NoOutcome()
    return rules[0] if len(rules) == 1 else Parts(tuple(zip(slots, rules, strict=True)))
