"""From a tally to a decision, in exact integers.

Source: docs/protocol.md §14. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cmp_to_key

from ostraka_verifier.encoding import Reader, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed, Rejected

_AMOUNT_BYTES = 16


class Kind(IntEnum):
    """First byte of an outcome rule."""

    NONE = 0
    GREEDY = 1


class Order(IntEnum):
    """By what greedy ranks."""

    VOTES = 0
    VOTES_PER_COST = 1


class Misfit(IntEnum):
    """What greedy does at an option that costs more than is left."""

    SKIP = 0
    STOP = 1


@dataclass(frozen=True)
class NoOutcome:
    """The tally itself is the result."""

    def encode(self) -> bytes:
        """One byte."""
        return unsigned(Kind.NONE, 1)

    def check_slots(self, slots: int) -> None:
        """Fits any number of slots."""


@dataclass(frozen=True)
class Greedy:
    """Fund options by rank while the budget lasts.

    Attributes:
        costs: Of each slot, in the smallest unit, each in [1, 2^128).
        budget: In the same unit.
        order, misfit: How to rank, and what to do with what does not fit.
        minimum_support: Votes below which an option is passed over.

    Raises:
        Rejected: A cost, the budget or the minimum support is out of range (check P2).
    """

    costs: tuple[int, ...]
    budget: int
    order: Order = Order.VOTES
    misfit: Misfit = Misfit.SKIP
    minimum_support: int = 1

    def __post_init__(self) -> None:
        for slot, cost in enumerate(self.costs):
            if not 1 <= cost < 1 << 128:
                raise Rejected("P2", f"outcome.costs[{slot}]", f"{cost} outside 1 … 2^128 − 1")
        for name in ("budget", "minimum_support"):
            if not 0 <= getattr(self, name) < 1 << 128:
                raise Rejected("P2", f"outcome.{name}", "outside 0 … 2^128 − 1")

    def check_slots(self, slots: int) -> None:
        """One cost a slot; Rejected (check P2) otherwise."""
        if len(self.costs) != slots:
            raise Rejected("P2", "outcome.costs", f"{len(self.costs)}, expected {slots}")

    def encode(self) -> bytes:
        """Canonical bytes (§14.3)."""
        head = [unsigned(value, 1) for value in (Kind.GREEDY, self.order, self.misfit)]
        head += [unsigned(value, _AMOUNT_BYTES) for value in (self.minimum_support, self.budget)]
        head += [unsigned(len(self.costs), 2)]
        return b"".join(head + [unsigned(cost, _AMOUNT_BYTES) for cost in self.costs])

    def ranking(self, tally: Sequence[int]) -> list[int]:
        """Slots from best to worst; ties go to the lower slot."""

        def compare(left: int, right: int) -> int:
            left_rank, right_rank = tally[left], tally[right]
            if self.order is Order.VOTES_PER_COST:
                left_rank, right_rank = left_rank * self.costs[right], right_rank * self.costs[left]
            return right_rank - left_rank or left - right

        return sorted(range(len(self.costs)), key=cmp_to_key(compare))

    def winners(self, tally: Sequence[int]) -> list[bool]:
        """Whether each slot is funded.

        Args:
            tally: Votes of each slot.
        """
        self.check_slots(len(tally))
        funded = [False] * len(tally)
        left = self.budget
        for slot in self.ranking(tally):
            if tally[slot] < self.minimum_support:
                continue
            if self.costs[slot] > left:
                if self.misfit is Misfit.STOP:
                    break
                continue
            funded[slot] = True
            left -= self.costs[slot]
        return funded


OutcomeRule = NoOutcome | Greedy


def decode_outcome_rule(data: bytes) -> OutcomeRule:
    """Read an outcome rule.

    Raises:
        Malformed: Unknown kind, bytes missing or left over.
        Rejected: A value is out of range (check P2).
    """
    reader = Reader(data, "outcome")
    kind = reader.unsigned(1, "kind")
    rule: OutcomeRule
    if kind == Kind.NONE:
        rule = NoOutcome()
    elif kind == Kind.GREEDY:
        order, misfit = reader.unsigned(1, "order"), reader.unsigned(1, "misfit")
        if order > 1 or misfit > 1:
            raise Malformed("outcome: order and misfit are 0 or 1")
        support = reader.unsigned(_AMOUNT_BYTES, "minimum_support")
        budget = reader.unsigned(_AMOUNT_BYTES, "budget")
        count = reader.unsigned(2, "slots")
        costs = tuple(reader.unsigned(_AMOUNT_BYTES, "costs") for _ in range(count))
        rule = Greedy(costs, budget, Order(order), Misfit(misfit), support)
    else:
        raise Malformed(f"outcome: unknown kind {kind}")
    reader.end()
    return rule


def outcome_rule_digest(encoded: bytes) -> bytes:
    """32 bytes that stand for an outcome rule on chain."""
    return tagged_hash("outcome", encoded)
