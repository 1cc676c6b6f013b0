"""Fixtures of the tests that cross from Python to TypeScript and back."""

from collections.abc import Iterator

import pytest

from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.rule import BallotRule, QuadraticRow, slack_bits
from tests.support.polls import SyntheticPoll
from tests.web.bridge import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The protocol as a browser runs it."""
    one = Browser()
    yield one
    one.close()


@pytest.fixture(scope="session")
def quadratic() -> SyntheticPoll:
    """Two options, 10 credits, a vote costs its square."""
    terms = tuple((4 + number, one) for number, one in enumerate((1, 2, 4, 3)))
    rule = BallotRule(
        8, (((0, 1), (1, 2)), ((2, 1), (3, 2))), (), (QuadraticRow((0, 1), terms, 10),)
    )
    votes = [[1, 1, 1, 0, *slack_bits(10, 0)], [0, 1, 0, 1, *slack_bits(10, 2)]] * 3
    return SyntheticPoll(votes, rule, NoOutcome(), seed="quadratic")
