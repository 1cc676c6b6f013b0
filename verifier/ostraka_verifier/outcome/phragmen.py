"""Sequential Phragmén with costs: voters earn money alike, and supporters buy what they can.

With costs of 1 it elects a committee of `budget` seats.

Source: docs/protocol.md §14.10.5. Vectors: tests/vectors/ballot_outcomes.json.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.ballots import (
    BallotMethod,
    BallotOutcome,
    Profile,
    read_costs,
    require_costs,
    write_costs,
)
from ostraka_verifier.outcome.rule import AMOUNT_BYTES
from ostraka_verifier.outcome.steps import Funded, Step, Stopped


@dataclass(frozen=True)
class Phragmen(BallotOutcome):
    """Fund options by approvals until the next one costs more than is left.

    Attributes:
        costs: Of each slot, in the smallest unit, each in [1, 2^128).
        budget: In the same unit.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    costs: tuple[int, ...]
    budget: int

    method = BallotMethod.PHRAGMEN

    def __post_init__(self) -> None:
        super().__post_init__()
        require_costs(self.costs, self.budget)

    @property
    def slots(self) -> int:
        """Number of options."""
        return len(self.costs)

    def parameters(self) -> bytes:
        """Return budget and costs."""
        return unsigned(self.budget, AMOUNT_BYTES) + write_costs(self.costs)

    @classmethod
    def read(cls, reader: Reader, objection_time: int, veto_holder: bytes) -> "Phragmen":
        """Read the bytes after those that all rules on ballots have."""
        budget, costs = read_costs(reader)
        return cls(costs, budget, objection_time=objection_time, veto_holder=veto_holder)

    def decide(self, votes: Profile) -> tuple[list[int], list[Step]]:
        """Return the funded options, and the purchases."""
        approved = [[slot for slot, points in enumerate(one) if points] for one, _ in votes.groups]
        counts = [count for _, count in votes.groups]
        supporters = votes.by_slot(self.slots)
        weights = [sum(counts[group] for group in groups) for groups in supporters]
        candidates = {
            slot for slot, cost in enumerate(self.costs) if weights[slot] and cost <= self.budget
        }
        # Times of purchases, for each group which of them was its last one, and for each option
        # the times of the last purchases of all its supporters together.
        times, last = [Fraction()], [0] * len(counts)
        spent = [Fraction()] * self.slots
        left = self.budget
        winners, steps = list[int](), list[Step]()
        while candidates and left:
            affordable_at = {
                slot: (self.costs[slot] + spent[slot]) / weights[slot] for slot in candidates
            }
            chosen = min(candidates, key=lambda slot: (affordable_at[slot], slot))
            cost, time = self.costs[chosen], affordable_at[chosen]
            step = Stopped if cost > left else Funded
            left -= 0 if cost > left else cost
            steps.append(step(chosen, Fraction(cost), weights[chosen], time, Fraction(left)))
            if step is Stopped:
                break
            winners.append(chosen)
            candidates.remove(chosen)
            moved = Counter[tuple[int, int]]()
            for group in supporters[chosen]:
                for slot in approved[group]:
                    moved[last[group], slot] += counts[group]
                last[group] = len(times)
            for (purchase, slot), count in moved.items():
                spent[slot] += count * (time - times[purchase])
            times.append(time)
        return winners, steps
