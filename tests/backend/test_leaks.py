"""What a poll may reveal: each warning with its numbers and its limit."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ostraka.planning.leaks import AskedPoll, LeakWarning, leak_warnings
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.question import (
    CrossTabulation,
    Histogram,
    Number,
    Question,
    Ranking,
    Score,
    SingleChoice,
)

CHOICE = SingleChoice("Where?", ("Here", "There"))


def census(weights: Sequence[int], first: int = 1) -> Census:
    accounts = [number.to_bytes(20, "big") for number in range(first, first + len(weights))]
    pairs = zip(accounts, weights, strict=True)
    return Census(tuple(CensusEntry(account, account, weight) for account, weight in pairs))


def asked(
    voters: int | Sequence[int] | None = 40,
    *questions: Question,
    minimum: int = 20,
    secret: bool = True,
    name: str = "this poll",
    first: int = 1,
    shuffled: bool = False,
) -> AskedPoll:
    weights = [1] * voters if isinstance(voters, int) else voters
    known = None if weights is None else census(weights, first)
    given = questions or (CHOICE,)
    labels = tuple(question.labels() for question in given)
    return AskedPoll(name, labels, known, given, minimum, secret, shuffled)


def only(poll: AskedPoll, code: str, *others: AskedPoll) -> LeakWarning:
    (found,) = leak_warnings(poll, others)
    assert found.code == code
    return found


def codes(poll: AskedPoll, *others: AskedPoll) -> list[str]:
    return [one.code for one in leak_warnings(poll, others)]


def test_a_large_poll_of_equals_has_no_warnings() -> None:
    assert codes(asked()) == []
    assert codes(asked(None)) == []


def test_tiny_electorates_are_warned_about() -> None:
    found = only(asked(19, minimum=10), "tiny_electorate")
    assert found.numbers == {"voters": 19, "few": 20}
    assert "Only 19 voters" in found.sentence
    assert codes(asked(20, minimum=10)) == []


def test_weights_of_few_voters_are_listed_with_their_share() -> None:
    weights = [1] * 40 + [30, 30, 100]
    found = only(asked(weights), "identifying_weights")
    assert found.refused
    assert found.numbers == {
        "voters": 3,
        "share": "4/5",
        "weights": [
            {"weight": "100", "voters": 1, "share": "1/2"},
            {"weight": "30", "voters": 2, "share": "3/10"},
        ],
    }
    assert "3 voters with 80 % of all weight" in found.sentence
    assert not only(asked(weights, secret=False), "identifying_weights").refused
    many = [1] * 40 + list(range(2, 30))
    listed = only(asked(many), "identifying_weights").numbers["weights"]
    assert isinstance(listed, list)
    assert [one["weight"] for one in listed] == [str(one) for one in range(29, 19, -1)]


def test_small_weight_classes_are_warned_about() -> None:
    found = only(asked([1] * 40 + [4] * 10), "small_weight_class")
    assert found.numbers == {"classes": 2, "weight": "4", "voters": 10, "share": "1/2"}
    assert codes(asked([1] * 40 + [4] * 20)) == []


def test_a_low_minimum_of_ballots_is_warned_about() -> None:
    for secret in (True, False):
        found = only(asked(minimum=4, secret=secret), "low_minimum")
        assert found.numbers == {"minimum_ballots": 4, "floor": 5}
        assert found.refused is secret
    assert codes(asked(minimum=5)) == []


def test_a_small_turnout_is_warned_about() -> None:
    found = only(asked(201), "small_turnout")
    assert found.numbers == {"minimum_ballots": 20, "voters": 201, "turnout": "20/201"}
    assert "9.95 %" in found.sentence
    assert codes(asked(200)) == []


def test_cells_with_few_voters_are_warned_about() -> None:
    table = CrossTabulation("How?", ("a", "b", "c"), ("x", "y", "z"))
    found = only(asked(44, table), "unanimous_cells")
    assert found.numbers == {"question": "How?", "cells": 9, "voters": 44, "per_cell": "44/9"}
    assert "44 voters into 9 cells, 4.89 each" in found.sentence
    assert codes(asked(45, table)) == []


def test_small_groups_are_warned_about() -> None:
    options = tuple("abcde")
    histogram = Histogram("How long?", options, (0, 1, 2, 3, 4, 5))
    found = only(asked(40, histogram, minimum=24), "small_groups")
    numbers = {"question": "How long?", "cells": 5, "minimum_ballots": 24, "per_cell": "24/5"}
    assert found.numbers == numbers
    assert codes(asked(40, histogram, minimum=25)) == []
    wages = Number("Wage?", 0, 150, "€", options)
    assert codes(asked(24, wages, minimum=24)) == ["unanimous_cells", "small_groups"]
    assert codes(asked(25, wages, minimum=25)) == []


def test_numbers_of_few_voters_are_warned_about() -> None:
    hours = Number("Hours?", 0, 60, "h")
    found = only(asked(40, hours, minimum=9), "few_numbers")
    assert found.numbers == {"question": "Hours?", "answers": 9, "few": 10}
    assert codes(asked(40, hours, minimum=10)) == []
    assert codes(asked(None, hours, minimum=9)) == ["few_numbers"]


def test_polls_whose_difference_reveals_votes_are_found() -> None:
    here = asked(100)
    there = asked(99, name="poll 3", first=3)
    found = only(here, "overlapping_polls", there)
    assert found.numbers == {
        "poll": "poll 3",
        "both": 98,
        "only_here": 2,
        "only_there": 1,
        "other_weight": 0,
    }
    assert found.sentence.startswith("Poll 3 has the same options as this poll, for nearly")
    reweighted = asked([1] * 90 + [2] * 10, SingleChoice("Again?", (" here", "THERE ")))
    assert only(here, "overlapping_polls", reweighted).numbers["other_weight"] == 10
    turned = asked(100, SingleChoice("Where to?", ("There", "Here")), name="poll 5")
    assert only(here, "overlapping_polls", turned).numbers["poll"] == "poll 5"
    # Other people, other options, or nobody known.
    others = [
        asked(100, first=22),
        asked(100, SingleChoice("Where?", ("Here", "There", "Nowhere"))),
        asked(None),
    ]
    assert codes(here, *others) == []
    assert codes(here, asked(100, first=21)) == ["overlapping_polls"]
    assert codes(asked(None), here) == []
    # A question among others is enough.
    survey = asked(100, Number("Hours?", 0, 60, "h"), CHOICE, name="poll 4")
    assert only(here, "overlapping_polls", survey).numbers["poll"] == "poll 4"


def test_refusals_by_nodes_come_first() -> None:
    poll = asked([1] * 10 + [7], Number("Hours?", 0, 60, "h"), minimum=2)
    found = leak_warnings(poll)
    assert [one.code for one in found] == [
        "identifying_weights",
        "low_minimum",
        "tiny_electorate",
        "few_numbers",
    ]
    assert [one.refused for one in found] == [True, True, False, False]
    shown = found[0].to_json()
    assert set(shown) == {"code", "numbers", "sentence", "refused"}
    numbers = shown["numbers"]
    assert isinstance(numbers, dict)
    assert Fraction(numbers["share"]) == Fraction(7, 17)
    assert leak_warnings(replace(poll, census=None, minimum_ballots=10)) == []


def test_opened_ballots_that_tell_whose_they_are_are_warned_about() -> None:
    ranking = Ranking("Order", tuple("abcde"), (5, 4, 3, 2, 1), 1)
    found = only(asked(100, ranking, shuffled=True), "recognisable_ballots")
    # 5 + 20 + 60 + 120 + 120 rankings.
    assert found.numbers == {
        "ballots": "325",
        "written": "325",
        "voters": 100,
        "per_ballot": "4/13",
    }
    assert "325 different ones are possible for 100 voters, 0.308 voters each" in found.sentence
    assert codes(asked(1625, ranking, minimum=400, shuffled=True)) == []
    assert codes(asked(1624, ranking, minimum=400, shuffled=True)) == ["recognisable_ballots"]
    # Nobody sees the ballots of a summed poll.
    assert codes(asked(100, ranking)) == []
    assert codes(asked(None, ranking, shuffled=True)) == []


def test_answers_to_several_questions_are_opened_together() -> None:
    asks = asked(40, CHOICE, CHOICE, CHOICE, CHOICE, shuffled=True)
    found = only(asks, "recognisable_ballots")
    assert found.numbers["ballots"] == "16"
    assert codes(asked(40, CHOICE, CHOICE, CHOICE, shuffled=True)) == []


def test_large_numbers_of_ballots_are_written_short() -> None:
    scores = Score("How good?", tuple(map(str, range(40))), 9)
    found = only(asked(100, scores, shuffled=True), "recognisable_ballots")
    assert found.numbers["ballots"] == str(10**40)
    assert "up to 10^40 different ones" in found.sentence
