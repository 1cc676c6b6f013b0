"""Vector commitments whose generators are derived from public constants.

`com(v; ρ) = Σ v_j G_j + ρ H`: perfectly hiding, binding while discrete logarithms are hard.

Source: docs/protocol.md §2.7, §2.9. Vectors: tests/vectors/generators.json.
"""

from collections.abc import Sequence
from functools import cache

from ostraka_verifier.curve import Curve, FixedBases, P, Points
from ostraka_verifier.encoding import tagged_hash, unsigned

MAX_GENERATORS = 320
"""Largest `j` of a `G_j`: the bits and quadratic rows that one rule may have (§5.3)."""


@cache
def derive_generator(index: int) -> bytes:
    """Return point `index` by try-and-increment, 64 bytes: 0 is `H`, `j >= 1` is `G_j`."""
    counter = 0
    while True:
        digest = tagged_hash("generators", unsigned(index, 4), unsigned(counter, 4))
        x = int.from_bytes(digest, "big") % P
        square = (x * x * x + 3) % P
        # p = 3 mod 4, so this is a root whenever there is one.
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return unsigned(x, 32) + unsigned(y if y % 2 == 0 else P - y, 32)
        counter += 1


def generators(curve: Curve, width: int) -> Points:
    """Return `H, G_1, …, G_width`: a vector of `width + 1` points."""
    if not 0 <= width <= MAX_GENERATORS:
        raise ValueError(f"width {width} outside 0 … {MAX_GENERATORS}")
    return curve.decode(b"".join([derive_generator(index) for index in range(width + 1)]))


class CommitmentKey:
    """Precomputed generators for commitments to up to `width` values."""

    def __init__(self, curve: Curve, width: int) -> None:
        self.width = width
        self.generators = generators(curve, width)
        self._bases: FixedBases = curve.fixed_bases(self.generators)

    def commit(self, openings: Sequence[tuple[Sequence[int], int]]) -> Points:
        """Return commitments to (values, blinding) pairs, one point each.

        Args:
            openings: At most `width` values in [0, R) each, and a blinding in [0, R); values that
                are missing at the end count as zero.
        """
        rows = [
            [blinding, *values, *([0] * (self.width - len(values)))]
            for values, blinding in openings
        ]
        return self._bases.commit(rows)
