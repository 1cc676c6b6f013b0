"""Every numbered check decides alone: switched off, the audit no longer refuses a lie.

Each case is a lie that exactly one check refuses. With that check replaced by one that holds, the
audit accepts the lie, so no other check stands in for it, and a check that stopped checking is
noticed. Where another check refuses the lie too, or cannot be performed, the case says so.
"""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pytest

from ostraka_verifier.checks import CHECKS, Audit, Check, Claimed, Verdict
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.releases import Releases, known_releases
from tests.support.audits import Case
from tests.support.polls import CLOSES_AT, REGISTRY
from tests.verifier.checks import (
    test_ballots,
    test_census,
    test_generators,
    test_opened,
    test_outcome,
    test_poll,
    test_result,
    test_round,
    test_shares,
    test_tree,
)


class Lie(NamedTuple):
    """What one check refuses.

    Attributes:
        case: Makes board and chain evidence.
        also: Further checks that refuse it.
        unread: Checks that are not performed on it, whether or not that check is switched off.
        releases: Known contracts, if not those of this checkout.
    """

    case: Callable[[], Case]
    also: Collection[str] = ()
    unread: Collection[str] = ()
    releases: Callable[[], Releases | None] = lambda: None


def a_release_with_a_false_generator() -> Releases:
    """Known code does not make G1 superfluous: a release might come with false generators."""
    _, chain = test_generators.a_generator()
    false = keccak256(chain.generators)
    return Releases(
        tuple(
            replace(one, masked_hash=false) if one.contract == "GeneratorTable" else one
            for one in known_releases().codes
        )
    )


LIES = {
    "P1": Lie(test_poll.another_poll),
    "P2": Lie(test_poll.the_description),
    "P3": Lie(test_poll.the_committee_on_chain),
    "P4": Lie(test_poll.a_poll_key_signature),
    "P5": Lie(test_poll.a_question_nobody_can_answer),
    "P6": Lie(test_poll.a_delay_by_disputes_without_disputes),
    "G1": Lie(test_generators.a_generator, releases=a_release_with_a_false_generator),
    "G2": Lie(test_generators.voting_keys_elsewhere),
    "C1": Lie(test_census.another_key_of_who_did_not_vote),
    "C2": Lie(test_census.the_totals),
    "C3": Lie(test_census.an_identifying_weight),
    "C4": Lie(test_census.a_voter_of_the_source_left_out),
    # What cannot be decoded cannot be checked by any other number: the verdict is "not checked".
    "B1": Lie(test_ballots.a_point, unread=("B2", "B3", "B4", "B5", "B6", "T1", "S1", "S2")),
    # The tree is defined over ordered leaves only.
    "B2": Lie(test_ballots.the_order_of_leaves, unread=("T1",)),
    # Whoever is not in the census has neither a key nor a weight.
    "B3": Lie(test_ballots.a_ballot_of_a_stranger, unread=("B4", "T1", "S1", "S2")),
    "B4": Lie(test_ballots.the_boxes_hash),
    "B5": Lie(lambda: test_ballots.a_cast_time_of(CLOSES_AT)),
    "B6": Lie(test_ballots.an_over_vote),
    "T1": Lie(lambda: test_tree.the_root_on_board_and_chain(hash=bytes([1] * 32))),
    "T2": Lie(test_tree.the_root_of_the_chain),
    "T3": Lie(test_tree.too_few_attestations),
    "T4": Lie(test_tree.too_few_ballots),
    "S1": Lie(test_shares.an_aggregate_share),
    "S2": Lie(test_shares.too_few_shares),
    "R1": Lie(test_result.the_tally_digest),
    # Good shares of good ballots cannot give an impossible tally, so S2 refuses it as well; R1
    # leaves the excess to R2.
    "R2": Lie(test_result.more_votes_than_there_are, also=("S2",), unread=("R1",)),
    "R3": Lie(test_result.too_early),
    "A1": Lie(test_opened.too_few_ballots),
    "A2": Lie(test_opened.no_cover),
    "A3": Lie(test_opened.a_changed_response),
    "A4": Lie(test_opened.signatures_by(1, 2)),
    "A5": Lie(test_opened.exchanged_ballots),
    # A run whose proofs and openings are good opens the anchored sum. Only where voters have
    # different weights is this sum another one, and C3 refuses that, too.
    "A6": Lie(test_opened.different_weights, also=("C3",)),
    "O1": Lie(test_outcome.the_outcome),
    "D1": Lie(test_round.another_source_than_was_fixed),
    "D2": Lie(test_round.another_winner),
    "D3": Lie(test_round.moved_elsewhere),
    "D4": Lie(test_round.rules_elsewhere),
}
NUMBERS = [number for number, _, _ in CHECKS]
ON_THE_CURVE = ("C1", "B1", "B6", "T1", "S1", "S2", "R1", "A3", "A5")
"""Checks whose work an engine does; the slow reference engine repeats only these."""
CASES = [
    *(("native", number) for number in NUMBERS),
    *(("reference", number) for number in ON_THE_CURVE),
]


def switched_off(number: str) -> list[Check]:
    """The checks, with one that always holds in place of this number."""
    return [
        one._replace(perform=lambda _: "switched off") if one.number == number else one
        for one in CHECKS
    ]


@cache
def evidence(number: str) -> tuple[bytes, ChainEvidence, Releases | None]:
    """Board, chain and known contracts of a check's lie."""
    lie = LIES[number]
    board, chain = lie.case()
    return board.encode(), chain, lie.releases()


def verdicts(engine: str, number: str, checks: Sequence[Check]) -> dict[str, Verdict]:
    """Verdicts on a check's lie by checks."""
    board, chain, releases = evidence(number)
    claimed = Claimed(REGISTRY, 1)
    audit = Audit(load(engine), claimed, chain, board, secrets.randbits, releases=releases)
    return {one.check: one.verdict for one in audit.run(checks)}


def test_there_is_a_lie_for_every_check() -> None:
    assert list(LIES) == NUMBERS


@pytest.mark.parametrize(("engine", "number"), CASES)
def test_without_the_check_its_lie_is_not_refused(engine: str, number: str) -> None:
    lie = LIES[number]
    expected = (
        dict.fromkeys(NUMBERS, Verdict.HOLDS)
        | dict.fromkeys(lie.also, Verdict.FAILS)
        | dict.fromkeys(lie.unread, Verdict.NOT_CHECKED)
    )
    assert verdicts(engine, number, CHECKS) == expected | {number: Verdict.FAILS}
    assert verdicts(engine, number, switched_off(number)) == expected
