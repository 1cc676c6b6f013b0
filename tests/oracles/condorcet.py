"""Winners under Condorcet rules by pref-voting and VoteKit, for `condorcet`.

Runs in an environment of its own, which has these packages and nothing of Ostraka: reads profiles
as JSON from standard input, and writes for each one the winners that each program finds.
"""

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from math import factorial, prod
from typing import Any

from pref_voting.c1_methods import copeland
from pref_voting.margin_based_methods import beat_path, minimax, ranked_pairs, ranked_pairs_tb
from pref_voting.profiles_with_ties import ProfileWithTies
from votekit.ballot import RankBallot
from votekit.elections import RankedPairs, Schulze
from votekit.pref_profile import RankProfile

MOST_ORDERS = 200
"""pref-voting's ranked pairs try every order of equal defeats."""


def main() -> None:
    """Answer all profiles."""
    warnings.simplefilter("ignore")
    answers = [dict(_answers(one["options"], one["orders"])) for one in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)


def _answers(options: int, orders: list[list[int]]) -> Iterator[tuple[str, list[int] | None]]:
    ranks = [{option: place for place, option in enumerate(order)} for order in orders]
    profile = ProfileWithTies(ranks, candidates=list(range(options)))
    profile.use_extended_strict_preference()
    for strength, function in (("votes", profile.support), ("margin", profile.margin)):
        yield f"schulze {strength}", _ints(beat_path(profile, strength_function=function))
        yield f"minimax {strength}", _ints(minimax(profile, strength_function=function))
        first = ranked_pairs_tb(profile, strength_function=function)
        yield f"ranked_pairs first {strength}", _ints(first)
        few = _orders(profile, options, function) <= MOST_ORDERS
        every = ranked_pairs(profile, strength_function=function) if few else None
        yield f"ranked_pairs {strength}", None if every is None else _ints(every)
    yield "copeland", _ints(copeland(profile))
    yield from _votekit(options, orders)


def _orders(profile: Any, options: int, strength: Callable[[int, int], int]) -> int:
    """Return the number of orders of equal edges that pref-voting would try."""
    pairs = ((a, b) for a in range(options) for b in range(options) if a != b)
    edges = Counter(strength(a, b) for a, b in pairs if profile.margin(a, b) >= 0)
    return prod(factorial(equal) for equal in edges.values())


def _votekit(options: int, orders: list[list[int]]) -> Iterator[tuple[str, list[int]]]:
    names = [f"{option:02}" for option in range(options)]
    # An empty ballot is none for VoteKit.
    ballots = tuple(
        RankBallot(ranking=tuple(frozenset({names[option]}) for option in order), weight=1)
        for order in orders
        if order
    )
    profile = RankProfile(ballots=ballots, candidates=tuple(names))
    for name, rule in (("schulze", Schulze), ("ranked_pairs", RankedPairs)):
        elected = [one for tier in rule(profile, n_seats=1).get_elected() for one in tier]
        yield f"votekit {name}", [names.index(one) for one in elected]


def _ints(winners: Any) -> list[int]:
    return [int(one) for one in winners]


if __name__ == "__main__":
    main()
