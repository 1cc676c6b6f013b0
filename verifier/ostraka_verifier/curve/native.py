"""BN254 G1 on arkworks, by the Rust extension `ostraka_verifier_native`.

Work runs with the interpreter lock released. It is not constant-time: running time and memory
access depend on the scalars, so an attacker who can time a voter's device precisely, or shares its
processor caches, may learn something about them (docs/threat-model.md). The extension wipes its
own copies of scalars; Python's integers and packed bytes stay in memory until they are reused.
"""

import os
from collections.abc import Sequence

import ostraka_verifier_native as engine

from ostraka_verifier.curve.interface import EntriesOf, LeafTerms, Points, Scalars
from ostraka_verifier.errors import Malformed

_POINT_BYTES = 64
_SCALAR_BYTES = 32


class NativeFixedBases:
    """Window tables that live in Rust."""

    def __init__(self, bases: engine.FixedBases) -> None:
        self._bases = bases

    def __len__(self) -> int:
        return len(self._bases)

    def commit(self, rows: Sequence[Scalars]) -> engine.Points:
        """Return `Σ_j row[j] · base[j]` for each row; not constant-time."""
        packed = [_pack(row) for row in rows]
        if any(len(row) != len(self._bases) * _SCALAR_BYTES for row in packed):
            raise ValueError("rows need one scalar for each base")
        return self._bases.commit(b"".join(packed))


class NativeLeafCheck:
    """A check of leaves with the entries of a census that each range needs.

    Attributes:
        engine: The check without a census.
    """

    def __init__(self, check: engine.LeafCheck, census: EntriesOf | None) -> None:
        self.engine = check
        self._census = census

    @property
    def record_bytes(self) -> int:
        """Length of a leaf's record."""
        return self.engine.record_bytes

    def check(self, first: int, records: bytes) -> engine.LeafPart:
        """Return the findings on whole records; see `interface.LeafCheck`."""
        census, entries = self._census, None
        if census is not None:
            entries = census.entries_of(self.engine.voters(records))
        return self.engine.check(first, records, entries)


class NativeShuffle:
    """Proofs of shuffle; see `interface.ShuffleEngine`."""

    def __init__(self, shuffle: engine.Shuffle) -> None:
        self._shuffle = shuffle

    def points(self) -> engine.Points:
        """Return `K_0 … K_N`."""
        return self._shuffle.points()

    def outputs(self, inputs: Points, proof: bytes) -> engine.Points | None:
        """Return the outputs of a proof; None if they are not canonical."""
        return self._shuffle.outputs(_own(inputs), proof)

    def check(
        self, columns: Sequence[Points], statements: list[bytes], proofs: list[bytes], seed: bytes
    ) -> bool:
        """Return whether proofs hold."""
        return self._shuffle.check([_own(column) for column in columns], statements, proofs, seed)

    def prove(
        self, statement: bytes, outputs: Points, places: bytes, blindings: bytes, masks: bytes
    ) -> bytes | None:
        """Return a proof; None if a challenge is zero."""
        return self._shuffle.prove(statement, _own(outputs), places, blindings, masks)


class Native:
    """BN254 G1 by arkworks."""

    name = "native"

    def __init__(self, threads: int | None = None) -> None:
        """An engine with a thread pool of its own.

        Args:
            threads: Size of the pool, at least 1; by default one a core that this process may use.

        Raises:
            ValueError: A pool of that size is impossible.
        """
        self._engine = engine.Engine(len(os.sched_getaffinity(0)) if threads is None else threads)

    def decode(self, data: bytes, *, identity: bool = False) -> engine.Points:
        """Decode canonical bytes; Malformed names the first bad point."""
        try:
            return self._engine.decode(data, identity)
        except ValueError as error:
            item, reason = error.args
            raise Malformed(item, reason) from None

    def concat(self, parts: Sequence[Points]) -> engine.Points:
        """Return one vector of all parts in order."""
        return self._engine.concat([_own(part) for part in parts])

    def add(self, left: Points, right: Points) -> engine.Points:
        """Return elementwise sums."""
        return self._engine.add(_own(left), _own(right))

    def negate(self, points: Points) -> engine.Points:
        """Return elementwise inverses."""
        return self._engine.negate(_own(points))

    def scale(self, points: Points, scalars: Scalars) -> engine.Points:
        """Return elementwise multiples."""
        return self._engine.scale(_own(points), _pack(scalars))

    def sum(self, points: Points) -> engine.Points:
        """Return the sum of all as a vector of length 1."""
        return self._engine.sum(_own(points))

    def msm(self, points: Points, scalars: Scalars) -> engine.Points:
        """Return `Σ scalars[i] · points[i]` as a vector of length 1."""
        return self._engine.msm(_own(points), _pack(scalars))

    def fixed_bases(self, points: Points) -> NativeFixedBases:
        """Return window tables for these bases."""
        return NativeFixedBases(self._engine.fixed_bases(_own(points)))

    def ballot_check(
        self, rule: bytes, threshold: int, context: bytes, generators: Points
    ) -> engine.BallotCheck:
        """Return a check of a poll's ballots."""
        return self._engine.ballot_check(rule, threshold, context, _own(generators))

    def leaf_check(
        self, rule: bytes, threshold: int, context: bytes, generators: Points, terms: LeafTerms
    ) -> NativeLeafCheck:
        """Return a check of a board's leaves."""
        check = self._engine.leaf_check(
            rule,
            threshold,
            context,
            _own(generators),
            domain=terms.domain,
            opens_to_closes=terms.opens_to_closes,
            seed=terms.seed,
        )
        return NativeLeafCheck(check, terms.census)

    def shuffle_engine(self, ballots: int) -> NativeShuffle:
        """Return proofs of shuffle over so many ballots."""
        return NativeShuffle(self._engine.shuffle(ballots))


def _own(points: Points) -> engine.Points:
    if not isinstance(points, engine.Points):
        raise TypeError("points of another engine")
    return points


def _pack(scalars: Scalars) -> bytes:
    if isinstance(scalars, bytes):
        return scalars
    try:
        return b"".join([scalar.to_bytes(_SCALAR_BYTES, "big") for scalar in scalars])
    except OverflowError:
        raise ValueError("scalar outside [0, R)") from None
