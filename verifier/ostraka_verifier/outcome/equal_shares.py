"""The method of equal shares: voters get equal parts of the budget and buy options together.

Source: docs/protocol.md §14.10.2; Peters, Pierczyński and Skowron, NeurIPS 2021. Vectors:
tests/vectors/ballot_outcomes.json.
"""

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.outcome.ballots import (
    BallotMethod,
    BallotOutcome,
    Profile,
    read_costs,
    require_costs,
    write_costs,
)
from ostraka_verifier.outcome.purchases import Market, Purchases
from ostraka_verifier.outcome.rule import AMOUNT_BYTES, read_flag, refuse, require_range
from ostraka_verifier.outcome.steps import Completed, Shares, Skipped, Step


class Utility(IntEnum):
    """What an option is worth to a voter who gives it points."""

    COST = 0
    POINTS = 1


class Completion(IntEnum):
    """What is done with the money that supporters cannot spend."""

    NONE = 0
    UTILITARIAN = 1
    ADD_ONE = 2
    ADD_ONE_UTILITARIAN = 3

    @property
    def adds_one(self) -> bool:
        """Whether shares are raised."""
        return self in (Completion.ADD_ONE, Completion.ADD_ONE_UTILITARIAN)

    @property
    def is_utilitarian(self) -> bool:
        """Whether the rest of the budget goes to the options with most utility."""
        return self in (Completion.UTILITARIAN, Completion.ADD_ONE_UTILITARIAN)


@dataclass(frozen=True)
class EqualShares(BallotOutcome):
    """Fund what supporters buy with equal shares of the budget.

    Attributes:
        costs: Of each slot, in the smallest unit, each in [1, 2^128).
        budget: In the same unit.
        utility: COST counts an option as its cost times the points, POINTS as the points alone.
        completion: What happens afterwards.
        increment: By what add-one raises each share, in the smallest unit; 0 without add-one.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    costs: tuple[int, ...]
    budget: int
    utility: Utility = Utility.COST
    completion: Completion = Completion.NONE
    increment: int = 0

    method = BallotMethod.EQUAL_SHARES

    def __post_init__(self) -> None:
        super().__post_init__()
        require_costs(self.costs, self.budget)
        require_range("increment", self.increment, 0, 128)
        if self.completion.adds_one != (self.increment > 0):
            raise refuse("increment", f"{self.increment} with completion {self.completion}")

    @property
    def slots(self) -> int:
        """Number of options."""
        return len(self.costs)

    def parameters(self) -> bytes:
        """Return utility, completion, increment, budget and costs."""
        head = unsigned(self.utility, 1) + unsigned(self.completion, 1)
        amounts = unsigned(self.increment, AMOUNT_BYTES) + unsigned(self.budget, AMOUNT_BYTES)
        return head + amounts + write_costs(self.costs)

    @classmethod
    def read(cls, reader: Reader, objection_time: int, veto_holder: bytes) -> "EqualShares":
        """Read the bytes after those that all rules on ballots have."""
        utility = read_flag(reader, "utility")
        completion = reader.unsigned(1, "completion")
        if completion > max(Completion):
            raise Malformed("outcome.completion", f"unknown completion {completion}")
        increment = reader.unsigned(AMOUNT_BYTES, "increment")
        budget, costs = read_costs(reader)
        return cls(
            costs,
            budget,
            Utility(utility),
            Completion(completion),
            increment,
            objection_time=objection_time,
            veto_holder=veto_holder,
        )

    def decide(self, votes: Profile) -> tuple[list[int], list[Step]]:
        """Return the funded options, and purchases and additions."""
        if not votes.voters:
            return [], []
        by_cost = self.utility is Utility.COST
        market = Market(votes, self.costs, self.budget, self.increment, by_cost)
        increments, bought = self._last_within_budget(market)
        first = Fraction(self.budget, market.voters)
        share = first + increments * self.increment
        steps: list[Step] = [Shares(market.voters, first, Fraction(increments), share)]
        steps += market.steps(bought, increments)
        winners = bought.options
        if self.completion.is_utilitarian:
            added = self._added(market, winners)
            steps += added
            winners += [step.option for step in added if isinstance(step, Completed)]
        return winners, steps

    def _last_within_budget(self, market: Market) -> tuple[int, Purchases]:
        """Return the number of increments of add-one, and what voters buy after them."""
        increments, bought = 0, market.buy()
        while self.completion.adds_one and len(bought.options) < len(market.candidates):
            # The same is bought until then. It ends, because unlimited shares buy everything.
            last = bought.until
            further = market.buy_after(bought, last + 1)
            if self._cost(further.options) > self.budget:
                return last, bought
            increments, bought = last + 1, further
        return increments, bought

    def _added(self, market: Market, options: list[int]) -> list[Completed | Skipped]:
        """Return what the utilitarian completion visits, most utility per cost first."""
        left = self.budget - self._cost(options)
        utilities = [self._utility(market, slot) for slot in range(self.slots)]
        steps = list[Completed | Skipped]()
        candidates = [slot for slot in market.candidates if slot not in options]
        for slot in sorted(
            candidates, key=lambda slot: (-utilities[slot] / self.costs[slot], slot)
        ):
            cost = self.costs[slot]
            step = Skipped if cost > left else Completed
            left -= 0 if cost > left else cost
            steps.append(step(slot, Fraction(cost), utilities[slot], Fraction(left)))
        return steps

    def _utility(self, market: Market, slot: int) -> Fraction:
        return Fraction(
            market.points[slot] * (self.costs[slot] if self.utility is Utility.COST else 1)
        )

    def _cost(self, options: list[int]) -> int:
        return sum(self.costs[slot] for slot in options)
