"""Simulator of the zero-knowledge tally proof (docs/protocol.md §12.5).

Knows the tally and no vote, and makes everything that an honest poll publishes. What it makes
passes every equation under the challenges it chose itself: so the equations say nothing about
votes beyond the tally.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka.voter.kernel import Kernel
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.proof import BallotProof, ProofShape
from ostraka_verifier.sharing import Share, lagrange
from ostraka_verifier.tally_proof import Tally
from tests.support.randomness import SeededRandomness


@dataclass(frozen=True)
class SimulatedBallot:
    """A ballot made without a vote, and the challenge under which it holds."""

    proof: BallotProof
    challenge: int


class Simulator:
    """Simulates a poll with a given tally."""

    def __init__(self, curve: Curve, shape: ProofShape, random: SeededRandomness) -> None:
        self.curve = curve
        self.shape = shape
        self.random = random
        self.key = CommitmentKey(curve, shape.rule.width)
        self._kernel = Kernel.of(shape.rule)

    def commitments(self, tally: Tally, ballots: int) -> list[Points]:
        """`V` of every ballot: random ones, and a last one that makes the sum right."""
        total = self.key.commit([(tally.values, tally.blinding)])
        free = self.key.commit([((), self.random.scalar()) for _ in range(ballots - 1)])
        last = self.curve.add(total, self.curve.negate(self.curve.sum(free)))
        return [*(free[number] for number in range(ballots - 1)), last]

    def ballot(self, voter: bytes, value: Points) -> SimulatedBallot:
        """A proof about `value`, whose opening is not known: responses first, commitments after."""
        rule, scalar = self.shape.rule, self.random.scalar
        x = scalar()
        # Responses of an honest prover are uniform on {f : every row gives c x}. Such f differ from
        # x times any solution by an element of the kernel.
        f = [(x * one + mask) % R for one, mask in zip(self._solution(), self._mask(), strict=True)]
        slots = [total % R for total in rule.slot_values(f)]
        z_value, z_bits, z_square = scalar(), scalar(), scalar()
        squares = [response * (x - response) % R for response in f]
        for row in rule.quadratic_rows:
            square = sum(slots[slot] ** 2 for slot in row.slots)
            linear = sum(coefficient * f[bit] for bit, coefficient in row.terms)
            squares.append((row.constant * x * x - square - x * linear) % R)
        sharing = self.key.commit([((), scalar()) for _ in range(self.shape.threshold - 1)])
        cross = self.key.commit([((), scalar())])
        square_mask = self._remainder(squares, z_square, cross, x)
        if rule.slots_are_bits:
            value_mask = self._remainder(f, z_value, value, x)
            parts = [value, sharing, value_mask, cross, square_mask]
            z_bits = 0
        else:
            bits = self.key.commit([((), scalar())])
            value_mask = self._remainder(slots, z_value, value, x)
            bits_mask = self._remainder(f, z_bits, bits, x)
            parts = [value, sharing, bits, value_mask, bits_mask, cross, square_mask]
        points = self.curve.concat(parts)
        proof = BallotProof(voter, points, points.encode(), tuple(f), z_value, z_bits, z_square)
        return SimulatedBallot(proof, x)

    def aggregate_shares(self, tally: Tally, nodes: Sequence[int]) -> dict[int, Share]:
        """Shares of `t` nodes that combine to the tally: `t − 1` uniform ones, the last follows."""
        free, last = nodes[:-1], nodes[-1]
        shares = {
            node: Share(tuple(self.random.scalar() for _ in tally.values), self.random.scalar())
            for node in free
        }
        coefficients = dict(zip(nodes, lagrange(list(nodes)), strict=True))
        inverse = pow(coefficients[last], -1, R)

        def missing(target: int, known: Sequence[tuple[int, int]]) -> int:
            rest = sum(coefficients[node] * value for node, value in known)
            return (target - rest) * inverse % R

        values = tuple(
            missing(target, [(node, shares[node].values[slot]) for node in free])
            for slot, target in enumerate(tally.values)
        )
        blinding = missing(tally.blinding, [(node, shares[node].blinding) for node in free])
        return shares | {last: Share(values, blinding)}

    def _remainder(self, values: Sequence[int], blinding: int, point: Points, x: int) -> Points:
        committed = self.key.commit([(values, blinding)])
        return self.curve.add(committed, self.curve.negate(self.curve.scale(point, [x])))

    def _mask(self) -> list[int]:
        return self._kernel.sample(self.random)

    def _solution(self) -> list[int]:
        """Any vector over F_r that obeys the rows, with no regard to bits being bits."""
        rule = self.shape.rule
        augmented = [
            {bit: coefficient % R for bit, coefficient in row.terms} | {rule.bits: -row.constant}
            for row in rule.rows
        ]
        solution = [0] * rule.bits
        solved: list[tuple[int, dict[int, int]]] = []
        for row in augmented:
            for pivot, known in solved:
                factor = row.get(pivot, 0)
                for column, value in known.items():
                    row[column] = (row.get(column, 0) - factor * value) % R
            pivots = [bit for bit in range(rule.bits) if row.get(bit, 0)]
            if not pivots:
                continue
            inverse = pow(row[pivots[0]], -1, R)
            solved.append((pivots[0], {c: v * inverse % R for c, v in row.items()}))
        for pivot, row in reversed(solved):
            others = sum(
                value * (1 if column == rule.bits else solution[column])
                for column, value in row.items()
                if column != pivot
            )
            solution[pivot] = -others % R
        return solution
