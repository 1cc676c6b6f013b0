"""Proof that a committed ballot obeys its rule: bits are bits, rows and quadratic rows hold.

A Σ-protocol made non-interactive: masks `a` in the kernel of the rows, responses `f = x b + a`,
and one more pair of commitments in which `f (x − f)` has no `x²` term exactly when `b` is a bit.
Perfect honest-verifier zero knowledge, 3-special-sound.

Source: docs/protocol.md §8; Bootle et al., ESORICS 2015 (unit vectors). Vectors:
tests/vectors/ballot.json.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.encoding import POINT_BYTES
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.transcript import Transcript

WEIGHT_BITS = 128

Randomness = Callable[[int], int]
"""`randomness(bits)` returns a uniform integer of that many bits, as `secrets.randbits` does."""


@dataclass(frozen=True)
class ProofShape:
    """Number and order of points and scalars in a proof of one poll.

    Attributes:
        rule: The poll's ballot rule.
        threshold: Secrecy threshold `t`.
    """

    rule: BallotRule
    threshold: int

    @property
    def labels(self) -> tuple[tuple[str, int], ...]:
        """Transcript label and number of points of each commitment, in canonical order."""
        separate = 0 if self.rule.slots_are_bits else 1
        return (
            ("value", 1),
            ("sharing", self.threshold - 1),
            ("bits", separate),
            ("value-mask", 1),
            ("bits-mask", separate),
            ("cross", 1),
            ("square", 1),
        )

    @property
    def points(self) -> int:
        """Number of commitments."""
        return sum(count for _, count in self.labels)

    @property
    def scalars(self) -> int:
        """Number of responses: `f`, `z_V`, `z_U` where there is a `U`, `z_C`."""
        return self.rule.bits + (2 if self.rule.slots_are_bits else 3)


@dataclass(frozen=True)
class BallotProof:
    """Commitments and responses of one ballot.

    Attributes:
        voter: 20-byte account to which the proof is bound.
        points: All commitments in canonical order: `V, A_1 …, [U], A_V, [A_U], C, D`.
        encoded_points: The same, 64 bytes each.
        responses: `f`, one a bit, in [0, R).
        z_value: Response for the blinding of `V`.
        z_bits: Response for the blinding of `U`; 0 where there is no `U`.
        z_square: Response for the blindings of `C` and `D`.
    """

    voter: bytes
    points: Points
    encoded_points: bytes
    responses: tuple[int, ...]
    z_value: int
    z_bits: int
    z_square: int


def challenge(shape: ProofShape, poll_context: bytes, voter: bytes, encoded_points: bytes) -> int:
    """Return the challenge over everything sent before it (§8.2).

    Raises:
        Malformed: Wrong number of commitments, or a challenge of zero.
    """
    if len(encoded_points) != shape.points * POINT_BYTES:
        raise Malformed("proof", f"{len(encoded_points)} bytes of points, expected {shape.points}")
    transcript = Transcript("ballot", poll_context)
    transcript.absorb("voter", voter)
    at = 0
    for label, count in shape.labels:
        if count:
            transcript.absorb(label, encoded_points[at : at + count * POINT_BYTES])
            at += count * POINT_BYTES
    return transcript.challenge()


def verify_proofs(
    curve: Curve,
    generators: Points,
    shape: ProofShape,
    poll_context: bytes,
    proofs: Sequence[BallotProof],
    randomness: Randomness,
    most: int | None = None,
) -> None:
    """Check many proofs together in one multi-scalar multiplication (§8.5).

    Args:
        generators: `H, G_1, …` for at least the rule's width.
        randomness: Source of the batch weights, unpredictable to the makers of the proofs.
        most: So many of those that fail are looked for, at least one; by default all.

    Raises:
        Rejected: At least one fails (check B6); `item` names the positions of the first that fail.
    """
    most = len(proofs) if most is None else most
    challenges = []
    broken: list[tuple[int, str]] = []
    for number, proof in enumerate(proofs):
        challenges.append(challenge(shape, poll_context, proof.voter, proof.encoded_points))
        reason = _broken_row(shape.rule, proof.responses, challenges[-1])
        if reason:
            broken.append((number, reason))
    rowwise = {number for number, _ in broken}
    remaining = [number for number in range(len(proofs)) if number not in rowwise]
    batch = _Batch(curve, generators, shape, proofs, challenges, randomness)
    broken += [(number, "an equation fails") for number in batch.failing(remaining, most)]
    if broken:
        broken = sorted(broken)[:most]
        names = ", ".join(f"proofs[{number}]" for number, _ in broken)
        raise RejectedProofs(names, broken)


class RejectedProofs(Rejected):
    """Some proofs of a batch fail check B6.

    Attributes:
        failures: (position, reason) of each failing proof that was looked for, ascending.
    """

    def __init__(self, item: str, failures: list[tuple[int, str]]) -> None:
        super().__init__("B6", item, failures[0][1])
        self.failures = failures


def _broken_row(rule: BallotRule, responses: Sequence[int], x: int) -> str | None:
    for number, row in enumerate(rule.rows):
        total = sum([coefficient * responses[bit] for bit, coefficient in row.terms])
        if (total - row.constant * x) % R:
            return f"rows[{number}] does not hold"
    return None


@dataclass(frozen=True)
class _Batch:
    """The equations of many proofs, which can be checked for any selection of them."""

    curve: Curve
    generators: Points
    shape: ProofShape
    proofs: Sequence[BallotProof]
    challenges: Sequence[int]
    randomness: Randomness

    def failing(self, selected: Sequence[int], most: int) -> list[int]:
        """Return the first positions among `selected` whose equations fail, found by bisection."""
        if not selected or not most or self.holds(selected):
            return []
        if len(selected) == 1:
            return [selected[0]]
        middle = len(selected) // 2
        found = self.failing(selected[:middle], most)
        return found + self.failing(selected[middle:], most - len(found))

    def holds(self, selected: Sequence[int]) -> bool:
        """Return whether the weighted sum of all selected equations is the identity."""
        rule = self.shape.rule
        bits, separate = rule.bits, not rule.slots_are_bits
        on_generators = [0] * (1 + rule.width)
        on_points: list[int] = []
        # x V + A_V = com(f_v; z_V);  x U + A_U = com(f; z_U);  x C + D = com(f (x − f) ‖ q; z_C)
        for number in selected:
            proof, x = self.proofs[number], self.challenges[number]
            # A weight for each equation: with a common one, errors of V and U could cancel.
            on_value = self.randomness(WEIGHT_BITS)
            on_bits = self.randomness(WEIGHT_BITS) if separate else 0
            on_square = self.randomness(WEIGHT_BITS)
            f = proof.responses
            slot_responses = rule.slot_values(f) if separate else list(f)

            on_generators[0] += (
                on_value * proof.z_value + on_bits * proof.z_bits + on_square * proof.z_square
            )
            for slot, response in enumerate(slot_responses, start=1):
                on_generators[slot] += on_value * response
            for bit, response in enumerate(f, start=1):
                on_generators[bit] += response * (on_bits + on_square * (x - response) % R)
            for row, quadratic in enumerate(rule.quadratic_rows, start=bits + 1):
                squares = sum(slot_responses[slot] ** 2 for slot in quadratic.slots)
                linear = sum(coefficient * f[bit] for bit, coefficient in quadratic.terms)
                remainder = quadratic.constant * x * x - squares - x * linear
                on_generators[row] += on_square * (remainder % R)

            on_points += [on_value * x % R, *([0] * (self.shape.threshold - 1))]
            on_points += [on_bits * x % R] if separate else []
            on_points += [on_value]
            on_points += [on_bits] if separate else []
            on_points += [on_square * x % R, on_square]

        points = self.curve.concat(
            [
                self.generators[: 1 + rule.width],
                *(self.proofs[number].points for number in selected),
            ]
        )
        weights = [-total % R for total in on_generators] + on_points
        return self.curve.msm(points, weights).encode() == bytes(POINT_BYTES)
