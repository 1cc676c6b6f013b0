"""From aggregate shares to a tally that anyone can check against the anchored sum.

Source: docs/protocol.md §12. Vectors: tests/vectors/board.json.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostraka_verifier.ballot import Ballot
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.encoding import tagged_hash
from ostraka_verifier.errors import Rejected
from ostraka_verifier.sharing import Share, lagrange, share_commitment


@dataclass(frozen=True)
class Tally:
    """Opening of the anchored sum: the votes of each slot, and their blinding."""

    values: tuple[int, ...]
    blinding: int


@dataclass(frozen=True)
class AggregateCommitments:
    """The sums that every node's aggregate share must open: `Σ_b w_b V_b` and `Σ_b w_b A_{d,b}`.

    Attributes:
        points: `t` points, degree 0 first.
    """

    points: Points

    @classmethod
    def of(
        cls, curve: Curve, ballots: Sequence[Ballot], weights: Sequence[int], threshold: int
    ) -> "AggregateCommitments":
        """Return sums over the counted ballots, in the order of their weights."""
        sums = []
        for degree in range(threshold):
            column = curve.concat([ballot.sharing[degree] for ballot in ballots])
            sums.append(curve.sum(curve.scale(column, weights)))
        return cls(curve.concat(sums))

    @property
    def sum(self) -> Points:
        """The sum that the tally opens."""
        return self.points[0]

    def verify_share(self, curve: Curve, key: CommitmentKey, node: int, share: Share) -> None:
        """Check that a node's aggregate share is the sum of its shares of all ballots (§12.3).

        Raises:
            Rejected: It is not; the node is at fault (check S1).
        """
        committed = key.commit([(share.values, share.blinding)])
        if committed != share_commitment(curve, self.points, node):
            raise Rejected(
                "S1", f"node {node}", "aggregate share does not open the sum of its shares"
            )


def aggregate_share_hash(share: Share) -> bytes:
    """Return what a node signs of its aggregate share (§12.2)."""
    return tagged_hash("aggregate-share", share.encode())


def aggregate(shares: Sequence[Share], weights: Sequence[int], slots: int) -> Share:
    """Return the weighted sum of one node's shares of all counted ballots."""
    values = [0] * slots
    blinding = 0
    for share, weight in zip(shares, weights, strict=True):
        for slot, value in enumerate(share.values):
            values[slot] += weight * value
        blinding += weight * share.blinding
    return Share(tuple([value % R for value in values]), blinding % R)


def combine(shares: Mapping[int, Share], threshold: int) -> Tally:
    """Return the tally from at least `threshold` good aggregate shares, by node index.

    Raises:
        Rejected: There are fewer (check S2).
    """
    if len(shares) < threshold:
        raise Rejected("S2", "shares", f"{len(shares)} good ones, {threshold} needed")
    nodes = sorted(shares)[:threshold]
    chosen = [shares[node] for node in nodes]
    summed = aggregate(chosen, lagrange(nodes), len(chosen[0].values))
    return Tally(summed.values, summed.blinding)


def verify_opening(
    key: CommitmentKey, committed_sum: bytes, tally: Tally, largest_votes: int
) -> None:
    """Check that the tally opens the anchored sum and stays within its bound (§12.4).

    Args:
        committed_sum: Encoded point of 64 bytes.
        largest_votes: Total weight times largest slot value.

    Raises:
        Rejected: It does not open the sum (check R1) or exceeds the bound (check R2).
    """
    if not all(0 <= value < R for value in (*tally.values, tally.blinding)):
        raise Rejected("R1", "tally", "a value is not reduced modulo r")
    for slot, votes in enumerate(tally.values):
        if votes > largest_votes:
            raise Rejected(
                "R2", f"tally[{slot}]", f"{votes} votes, at most {largest_votes} possible"
            )
    if key.commit([(tally.values, tally.blinding)]).encode() != committed_sum:
        raise Rejected("R1", "tally", "does not open the anchored sum")
