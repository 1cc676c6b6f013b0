"""Pairwise rankings: exactly the rankings obey the rule, whatever bits a voter tries."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import permutations, product
from random import Random

import pytest

from ostraka_verifier.question import Pairwise
from ostraka_verifier.rule import slack_bits

Graph = tuple[tuple[int, ...], ...]
"""For each option a bit for each option: whether it is preferred to that one."""


def asked(count: int, at_least: int) -> Pairwise:
    return Pairwise("Order?", tuple(f"option {number}" for number in range(count)), at_least)


def graph_of(vote: Sequence[int], count: int) -> Graph:
    places = [vote.index(option) if option in vote else count for option in range(count)]
    return tuple(tuple(int(places[a] < places[b]) for b in range(count)) for a in range(count))


@cache
def graphs(count: int) -> list[Graph]:
    """Return every relation whose options have at most `count - 1` others above and below.

    No other relation obeys the rows of slack.
    """

    def extended(rows: Graph) -> Iterator[Graph]:
        if len(rows) == count:
            yield rows
            return
        for row in product(*((0, 1) if other != len(rows) else (0,) for other in range(count))):
            grown = (*rows, row)
            above = [sum(column) for column in zip(*grown, strict=True)]
            if all(sum(own) + above[option] < count for option, own in enumerate(grown)):
                yield from extended(grown)

    return list(extended(()))


def passes(question: Pairwise, graph: Graph) -> bool:
    """Whether any bits with these pairs obey the rule, up to representations of equal numbers.

    The rows leave nothing else to choose: they fix wins and slack, and set one bit of the ends.
    """
    count = len(graph)
    wins = [sum(row) for row in graph]
    (quadratic,) = question.rule.quadratic_rows
    left = quadratic.constant - sum(own * own for own in wins)
    if left not in {0, *(coefficient for _, coefficient in quadratic.terms)}:
        return False
    above = [sum(row[option] for row in graph) for option in range(count)]
    bits = [bit for own in wins for bit in slack_bits(count - 1, own)]
    bits += [graph[a][b] for a, b in permutations(range(count), 2)]
    most_tied = max(1, count - question.fewest)
    if most_tied == 1:
        return question.rule.violated(bits) is None
    slack = [count - 1 - own - beaten for own, beaten in zip(wins, above, strict=True)]
    if min(slack) < 0 or max(slack) >= most_tied:
        return False
    bits += [bit for one in slack for bit in slack_bits(most_tied - 1, one)]
    return any(
        question.rule.violated([*bits, *(int(one == end) for one in range(most_tied))]) is None
        for end in range(most_tied)
    )


@pytest.mark.parametrize(
    ("count", "at_least"),
    [(count, least) for count in (2, 3, 4) for least in range(count + 1)] + [(5, 5), (5, 0)],
)
def test_exactly_the_rankings_obey_the_rule(count: int, at_least: int) -> None:
    question = asked(count, at_least)
    found = {graph for graph in graphs(count) if passes(question, graph)}
    assert found == {
        graph_of(vote, count)
        for places in range(at_least, count + 1)
        for vote in permutations(range(count), places)
    }


@pytest.mark.parametrize("at_least", [0, 12])
def test_twelve_options_fit_and_no_changed_pair_passes(at_least: int) -> None:
    question, random = asked(12, at_least), Random(f"twelve {at_least}")
    for _ in range(100):
        graph = graph_of(random.sample(range(12), random.randint(at_least, 12)), 12)
        assert passes(question, graph)
        changed = [list(row) for row in graph]
        for _ in range(random.randint(1, 3)):
            a, b = random.sample(range(12), 2)
            changed[a][b] ^= 1
        relation = tuple(map(tuple, changed))
        order = sorted(range(12), key=lambda option: -sum(relation[option]))
        rankings = (graph_of(order[:places], 12) for places in range(at_least, 13))
        assert passes(question, relation) == (relation in rankings)


def test_what_is_tied_at_the_end_is_not_compared() -> None:
    question = asked(4, 0)
    bits = question.vote_bits([2])
    values = dict(zip(question.labels(), question.rule.slot_values(bits), strict=True))
    assert values["option 2 > option 0"] == 1
    assert values["option 0 > option 1"] == values["option 1 > option 0"] == 0
    assert question.answer(bits) == ("1. option 2",)
    assert question.answer(question.vote_bits([])) == ()


def test_leaving_out_a_single_option_ranks_it_last() -> None:
    question = asked(3, 1)
    assert question.vote_bits([2, 0]) == question.vote_bits([2, 0, 1])
    assert question.answer(question.vote_bits([2, 0])) == (
        "1. option 2",
        "2. option 0",
        "3. option 1",
    )
