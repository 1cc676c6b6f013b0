"""Proof of shuffle: the outputs are the inputs in another order, with other blindings.

Terelius and Wikström (AFRICACRYPT 2010) in the optimised form that Haines proved (arXiv
1901.08371), for one column of commitments. Blindings that the prover may choose add up to zero, so
that three points follow from the others, and two equations hold by construction.

Source: docs/protocol.md §19.5 to §19.7. Vectors: tests/vectors/shuffle.json.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ostraka_verifier.commitment import derive_generator
from ostraka_verifier.curve import Curve, FixedBases, Points, R
from ostraka_verifier.encoding import (
    IDENTITY,
    POINT_BYTES,
    SCALAR_BYTES,
    Reader,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.shuffle.groups import Group
from ostraka_verifier.shuffle.state import BYTES_A_BALLOT, ShuffleState, check_count
from ostraka_verifier.transcript import Transcript

FIRST_GENERATOR = 2**31
"""Index of `K_0` among the points of §2.7."""

WEIGHT_BITS = 128

Randomness = Callable[[int], int]
"""`randomness(bits)` returns a uniform integer of that many bits, as `secrets.randbits` does."""


class ShuffleKey:
    """Generators of the commitment to a permutation, which nothing else uses.

    Attributes:
        curve: The engine of all points.
        blinding: `H`, which blinds ballots.
        points: `K_0, K_1, …, K_N`.
        engine: Native proofs; None where the readable code makes and checks them.
    """

    def __init__(self, curve: Curve, ballots: int, *, readable: bool = False) -> None:
        """Derive generators for so many ballots.

        Args:
            ballots: At least 1.
            readable: Whether to do without native proofs, if the curve's engine has them.

        Raises:
            Malformed: So many ballots cannot be shuffled.
        """
        check_count(ballots)
        self.curve = curve
        self.blinding = curve.decode(derive_generator(0))
        self.engine = None if readable else curve.shuffle_engine(ballots)
        self.points = self.engine.points() if self.engine else shuffle_generators(curve, ballots)

    @cached_property
    def blinding_table(self) -> FixedBases:
        """Table of `H`, for provers."""
        return self.curve.fixed_bases(self.blinding)

    @cached_property
    def chain_tables(self) -> FixedBases:
        """Tables of `K_0` and `K_1`, for provers."""
        return self.curve.fixed_bases(self.points[:2])


def shuffle_generators(curve: Curve, ballots: int) -> Points:
    """Return `K_0, K_1, …, K_N`."""
    return curve.decode(
        b"".join([derive_generator(FIRST_GENERATOR + number) for number in range(ballots + 1)])
    )


class Responses(NamedTuple):
    """Scalars of a proof.

    Attributes:
        chain: `ŝ_1 … ŝ_N`.
        permuted: `s'_1 … s'_N`.
        permutation: `s̃`.
        column: `s_e`.
    """

    chain: tuple[int, ...]
    permuted: tuple[int, ...]
    permutation: int
    column: int


@dataclass(frozen=True)
class ShuffleProof:
    """A step's new commitments and its proof, decoded.

    Attributes:
        outputs: `V'_1 … V'_N`; the last one is computed.
        permutation: `c_1 … c_{N−1}`.
        chain: `ĉ_1 … ĉ_{N−1}`.
        chain_masks: `T̂_1 … T̂_N`.
        masks: `T_1, T_2`.
        responses: The scalars.
    """

    outputs: Points
    permutation: Points
    chain: Points
    chain_masks: Points
    masks: Points
    responses: Responses

    def encode(self) -> bytes:
        """Return `320 N` bytes."""
        count = len(self.outputs)
        points = (
            self.outputs[: count - 1],
            self.permutation,
            self.chain,
            self.chain_masks,
            self.masks,
        )
        chain, permuted, permutation, column = self.responses
        return b"".join(
            [
                *(part.encode() for part in points),
                *(unsigned(value, SCALAR_BYTES) for value in (*chain, *permuted)),
                unsigned(permutation, SCALAR_BYTES),
                unsigned(column, SCALAR_BYTES),
            ]
        )

    @classmethod
    def decode(cls, curve: Curve, inputs: Points, data: bytes) -> "ShuffleProof":
        """Read a proof.

        Args:
            inputs: `V_1 … V_N`, whose sum gives the last output.

        Raises:
            Malformed: Another length, a point off the curve or the identity, an unreduced scalar.
        """
        count = len(inputs)
        check_count(count)
        if len(data) != BYTES_A_BALLOT * count:
            raise Malformed("proof", f"{len(data)} bytes, expected {BYTES_A_BALLOT * count}")
        reader = Reader(data, "proof")
        points = curve.decode(reader.take((4 * count - 1) * POINT_BYTES, "points"))
        scalars = tuple([reader.scalar(f"scalars[{at}]") for at in range(2 * count + 2)])
        reader.end()
        given, (one, two, three) = points[: count - 1], (count - 1, 2 * count - 2, 3 * count - 3)
        last = curve.sum(curve.concat([inputs, curve.negate(given)]))
        if last.encode() == IDENTITY:
            raise Malformed("proof.outputs", "the last output is the identity")
        return cls(
            curve.concat([given, last]),
            points[one:two],
            points[two:three],
            points[three : three + count],
            points[three + count :],
            Responses(scalars[:count], scalars[count : 2 * count], scalars[-2], scalars[-1]),
        )


def statement(before: ShuffleState, group: Group, outputs: Points) -> Transcript:
    """Return the transcript of a step's proof up to its outputs (§19.6)."""
    run = before.run
    transcript = Transcript("shuffle", run.poll_context)
    transcript.absorb("root", run.root_digest)
    transcript.absorb("turn", unsigned(run.turn, 4))
    transcript.absorb("step", bytes([before.step + 1]))
    transcript.absorb("group", bytes(group))
    transcript.absorb("before", before.hash)
    transcript.absorb("inputs", before.encoded_values)
    transcript.absorb("outputs", outputs.encode())
    return transcript


def challenge_vector(transcript: Transcript, permutation: Points, count: int) -> list[int]:
    """Absorb the commitment to the permutation, and return `u_1 … u_N`.

    Raises:
        Malformed: The challenge is zero.
    """
    transcript.absorb("permutation", permutation.encode())
    seed = unsigned(transcript.challenge(), SCALAR_BYTES)
    return [
        int.from_bytes(tagged_hash("shuffle-vector", seed, unsigned(number, 4)), "big") % R
        for number in range(1, count + 1)
    ]


def final_challenge(
    transcript: Transcript, chain: Points, chain_masks: Points, masks: Points
) -> int:
    """Absorb chain and masks, and return `x`.

    Raises:
        Malformed: It is zero.
    """
    transcript.absorb("chain", chain.encode())
    transcript.absorb("chain-masks", chain_masks.encode())
    transcript.absorb("masks", masks.encode())
    return transcript.challenge()


@dataclass(frozen=True)
class ShuffleClaim:
    """One step's claim, with the challenges that it fixes.

    Attributes:
        inputs: `V_1 … V_N`.
        proof: What was sent.
        vector: `u_1 … u_N`.
        challenge: `x`.
    """

    inputs: Points
    proof: ShuffleProof
    vector: Sequence[int]
    challenge: int

    @classmethod
    def of(cls, before: ShuffleState, group: Group, proof: ShuffleProof) -> "ShuffleClaim":
        """Return the claim of a group's step after a state.

        Raises:
            Malformed: A challenge is zero.
        """
        transcript = statement(before, group, proof.outputs)
        vector = challenge_vector(transcript, proof.permutation, len(before.values))
        x = final_challenge(transcript, proof.chain, proof.chain_masks, proof.masks)
        return cls(before.values, proof, vector, x)


class EquationSum:
    """The weighted sum of the equations of some claims, which is the identity if all hold."""

    def __init__(self, key: ShuffleKey, randomness: Randomness) -> None:
        self._key = key
        self._randomness = randomness
        self._on_key = [0] * len(key.points)
        self._on_blinding = 0
        self._points: list[Points] = []
        self._scalars: list[int] = []

    def add(self, claim: ShuffleClaim) -> None:
        """Add a claim's equations (§19.7), each by a fresh weight."""
        proof, u, x = claim.proof, claim.vector, claim.challenge
        on_permutation, on_column, *on_chain = [
            self._randomness(WEIGHT_BITS) for _ in range(2 + len(u))
        ]
        chain, permuted, permutation, column = proof.responses
        product = 1
        for value in u:
            product = product * value % R

        # E1: T_1 + x Σ u_j c_j = s̃ K_0 + Σ s'_p K_p, with c_N = Σ K_p − c_1 − … − c_{N−1}.
        weight = on_permutation * x % R
        self._on_key[0] -= on_permutation * permutation
        for position, response in enumerate(permuted, start=1):
            self._on_key[position] += weight * u[-1] - on_permutation * response
        self._add(proof.permutation, [weight * (value - u[-1]) % R for value in u[:-1]])
        # E2: T_2 + x Σ u_j V_j + s_e H = Σ s'_p V'_p.
        self._on_blinding += on_column * column
        self._add(claim.inputs, [on_column * x * value % R for value in u])
        self._add(proof.outputs, [-on_column * response % R for response in permuted])
        self._add(proof.masks, [on_permutation, on_column])
        # E3: T̂_p + x ĉ_p = ŝ_p K_0 + s'_p ĉ_{p−1}, with ĉ_0 = K_1 and ĉ_N = u_1 ⋯ u_N K_1.
        self._on_key[0] -= sum(map(int.__mul__, on_chain, chain))
        self._on_key[1] += on_chain[-1] * x * product - on_chain[0] * permuted[0]
        self._add(
            proof.chain,
            [
                (on_chain[at] * x - on_chain[at + 1] * permuted[at + 1]) % R
                for at in range(len(u) - 1)
            ],
        )
        self._add(proof.chain_masks, on_chain)

    def holds(self) -> bool:
        """Return whether the sum is the identity."""
        points = self._key.curve.concat([self._key.points, self._key.blinding, *self._points])
        on_key = [total % R for total in (*self._on_key, self._on_blinding)]
        return self._key.curve.msm(points, on_key + self._scalars).encode() == IDENTITY

    def _add(self, points: Points, scalars: Sequence[int]) -> None:
        self._points.append(points)
        self._scalars += scalars


def verify_claims(
    key: ShuffleKey, claims: Sequence[ShuffleClaim], randomness: Randomness, first: int = 0
) -> None:
    """Check proofs of shuffle together, in one multi-scalar multiplication.

    Args:
        key: For the number of ballots that all claims have.
        randomness: Source of the weights, unpredictable to the makers of the proofs.
        first: Number of the first claim's step, from 0.

    Raises:
        Rejected: A proof fails; the item names the first one (check A3).
    """
    if _hold(key, claims, randomness):
        return
    for number, claim in enumerate(claims, first):
        if not _hold(key, [claim], randomness):
            raise Rejected("A3", f"steps[{number}]", "the proof of shuffle does not hold")
    raise AssertionError("a sum of equations fails, and none of its parts")


def _hold(key: ShuffleKey, claims: Sequence[ShuffleClaim], randomness: Randomness) -> bool:
    total = EquationSum(key, randomness)
    for claim in claims:
        total.add(claim)
    return total.holds()
