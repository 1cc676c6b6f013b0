"""Check O1: mutations that it refuses, and variants that it accepts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ostraka_verifier.checks import Verdict
from ostraka_verifier.outcome import (
    GreedyByCategory,
    Majority,
    NoOutcome,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
)
from tests.support.audits import BOARD, CHAIN, Case, Mutations, failing, findings, name_of
from tests.support.polls import approval_poll


def the_outcome() -> Case:
    assert CHAIN.awards is not None
    return BOARD, replace(CHAIN, awards=tuple(1 - one for one in CHAIN.awards))


MUTATIONS: Mutations = [
    (the_outcome, {"O1"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


@pytest.mark.parametrize(
    "outcome",
    [
        GreedyByCategory((50, 40, 30, 20), (0, 0, 1, 1), (60, 30), 100),
        Plurality(1, 3),
        Proportional(10**30, 4),
        Parts(((2, Majority()), (1, NoOutcome()), (1, Proportional(7, 1)))),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
def test_other_outcomes_hold_and_are_held_to_the_tally(outcome: OutcomeRule) -> None:
    board, chain = approval_poll(outcome=outcome).finish()
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}
    assert chain.awards is not None
    for slot, award in enumerate(chain.awards):
        awards = (*chain.awards[:slot], award + 1, *chain.awards[slot + 1 :])
        assert failing(board, replace(chain, awards=awards)) == {"O1"}
    assert failing(board, replace(chain, awards=chain.awards[:-1])) == {"O1"}
    assert failing(board, replace(chain, awards=None)) == {"O1"}
