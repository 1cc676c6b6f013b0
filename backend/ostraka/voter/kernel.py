"""Masks for a ballot proof: uniform vectors on which every row of a rule vanishes.

Source: docs/protocol.md §8.1.
"""

from dataclasses import dataclass

from ostraka.randomness import Randomness
from ostraka_verifier.curve import R
from ostraka_verifier.rule import BallotRule


@dataclass(frozen=True)
class Kernel:
    """Kernel of a rule's linear rows over F_r, in reduced row echelon form.

    Attributes:
        bits: Length of the vectors.
        pivots: For each pivot bit the (free bit, coefficient) terms that give its value.
    """

    bits: int
    pivots: dict[int, tuple[tuple[int, int], ...]]

    @classmethod
    def of(cls, rule: BallotRule) -> "Kernel":
        """Compute the kernel of a rule's rows, which may be linearly dependent."""
        rows = [
            {bit: coefficient % R for bit, coefficient in row.terms if coefficient % R}
            for row in rule.rows
        ]
        reduced: dict[int, dict[int, int]] = {}
        for row in rows:
            for pivot, known in reduced.items():
                _subtract(row, known, row.get(pivot, 0))
            if not row:
                continue
            pivot = min(row)
            inverse = pow(row[pivot], -1, R)
            row = {bit: coefficient * inverse % R for bit, coefficient in row.items()}
            for known in reduced.values():
                _subtract(known, row, known.get(pivot, 0))
            reduced[pivot] = row
        return cls(
            rule.bits,
            {
                pivot: tuple((bit, -value % R) for bit, value in row.items() if bit != pivot)
                for pivot, row in reduced.items()
            },
        )

    def sample(self, randomness: Randomness) -> list[int]:
        """Return a uniform vector of the kernel, entries in [0, R)."""
        mask = [0 if bit in self.pivots else randomness.scalar() for bit in range(self.bits)]
        for pivot, terms in self.pivots.items():
            mask[pivot] = sum(coefficient * mask[bit] for bit, coefficient in terms) % R
        return mask


def _subtract(row: dict[int, int], other: dict[int, int], factor: int) -> None:
    if not factor:
        return
    for bit, coefficient in other.items():
        value = (row.get(bit, 0) - factor * coefficient) % R
        if value:
            row[bit] = value
        else:
            row.pop(bit, None)
