"""Interface of every outcome rule: its bytes, and its awards for a tally.

Source: docs/protocol.md §14.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import IntEnum

from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import Malformed, Rejected

AMOUNT_BYTES = 16


class Kind(IntEnum):
    """First byte of an outcome rule."""

    NONE = 0
    GREEDY = 1
    MAJORITY = 2
    PLURALITY = 3
    GREEDY_BY_CATEGORY = 4
    PROPORTIONAL = 5
    PARTS = 6
    CONDORCET = 7
    BALLOTS = 8


class OutcomeRule(ABC):
    """A rule that has passed every condition on its own fields."""

    @abstractmethod
    def encode(self) -> bytes:
        """Return canonical bytes (§14)."""

    @abstractmethod
    def check_slots(self, slots: int) -> None:
        """Raise Rejected (check P2) unless the rule fits that many slots."""

    def check_counting(self, shuffled: bool) -> None:  # noqa: B027
        """Raise Rejected (check P2) if the rule needs opened ballots and the poll opens none."""

    @abstractmethod
    def order(self, tally: Sequence[int]) -> list[int]:
        """Return the contract's hint: slots from best to worst, the lower one first in a tie."""

    @abstractmethod
    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return each slot's award; empty if the rule has no awards.

        Args:
            tally: Votes of each slot.

        Raises:
            Rejected: The rule does not fit that many slots (check P2).
        """


def require_range(name: str, value: int, low: int, bits: int) -> None:
    """Raise Rejected (check P2) unless `low <= value < 2^bits`."""
    if not low <= value < 1 << bits:
        raise Rejected("P2", f"outcome.{name}", f"{value} outside {low} … 2^{bits} − 1")


def refuse(name: str, reason: str) -> Rejected:
    """Return the error for a rule with another broken condition."""
    return Rejected("P2", f"outcome.{name}", reason)


def read_flag(reader: Reader, name: str) -> int:
    """Return one byte, 0 or 1; Malformed otherwise."""
    value = reader.unsigned(1, name)
    if value > 1:
        raise Malformed(f"outcome.{name}", f"{value}, expected 0 or 1")
    return value


def best_first(slots: int, rank: Callable[[int], int]) -> list[int]:
    """Return slots by descending rank; the lower one first where ranks are equal."""
    return sorted(range(slots), key=lambda slot: (-rank(slot), slot))
