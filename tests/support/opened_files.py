"""Opened ballots of polls of every kind, as the gateway shows them, and their files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from ostraka.formats.opened_preflib import opened_preflib
from ostraka.formats.results import results_pb
from ostraka.gateway.read_models.results import outcome_rule_json
from ostraka_verifier.outcome import (
    BallotOutcome,
    Completion,
    EqualShares,
    InstantRunoff,
    OutcomeRule,
    Phragmen,
    Utility,
)
from ostraka_verifier.question import Approval, Question, Ranking, Score

NAMES = tuple(f"Option {letter}; {number}" for number, letter in enumerate("ABCDEFGHIJK"))
Ballots = list[tuple[int, ...]]


def ballots_of(question: Question, votes: Sequence[Any]) -> Ballots:
    return [tuple(question.rule.slot_values(question.vote_bits(vote))) for vote in votes]


def opened(ballots: Ballots, seed: str = "") -> dict[str, Any]:
    """What the gateway shows; the order of equal ballots must not matter."""
    found = [
        {"count": count, "slots": list(map(str, slots))}
        for slots, count in Counter(ballots).items()
    ]
    Random(seed).shuffle(found)
    return {"options": list(NAMES[: len(ballots[0])]), "ballots": found}


def record(question: Question, rule: OutcomeRule, ballots: Ballots) -> dict[str, Any]:
    tally = [sum(column) for column in zip(*ballots, strict=True)]
    return {
        "poll": "7",
        "chain_id": 1,
        "registry": "0x" + "11" * 20,
        "title": question.title,
        "opens_at": 1_700_000_000,
        "closes_at": 1_700_200_000,
        "voters": len(ballots) + 2,
        # Everybody weighs two.
        "total_weight": str(2 * len(ballots) + 4),
        "counted": len(ballots),
        "root": "0x" + "22" * 32,
        "questions": [question.to_json()],
        "outcome": outcome_rule_json(rule),
        "options": [
            {"option": name, "votes": str(2 * votes), "award": None}
            for name, votes in zip(question.labels(), tally, strict=True)
        ],
        "statistics": [],
        "round": None,
    }


def random_polls(random: Random) -> Iterator[tuple[str, Question, BallotOutcome, list[Any]]]:
    """Name of another program's rule, and a poll of each kind that it can decide."""
    count = random.randint(3, len(NAMES))
    names, options = NAMES[:count], range(count)
    costs = tuple(random.randint(5, 60) for _ in names)
    budget, voters = random.randint(40, 200), range(random.randint(5, 20))
    any_number = [sorted(random.sample(options, random.randint(0, count))) for _ in voters]
    some = [sorted(random.sample(options, random.randint(1, count))) for _ in voters]
    points = [[random.choice((0, 0, 1, 2, 5)) for _ in names] for _ in voters]
    approval = Approval("A town", names, 0, count)
    shared = EqualShares(costs, budget, objection_time=1)
    yield "equal_shares", approval, shared, any_number
    completed = replace(shared, completion=Completion.UTILITARIAN)
    yield "equal_shares_utilitarian", approval, completed, any_number
    by_points = replace(shared, utility=Utility.POINTS)
    yield "equal_shares_points", Score("A town", names, 5), by_points, points
    yield "phragmen", approval, Phragmen(costs, budget, objection_time=1), any_number
    yield "phragmen_committee", approval, Phragmen((1,) * count, 2, objection_time=1), some
    ranking = Ranking("Leader", names, tuple(range(count, 0, -1)), 1)
    ranked = [random.sample(options, random.randint(1, count)) for _ in voters]
    yield "instant_runoff", ranking, InstantRunoff(count, objection_time=1), ranked


def file_questions(polls: int) -> Iterator[tuple[dict[str, str], list[Any]]]:
    """Files of random polls and the rule that decides each; and who wins here."""
    for poll in range(polls):
        for name, question, rule, votes in random_polls(Random(f"files {poll}")):
            ballots = ballots_of(question, votes)
            shown, found = record(question, rule, ballots), opened(ballots)
            if name in ("phragmen_committee", "instant_runoff"):
                suffix, text = opened_preflib(shown, found)
            else:
                suffix, text = "pb", results_pb(shown, found)
            won = [slot for slot, award in enumerate(rule.awards_of(ballots), start=1) if award]
            digits = len(str(rule.slots))
            named = [str(slot).zfill(digits) for slot in won] if suffix == "pb" else won
            yield {"rule": name, "suffix": suffix, "text": text}, named
