"""Ballot kinds and outcome rules of rounds.

Source: docs/protocol.md §17.7.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ostraka.planning import round_rules
from ostraka.planning.fields import Address, Amount, Count, Duration, Points, Strict, Title
from ostraka.wire.records import from_hex
from ostraka.wire.titles import first_alike
from ostraka_verifier.outcome import Completion, Misfit, Order, Utility
from ostraka_verifier.units import Seconds
from ostraka_verifier.wording import counted


class SingleChoiceBallot(Strict):
    """Exactly one proposal."""

    kind: Literal["single_choice"]

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.single_choice()


class ApprovalBallot(Strict):
    """Between `at_least` and `at_most` proposals, or all if there are fewer."""

    kind: Literal["approval"]
    at_least: Count = 0
    at_most: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)]

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.approval(self.at_least, self.at_most)


class KnapsackBallot(Strict):
    """Any proposals that together fit the budget."""

    kind: Literal["knapsack"]

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.knapsack()


class ScoreBallot(Strict):
    """A score for each proposal."""

    kind: Literal["score"]
    max_score: Points

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.score(self.max_score)


class PointsBallot(Strict):
    """Points distributed among any proposals."""

    kind: Literal["points"]
    credits: Points
    at_least: Annotated[int, Field(strict=True, ge=0, lt=1 << 53)] = 0

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.points(self.credits, self.at_least)


class QuadraticBallot(Strict):
    """Votes whose squares cost credits."""

    kind: Literal["quadratic"]
    credits: Points

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.quadratic(self.credits)


class RankingBallot(Strict):
    """The best proposals in order; first place gives the first score."""

    kind: Literal["ranking"]
    scores: list[Annotated[int, Field(strict=True, ge=0, lt=1 << 53)]] = Field(
        min_length=2, max_length=200
    )

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.ranking(self.scores)


RoundBallot = Annotated[
    SingleChoiceBallot
    | ApprovalBallot
    | KnapsackBallot
    | ScoreBallot
    | PointsBallot
    | QuadraticBallot
    | RankingBallot,
    Field(discriminator="kind"),
]


class Ranked(Strict):
    """How options are ranked, and how those that do not fit are treated."""

    order: Literal["votes", "votes_per_cost"] = "votes"
    misfit: Literal["skip", "stop"] = "skip"
    """Treatment of an option that costs more than the remaining budget."""
    minimum_support: Amount = 1

    @property
    def flags(self) -> tuple[Order, Misfit]:
        """Return the flags as the contracts number them."""
        return Order[self.order.upper()], Misfit[self.misfit.upper()]


class RoundGreedy(Ranked):
    """Fund by rank while the budget lasts."""

    kind: Literal["greedy"] = "greedy"

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.greedy(*self.flags, self.minimum_support)


class RoundCategories(Ranked):
    """Fund by rank while the budgets of the categories last; each proposal names its category."""

    kind: Literal["categories"]
    budgets: list[Amount] = Field(min_length=1, max_length=200)
    names: list[Title] | None = None
    """Name of each category; the gateway appends them to the round's text."""
    leftover: bool = False
    """Whether a second pass spends the unused budgets of the categories."""

    @model_validator(mode="after")
    def _names_each_once(self) -> "RoundCategories":
        if self.names is not None:
            if len(self.names) != len(self.budgets):
                names = counted(len(self.names), "name", "names")
                budgets = counted(len(self.budgets), "budget", "budgets")
                raise ValueError(f"{names} for {budgets}")
            if first_alike(self.names) is not None:
                raise ValueError("two categories have names that look alike")
        return self

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.greedy_by_category(
            self.budgets, *self.flags, self.leftover, self.minimum_support
        )


class RoundProportional(Strict):
    """Divide the budget by votes; proposals ask for no amount."""

    kind: Literal["proportional"]

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.proportional()


class OnBallots(Strict):
    """A rule on opened ballots, without their voters' names; nodes attest the outcome."""

    objection_time: Duration = Seconds(86_400)
    """From the outcome that nodes attest until it is final."""
    veto_holder: Address | None = None
    """Account that may void the outcome meanwhile; by default nobody."""

    @property
    def holder(self) -> bytes:
        """The veto holder, 20 bytes; all zero for nobody."""
        return bytes(20) if self.veto_holder is None else from_hex(self.veto_holder, "veto_holder")


class SharedEqually(OnBallots):
    """Fund what voters buy together with equal shares of the budget."""

    kind: Literal["equal_shares"]
    utility: Literal["cost", "points"] = "cost"
    """Whether a point is worth the cost of its option, or 1."""
    completion: Literal["none", "utilitarian", "add_one", "add_one_utilitarian"] = "add_one"
    """What is done with money that voters cannot spend."""
    increment: Amount | None = None
    """By what add-one raises each share; by default the smallest unit."""

    @property
    def manner(self) -> tuple[Utility, Completion, int]:
        """Utility, completion and increment, as the rule takes them."""
        completion = Completion[self.completion.upper()]
        increment = int(completion.adds_one) if self.increment is None else self.increment
        return Utility[self.utility.upper()], completion, increment


class RoundEqualShares(SharedEqually):
    """Fund what voters buy together with equal shares of the budget."""

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.equal_shares(*self.manner, self.objection_time, self.holder)


class RoundPhragmen(OnBallots):
    """Fund proposals by approvals under Phragmén's sequential rule."""

    kind: Literal["phragmen"]

    @property
    def encoded(self) -> bytes:
        """Return the bytes as the treasury takes them."""
        return round_rules.phragmen(self.objection_time, self.holder)


RoundOutcome = Annotated[
    RoundGreedy | RoundCategories | RoundProportional | RoundEqualShares | RoundPhragmen,
    Field(discriminator="kind"),
]
