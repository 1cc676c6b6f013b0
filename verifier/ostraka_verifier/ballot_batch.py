"""Check many ballots of one poll together, in one native call where all of them hold.

The readable code of `ballot` and `proof` says the same of every ballot, and is the only one that
has words for a ballot that fails.

Source: docs/protocol.md §8.5, §8.6.
"""

from collections.abc import Callable, Sequence

from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.curve import Curve, Points
from ostraka_verifier.proof import WEIGHT_BITS

_WEIGHTS_BYTES = 3 * WEIGHT_BITS // 8
"""A weight for each equation of a ballot."""


class BallotBatch:
    """Checks batches of one poll's ballots."""

    def __init__(
        self, curve: Curve, generators: Points, layout: BallotLayout, poll_context: bytes
    ) -> None:
        """Args:
        generators: `H, G_1, …` for at least the rule's width.
        poll_context: 32 bytes.
        """
        shape = layout.shape
        self._shape = shape
        self._native = curve.ballot_check(
            shape.rule.encode(), shape.threshold, poll_context, generators
        )

    def sharings(
        self, ballots: Sequence[bytes], random_bytes: Callable[[int], bytes]
    ) -> list[Points] | None:
        """Return `V, A_1, …, A_{t−1}` of each ballot if all are canonical and proven.

        Args:
            random_bytes: Source of the weights, unpredictable to the makers of the ballots.

        Returns:
            None if one of them fails, or if the engine of the curve has no native check.
        """
        if self._native is None:
            return None
        points = self._native.check(list(ballots), random_bytes(_WEIGHTS_BYTES * len(ballots)))
        if points is None:
            return None
        count, threshold = self._shape.points, self._shape.threshold
        return [
            points[number * count : number * count + threshold] for number in range(len(ballots))
        ]
