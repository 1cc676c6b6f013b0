"""Compute a poll's tally from its board and the nodes' aggregate shares.

Pure: the caller fetches board, census and shares. Source: docs/protocol.md §12.
"""

from collections.abc import Sequence

from ostraka_verifier.board import Board, SignedShare
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.tally_proof import AggregateCommitments, Tally, combine, verify_opening


def sums_of(
    curve: Curve, poll: PublishedPoll, board: Board, census: Census, anchored_sum: bytes
) -> AggregateCommitments:
    """Return the sums of commitments that the nodes' aggregate shares open.

    Args:
        census: Decoded from the board.
        anchored_sum: Encoded point of 64 bytes, from the chain.

    Raises:
        Malformed: The board has no ballots, a ballot of an account outside the census, an invalid
            ballot, or a different sum than the anchored one.
    """
    ballots = poll.layout.decode_many(curve, [leaf.ballot for leaf in board.leaves])
    if not ballots:
        raise Malformed("board", "not anchored yet")
    weights = []
    for ballot in ballots:
        if ballot.voter not in census.by_account:
            raise Malformed("board", "a voter outside the census")
        weights.append(census.by_account[ballot.voter].weight)
    sums = AggregateCommitments.of(curve, ballots, weights, poll.committee.threshold)
    if sums.sum.encode() != anchored_sum:
        raise Malformed("board", "a different sum than the anchored one")
    return sums


def is_good(
    curve: Curve, key: CommitmentKey, sums: AggregateCommitments, signed: SignedShare
) -> bool:
    """Whether an aggregate share opens the sum of its node's shares (check S1)."""
    try:
        sums.verify_share(curve, key, signed.node, signed.share)
    except Rejected:
        return False
    return True


def tally_of(
    key: CommitmentKey,
    poll: PublishedPoll,
    sums: AggregateCommitments,
    shares: Sequence[SignedShare],
) -> Tally:
    """Return the tally from at least `t` good shares of different nodes.

    Args:
        key: Of the width of the poll's ballot rule.
        shares: Each checked with `is_good`.

    Raises:
        Rejected: There are fewer (check S2); the tally does not open the sum (R1) or exceeds the
            possible number of votes (R2).
    """
    tally = combine({signed.node: signed.share for signed in shares}, poll.committee.threshold)
    largest = poll.parameters.total_weight * poll.rule.max_slot_value
    verify_opening(key, sums.sum.encode(), tally, largest)
    return tally
