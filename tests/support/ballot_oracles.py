"""Random ballots, and what other programs decide on them: `tests/oracles/ballots.py`.

A difference is explained where the other program's winners follow from its reading, which is
computed here. `READINGS` states it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from ostraka.formats.reading import read_election
from ostraka_verifier.outcome import (
    Ballot,
    Completion,
    EqualShares,
    InstantRunoff,
    Phragmen,
    TransferableVote,
    Utility,
)
from ostraka_verifier.outcome.purchases import Market
from ostraka_verifier.outcome.steps import Count

CHECKOUT = Path(__file__).parents[2]
Case = dict[str, Any]
Found = Counter[tuple[str, str]]
READINGS = {
    "unsupported": "options that nobody wants fill what is left",
    "early": "add-one ends as soon as nothing more fits",
    "any tied": "ends if any of the options to buy next, at one time, does not fit",
    "first places": "ties are broken by first places",
    "other rule": "no Scottish rules: no five decimal places, first places break ties",
}
NOT_COMPARED = "not compared"


def cases(count: int) -> list[Case]:
    """Return as many random profiles for each rule; few voters make ties."""
    makers: dict[str, Callable[[Random], Case]] = {
        "shares": _shares,
        "phragmen": _phragmen,
        "committee": _committee,
        "rankings": _rankings,
    }
    return [
        {"rule": name} | make(Random(f"ballots {name} {number}"))
        for number in range(count)
        for name, make in makers.items()
    ]


def city_cases() -> list[Case]:
    """Return the approvals of committed files of a city, under all utilities and completions."""
    found = list[Case]()
    for path in sorted((CHECKOUT / "data").glob("*.pb")):
        election = read_election(path, greedy=True)
        question = election.question
        ballots = [
            question.rule.slot_values(question.vote_bits(one.vote))
            for one in election.votes
            if not one.problem
        ]
        known = {
            "costs": [option.cost for option in election.options],
            "budget": election.budget,
            "ballots": [list(ballot) for ballot in ballots],
        }
        found.append(known | {"rule": "phragmen"})
        found += [
            known
            | {
                "rule": "shares",
                "most": 1,
                "utility": utility.name.lower(),
                "completion": completion.name.lower(),
            }
            | {"increment": 10**election.decimals}
            for utility, completion in product(Utility, Completion)
        ]
    return found


def _shares(random: Random) -> Case:
    most = random.choice((1, 1, 3, 10))
    options = random.randint(2, 8)
    wanted = random.choice((0.3, 0.5, 0.8))
    ballots = [
        [random.randint(1, most) * (random.random() < wanted) for _ in range(options)]
        for _ in range(random.choice((3, 7, 15, 40)))
    ]
    costs = [random.randint(1, random.choice((4, 60))) for _ in range(options)]
    return {
        "most": most,
        "costs": costs,
        "budget": random.randint(max(costs) * 2 // 3, sum(costs)),
        "utility": random.choice(("cost", "points")),
        "completion": random.choice(("none", "utilitarian", "add_one", "add_one_utilitarian")),
        "increment": random.choice((1, 1, 2)),
        "ballots": ballots,
    }


def _phragmen(random: Random) -> Case:
    case = _shares(random)
    return {
        "costs": case["costs"],
        "budget": case["budget"],
        "ballots": [[int(points > 0) for points in ballot] for ballot in case["ballots"]],
    }


def _committee(random: Random) -> Case:
    case = _phragmen(random)
    options = len(case["costs"])
    return case | {"costs": [1] * options, "budget": random.randint(1, options)}


def _rankings(random: Random) -> Case:
    options = random.randint(2, 8)
    voters = random.choice((3, 7, 20, 60, 150))
    favourites = [random.random() ** 2 for _ in range(options)]
    orders = []
    for _ in range(voters):
        scored = sorted(range(options), key=lambda one: random.random() * (0.3 + favourites[one]))
        orders.append(scored[: random.randint(random.choice((0, 1, 1, options)), options)])
    return {"options": options, "seats": random.randint(1, options), "orders": orders}


def questions() -> list[Case]:
    """Return the questions whose answers are committed."""
    return cases(200) + city_cases()


def compared(asked: Sequence[Case], answers: Sequence[Case]) -> Found:
    """Count comparisons by program and outcome: "equal", a reading, or "" for neither."""
    comparers = {
        "shares": _compare_shares,
        "phragmen": _compare_phragmen,
        "committee": _compare_committees,
        "rankings": _compare_rankings,
    }
    found: Found = Counter()
    for case, answer in zip(asked, answers, strict=True):
        found.update(comparers[case["rule"]](case, answer))
    return found


def _winners(awards: list[int]) -> list[int]:
    return [slot for slot, award in enumerate(awards) if award]


def _ballots(case: Case) -> list[Ballot]:
    return [tuple(ballot) for ballot in case["ballots"]]


def _unsupported(case: Case) -> set[int]:
    return {
        slot for slot, points in enumerate(zip(*case["ballots"], strict=True)) if not any(points)
    }


def _compare_shares(case: Case, answer: Case) -> list[tuple[str, str]]:
    completion = Completion[case["completion"].upper()]
    increment = case["increment"] if completion.adds_one else 0
    utility = Utility[case["utility"].upper()]
    costs, budget = tuple(case["costs"]), case["budget"]
    rule = EqualShares(costs, budget, utility, completion, increment, objection_time=1)
    ours = _winners(rule.awards_of(_ballots(case)))
    reading = "equal" if ours == answer["winners"] else ""
    if not reading and set(answer["winners"]) - _unsupported(case) == set(ours):
        reading = "unsupported"
    name = f"pabutools equal shares, {case['completion']}"
    found = [(name, reading)]
    if "early" in answer:
        own = "equal" if ours == answer["early"] else ""
        if not own and _early(rule, case) == answer["early"]:
            own = "early"
        found.append(("pabutools equal shares, its own add-one", own))
    return found


def _early(rule: EqualShares, case: Case) -> list[int]:
    """Return what add-one gives if it ends as soon as no wanted option fits."""
    costs, by_cost = rule.costs, rule.utility is Utility.COST
    profile = rule.profile(_ballots(case))
    before, increments = list[int](), 0
    while True:
        # Each try is a run of its own.
        share = rule.budget + increments * rule.increment * profile.voters
        market = Market(profile, costs, share, 0, by_cost)
        bought = sorted(market.buy().options)
        left = rule.budget - sum(costs[slot] for slot in bought)
        if left < 0:
            return before
        if all(costs[slot] > left for slot in market.candidates if slot not in bought):
            return bought
        before, increments = bought, increments + 1


def _compare_phragmen(case: Case, answer: Case) -> list[tuple[str, str]]:
    rule = Phragmen(tuple(case["costs"]), case["budget"], objection_time=1)
    ours = _winners(rule.awards_of(_ballots(case)))
    theirs, name = answer["winners"], "pabutools Phragmén"
    if ours == theirs:
        return [(name, "equal")]
    if set(theirs) - _unsupported(case) == set(ours):
        return [(name, "unsupported")]
    early = set(_until_any_tied(case))
    return [(name, "any tied" if set(theirs) - _unsupported(case) == early else "")]


def _until_any_tied(case: Case) -> list[int]:
    """Return what is bought until one of those to buy next, at one time, does not fit."""
    loads = [Fraction()] * len(case["ballots"])
    left, bought = case["budget"], list[int]()
    supporters = {
        slot: [voter for voter, ballot in enumerate(case["ballots"]) if ballot[slot]]
        for slot, cost in enumerate(case["costs"])
        if cost <= left and slot not in _unsupported(case)
    }
    while supporters:
        times = {
            slot: (case["costs"][slot] + sum(loads[voter] for voter in own)) / len(own)
            for slot, own in supporters.items()
        }
        tied = [slot for slot, time in times.items() if time == min(times.values())]
        if any(case["costs"][slot] > left for slot in tied):
            break
        for voter in supporters.pop(tied[0]):
            loads[voter] = times[tied[0]]
        left -= case["costs"][tied[0]]
        bought.append(tied[0])
    return sorted(bought)


def _compare_committees(case: Case, answer: Case) -> list[tuple[str, str]]:
    costs, seats = tuple(case["costs"]), case["budget"]
    found = []
    for name, rule in (
        ("phragmen", Phragmen(costs, seats, objection_time=1)),
        ("shares", EqualShares(costs, seats, objection_time=1)),
    ):
        ours, theirs = _winners(rule.awards_of(_ballots(case))), answer[name]
        reading = "equal" if ours == theirs else ""
        if not reading and set(theirs) - _unsupported(case) == set(ours):
            reading = "unsupported"
        found.append((f"abcvoting {name}", reading))
    return found


def _compare_rankings(case: Case, answer: Case) -> list[tuple[str, str]]:
    options = case["options"]
    ballots = [
        tuple(options - order.index(slot) if slot in order else 0 for slot in range(options))
        for order in case["orders"]
    ]
    runoff = _winners(InstantRunoff(options, objection_time=1).awards_of(ballots))
    rule = TransferableVote(case["seats"], options, objection_time=1)
    elected = _winners(rule.awards_of(ballots))
    found = [
        ("pref-voting runoff", "equal" if runoff == answer["runoff"] else ""),
        ("pref-voting Scottish", "equal" if elected == answer["scottish"] else ""),
    ]
    runoff_rule = InstantRunoff(options, objection_time=1)
    tied = any(isinstance(step, Count) and step.tied for step in runoff_rule.explain(ballots))
    for name, ours, reading in (
        ("votekit runoff", runoff, "first places" if tied else ""),
        ("votekit", elected, "other rule"),
    ):
        theirs = answer[name]
        if theirs is None:
            found.append((name, NOT_COMPARED))
        else:
            found.append((name, "equal" if ours == theirs else reading))
    return found
