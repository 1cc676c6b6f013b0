"""An amount shared in proportion to votes, by largest remainders.

Source: docs/protocol.md §14.7. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.rule import (
    AMOUNT_BYTES,
    Kind,
    OutcomeRule,
    best_first,
    refuse,
    require_range,
)


@dataclass(frozen=True)
class Proportional(OutcomeRule):
    """Share an amount among contenders by their votes.

    Attributes:
        amount: In the smallest unit, at least 1.
        contenders: The first slots; those after them are abstentions.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    amount: int
    contenders: int

    def __post_init__(self) -> None:
        require_range("amount", self.amount, 1, 128)
        require_range("contenders", self.contenders, 1, 16)

    def check_slots(self, slots: int) -> None:
        """Check that each contender has a slot."""
        if self.contenders > slots:
            raise refuse("contenders", f"{self.contenders} of {slots} slots")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.7)."""
        head = unsigned(Kind.PROPORTIONAL, 1) + unsigned(self.amount, AMOUNT_BYTES)
        return head + unsigned(self.contenders, 2)

    @classmethod
    def read(cls, reader: Reader) -> "Proportional":
        """Read the bytes after the kind."""
        return cls(reader.unsigned(AMOUNT_BYTES, "amount"), reader.unsigned(2, "contenders"))

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return the contenders by their remainders; in slot order if there are no votes."""
        votes = tally[: self.contenders]
        total = sum(votes) or 1
        return best_first(self.contenders, lambda slot: self.amount * votes[slot] % total)

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return amounts; they sum to `amount` unless nobody voted for a contender."""
        self.check_slots(len(tally))
        votes = tally[: self.contenders]
        total = sum(votes)
        awarded = [0] * len(tally)
        if total == 0:
            return awarded
        for slot, count in enumerate(votes):
            awarded[slot] = self.amount * count // total
        for slot in self.order(tally)[: self.amount - sum(awarded)]:
            awarded[slot] += 1
        return awarded
