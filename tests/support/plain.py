"""Random votes on any question, and a plain count of them.

Shares no code with ballot rules, tallies, statistics and outcome rules: votes are counted as a
person with a pencil would.
"""

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any

from ostraka_verifier.question import (
    Approval,
    CrossTabulation,
    Histogram,
    Knapsack,
    Number,
    Pairwise,
    Points,
    Quadratic,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
)

Voter = tuple[Any, int]
"""A vote and its weight."""


def random_vote(question: Question, random: Random) -> Any:
    """A valid vote (docs/protocol.md §5.9)."""
    match question:
        case SingleChoice() | Histogram():
            return random.randrange(len(question.options))
        case Approval() | Knapsack():
            return _selection(question, random)
        case Score():
            return [random.randint(0, question.max_score) for _ in question.options]
        case Points():
            while True:
                given = random.randint(question.at_least, question.credits)
                points = _parted(random, len(question.options), given)
                if max(points) <= (question.max_per_option or question.credits):
                    return points
        case Split():
            return _parted(random, len(question.options), question.total)
        case Quadratic():
            while True:
                votes = [random.randint(0, math.isqrt(question.credits)) for _ in question.options]
                if sum(one * one for one in votes) <= question.credits:
                    return votes
        case Ranking():
            fewest = len(question.scores) if question.at_least is None else question.at_least
            places = random.randint(fewest, len(question.scores))
            return random.sample(range(len(question.options)), places)
        case Pairwise():
            places = random.randint(question.fewest, len(question.options))
            return random.sample(range(len(question.options)), places)
        case CrossTabulation():
            return [random.randrange(len(question.rows)), random.randrange(len(question.columns))]
        case Number():
            vote = {"value": random.randint(question.low, question.high)}
            return vote | (
                {"group": random.randrange(len(question.groups))} if question.groups else {}
            )
    raise TypeError(f"write how a {question.kind!r} question is answered at random")


def typed(question: Question, vote: Any) -> str:
    """The same as typed for `ostraka vote --choose`: options count from 1."""
    match question:
        case SingleChoice() | Histogram():
            return str(vote + 1)
        case Number():
            group = f",{vote['group'] + 1}" if "group" in vote else ""
            return f"{vote['value']}{group}"
        case Score() | Points() | Split() | Quadratic():
            return ",".join(map(str, vote))
    return ",".join(str(option + 1) for option in vote)


def count(question: Question, votes: Sequence[Voter]) -> list[int]:
    """What the slots of a question come to."""
    slots = [0] * len(question.labels())
    for vote, weight in votes:
        match question:
            case SingleChoice() | Histogram():
                slots[vote] += weight
            case Approval() | Knapsack():
                for option in vote:
                    slots[option] += weight
            case Ranking():
                for place, option in enumerate(vote):
                    slots[option] += weight * question.scores[place]
            case Pairwise():
                for slot, preferred in enumerate(_preferences(len(question.options), vote)):
                    slots[slot] += weight * preferred
            case CrossTabulation():
                slots[vote[0] * len(question.columns) + vote[1]] += weight
            case Number():
                above = vote["value"] - question.low
                sums = [1, above, above * above][: 2 + ("variance" in question.statistics)]
                for place, one in enumerate(sums):
                    slots[vote.get("group", 0) * len(sums) + place] += weight * one
            case _:
                for option, value in enumerate(vote):
                    slots[option] += weight * value
    return slots


def described(question: Question, votes: Sequence[Voter]) -> dict[str, Any]:
    """Statistics of a question as their JSON shows them, from the votes themselves."""
    found: dict[str, Any] = {"kind": question.kind, "title": question.title}
    found |= {"shares": [], "quartiles": [], "groups": [], "overall": None}
    if isinstance(question, Number):
        groups = question.groups or ("",)
        found["groups"] = [
            _moments(question, name, [one for one in votes if one[0].get("group", 0) == number])
            for number, name in enumerate(groups)
        ]
        found["overall"] = _moments(question, "", votes)
        return found
    if isinstance(question, Pairwise):
        return found
    slots = count(question, votes)
    found["shares"] = [
        {"label": label, "count": str(votes), "share": str(Fraction(votes, sum(slots)))}
        for label, votes in zip(question.labels(), slots, strict=True)
    ]
    if isinstance(question, Histogram) and question.bounds is not None:
        answers = sorted(vote for vote, weight in votes for _ in range(weight))
        for quarter in (1, 2, 3):
            bucket = answers[math.ceil(Fraction(quarter, 4) * len(answers)) - 1]
            low, high = question.bounds[bucket], question.bounds[bucket + 1]
            found["quartiles"].append(
                {
                    "quantile": str(Fraction(quarter, 4)),
                    "label": question.options[bucket],
                    "low": str(low),
                    "high": str(high),
                }
            )
    return found


def winners(wanted: Any, question: Question, votes: Sequence[int]) -> list[int]:
    """Award of each slot by an outcome of a specification.

    Args:
        wanted: One of `gateway.poll_outcomes`.
        votes: Of each slot.
    """
    slots = range(len(votes))
    abstains = isinstance(question, SingleChoice) and question.abstain
    contenders = list(slots[: len(votes) - abstains])
    if wanted.kind == "none":
        return [0] * len(votes)
    if wanted.kind == "majority":
        yes, no = votes[:2]
        numerator, denominator = wanted.threshold
        if sum(votes) < wanted.quorum or yes + no == 0:
            return [0] * len(votes)
        part, needed = Fraction(yes, yes + no), Fraction(numerator, denominator)
        passed = part > needed if wanted.strict else part >= needed
        return [int(passed), int(not passed), *([0] * (len(votes) - 2))]
    if wanted.kind == "plurality":
        best = sorted(contenders, key=lambda one: (-votes[one], one))[: wanted.seats]
        return [int(one in best and votes[one] >= wanted.minimum_support) for one in slots]
    if wanted.kind == "condorcet":
        return _condorcet(wanted, len(question.labels()), votes)
    if wanted.kind == "proportional":
        return _divided(wanted.amount, [votes[one] for one in contenders]) + [0] * abstains
    return _funded(wanted, question, votes)


def _preferences(options: int, ranked: Sequence[int]) -> list[int]:
    """Number of options below each, then for each ordered pair whether the first is preferred."""
    left_out = [option for option in range(options) if option not in ranked]
    groups = [*([option] for option in ranked), left_out]
    place = {option: number for number, group in enumerate(groups) for option in group}
    pairs = [(one, other) for one in range(options) for other in range(options) if one != other]
    preferred = [int(place[one] < place[other]) for one, other in pairs]
    below = [sum(place[other] > place[one] for other in range(options)) for one in range(options)]
    return below + preferred


def _condorcet(wanted: Any, slots: int, votes: Sequence[int]) -> list[int]:
    """By definition: all paths, all ways to a lock, all defeats."""
    options = math.isqrt(slots)
    pairs = [(one, other) for one in range(options) for other in range(options) if one != other]
    count = dict(zip(pairs, votes[options:], strict=True))
    wins = [pair for pair in pairs if count[pair] > count[pair[::-1]]]
    if not any(votes[options:]):
        return [0] * slots

    def strength(pair: tuple[int, int]) -> tuple[int, int]:
        forth, back = count[pair], count[pair[::-1]]
        return (forth - back, 0) if wanted.strength == "margin" else (forth, -back)

    def best_path(one: int, other: int, used: frozenset[int] = frozenset()) -> tuple[int, int]:
        """Strength of the strongest chain; (0, 0) if there is none."""
        chains = [strength((one, other))] if (one, other) in wins else []
        for first, then in wins:
            if first == one and then != other and then not in used:
                chains.append(min(strength((one, then)), best_path(then, other, used | {one})))
        return max(chains, default=(0, 0))

    def left(option: int) -> Any:
        """What makes an option better the greater it is."""
        others = [other for other in range(options) if other != option]
        if wanted.method == "schulze":
            return all(best_path(option, other) >= best_path(other, option) for other in others)
        if wanted.method == "ranked_pairs":
            return not any(loser == option for _, loser in locked)
        defeats = [strength(pair) for pair in wins if pair[1] == option]
        if wanted.method == "minimax":
            worst, against = max(defeats, default=(0, 0))
            return -worst, -against
        return sum(pair[0] == option for pair in wins) - len(defeats)

    locked: list[tuple[int, int]] = []
    for pair in sorted(wins, key=lambda pair: (*(-one for one in strength(pair)), pair)):
        reached = {pair[1]}
        for _ in range(options):
            reached |= {loser for winner, loser in locked if winner in reached}
        if pair[0] not in reached:
            locked.append(pair)
    ranks = [left(option) for option in range(options)]
    winner = ranks.index(max(ranks))
    return [int(slot == winner) for slot in range(slots)]


def _funded(wanted: Any, question: Question, votes: Sequence[int]) -> list[int]:
    costs = wanted.costs if wanted.costs is not None else question.costs  # type: ignore[attr-defined]
    by_cost = wanted.order == "votes_per_cost"

    def rank(option: int) -> Fraction:
        return Fraction(votes[option], costs[option] if by_cost else 1)

    order = sorted(range(len(votes)), key=lambda one: (-rank(one), one))
    order = [one for one in order if votes[one] >= wanted.minimum_support]
    purses, whole = [wanted.budget], [0] * len(votes)
    categories = whole
    if wanted.kind == "categories":
        purses, categories = list(wanted.budgets), wanted.categories
    left, funded, ended = wanted.budget, list[int](), set[int]()
    for option in order:
        category = categories[option]
        if category in ended:
            continue
        if costs[option] <= min(purses[category], left):
            purses[category] -= costs[option]
            left -= costs[option]
            funded.append(option)
        elif wanted.misfit == "stop":
            ended.add(category)
    if wanted.kind == "categories" and wanted.leftover:
        for option in [one for one in order if one not in funded]:
            if costs[option] <= left:
                left -= costs[option]
                funded.append(option)
            elif wanted.misfit == "stop":
                break
    return [int(one in funded) for one in range(len(votes))]


def _divided(amount: int, votes: Sequence[int]) -> list[int]:
    if not sum(votes):
        return [0] * len(votes)
    exact = [Fraction(amount * one, sum(votes)) for one in votes]
    parts = [math.floor(one) for one in exact]
    remainders = sorted(range(len(votes)), key=lambda one: (parts[one] - exact[one], one))
    for lucky in remainders[: amount - sum(parts)]:
        parts[lucky] += 1
    return parts


def _moments(question: Number, name: str, votes: Sequence[Voter]) -> dict[str, Any]:
    answers = [Fraction(vote["value"]) for vote, weight in votes for _ in range(weight)]
    mean = statistics.mean(answers) if answers else None
    variance = None
    if answers and "variance" in question.statistics:
        variance = statistics.pvariance(answers)
    return {
        "group": name,
        "count": str(len(answers)),
        "mean": None if mean is None else str(mean),
        "variance": None if variance is None else str(variance),
    }


def _selection(question: Approval | Knapsack, random: Random) -> list[int]:
    while True:
        chosen = [one for one in range(len(question.options)) if random.random() < 0.5]
        costs = question.costs or [1] * len(question.options)
        if isinstance(question, Approval):
            fits = question.at_least <= len(chosen) <= question.at_most
        else:
            fits = sum(costs[one] for one in chosen) <= question.budget
        for cap in question.caps:
            taken = [one for one in chosen if one in cap.options]
            if cap.budget is None:
                fits &= len(taken) <= (cap.at_most or 0)
            else:
                fits &= sum(costs[one] for one in taken) <= cap.budget
        if fits:
            return chosen


def _parted(random: Random, parts: int, total: int) -> list[int]:
    cuts = sorted(random.randint(0, total) for _ in range(parts - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
