"""BN254 G1 on arkworks, by the Rust extension `ostraka_verifier_native`.

Work runs on all cores with the interpreter lock released. It is not constant-time: whoever can
time a voter's own device precisely is outside what Ostraka defends against (docs/threat-model.md).
"""

import os
from collections.abc import Sequence

import ostraka_verifier_native as engine

from ostraka_verifier.curve.interface import Points
from ostraka_verifier.errors import Malformed

_SCALAR_BYTES = 32


class NativePoints:
    """Immutable vector of points that live in Rust."""

    __slots__ = ("points",)

    def __init__(self, points: engine.Points) -> None:
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int | slice) -> "NativePoints":
        if isinstance(index, slice):
            chosen = range(len(self.points))[index]
            return NativePoints(self.points.item(chosen.start, chosen.step, len(chosen)))
        return NativePoints(self.points.item(range(len(self.points))[index], 1, 1))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NativePoints) and self.points.same(other.points)

    def __hash__(self) -> int:
        return hash(self.encode())

    def encode(self) -> bytes:
        """64 bytes a point."""
        return self.points.encode()


class NativeFixedBases:
    """Window tables that live in Rust."""

    def __init__(self, bases: engine.FixedBases) -> None:
        self._bases = bases

    def __len__(self) -> int:
        return len(self._bases)

    def commit(self, rows: Sequence[Sequence[int]]) -> NativePoints:
        """`Σ_j row[j] · base[j]` for each row."""
        if any(len(row) != len(self._bases) for row in rows):
            raise ValueError("rows need one scalar for each base")
        return NativePoints(self._bases.commit(_pack([value for row in rows for value in row])))


class Native:
    """BN254 G1 by arkworks."""

    name = "native"

    def __init__(self, threads: int | None = None) -> None:
        """An engine with `threads` threads of its own; by default one a core."""
        self._engine = engine.Engine(threads or len(os.sched_getaffinity(0)))

    def decode(self, data: bytes, *, identity: bool = False) -> NativePoints:
        """Points of canonical bytes; Malformed names the first bad one."""
        try:
            return NativePoints(self._engine.decode(data, identity))
        except ValueError as error:
            raise Malformed(str(error)) from None

    def concat(self, parts: Sequence[Points]) -> NativePoints:
        """One vector of all parts in order."""
        return NativePoints(self._engine.concat([_own(part) for part in parts]))

    def add(self, left: Points, right: Points) -> NativePoints:
        """Elementwise sums."""
        return NativePoints(self._engine.add(_own(left), _own(right)))

    def negate(self, points: Points) -> NativePoints:
        """Elementwise inverses."""
        return NativePoints(self._engine.negate(_own(points)))

    def scale(self, points: Points, scalars: Sequence[int]) -> NativePoints:
        """Elementwise multiples."""
        return NativePoints(self._engine.scale(_own(points), _pack(scalars)))

    def sum(self, points: Points) -> NativePoints:
        """Sum of all as a vector of length 1."""
        return NativePoints(self._engine.sum(_own(points)))

    def msm(self, points: Points, scalars: Sequence[int]) -> NativePoints:
        """`Σ scalars[i] · points[i]` as a vector of length 1."""
        return NativePoints(self._engine.msm(_own(points), _pack(scalars)))

    def fixed_bases(self, points: Points) -> NativeFixedBases:
        """Window tables for these bases."""
        return NativeFixedBases(self._engine.fixed_bases(_own(points)))


def _own(points: Points) -> engine.Points:
    if not isinstance(points, NativePoints):
        raise TypeError("points of another engine")
    return points.points


def _pack(scalars: Sequence[int]) -> bytes:
    try:
        return b"".join([scalar.to_bytes(_SCALAR_BYTES, "big") for scalar in scalars])
    except OverflowError:
        raise ValueError("scalar outside [0, R)") from None
