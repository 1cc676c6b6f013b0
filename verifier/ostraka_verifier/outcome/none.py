"""No outcome rule: the tally itself is the result.

Source: docs/protocol.md §14.2. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.encoding import unsigned
from ostraka_verifier.outcome.rule import Kind, OutcomeRule


@dataclass(frozen=True)
class NoOutcome(OutcomeRule):
    """The tally itself is the result."""

    def encode(self) -> bytes:
        """Return one byte."""
        return unsigned(Kind.NONE, 1)

    def check_slots(self, slots: int) -> None:
        """Accept any number of slots."""

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return an empty list."""
        return []

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return an empty list."""
        return []
