"""Funding options by rank while the budgets of their categories last.

Source: docs/protocol.md §14.6. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.greedy import Misfit, Order, ranking
from ostraka_verifier.outcome.rule import (
    AMOUNT_BYTES,
    Kind,
    OutcomeRule,
    read_flag,
    refuse,
    require_range,
)


@dataclass(frozen=True)
class GreedyByCategory(OutcomeRule):
    """Fund options by rank while the budgets of category and whole last; then spend the rest.

    Attributes:
        costs: Of each slot, in the smallest unit, each in [1, 2^128).
        categories: Of each slot, an index into `category_budgets`.
        category_budgets: In the same unit, at least one.
        budget: In the same unit, for all categories together.
        ranked_by, misfit: How to rank, and what to do with options that do not fit.
        leftover: Whether a second pass spends what is left of categories on any of them.
        minimum_support: Minimum of votes for funding an option.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    costs: tuple[int, ...]
    categories: tuple[int, ...]
    category_budgets: tuple[int, ...]
    budget: int
    ranked_by: Order = Order.VOTES
    misfit: Misfit = Misfit.SKIP
    leftover: bool = False
    minimum_support: int = 1

    def __post_init__(self) -> None:
        if not self.category_budgets:
            raise refuse("category_budgets", "there is no category")
        for category, amount in enumerate(self.category_budgets):
            require_range(f"category_budgets[{category}]", amount, 0, 128)
        if len(self.categories) != len(self.costs):
            raise refuse("categories", f"{len(self.categories)}, expected {len(self.costs)}")
        for slot, (cost, category) in enumerate(zip(self.costs, self.categories, strict=True)):
            require_range(f"costs[{slot}]", cost, 1, 128)
            if not 0 <= category < len(self.category_budgets):
                raise refuse(f"categories[{slot}]", f"category {category} does not exist")
        for name in ("budget", "minimum_support"):
            require_range(name, getattr(self, name), 0, 128)

    def check_slots(self, slots: int) -> None:
        """Check that each slot has a cost."""
        if len(self.costs) != slots:
            raise refuse("costs", f"{len(self.costs)}, expected {slots}")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.6)."""
        flags = (Kind.GREEDY_BY_CATEGORY, self.ranked_by, self.misfit, int(self.leftover))
        parts = [unsigned(value, 1) for value in flags]
        parts += [unsigned(value, AMOUNT_BYTES) for value in (self.minimum_support, self.budget)]
        parts += [unsigned(len(self.category_budgets), 2)]
        parts += [unsigned(amount, AMOUNT_BYTES) for amount in self.category_budgets]
        parts += [unsigned(len(self.costs), 2)]
        for cost, category in zip(self.costs, self.categories, strict=True):
            parts += [unsigned(cost, AMOUNT_BYTES), unsigned(category, 2)]
        return b"".join(parts)

    @classmethod
    def read(cls, reader: Reader) -> "GreedyByCategory":
        """Read the bytes after the kind."""
        order, misfit, leftover = (
            read_flag(reader, name) for name in ("order", "misfit", "leftover")
        )
        support = reader.unsigned(AMOUNT_BYTES, "minimum_support")
        budget = reader.unsigned(AMOUNT_BYTES, "budget")
        count = reader.unsigned(2, "categories")
        budgets = tuple(reader.unsigned(AMOUNT_BYTES, "category_budgets") for _ in range(count))
        options = [
            (reader.unsigned(AMOUNT_BYTES, "costs"), reader.unsigned(2, "categories"))
            for _ in range(reader.unsigned(2, "slots"))
        ]
        return cls(
            tuple(cost for cost, _ in options),
            tuple(category for _, category in options),
            budgets,
            budget,
            Order(order),
            Misfit(misfit),
            bool(leftover),
            support,
        )

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return all slots."""
        return ranking(tally, self.costs, self.ranked_by)

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return 1 for each funded slot."""
        self.check_slots(len(tally))
        supported = [slot for slot in self.order(tally) if tally[slot] >= self.minimum_support]
        funded = [0] * len(tally)
        left, of_category = self.budget, list(self.category_budgets)
        ended = set[int]()
        for slot in supported:
            cost, category = self.costs[slot], self.categories[slot]
            if category in ended:
                continue
            if cost > min(left, of_category[category]):
                if self.misfit is Misfit.STOP:
                    ended.add(category)
                continue
            funded[slot] = 1
            left -= cost
            of_category[category] -= cost
        for slot in supported if self.leftover else ():
            if funded[slot]:
                continue
            if self.costs[slot] > left:
                if self.misfit is Misfit.STOP:
                    break
                continue
            funded[slot] = 1
            left -= self.costs[slot]
        return funded
