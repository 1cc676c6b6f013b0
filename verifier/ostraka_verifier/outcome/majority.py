"""Yes or no by a share of the votes cast for either.

Source: docs/protocol.md §14.4. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.rule import (
    AMOUNT_BYTES,
    Kind,
    OutcomeRule,
    read_flag,
    refuse,
    require_range,
)

_SHARE_BYTES = 8


@dataclass(frozen=True)
class Majority(OutcomeRule):
    """Slot 0 is yes, slot 1 no; slot 2 is abstention if that is possible.

    Attributes:
        numerator, denominator: Share of yes among yes and no that passes, both in [1, 2^64).
        strict: Whether yes must exceed that share.
        abstention: Whether there is a third slot.
        quorum: Minimum turnout for a decision, abstentions included.

    Raises:
        Rejected: A value is out of range, or the share can never be reached (check P2).
    """

    numerator: int = 1
    denominator: int = 2
    strict: bool = True
    abstention: bool = False
    quorum: int = 0

    def __post_init__(self) -> None:
        require_range("numerator", self.numerator, 1, 64)
        require_range("denominator", self.denominator, 1, 64)
        require_range("quorum", self.quorum, 0, 128)
        if self.numerator + self.strict > self.denominator:
            raise refuse("numerator", f"more than {self.numerator}/{self.denominator} never passes")

    def check_slots(self, slots: int) -> None:
        """Check for two slots, or three with abstention."""
        if slots != 2 + self.abstention:
            raise refuse("abstention", f"{slots} slots, expected {2 + self.abstention}")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.4)."""
        flags = (Kind.MAJORITY, int(self.abstention), int(self.strict))
        parts = [unsigned(value, 1) for value in flags]
        parts += [unsigned(self.quorum, AMOUNT_BYTES)]
        parts += [unsigned(value, _SHARE_BYTES) for value in (self.numerator, self.denominator)]
        return b"".join(parts)

    @classmethod
    def read(cls, reader: Reader) -> "Majority":
        """Read the bytes after the kind."""
        abstention, strict = read_flag(reader, "abstention"), read_flag(reader, "strict")
        quorum = reader.unsigned(AMOUNT_BYTES, "quorum")
        numerator = reader.unsigned(_SHARE_BYTES, "numerator")
        denominator = reader.unsigned(_SHARE_BYTES, "denominator")
        return cls(numerator, denominator, bool(strict), bool(abstention), quorum)

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return an empty list."""
        return []

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return 1 for yes or no; only zeros without a decision."""
        self.check_slots(len(tally))
        yes, no, *rest = tally
        if sum(tally) < self.quorum or yes + no == 0:
            return [0] * len(tally)
        excess = yes * self.denominator - self.numerator * (yes + no)
        passes = excess > 0 if self.strict else excess >= 0
        return [int(passes), int(not passes), *(0 for _ in rest)]
