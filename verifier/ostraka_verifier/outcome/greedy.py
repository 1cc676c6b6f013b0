"""Funding options by rank while the budget lasts.

Source: docs/protocol.md §14.3. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cmp_to_key

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.rule import (
    AMOUNT_BYTES,
    Kind,
    OutcomeRule,
    read_flag,
    refuse,
    require_range,
)


class Order(IntEnum):
    """Criterion by which greedy ranks."""

    VOTES = 0
    VOTES_PER_COST = 1


class Misfit(IntEnum):
    """What greedy does with an option that costs more than is left."""

    SKIP = 0
    STOP = 1


@dataclass(frozen=True)
class Greedy(OutcomeRule):
    """Fund options by rank while the budget lasts.

    Attributes:
        costs: Of each slot, in the smallest unit, each in [1, 2^128).
        budget: In the same unit.
        ranked_by, misfit: How to rank, and what to do with options that do not fit.
        minimum_support: Minimum of votes for funding an option.

    Raises:
        Rejected: A cost, the budget or the minimum support is out of range (check P2).
    """

    costs: tuple[int, ...]
    budget: int
    ranked_by: Order = Order.VOTES
    misfit: Misfit = Misfit.SKIP
    minimum_support: int = 1

    def __post_init__(self) -> None:
        for slot, cost in enumerate(self.costs):
            require_range(f"costs[{slot}]", cost, 1, 128)
        for name in ("budget", "minimum_support"):
            require_range(name, getattr(self, name), 0, 128)

    def check_slots(self, slots: int) -> None:
        """Check that each slot has a cost."""
        if len(self.costs) != slots:
            raise refuse("costs", f"{len(self.costs)}, expected {slots}")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.3)."""
        head = [unsigned(value, 1) for value in (Kind.GREEDY, self.ranked_by, self.misfit)]
        head += [unsigned(value, AMOUNT_BYTES) for value in (self.minimum_support, self.budget)]
        head += [unsigned(len(self.costs), 2)]
        return b"".join(head + [unsigned(cost, AMOUNT_BYTES) for cost in self.costs])

    @classmethod
    def read(cls, reader: Reader) -> "Greedy":
        """Read the bytes after the kind."""
        order, misfit = read_flag(reader, "order"), read_flag(reader, "misfit")
        support = reader.unsigned(AMOUNT_BYTES, "minimum_support")
        budget = reader.unsigned(AMOUNT_BYTES, "budget")
        count = reader.unsigned(2, "slots")
        costs = tuple(reader.unsigned(AMOUNT_BYTES, "costs") for _ in range(count))
        return cls(costs, budget, Order(order), Misfit(misfit), support)

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return all slots."""
        return ranking(tally, self.costs, self.ranked_by)

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return 1 for each funded slot."""
        self.check_slots(len(tally))
        funded = [0] * len(tally)
        left = self.budget
        for slot in self.order(tally):
            if tally[slot] < self.minimum_support:
                continue
            if self.costs[slot] > left:
                if self.misfit is Misfit.STOP:
                    break
                continue
            funded[slot] = 1
            left -= self.costs[slot]
        return funded


def ranking(tally: Sequence[int], costs: Sequence[int], ranked_by: Order) -> list[int]:
    """Return slots from best to worst; ties go to the lower slot."""

    def compare(left: int, right: int) -> int:
        left_rank, right_rank = tally[left], tally[right]
        if ranked_by is Order.VOTES_PER_COST:
            left_rank, right_rank = left_rank * costs[right], right_rank * costs[left]
        return right_rank - left_rank or left - right

    return sorted(range(len(costs)), key=cmp_to_key(compare))
