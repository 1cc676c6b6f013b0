"""Checks S1 and S2: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ostraka_verifier.sharing import Share
from tests.support.audits import (
    BOARD,
    CHAIN,
    POLL,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    section_of,
)


def an_aggregate_share() -> Case:
    signed = BOARD.shares[1]
    lie = Share((signed.share.values[0] + 1, *signed.share.values[1:]), signed.share.blinding)
    forged = POLL.sign_share(signed.node, lie, POLL.root())
    return replace(BOARD, shares=(BOARD.shares[0], forged, BOARD.shares[2])), CHAIN


def a_share_signature() -> Case:
    first, second, third = BOARD.shares
    forged = replace(second, signature=first.signature)
    return replace(BOARD, shares=(first, forged, third)), CHAIN


def too_few_shares() -> Case:
    return replace(BOARD, shares=BOARD.shares[:1]), CHAIN


def no_shares() -> Case:
    return replace(BOARD, shares=()), CHAIN


MUTATIONS: Mutations = [
    (an_aggregate_share, {"S1"}),
    (a_share_signature, {"S1"}),
    (too_few_shares, {"S2"}),
    (no_shares, {"S2"}),
    (section_of(11, b"\0"), {"S1"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_a_failing_share_is_named() -> None:
    assert "node 2" in findings(*an_aggregate_share())["S1"].item
