"""Masks of a ballot proof: every row of the rule vanishes on each (docs/protocol.md §8.1)."""

import pytest

from ostraka.randomness import Randomness
from ostraka.voter.kernel import Kernel
from ostraka_verifier.curve import R
from ostraka_verifier.question import approval, knapsack, single_choice
from ostraka_verifier.rule import BallotRule, Row
from tests.support.randomness import SeededRandomness

RULES = {
    "single choice": single_choice(5),
    "approval": approval(6, 1, 3),
    "knapsack": knapsack((5, 3, 9), 10),
    # The second row is the first one twice, the third one their sum.
    "rows that depend on one another": BallotRule(
        3,
        (((0, 1),),),
        (
            Row(((0, 1), (1, 2)), 0),
            Row(((0, 2), (1, 4)), 0),
            Row(((0, 3), (1, 6)), 0),
        ),
    ),
    "no rows": BallotRule(4, (((0, 1),),), ()),
}


@pytest.mark.parametrize("name", RULES)
def test_every_row_vanishes_on_a_mask(name: str) -> None:
    rule, randomness = RULES[name], SeededRandomness(name)
    kernel = Kernel.of(rule)
    masks = [kernel.sample(randomness) for _ in range(5)]
    for mask in masks:
        assert len(mask) == rule.bits
        assert all(0 <= value < R for value in mask)
        for row in rule.rows:
            assert sum(coefficient * mask[bit] for bit, coefficient in row.terms) % R == 0
    assert len({tuple(mask) for mask in masks}) == 5


@pytest.mark.parametrize(("name", "rank"), [("no rows", 0), ("rows that depend on one another", 1)])
def test_masks_span_the_whole_kernel(name: str, rank: int) -> None:
    """One scalar for each bit that no row fixes: fewer would reveal something about the ballot."""
    kernel = Kernel.of(RULES[name])
    assert len(kernel.pivots) == rank
    counted = Counting()
    kernel.sample(counted)
    assert counted.scalars == RULES[name].bits - rank


class Counting(Randomness):
    """Counts what is drawn."""

    def __init__(self) -> None:
        self.scalars = 0

    def scalar(self) -> int:
        """The next number."""
        self.scalars += 1
        return self.scalars

    def bytes(self, size: int) -> bytes:
        """Nothing of a kernel needs bytes."""
        raise AssertionError
