"""A group of a few elements behind the curve's interface, whose discrete logarithms are known.

Protocol code whose `R` is replaced by the same prime runs on it unchanged. An element is its
logarithm, so that a test sees everything that unlimited computing power would.
"""

from collections.abc import Sequence

from ostraka_verifier.curve import Points, Scalars

Row = tuple[int, ...]


class SmallPoints:
    """Logarithms to some base, modulo a small prime."""

    def __init__(self, logarithms: Sequence[int]) -> None:
        self.logarithms = tuple(logarithms)

    def __len__(self) -> int:
        return len(self.logarithms)

    def __getitem__(self, index: int | slice) -> "SmallPoints":
        chosen = self.logarithms[index]
        return SmallPoints(chosen if isinstance(chosen, tuple) else (chosen,))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SmallPoints) and self.logarithms == other.logarithms

    def __hash__(self) -> int:
        return hash(self.logarithms)

    def encode(self) -> bytes:
        """Return 64 bytes an element."""
        return b"".join([one.to_bytes(64, "big") for one in self.logarithms])


class SmallCurve:
    """A group of a small prime order. It has what the shuffle uses of a curve."""

    name = "small"

    def __init__(self, order: int) -> None:
        self.order = order

    def decode(self, data: bytes, *, identity: bool = False) -> SmallPoints:
        """Return elements that are not the identity, whatever the bytes: generators."""
        chunks = [data[at : at + 64] for at in range(0, len(data), 64)]
        return SmallPoints([1 + int.from_bytes(one, "big") % (self.order - 1) for one in chunks])

    def concat(self, parts: Sequence[Points]) -> SmallPoints:
        """Return one vector of all parts in order."""
        return SmallPoints([one for part in parts for one in _own(part)])

    def add(self, left: Points, right: Points) -> SmallPoints:
        """Return elementwise sums."""
        pairs = zip(_own(left), _own(right), strict=True)
        return SmallPoints([(one + other) % self.order for one, other in pairs])

    def negate(self, points: Points) -> SmallPoints:
        """Return elementwise inverses."""
        return SmallPoints([-one % self.order for one in _own(points)])

    def sum(self, points: Points) -> SmallPoints:
        """Return the sum of all."""
        return SmallPoints([sum(_own(points)) % self.order])

    def msm(self, points: Points, scalars: Scalars) -> SmallPoints:
        """Return `Σ scalars[i] · points[i]`."""
        terms = zip(_own(points), scalars, strict=True)
        return SmallPoints([sum(one * scalar for one, scalar in terms) % self.order])

    def fixed_bases(self, points: Points) -> "SmallBases":
        """Return the bases."""
        return SmallBases(self, points)

    def shuffle_engine(self, ballots: int) -> None:
        """Return none."""


class SmallBases:
    """Bases without tables."""

    def __init__(self, curve: SmallCurve, points: Points) -> None:
        self._curve = curve
        self._points = points

    def __len__(self) -> int:
        return len(self._points)

    def commit(self, rows: Sequence[Scalars]) -> SmallPoints:
        """Return `Σ_j row[j] · base[j]` for each row."""
        return self._curve.concat([self._curve.msm(self._points, row) for row in rows])


def _own(points: Points) -> Row:
    assert isinstance(points, SmallPoints)
    return points.logarithms


def echelon(rows: Sequence[Row], order: int) -> tuple[Row, ...]:
    """Return the reduced row echelon form of the space that the rows span: one for each space."""
    basis: dict[int, list[int]] = {}
    for row in rows:
        rest = list(reduced(row, basis, order))
        pivot = next((at for at, value in enumerate(rest) if value), None)
        if pivot is None:
            continue
        inverse = pow(rest[pivot], -1, order)
        rest = [value * inverse % order for value in rest]
        for known in basis.values():
            factor = known[pivot]
            known[:] = [(a - factor * b) % order for a, b in zip(known, rest, strict=True)]
        basis[pivot] = rest
    return tuple(tuple(basis[pivot]) for pivot in sorted(basis))


def reduced(row: Sequence[int], basis: dict[int, list[int]], order: int) -> Row:
    """Return the row without its parts in the pivots of a reduced basis."""
    rest = list(row)
    for pivot, known in basis.items():
        factor = rest[pivot]
        rest = [(a - factor * b) % order for a, b in zip(rest, known, strict=True)]
    return tuple(rest)


def coset(offset: Row, space: tuple[Row, ...], order: int) -> Row:
    """Return the representative of `offset` modulo a space in reduced row echelon form."""
    pivots = {next(at for at, value in enumerate(row) if value): list(row) for row in space}
    return reduced(offset, pivots, order)
