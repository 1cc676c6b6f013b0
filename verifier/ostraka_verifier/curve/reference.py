"""BN254 G1 on py_ecc: some thousand times slower than `native`, for comparison."""

from collections.abc import Sequence
from functools import reduce

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.optimized_bn128.optimized_curve import (
    Z1,
    add,
    b,
    is_on_curve,
    multiply,
    neg,
    normalize,
)
from py_ecc.optimized_bn128.optimized_curve import is_inf as is_identity
from py_ecc.typing import Optimized_Point3D

from ostraka_verifier.curve.interface import LeafTerms, P, Points, R, Scalars
from ostraka_verifier.errors import Malformed

_POINT_BYTES = 64
_SCALAR_BYTES = 32
_Point = Optimized_Point3D[FQ]


class ReferencePoints:
    """Immutable vector of py_ecc points, each kept affine (z = 1) or as the identity."""

    def __init__(self, points: Sequence[_Point]) -> None:
        self.points = tuple(points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int | slice) -> "ReferencePoints":
        if isinstance(index, slice):
            return ReferencePoints(self.points[index])
        return ReferencePoints([self.points[index]])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReferencePoints) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.encode())

    def encode(self) -> bytes:
        """Return 64 bytes a point."""
        return b"".join([_encode(point) for point in self.points])


class ReferenceFixedBases:
    """Bases without tables."""

    def __init__(self, bases: tuple[_Point, ...]) -> None:
        self._bases = bases

    def __len__(self) -> int:
        return len(self._bases)

    def commit(self, rows: Sequence[Scalars]) -> ReferencePoints:
        """Return `Σ_j row[j] · base[j]` for each row."""
        return ReferencePoints([_combination(self._bases, _integers(row)) for row in rows])


class Reference:
    """BN254 G1 by py_ecc."""

    name = "reference"

    def decode(self, data: bytes, *, identity: bool = False) -> ReferencePoints:
        """Decode canonical bytes; Malformed names the first bad point."""
        if len(data) % _POINT_BYTES:
            raise Malformed("points", f"length {len(data)} is not a multiple of {_POINT_BYTES}")
        return ReferencePoints(
            [
                _decode(data[at : at + _POINT_BYTES], at // _POINT_BYTES, identity)
                for at in range(0, len(data), _POINT_BYTES)
            ]
        )

    def concat(self, parts: Sequence[Points]) -> ReferencePoints:
        """Return one vector of all parts in order."""
        return ReferencePoints([point for part in parts for point in _own(part)])

    def add(self, left: Points, right: Points) -> ReferencePoints:
        """Return elementwise sums."""
        return ReferencePoints(
            [_affine(add(one, two)) for one, two in zip(_own(left), _own(right), strict=True)]
        )

    def negate(self, points: Points) -> ReferencePoints:
        """Return elementwise inverses."""
        return ReferencePoints([neg(point) for point in _own(points)])

    def scale(self, points: Points, scalars: Scalars) -> ReferencePoints:
        """Return elementwise multiples."""
        return ReferencePoints(
            [
                point if scalar == 1 else _affine(multiply(point, scalar))
                for point, scalar in zip(_own(points), _integers(scalars), strict=True)
            ]
        )

    def sum(self, points: Points) -> ReferencePoints:
        """Return the sum of all as a vector of length 1."""
        return ReferencePoints([_affine(reduce(add, _own(points), Z1))])

    def msm(self, points: Points, scalars: Scalars) -> ReferencePoints:
        """Return `Σ scalars[i] · points[i]` as a vector of length 1."""
        return ReferencePoints([_combination(_own(points), _integers(scalars))])

    def fixed_bases(self, points: Points) -> ReferenceFixedBases:
        """Return the bases, for the same interface."""
        if not len(points):
            raise ValueError("no bases")
        return ReferenceFixedBases(_own(points))

    def ballot_check(self, rule: bytes, threshold: int, context: bytes, generators: Points) -> None:
        """Return none: the readable code checks ballots with this engine."""

    def leaf_check(
        self, rule: bytes, threshold: int, context: bytes, generators: Points, terms: LeafTerms
    ) -> None:
        """Return none, as `ballot_check`."""

    def shuffle_engine(self, ballots: int) -> None:
        """Return none: the readable code proves and checks with this engine."""


def _own(points: Points) -> tuple[_Point, ...]:
    if not isinstance(points, ReferencePoints):
        raise TypeError("points of another engine")
    return points.points


def _combination(points: Sequence[_Point], scalars: Sequence[int]) -> _Point:
    total = Z1
    for point, scalar in zip(points, scalars, strict=True):
        if scalar:
            total = add(total, multiply(point, scalar))
    return _affine(total)


def _integers(scalars: Scalars) -> Sequence[int]:
    if isinstance(scalars, bytes):
        if len(scalars) % _SCALAR_BYTES:
            raise ValueError(f"packed scalars: length {len(scalars)}")
        scalars = [
            int.from_bytes(scalars[at : at + _SCALAR_BYTES], "big")
            for at in range(0, len(scalars), _SCALAR_BYTES)
        ]
    if any(not 0 <= scalar < R for scalar in scalars):
        raise ValueError("scalar outside [0, R)")
    return scalars


def _affine(point: _Point) -> _Point:
    if is_identity(point):
        return Z1
    x, y = normalize(point)
    return (x, y, FQ.one())


def _encode(point: _Point) -> bytes:
    if is_identity(point):
        return bytes(_POINT_BYTES)
    return int(point[0]).to_bytes(32, "big") + int(point[1]).to_bytes(32, "big")


def _decode(data: bytes, index: int, identity: bool) -> _Point:
    x, y = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")
    if x == 0 and y == 0:
        if not identity:
            raise Malformed(f"points[{index}]", "identity not allowed")
        return Z1
    for name, coordinate in (("x", x), ("y", y)):
        if coordinate >= P:
            raise Malformed(f"points[{index}]", f"{name} >= p")
    point = (FQ(x), FQ(y), FQ.one())
    if not is_on_curve(point, b):
        raise Malformed(f"points[{index}]", "off the curve")
    return point
