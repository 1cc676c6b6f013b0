"""Interface of BN254 G1 for the protocol.

Source: docs/protocol.md §2.1–§2.4. Vectors: tests/vectors/curve.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeAlias

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Prime of the base field."""

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Prime order of the group."""

Scalars: TypeAlias = Sequence[int] | bytes
"""Integers in [0, R), or the same packed: 32 bytes each, big-endian, saving the packing."""


class Points(Protocol):
    """Immutable vector of points."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int | slice) -> Self:
        """Return a vector, of length 1 for an integer."""

    def __eq__(self, other: object) -> bool: ...

    def encode(self) -> bytes:
        """Return 64 bytes a point, the identity as zeros."""


class FixedBases(Protocol):
    """Tables for fast sums over fixed bases."""

    def __len__(self) -> int: ...

    def commit(self, rows: Sequence[Scalars]) -> Points:
        """Return `Σ_j row[j] · base[j]` for each row, one point a row.

        Scalars of zero cost almost nothing. Running time and memory access depend on the
        scalars, also where they are secret: nothing here is constant-time.

        Raises:
            ValueError: A row of another length, or a scalar outside [0, R).
        """


class BallotCheck(Protocol):
    """Checks many ballots of one poll in one call, with the interpreter lock released."""

    def check(self, ballots: list[bytes], weights: bytes) -> Points | None:
        """Return the points of all ballots in order if each is canonical and its proof holds.

        Args:
            ballots: Canonical ballots, if they are honest (docs/protocol.md §8.6).
            weights: 48 bytes for each ballot, unpredictable to the makers of the ballots.

        Returns:
            None if a ballot fails. The readable code finds out which one, and why.
        """


class ShuffleEngine(Protocol):
    """Checks and makes proofs of shuffle over one number of ballots, interpreter lock released.

    Points of another number of ballots, or of another engine, are errors of the caller.
    """

    def points(self) -> Points:
        """Return `K_0 … K_N` (docs/protocol.md §19.6)."""

    def outputs(self, inputs: Points, proof: bytes) -> Points | None:
        """Return `V'_1 … V'_N` of a proof; None if they are not canonical."""

    def check(
        self, columns: Sequence[Points], statements: list[bytes], proofs: list[bytes], seed: bytes
    ) -> bool:
        """Return whether proofs of steps that follow one another are canonical and hold.

        Args:
            columns: The values before and after each step, one column more than proofs.
            statements: Each transcript up to the outputs, without its tag.
            proofs: 320 bytes for each ballot.
            seed: 32 bytes, fresh and unpredictable to the makers of the proofs.
        """

    def prove(
        self, statement: bytes, outputs: Points, places: bytes, blindings: bytes, masks: bytes
    ) -> bytes | None:
        """Return a proof; None if a challenge is zero.

        Args:
            statement: The transcript up to the outputs, without its tag.
            outputs: `V'_1 … V'_N`.
            places: The input at each output's place, `u32` from 0.
            blindings: `ε_1 … ε_N`, packed.
            masks: `5 N + 1` packed scalars: `r`, `r̂`, `ω̂`, `ω'`, `ω̃`, `ω_e`, and `N + 1` that split
                masks and change no byte of the proof.

        Raises:
            ValueError: No permutation, or scalars outside [0, R) or of another number.
        """


class LeafPart(Protocol):
    """Findings on neighbouring leaves of a board. Places count from the board's first leaf.

    Attributes:
        first: Place of the first of these leaves.
        count: Their number.
        malformed: Place of the first leaf that is not canonical (B1); then nothing else is known.
        disordered: Of the first one whose voter does not follow the one before (B2).
        stranger: Of the first one whose voter is not in the census (B3).
        unsigned: Of the first one, with a voter in the census, that is not signed by its key (B4).
        untimely: Of the first one that was not cast in time (B5).
        unproven: Of the first 21 whose rows or equations fail (B6), ascending.
        ends: Voters of the first and the last leaf; None without leaves, or if one is malformed.
    """

    @property
    def first(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def malformed(self) -> int | None: ...
    @property
    def disordered(self) -> int | None: ...
    @property
    def stranger(self) -> int | None: ...
    @property
    def unsigned(self) -> int | None: ...
    @property
    def untimely(self) -> int | None: ...
    @property
    def unproven(self) -> list[int]: ...
    @property
    def ends(self) -> tuple[bytes, bytes] | None: ...

    def join(self, next: Self) -> Self:
        """Return the findings on these leaves and the next ones, which begin where these end.

        Joining is associative.

        Raises:
            ValueError: The others begin elsewhere, or are of another poll.
        """

    def root(self) -> tuple[bytes, bytes] | None:
        """Return hash and sum of the tree's root (§10.4) if these are all leaves.

        None if a leaf is malformed or has no weight. Without order (B2) it is no root of ballots.

        Raises:
            ValueError: They do not begin with the board's first leaf.
        """

    def sums(self) -> Points | None:
        """Return `Σ w·V` and `Σ w·A_d`, `t` points; None where `root` returns none."""

    def encode(self) -> bytes:
        """Return bytes for another process, which its class method `decode` reverses."""


class LeafCheck(Protocol):
    """Checks leaves of one board, with the interpreter lock released."""

    @property
    def record_bytes(self) -> int:
        """Length of a leaf's record (docs/protocol.md §16)."""

    def check(self, first: int, records: bytes) -> LeafPart:
        """Return the findings on whole records.

        Chunks may be checked in any order, on any thread.

        Args:
            first: Place of the first of them among all leaves.

        Raises:
            ValueError: Not whole records.
            Undecided: As for `EntriesOf.entries_of`.
        """


class EntriesOf(Protocol):
    """A census without fault, from which entries can be read."""

    def entries_of(self, accounts: bytes) -> bytes:
        """Return the entries of some accounts, 56 bytes each; accounts without one are left out.

        Args:
            accounts: 20 bytes each, ascending.

        Raises:
            Undecided: They cannot be read.
        """


@dataclass(frozen=True)
class LeafTerms:
    """What leaves are checked against, apart from rule, threshold and poll context.

    Attributes:
        domain: EIP-712 domain separator, 32 bytes.
        census: None if the board has no valid census. Then no voter has a key or a weight.
        opens_to_closes: First second at which ballots count, and the first at which they no longer
            do; None if the board has no valid parameters. Then every time is right.
        seed: 32 bytes, fresh and unpredictable to the makers of the ballots.
    """

    domain: bytes
    census: EntriesOf | None
    opens_to_closes: tuple[int, int] | None
    seed: bytes = field(repr=False)


class Curve(Protocol):
    """Operations on vectors of points; `ValueError` for lengths that do not match
    and for scalars outside [0, R), `TypeError` for points of another engine."""

    name: str

    def decode(self, data: bytes, *, identity: bool = False) -> Points:
        """Decode points from canonical bytes.

        Args:
            data: 64 bytes a point.
            identity: Whether the identity is allowed.

        Raises:
            Malformed: Names the position of the first invalid point, and the reason.
        """

    def concat(self, parts: Sequence[Points]) -> Points:
        """Return one vector of all parts in order."""

    def add(self, left: Points, right: Points) -> Points:
        """Return elementwise sums."""

    def negate(self, points: Points) -> Points:
        """Return elementwise inverses."""

    def scale(self, points: Points, scalars: Scalars) -> Points:
        """Return elementwise multiples; short scalars cost little, scalars of 1 nothing."""

    def sum(self, points: Points) -> Points:
        """Return the sum of all as a vector of length 1."""

    def msm(self, points: Points, scalars: Scalars) -> Points:
        """Return `Σ scalars[i] · points[i]` as a vector of length 1; short scalars cost less."""

    def fixed_bases(self, points: Points) -> FixedBases:
        """Return tables for these bases, of which there is at least one."""

    def ballot_check(
        self, rule: bytes, threshold: int, context: bytes, generators: Points
    ) -> BallotCheck | None:
        """Return a check of a poll's ballots; None if this engine has none.

        Args:
            rule: Canonical bytes of a valid rule.
            threshold: At least 1.
            context: The poll's, 32 bytes.
            generators: `H, G_1, …` for at least the rule's width.
        """

    def leaf_check(
        self, rule: bytes, threshold: int, context: bytes, generators: Points, terms: LeafTerms
    ) -> LeafCheck | None:
        """Return a check of a board's leaves; None if this engine has none.

        Args:
            rule: Arguments up to `generators` are those of `ballot_check`.
            terms: The others.
        """

    def shuffle_engine(self, ballots: int) -> ShuffleEngine | None:
        """Return native proofs of shuffle over 1 to 2^31 − 1 ballots; None if there are none."""
