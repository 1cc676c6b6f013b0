"""A tally from board, census and shares, without nodes."""

from dataclasses import replace

import pytest

from ostraka.gateway.tallying import is_good, sums_of, tally_of
from ostraka_verifier.board import Board, SignedShare
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import single_choice
from ostraka_verifier.tally_proof import AggregateCommitments
from tests.support.polls import SyntheticPoll

VOTES = [(1, 0, 0), (0, 1, 0), (0, 1, 0)]
WEIGHTS = (1, 2, 5)


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return SyntheticPoll(VOTES, single_choice(3), NoOutcome(), weights=WEIGHTS)


@pytest.fixture(scope="module")
def board(poll: SyntheticPoll) -> Board:
    return poll.finish()[0]


def sums(poll: SyntheticPoll, board: Board, census: Census | None = None) -> AggregateCommitments:
    census = Census.decode(board.census) if census is None else census
    return sums_of(poll.curve, poll.published, board, census, poll.root().sum)


def key_of(poll: SyntheticPoll) -> CommitmentKey:
    return CommitmentKey(poll.curve, poll.rule.width)


def test_shares_of_any_quorum_of_t_nodes_give_the_tally(poll: SyntheticPoll, board: Board) -> None:
    key, committed = key_of(poll), sums(poll, board)
    assert all(is_good(poll.curve, key, committed, share) for share in board.shares)
    for pair in (board.shares[:2], board.shares[1:3], board.shares[:3]):
        assert tally_of(key, poll.published, committed, pair).values == (1, 7, 0)


def test_a_share_of_another_node_or_value_is_not_good(poll: SyntheticPoll, board: Board) -> None:
    key, committed = key_of(poll), sums(poll, board)
    share = board.shares[0].share
    changed = replace(share, values=(share.values[0] + 1, *share.values[1:]))
    for false in (replace(board.shares[0], node=2), SignedShare(1, changed, b"")):
        assert not is_good(poll.curve, key, committed, false)


def test_too_few_or_false_shares_give_no_tally(poll: SyntheticPoll, board: Board) -> None:
    key, committed = key_of(poll), sums(poll, board)
    with pytest.raises(Rejected, match="1 good ones, 2 needed"):
        tally_of(key, poll.published, committed, board.shares[:1])
    swapped = [replace(board.shares[0], node=2), replace(board.shares[1], node=1)]
    with pytest.raises(Rejected) as rejected:
        tally_of(key, poll.published, committed, swapped)
    assert rejected.value.check in {"R1", "R2"}


def test_a_board_without_the_anchored_ballots_is_refused(poll: SyntheticPoll, board: Board) -> None:
    with pytest.raises(Malformed, match="not anchored yet"):
        sums(poll, replace(board, leaves=()))
    with pytest.raises(Malformed, match="a different sum than the anchored one"):
        sums(poll, replace(board, leaves=board.leaves[:2]))


def test_a_ballot_outside_the_census_is_refused(poll: SyntheticPoll, board: Board) -> None:
    with pytest.raises(Malformed, match="a voter outside the census"):
        sums(poll, board, Census(poll.census.entries[:2]))
