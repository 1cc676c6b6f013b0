"""Canonical ballot: the public part of a cast vote, in addition to the sealed shares.

Source: docs/protocol.md §8.6. Vectors: tests/vectors/ballot.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.curve import Curve, Points
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    POINT_BYTES,
    SCALAR_BYTES,
    Reader,
    scalars,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Malformed
from ostraka_verifier.proof import BallotProof, ProofShape
from ostraka_verifier.units import UnixSeconds

CAST_AT_BYTES = 8
SHARING_AT = ADDRESS_BYTES + CAST_AT_BYTES
"""Where `V, A_1, …, A_{t−1}` begin in a canonical ballot."""


@dataclass(frozen=True)
class Ballot:
    """One cast ballot.

    Attributes:
        encoded: Canonical bytes.
        cast_at_unix_s: Chain time at which it was cast.
        sharing: `V, A_1, …, A_{t−1}`.
        proof: Commitments and responses, bound to the voter.
    """

    encoded: bytes
    cast_at_unix_s: UnixSeconds
    sharing: Points
    proof: BallotProof

    @property
    def voter(self) -> bytes:
        """The voter's account, 20 bytes."""
        return self.proof.voter

    @cached_property
    def digest(self) -> bytes:
        """Digest in signatures, receipts and the sum tree, 32 bytes."""
        return tagged_hash("ballot", self.encoded)

    @property
    def order_key(self) -> tuple[UnixSeconds, bytes]:
        """Order of one voter's ballots: the greatest counts (§8.7)."""
        return self.cast_at_unix_s, self.digest


@dataclass(frozen=True)
class BallotLayout:
    """Layout of a poll's ballots, the same for all of them.

    Attributes:
        shape: Number of commitments and responses.
    """

    shape: ProofShape

    @cached_property
    def size(self) -> int:
        """Length of a canonical ballot in bytes."""
        return (
            ADDRESS_BYTES
            + CAST_AT_BYTES
            + POINT_BYTES * self.shape.points
            + SCALAR_BYTES * self.shape.scalars
        )

    def build(self, cast_at_unix_s: UnixSeconds, proof: BallotProof) -> Ballot:
        """Return the ballot that carries `proof`."""
        blindings = (
            (proof.z_value, proof.z_square)
            if self.shape.rule.slots_are_bits
            else (proof.z_value, proof.z_bits, proof.z_square)
        )
        encoded = b"".join(
            (
                proof.voter,
                unsigned(cast_at_unix_s, CAST_AT_BYTES),
                proof.encoded_points,
                scalars((*proof.responses, *blindings)),
            )
        )
        return Ballot(encoded, cast_at_unix_s, proof.points[: self.shape.threshold], proof)

    def decode(self, curve: Curve, data: bytes, place: int = 0) -> Ballot:
        """Read one canonical ballot.

        Args:
            place: Its position in what it was taken from, for errors.

        Raises:
            Malformed: Wrong length, a point off the curve or the identity, an unreduced scalar.
        """
        return self.decode_many(curve, [data], place)[0]

    def decode_many(self, curve: Curve, items: Sequence[bytes], first: int = 0) -> list[Ballot]:
        """Read many canonical ballots, their points all at once.

        Args:
            first: Position of the first of them, for errors.

        Raises:
            Malformed: As `decode`; the error names the position of the ballot.
        """
        count = self.shape.points
        start, end = ADDRESS_BYTES + CAST_AT_BYTES, -SCALAR_BYTES * self.shape.scalars
        for number, data in enumerate(items, first):
            if len(data) != self.size:
                raise Malformed(f"ballots[{number}]", f"{len(data)} bytes, expected {self.size}")
        try:
            points = curve.decode(b"".join([data[start:end] for data in items]))
        except Malformed:
            # Decoding all together is fast. Decoding one by one finds the first invalid ballot,
            # whether a point or a scalar is invalid.
            for number, data in enumerate(items, first):
                try:
                    decoded = curve.decode(data[start:end])
                except Malformed as error:
                    raise Malformed(f"ballots[{number}].{error.item}", error.reason) from None
                self._read(data, decoded, f"ballots[{number}]")
            raise
        return [
            self._read(
                data, points[number * count : (number + 1) * count], f"ballots[{first + number}]"
            )
            for number, data in enumerate(items)
        ]

    def _read(self, data: bytes, points: Points, subject: str) -> Ballot:
        reader = Reader(data, subject)
        voter = reader.take(ADDRESS_BYTES, "voter")
        cast_at_unix_s = UnixSeconds(reader.unsigned(CAST_AT_BYTES, "cast_at"))
        encoded_points = reader.take(POINT_BYTES * self.shape.points, "points")
        responses = tuple([reader.scalar("responses") for _ in range(self.shape.rule.bits)])
        z_value = reader.scalar("z_value")
        z_bits = 0 if self.shape.rule.slots_are_bits else reader.scalar("z_bits")
        z_square = reader.scalar("z_square")
        reader.end()
        proof = BallotProof(voter, points, encoded_points, responses, z_value, z_bits, z_square)
        return Ballot(data, cast_at_unix_s, points[: self.shape.threshold], proof)
