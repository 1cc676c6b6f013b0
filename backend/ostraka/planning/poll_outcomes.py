"""Outcome rules of polls without a round, one for each question.

Source: docs/protocol.md §14.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypedDict

from pydantic import Field

from ostraka.planning.fields import Amount, Count, Strict
from ostraka.planning.round_ballots import OnBallots, Ranked, SharedEqually
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import (
    BallotOutcome,
    Condorcet,
    EqualShares,
    Greedy,
    GreedyByCategory,
    InstantRunoff,
    Majority,
    Method,
    NoOutcome,
    OutcomeRule,
    Parts,
    Phragmen,
    Plurality,
    Proportional,
    Strength,
    TransferableVote,
)
from ostraka_verifier.question import Pairwise, Question, Ranking


def contenders(question: Question) -> int:
    """Return the number of options that can win, which have the first slots."""
    if not question.competes:
        reason = f"what a {question.kind!r} question counts cannot win"
        raise Rejected("P2", "outcomes.kind", reason)
    return question.contenders


def costs_of(question: Question, costs: Sequence[int] | None) -> tuple[int, ...]:
    """Return the cost of each option; Rejected if neither outcome nor question states it."""
    if contenders(question) != len(question.rule.slots):
        raise Rejected("P2", "outcomes.kind", "abstentions and pairs cannot be funded")
    if costs is not None:
        return tuple(costs)
    if question.option_costs is not None:
        return question.option_costs
    raise Rejected("P2", "outcomes.costs", "missing, and the question has none")


class NoOutcomeWanted(Strict):
    """The counts themselves are the result."""

    kind: Literal["none"] = "none"

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        return NoOutcome()


class MajorityWanted(Strict):
    """Yes against no, the first two options; the third, if there is one, is an abstention."""

    kind: Literal["majority"]
    quorum: Amount = 0
    """Minimum turnout by weight, abstentions included."""
    threshold: tuple[Count, Count] = (1, 2)
    """Numerator and denominator of the share of yes and no votes that yes needs."""
    strict: bool = True
    """Whether yes needs more than the threshold; otherwise the threshold is enough."""

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        if contenders(question) != 2:
            reason = "a majority needs two options, and an abstention if the question has one"
            raise Rejected("P2", "outcomes.kind", reason)
        numerator, denominator = self.threshold
        abstention = len(question.rule.slots) == 3
        return Majority(numerator, denominator, self.strict, abstention, self.quorum)


class PluralityWanted(Strict):
    """The options with the most votes win; in a pairwise ranking, those with the most wins."""

    kind: Literal["plurality"]
    seats: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)] = 1
    minimum_support: Amount = 1

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        return Plurality(self.seats, contenders(question), self.minimum_support)


class GreedyWanted(Ranked):
    """Fund by rank while the budget lasts."""

    kind: Literal["greedy"]
    costs: list[Amount] | None = Field(default=None, max_length=320)
    """Cost of each option; by default the costs in the question."""
    budget: Amount

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        return Greedy(
            costs_of(question, self.costs), self.budget, *self.flags, self.minimum_support
        )


class CategoriesWanted(Ranked):
    """Fund by rank while the budgets of the categories last."""

    kind: Literal["categories"]
    costs: list[Amount] | None = Field(default=None, max_length=320)
    """Cost of each option; by default the costs in the question."""
    categories: list[Count] = Field(max_length=320)
    """Category of each option, from 0."""
    budgets: list[Amount] = Field(max_length=320)
    """Budget of each category."""
    budget: Amount
    """Budget of all categories together."""
    leftover: bool = False
    """Whether a second pass spends the unused budgets of the categories."""

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
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
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        return Proportional(self.amount, contenders(question))


class CondorcetWanted(Strict):
    """The winner of a pairwise ranking."""

    kind: Literal["condorcet"]
    method: Literal["schulze", "ranked_pairs", "minimax", "copeland"] = "schulze"
    """How a winner is found where options beat one another in a cycle."""
    strength: Literal["winning_votes", "margin"] = "winning_votes"
    """By what defeats are compared; not used by Copeland's method."""

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        if not isinstance(question, Pairwise):
            reason = f"a {question.kind!r} question does not count pairs; 'pairwise' does"
            raise Rejected("P2", "outcomes.kind", reason)
        method, strength = Method[self.method.upper()], Strength[self.strength.upper()]
        return Condorcet(contenders(question), method, strength)


class _Objections(TypedDict):
    objection_time: int
    veto_holder: bytes


def _objections(wanted: OnBallots) -> _Objections:
    return {"objection_time": wanted.objection_time, "veto_holder": wanted.holder}


class EqualSharesWanted(SharedEqually):
    """Fund what voters buy together with equal shares of the budget."""

    costs: list[Amount] | None = Field(default=None, max_length=320)
    """Cost of each option; by default the costs in the question."""
    budget: Amount

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        costs = costs_of(question, self.costs)
        return EqualShares(costs, self.budget, *self.manner, **_objections(self))


class PhragmenWanted(OnBallots):
    """Fund options by approvals under Phragmén's sequential rule."""

    kind: Literal["phragmen"]
    costs: list[Amount] | None = Field(default=None, max_length=320)
    """Cost of each option; by default the costs in the question, or 1 each without them."""
    budget: Amount
    """Number of seats if each option costs 1."""

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        if max(question.rule.slot_maxima) > 1:
            reason = f"a {question.kind!r} question has points; Phragmén's rule takes approvals"
            raise Rejected("P2", "outcomes.kind", reason)
        costs = self.costs
        if costs is None and question.option_costs is None:
            costs = [1] * contenders(question)
        return Phragmen(costs_of(question, costs), self.budget, **_objections(self))


class InstantRunoffWanted(OnBallots):
    """The option with the fewest votes goes until one has more than half."""

    kind: Literal["instant_runoff"]

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        return InstantRunoff(_ranked_options(question), **_objections(self))


class TransferableVoteWanted(OnBallots):
    """The single transferable vote by the rules of Scottish local elections."""

    kind: Literal["transferable_vote"]
    seats: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)]

    def rule(self, question: Question) -> OutcomeRule:
        """Return the rule as the registry takes it; Rejected if it is impossible."""
        return TransferableVote(self.seats, _ranked_options(question), **_objections(self))


def _ranked_options(question: Question) -> int:
    """Return the number of options of a ranking whose places all have a score."""
    if not isinstance(question, Ranking):
        reason = f"a {question.kind!r} question has no ranking; 'ranking' has"
        raise Rejected("P2", "outcomes.kind", reason)
    if not question.scores[-1]:
        reason = "a place scores 0, and its option would count as not ranked"
        raise Rejected("P2", "outcomes.kind", reason)
    return contenders(question)


PollOutcome = Annotated[
    NoOutcomeWanted
    | MajorityWanted
    | PluralityWanted
    | GreedyWanted
    | CategoriesWanted
    | ProportionalWanted
    | CondorcetWanted
    | EqualSharesWanted
    | InstantRunoffWanted
    | TransferableVoteWanted
    | PhragmenWanted,
    Field(discriminator="kind"),
]


def poll_outcome_rule(
    questions: Sequence[Question], wanted: Sequence[PollOutcome] | None
) -> OutcomeRule:
    """Return a poll's outcome rule.

    Args:
        wanted: Outcome of each question; None if the counts themselves are the results.

    Raises:
        Rejected: An outcome does not fit its question.
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
            if isinstance(rule, BallotOutcome) and len(questions) > 1:
                raise Rejected("P2", "outcomes.kind", "a rule on ballots needs a single question")
        except Rejected as error:
            name = error.item.partition(".")[2]
            raise Rejected(error.check, f"outcomes[{number}].{name}", error.reason) from None
        rules.append(rule)
    if all(isinstance(rule, NoOutcome) for rule in rules):
        return NoOutcome()
    return rules[0] if len(rules) == 1 else Parts(tuple(zip(slots, rules, strict=True)))
