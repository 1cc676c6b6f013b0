"""The mutations of every check together, for tests that audit with another implementation."""

from tests.support.audits import Mutations
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

MUTATIONS: Mutations = [
    *test_poll.MUTATIONS,
    *test_generators.MUTATIONS,
    *test_census.MUTATIONS,
    *test_ballots.MUTATIONS,
    *test_tree.MUTATIONS,
    *test_shares.MUTATIONS,
    *test_result.MUTATIONS,
    *test_opened.MUTATIONS,
    *test_outcome.MUTATIONS,
    *test_round.MUTATIONS,
]
