"""Every exported .pb file against Pabulib's own checker.

A file without ballots fails it in its counts alone, which its comment says; with the ballots that
made its tally behind it, it is valid.
"""

import contextlib
import io
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from pabulib.checker import Checker

from ostraka.formats.election import FileError
from ostraka.formats.results import results_pb
from ostraka_verifier.outcome import Greedy, GreedyByCategory, Misfit
from ostraka_verifier.question import (
    Approval,
    Cap,
    Knapsack,
    Points,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
)
from tests.backend.test_results import record
from tests.support.plain import count, random_vote

NAMES = ("=Alpha", "Be;ta", 'The "Gamma"', "Delta\u200b, and more")
COSTS = (60, 50, 10, 35)
BALLOTS = 40
WITHOUT_BALLOTS = {
    "different number of votes",
    "different values in votes",
    "different values in scores",
}

QUESTIONS = [
    SingleChoice("A town", NAMES),
    Approval("A town", NAMES, 1, 4),
    Approval("A town", NAMES, 1, 2),
    Approval("A town", NAMES, 1, 4, (Cap((0, 1), budget=100), Cap((2, 3), 1)), COSTS),
    Approval("A town", NAMES, 1, 4, (Cap((0, 1), 1), Cap((2, 3), 1))),
    Approval("A town", NAMES, 1, 3, (Cap((0, 1, 2, 3), budget=90),), COSTS),
    Knapsack("A town", NAMES, COSTS, 95),
    Score("A town", NAMES, 5),
    Points("A town", NAMES, 7, 2, 4),
    Split("A town", NAMES),
    Ranking("A town", NAMES, (4, 3, 2, 1)),
    Ranking("A town", NAMES, (2, 1)),
]
RULES = [
    Greedy(COSTS, 100),
    Greedy(COSTS, 100, minimum_support=0),
    Greedy(COSTS, 100, minimum_support=25),
    Greedy(COSTS, 100, misfit=Misfit.STOP),
    Greedy(COSTS, 100, misfit=Misfit.STOP, minimum_support=0),
    Greedy(COSTS, 155),
    GreedyByCategory(COSTS, (0, 0, 1, 1), (60, 40), 100),
    GreedyByCategory(COSTS, (0, 0, 1, 1), (60, 40), 100, leftover=True),
]


def errors_of(text: str) -> dict[str, Any]:
    """What the checker calls an error, by its kind."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = Checker().process_files([text])
    (about,) = (value for name, value in found.items() if name not in ("metadata", "summary"))
    errors: dict[str, Any] = about["results"]["errors"]
    assert found["metadata"]["valid"] == (not errors)
    return errors


def row(question: Question, voter: int, vote: Any) -> str:
    """A voter's row of VOTES, counting options from 1."""
    if isinstance(question, Score | Points | Split):
        given = sorted(((value, slot) for slot, value in enumerate(vote) if value), reverse=True)
        slots, points = [slot for _, slot in given], [str(value) for value, _ in given]
        return f"{voter};{_ids(slots)};{','.join(points)}"
    return f"{voter};{_ids([vote] if isinstance(vote, int) else vote)}"


def _ids(slots: Sequence[int]) -> str:
    return ",".join(str(slot + 1) for slot in slots)


def votes_on(question: Question, random: Random) -> list[Any]:
    """Ballots that say something; a blank one is no row for the checker."""
    votes = []
    while len(votes) < BALLOTS:
        vote = random_vote(question, random)
        if isinstance(vote, int) or any(vote) or (vote and not isinstance(question, Score)):
            votes.append(vote)
    return votes


@pytest.mark.parametrize("rule", RULES, ids=range(len(RULES)))
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.kind)
def test_exports_are_valid_except_for_missing_ballots(
    question: Question, rule: Greedy | GreedyByCategory
) -> None:
    votes = votes_on(question, Random(f"{question} {rule}"))
    tally = tuple(count(question, [(vote, 1) for vote in votes]))
    shown = record(question, rule, tally, counted=BALLOTS, voters=50, total_weight="50")
    text = results_pb(shown)
    allowed = WITHOUT_BALLOTS
    if "max_length_per_category has a number for each category" in text:
        # It reads one number only.
        allowed = WITHOUT_BALLOTS | {"incorrect meta field datatype"}
    assert errors_of(text).keys() <= allowed
    assert "do not match the rows of VOTES" in text
    rows = [row(question, voter, vote) for voter, vote in enumerate(votes, start=1)]
    assert errors_of(text + "\n".join(rows)).keys() <= allowed - WITHOUT_BALLOTS


@pytest.mark.parametrize("support", [0, 1])
def test_a_project_without_votes_is_exported(support: int) -> None:
    """Greedy without a threshold funds it where it fits; with one it is not funded."""
    question = Approval("A town", NAMES, 1, 4)
    rule = Greedy(COSTS, 100, minimum_support=support)
    votes = [[0], [0, 1], [0]]
    tally = tuple(count(question, [(vote, 1) for vote in votes]))
    assert rule.awards(tally) == [1, 0, 1 - support, 0]
    text = results_pb(record(question, rule, tally, counted=3))
    assert ("rule;greedy-threshold" in text) == bool(support)
    rows = [row(question, voter, vote) for voter, vote in enumerate(votes, start=1)]
    assert errors_of(text + "\n".join(rows)) == {}


@pytest.mark.parametrize(
    ("symbol", "decimals", "scale", "currency", "said"),
    [
        ("EUR", 2, 100, "EUR", ""),
        ("EUR", 2, 1, "XXX", "Amounts are in 0.01 EUR."),
        ("DAI", 18, 10**18, "XXX", "Amounts are in DAI."),
        ("DAI", 18, 10**12, "XXX", "Amounts are in 10^-6 DAI."),
        ("", 0, 1, "XXX", ""),
    ],
)
def test_amounts_of_any_token_are_exported(
    symbol: str, decimals: int, scale: int, currency: str, said: str
) -> None:
    costs = tuple(cost * scale for cost in COSTS)
    rule = Greedy(costs, 100 * scale)
    question = Knapsack("A town", NAMES, costs, 95 * scale)
    votes = [[0], [0, 3], [0, 2], [1]]
    tally = tuple(count(question, [(vote, 1) for vote in votes]))
    money = {"round": {"payouts": [], "symbol": symbol or None, "decimals": decimals}}
    text = results_pb(record(question, rule, tally, counted=4, **money))
    assert f"\ncurrency;{currency}\n" in text
    assert "\nbudget;100\n" in text
    assert (said in text) if said else ("Amounts" not in text)
    rows = [row(question, voter, vote) for voter, vote in enumerate(votes, start=1)]
    assert errors_of(text + "\n".join(rows)) == {}


def test_a_project_beyond_the_budget_is_mentioned() -> None:
    rule = Greedy(COSTS, 55)
    text = results_pb(record(Approval("A town", NAMES, 1, 4), rule, (4, 3, 2, 1)))
    assert errors_of(text).keys() - WITHOUT_BALLOTS == {"single project exceeded whole budget"}
    assert "A project costs more than the whole budget" in text


def test_rankings_with_other_scores_are_refused() -> None:
    ranked = Ranking("A town", NAMES, (5, 1))
    with pytest.raises(FileError, match="cannot express places with scores 5, 1"):
        results_pb(record(ranked, Greedy(COSTS, 100), (4, 3, 2, 1)))
    short = Ranking("A town", NAMES, (2, 1), 1)
    said = "gave 2 points, and each next place 1 less, regardless of how many places a voter filled"
    assert said in results_pb(record(short, Greedy(COSTS, 100), (4, 3, 2, 1)))
