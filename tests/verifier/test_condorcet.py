"""Condorcet rules against Debian's procedure, and ties that the ballot's order breaks."""

from itertools import permutations
from random import Random

import pytest

from ostraka_verifier.outcome import Condorcet, Method, Strength
from ostraka_verifier.outcome.pairs import PairCounts

Pair = tuple[int, int]


def slots_of(options: int, votes: dict[Pair, int]) -> list[int]:
    """Slots of a pairwise ranking; wins, which decide nothing, are left at 0."""
    return [0] * options + [votes.get(pair, 0) for pair in permutations(range(options), 2)]


def random_votes(random: Random, options: int, most: int) -> dict[Pair, int]:
    return {pair: random.randint(0, most) for pair in permutations(range(options), 2)}


def debian(options: int, votes: dict[Pair, int]) -> list[int]:
    """Options that cloneproof Schwartz sequential dropping leaves (Debian's constitution, A.5)."""
    left = list(range(options))
    defeats = {pair for pair in votes if votes[pair] > votes[pair[::-1]]}
    while True:
        reached = set(defeats)
        for through in left:
            reached |= {
                (one, other)
                for one in left
                for other in left
                if (one, through) in reached and (through, other) in reached
            }
        left = [
            one
            for one in left
            if not any((b, one) in reached and (one, b) not in reached for b in left)
        ]
        defeats = {(a, b) for a, b in defeats if a in left and b in left}
        if not defeats:
            return left
        strength = {pair: (votes[pair], -votes[pair[::-1]]) for pair in defeats}
        weakest = min(strength.values())
        defeats = {pair for pair in defeats if strength[pair] != weakest}


@pytest.mark.parametrize("options", [2, 3, 4, 5, 6])
def test_schulze_leaves_the_options_that_debians_procedure_leaves(options: int) -> None:
    random = Random(f"debian {options}")
    for _ in range(120):
        votes = random_votes(random, options, random.choice((2, 6, 40)))
        assert Condorcet(options).tied(slots_of(options, votes)) == debian(options, votes)


PUBLISHED = {
    "2006/005": (1, [[0, 48], [277, 0]]),
    "2002/0001": (2, [[0, 255, 178, 385], [199, 0, 134, 406], [291, 327, 0, 443], [68, 50, 18, 0]]),
    "2005/001": (
        2,
        [
            [0, 18, 33, 18, 52, 39, 112],
            [394, 0, 220, 221, 350, 249, 384],
            [420, 248, 0, 245, 352, 244, 376],
            [440, 244, 222, 0, 375, 264, 390],
            [314, 60, 95, 80, 0, 99, 261],
            [378, 185, 184, 196, 307, 0, 346],
            [337, 75, 107, 101, 184, 120, 0],
        ],
    ),
}
"""Matrices of votes that Debian published, row over column, and the option that won."""


@pytest.mark.parametrize("vote", PUBLISHED)
def test_published_results_of_debian(vote: str) -> None:
    winner, matrix = PUBLISHED[vote]
    options = len(matrix)
    votes = slots_of(options, {(a, b): matrix[a][b] for a, b in permutations(range(options), 2)})
    for method in Method:
        assert Condorcet(options, method).awards(votes).index(1) == winner


@pytest.mark.parametrize("method", Method)
def test_an_option_that_beats_every_other_one_wins(method: Method) -> None:
    random = Random(f"winner {method}")
    for _ in range(60):
        votes = random_votes(random, 5, 9)
        winner = random.randrange(5)
        for other in set(range(5)) - {winner}:
            votes[winner, other], votes[other, winner] = 7, random.randint(0, 6)
        tally = slots_of(5, votes)
        assert PairCounts(tally, 5).condorcet_winner == winner
        assert Condorcet(5, method).tied(tally) == [winner]


def test_strengths_differ_where_options_are_left_out() -> None:
    """In a cycle, the defeat with the fewest winning votes has not the smallest margin."""
    cycle = {(0, 1): 5, (1, 0): 0, (1, 2): 7, (2, 1): 6, (2, 0): 9, (0, 2): 1}
    tally = slots_of(3, cycle)
    by_votes = Condorcet(3, Method.SCHULZE, Strength.WINNING_VOTES)
    by_margin = Condorcet(3, Method.SCHULZE, Strength.MARGIN)
    assert by_votes.tied(tally) == [1]
    assert by_margin.tied(tally) == [2]


@pytest.mark.parametrize("method", Method)
def test_the_first_of_tied_options_wins(method: Method) -> None:
    tied = slots_of(4, dict.fromkeys(permutations(range(4), 2), 3))
    rule = Condorcet(4, method)
    assert rule.tied(tied) == [0, 1, 2, 3]
    assert rule.awards(tied)[:4] == [1, 0, 0, 0]
    assert not any(rule.awards([0] * 16))
