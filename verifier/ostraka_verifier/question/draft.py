"""A ballot rule in the making.

Source: docs/protocol.md §5.4, §5.5.
"""

from collections.abc import Iterable, Sequence

from ostraka_verifier.commitment import MAX_GENERATORS
from ostraka_verifier.errors import Rejected
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row, Terms, slack_coefficients


class Draft:
    """Bits are numbered in the order in which they are added, slots in that of `slot`."""

    def __init__(self) -> None:
        self._bits = 0
        self._slots: list[Terms] = []
        self._rows: list[Row] = []
        self._quadratic_rows: list[QuadraticRow] = []

    def bits(self, coefficients: Sequence[int]) -> Terms:
        """Return new bits with these coefficients; Rejected (check P2) above a rule's limit."""
        # Refuse early: a few bytes of JSON must not create a hundred thousand bits.
        terms = tuple(enumerate(coefficients, start=self._bits))
        self._bits += len(terms)
        if self._bits > MAX_GENERATORS:
            raise refuse("bits", f"{self._bits}, at most {MAX_GENERATORS}")
        return terms

    def span(self, largest: int) -> Terms:
        """Return new bits whose sums are exactly `0 … largest` (§5.4); none for 0."""
        return self.bits(slack_coefficients(largest))

    def slot(self, terms: Terms) -> int:
        """Add a slot and return its number."""
        self._slots.append(terms)
        return len(self._slots) - 1

    def options(self, count: int) -> Terms:
        """Add a bit for each of `count` options, and a slot for each bit."""
        options = self.bits([1] * count)
        for term in options:
            self.slot((term,))
        return options

    def row(self, terms: Iterable[tuple[int, int]], constant: int) -> None:
        """Add the row `Σ terms = constant`, with terms in any order."""
        self._rows.append(Row(tuple(sorted(terms)), constant))

    def quadratic_row(self, slots: Sequence[int], terms: Terms, constant: int) -> None:
        """Add the quadratic row `Σ v² + Σ terms = constant` over the slots."""
        self._quadratic_rows.append(QuadraticRow(tuple(slots), terms, constant))

    def rule(self) -> BallotRule:
        """Return the rule; Rejected (check P2) if it is too large or could wrap."""
        slots, rows = tuple(self._slots), tuple(self._rows)
        return BallotRule(self._bits, slots, rows, tuple(self._quadratic_rows))


def refuse(field: str, reason: str) -> Rejected:
    """Return the error for an invalid question."""
    return Rejected("P2", f"question.{field}", reason)


def negative(terms: Terms) -> Terms:
    """Return the same bits with the opposite coefficients."""
    return tuple((bit, -coefficient) for bit, coefficient in terms)
