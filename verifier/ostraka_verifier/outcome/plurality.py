"""Seats for the contenders with most votes.

Source: docs/protocol.md §14.5. Vectors: tests/vectors/outcome.json.
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
class Plurality(OutcomeRule):
    """The first contenders by votes, as many as there are seats.

    Attributes:
        seats: How many, at most `contenders`.
        contenders: The first slots; those after them are abstentions.
        minimum_support: Minimum of votes for a seat.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    seats: int
    contenders: int
    minimum_support: int = 1

    def __post_init__(self) -> None:
        require_range("contenders", self.contenders, 1, 16)
        require_range("minimum_support", self.minimum_support, 0, 128)
        if not 1 <= self.seats <= self.contenders:
            raise refuse("seats", f"{self.seats} for {self.contenders} contenders")

    def check_slots(self, slots: int) -> None:
        """Check that each contender has a slot."""
        if self.contenders > slots:
            raise refuse("contenders", f"{self.contenders} of {slots} slots")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.5)."""
        parts = [unsigned(Kind.PLURALITY, 1), unsigned(self.seats, 2)]
        parts += [unsigned(self.minimum_support, AMOUNT_BYTES), unsigned(self.contenders, 2)]
        return b"".join(parts)

    @classmethod
    def read(cls, reader: Reader) -> "Plurality":
        """Read the bytes after the kind."""
        seats = reader.unsigned(2, "seats")
        support = reader.unsigned(AMOUNT_BYTES, "minimum_support")
        return cls(seats, reader.unsigned(2, "contenders"), support)

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return the contenders."""
        return best_first(self.contenders, lambda slot: tally[slot])

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return 1 for each slot with a seat."""
        self.check_slots(len(tally))
        seated = [0] * len(tally)
        for slot in self.order(tally)[: self.seats]:
            seated[slot] = int(tally[slot] >= self.minimum_support)
        return seated
