"""Checks T1 to T4: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.checks import Verdict
from tests.support.audits import (
    BOARD,
    CHAIN,
    CURVE,
    POLL,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    section_of,
    with_parameters,
)
from tests.support.polls import CLOSES_AT, approval_poll


def the_root_on_board_and_chain(**fields: Any) -> Case:
    """A root of something else, signed by a quorum and anchored."""
    root = replace(POLL.root(), **fields)
    anchored = POLL.attest(root, range(1, 4))
    shares = tuple(POLL.sign_share(one.node, one.share, root) for one in BOARD.shares)
    return replace(BOARD, root=anchored, shares=shares), replace(
        CHAIN, root=root, anchored=anchored
    )


def padding() -> Case:
    """A tree in which an empty place carries a ballot's commitment."""
    value = POLL.prepared[0].ballot.sharing[0]
    total = CURVE.decode(POLL.root().sum)
    return the_root_on_board_and_chain(sum=CURVE.add(total, value).encode())


def the_root_of_the_chain() -> Case:
    other = replace(POLL.root(), hash=bytes([7] * 32))
    return BOARD, replace(CHAIN, root=other, anchored=POLL.attest(other, range(1, 4)))


def the_round() -> Case:
    return replace(BOARD, root=POLL.attest(POLL.root(), range(1, 4), 3)), CHAIN


def too_few_attestations() -> Case:
    return replace(BOARD, root=POLL.attest(POLL.root(), [1, 2])), CHAIN


def an_attestation() -> Case:
    assert BOARD.root is not None
    first, second, third = BOARD.root.attestations
    forged = replace(second, signature=first.signature)
    return replace(BOARD, root=replace(BOARD.root, attestations=(first, forged, third))), CHAIN


def an_attestation_of_nobody() -> Case:
    assert BOARD.root is not None
    first, second, third = BOARD.root.attestations
    stranger = replace(third, node=9)
    return replace(BOARD, root=replace(BOARD.root, attestations=(first, second, stranger))), CHAIN


def a_root(**changes: Any) -> Case:
    return BOARD, replace(CHAIN, **changes)


def a_root_of_round(number: int) -> Case:
    anchored = POLL.attest(POLL.root(), range(1, 4), number)
    return replace(BOARD, root=anchored), replace(CHAIN, anchored=anchored)


def too_few_ballots() -> Case:
    """Two of seven voted, though the poll wanted three."""
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, minimum_ballots=3)
    with_parameters(poll)
    del poll.prepared[2:]
    return poll.finish()


def no_root() -> Case:
    return replace(BOARD, root=None), CHAIN


FREEZES_AT = POLL.parameters.freezes_at

DEADLINE = POLL.parameters.settling().deadline


MUTATIONS: Mutations = [
    (lambda: the_root_on_board_and_chain(hash=bytes([1] * 32)), {"T1"}),
    (lambda: the_root_on_board_and_chain(count=8), {"T1"}),
    (padding, {"T1", "R1"}),
    (the_root_of_the_chain, {"T2"}),
    (the_round, {"T2"}),
    (too_few_attestations, {"T3"}),
    (an_attestation, {"T3"}),
    (an_attestation_of_nobody, {"T3"}),
    (lambda: a_root(anchored_at=FREEZES_AT - 1), {"T4"}),
    (lambda: a_root(anchored_at=DEADLINE), {"T4"}),
    (lambda: a_root(rejected_rounds=1, rejected_at=CLOSES_AT + 50), {"T4"}),
    (lambda: a_root_of_round(10), {"T4"}),
    (too_few_ballots, {"T4"}),
    (no_root, {"T2"}),
    (section_of(10, b""), {"T2"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_a_false_signature_beside_enough_good_ones_is_named() -> None:
    assert BOARD.root is not None
    stranger = replace(BOARD.root.attestations[0], node=9)
    forged = replace(BOARD.root.attestations[0], node=4)
    for more, said in ((stranger, "node 9: not in the committee"), (forged, "node 4: signed by")):
        attestations = (*BOARD.root.attestations, more)
        board = replace(BOARD, root=replace(BOARD.root, attestations=attestations))
        found = findings(board, CHAIN)
        assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
        assert said in found["T3"].detail


def test_just_enough_ballots_are_enough() -> None:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, minimum_ballots=len(poll.votes))
    assert {one.verdict for one in findings(*with_parameters(poll)).values()} == {Verdict.HOLDS}


def test_a_rejected_root_restarts_the_clock() -> None:
    anchored = POLL.attest(POLL.root(), range(1, 4), 1)
    chain = replace(
        CHAIN,
        anchored=anchored,
        rejected_rounds=1,
        rejected_at=CLOSES_AT + 500,
        anchored_at=CLOSES_AT + 1039,
    )
    board = replace(BOARD, root=anchored)
    assert failing(board, chain) == set()
    assert failing(board, replace(chain, anchored_at=CLOSES_AT + 1040)) == {"T4"}
    assert failing(board, replace(chain, anchored_at=CLOSES_AT + 499)) == {"T4"}
