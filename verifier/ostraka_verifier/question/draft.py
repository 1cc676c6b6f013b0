"""A ballot rule in the making.

Source: docs/protocol.md §5.4, §5.5.
"""

from collections.abc import Iterable, Sequence

from ostraka_verifier.commitment import MAX_GENERATORS
from ostraka_verifier.errors import Rejected
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row, Terms, slack_coefficients


class Draft:
    """Bits are numbered in the order in which they are asked for, slots in that of `slot`."""

    def __init__(self) -> None:
        self._bits = 0
        self._slots: list[Terms] = []
        self._rows: list[Row] = []
        self._quadratic_rows: list[QuadraticRow] = []

    def bits(self, coefficients: Sequence[int]) -> Terms:
        """New bits with these coefficients; Rejected (check P2) beyond what a rule can have."""
        # Refused here already: a few bytes of JSON must not ask for a hundred thousand bits.
        terms = tuple(enumerate(coefficients, start=self._bits))
        self._bits += len(terms)
        if self._bits > MAX_GENERATORS:
            raise refuse("bits", f"{self._bits}, at most {MAX_GENERATORS}")
        return terms

    def span(self, largest: int) -> Terms:
        """New bits whose sums are exactly `0 … largest` (§5.4); none for 0."""
        return self.bits(slack_coefficients(largest))

    def slot(self, terms: Terms) -> int:
        """A new slot; its number."""
        self._slots.append(terms)
        return len(self._slots) - 1

    def options(self, count: int) -> Terms:
        """A new bit for each of `count` options, and each bit a slot."""
        options = self.bits([1] * count)
        for term in options:
            self.slot((term,))
        return options

    def row(self, terms: Iterable[tuple[int, int]], constant: int) -> None:
        """`Σ terms = constant`; terms in any order."""
        self._rows.append(Row(tuple(sorted(terms)), constant))

    def quadratic_row(self, slots: Sequence[int], terms: Terms, constant: int) -> None:
        """`Σ v² + Σ terms = constant` over the slots."""
        self._quadratic_rows.append(QuadraticRow(tuple(slots), terms, constant))

    def rule(self) -> BallotRule:
        """The rule; Rejected (check P2) when it is too large or could wrap."""
        slots, rows = tuple(self._slots), tuple(self._rows)
        return BallotRule(self._bits, slots, rows, tuple(self._quadratic_rows))


def refuse(field: str, reason: str) -> Rejected:
    """What a question that nobody can ask raises."""
    return Rejected("P2", f"question.{field}", reason)


def negative(terms: Terms) -> Terms:
    """The same bits with the opposite coefficients."""
    return tuple((bit, -coefficient) for bit, coefficient in terms)
