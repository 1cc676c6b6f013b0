"""Checks R1 to R3: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ostraka_verifier.checks import Verdict
from ostraka_verifier.tally_proof import Tally
from tests.support.audits import BOARD, CHAIN, POLL, Case, Mutations, failing, findings, name_of
from tests.support.polls import approval_poll, tally_digest


def honest_tally() -> Tally:
    assert CHAIN.tally is not None
    return CHAIN.tally


def the_tally() -> Case:
    tally = honest_tally()
    lie = Tally((tally.values[0] + 1, *tally.values[1:]), tally.blinding)
    awards = tuple(POLL.outcome.awards(lie.values))
    return BOARD, replace(CHAIN, tally=lie, tally_digest=tally_digest(lie), awards=awards)


def the_tally_digest() -> Case:
    return BOARD, replace(CHAIN, tally_digest=bytes(32))


def more_votes_than_there_are() -> Case:
    """An opening with impossible votes, which takes knowledge of discrete logarithms."""
    tally = honest_tally()
    lie = Tally((8, *tally.values[1:]), tally.blinding)
    return BOARD, replace(
        CHAIN,
        tally=lie,
        tally_digest=tally_digest(lie),
        awards=tuple(POLL.outcome.awards(lie.values)),
    )


def too_early() -> Case:
    return BOARD, replace(CHAIN, tallied_at=CHAIN.dispute_window_ends_at - 1)


def too_late() -> Case:
    return BOARD, replace(CHAIN, tallied_at=CHAIN.tally_deadline)


MUTATIONS: Mutations = [
    (the_tally, {"S2", "R1"}),
    (the_tally_digest, {"R1"}),
    (more_votes_than_there_are, {"S2", "R2"}),
    (too_early, {"R3"}),
    (too_late, {"R3"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_weights_count() -> None:
    poll = approval_poll(weights=[2] * 6 + [2])
    board, chain = poll.finish()
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}
    assert chain.tally is not None
    assert chain.tally.values == tuple(
        2 * sum(vote[slot] for vote in poll.votes) for slot in range(4)
    )
