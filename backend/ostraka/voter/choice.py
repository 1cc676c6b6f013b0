"""From what a voter chooses to the bits of a ballot.

A vote is what JSON can say (§5.9). Indices count from 0.

Source: docs/protocol.md §5.4, §5.5, §5.9. Vectors: tests/vectors/votes.json.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ostraka_verifier.question import (
    Amounts,
    Approval,
    Cap,
    CrossTabulation,
    Histogram,
    Knapsack,
    Number,
    Points,
    Quadratic,
    Question,
    Ranking,
    SingleChoice,
    Split,
)
from ostraka_verifier.rule import BallotRule, Terms, slack_bits

_DECIMAL = re.compile("0|-?[1-9][0-9]{0,39}")


def ballot_bits(questions: Sequence[Question], vote: Any) -> list[int]:
    """Bits of a ballot on all questions of a poll.

    Args:
        vote: A vote; where there are several questions, a list with one for each.

    Raises:
        ValueError: No such vote can be cast; says on what and why.
    """
    if len(questions) == 1:
        return vote_bits(questions[0], vote)
    votes = _listed(vote, "votes", len(questions), "question")
    bits = []
    for question, one in zip(questions, votes, strict=True):
        try:
            bits += vote_bits(question, one)
        except ValueError as error:
            raise ValueError(f"{question.title}: {error}") from None
    return bits


def vote_bits(question: Question, vote: Any) -> list[int]:
    """Bits of a vote on one question, slack included; ValueError says why there are none."""
    match question:
        case SingleChoice() | Histogram():
            chosen = _one_of(question.options, vote, "option")
            bits = {option: int(option == chosen) for option in range(len(question.options))}
        case Approval() | Knapsack():
            bits = _selected(question, vote)
        case Amounts():
            bits = _amounts(question, vote)
        case Ranking():
            bits = _places(question, vote)
        case CrossTabulation():
            row, column = _listed(vote, "vote", 2, "row and column")
            pair = len(question.columns) * _one_of(question.rows, row, "row")
            pair += _one_of(question.columns, column, "column")
            bits = {slot: int(slot == pair) for slot in range(len(question.rule.slots))}
        case Number():
            bits = _number(question, vote)
        case _:
            raise TypeError(f"{type(question).__name__} is no kind of question")
    return _completed(question.rule, bits)


def _completed(rule: BallotRule, chosen: Mapping[int, int]) -> list[int]:
    """All bits, from those that say the vote: each row's other bits are its slack."""
    bits = [chosen.get(bit, 0) for bit in range(rule.bits)]
    known = set(chosen)

    def fill(terms: Terms, left: int) -> None:
        slack = [(bit, coefficient) for bit, coefficient in terms if bit not in known]
        used = sum(coefficient * bits[bit] for bit, coefficient in terms if bit in known)
        span = sum(coefficient for _, coefficient in slack)
        if not 0 <= left - used <= span:
            raise ValueError(f"the choice comes to {used}, allowed are {left - span} to {left}")
        for (bit, _), value in zip(slack, slack_bits(span, left - used), strict=True):
            bits[bit] = value
        known.update(bit for bit, _ in slack)

    for row in rule.rows:
        fill(row.terms, row.constant)
    values = rule.slot_values(bits)
    for quadratic in rule.quadratic_rows:
        squares = sum(values[slot] ** 2 for slot in quadratic.slots)
        fill(quadratic.terms, quadratic.constant - squares)
    return bits


def _selected(question: Approval | Knapsack, vote: Any) -> dict[int, int]:
    options, costs = question.options, question.costs
    chosen = _indices(options, vote)
    if isinstance(question, Approval):
        if not question.at_least <= len(chosen) <= question.at_most:
            allowed = f"{question.at_least} to {question.at_most}"
            raise ValueError(f"options chosen: {len(chosen)}, allowed are {allowed}")
    else:
        spent = sum(question.costs[option] for option in chosen)
        if spent > question.budget:
            raise ValueError(f"the choice costs {spent}, the budget is {question.budget}")
    for cap in question.caps:
        _check_cap(cap, options, costs, chosen)
    return {option: int(option in chosen) for option in range(len(options))}


def _check_cap(
    cap: Cap, options: Sequence[str], costs: Sequence[int] | None, chosen: Collection[int]
) -> None:
    prices = zip(cap.options, cap.prices(costs), strict=True)
    taken = sum(price for option, price in prices if option in chosen)
    if taken > cap.bound:
        names = ", ".join(options[option] for option in cap.options)
        noun = "chosen" if cap.budget is None else "spent"
        raise ValueError(f"{taken} {noun} of {names}: at most {cap.bound}")


def _amounts(question: Amounts, vote: Any) -> dict[int, int]:
    names = question.options
    values = [
        _integer(value, name)
        for value, name in zip(_listed(vote, "values", len(names), "option"), names, strict=True)
    ]
    for name, value, largest in zip(names, values, question.rule.slot_maxima, strict=True):
        if not 0 <= value <= largest:
            raise ValueError(f"{name}: {value}, allowed are 0 to {largest}")
    _check_total(question, values)
    return _of_slots(question.rule, values)


def _check_total(question: Amounts, values: Sequence[int]) -> None:
    match question:
        case Points():
            low, given, high = question.at_least, sum(values), question.credits
        case Split():
            low, given, high = question.total, sum(values), question.total
        case Quadratic():
            low, given, high = 0, sum(value**2 for value in values), question.credits
        case _:
            return
    if not low <= given <= high:
        allowed = str(high) if low == high else f"{low} to {high}"
        raise ValueError(f"the values come to {given}, allowed are {allowed}")


def _places(question: Ranking, vote: Any) -> dict[int, int]:
    placed = _indices(question.options, vote)
    places = len(question.scores)
    if not question.fewest <= len(placed) <= places:
        allowed = f"{question.fewest} to {places}"
        raise ValueError(f"places filled: {len(placed)}, allowed are {allowed}")
    bits = {
        question.bit(option, place): 0
        for option in range(len(question.options))
        for place in range(places)
    }
    return bits | {question.bit(option, place): 1 for place, option in enumerate(placed)}


def _number(question: Number, vote: Any) -> dict[int, int]:
    if not isinstance(vote, dict) or not {"value"} <= set(vote) <= {"value", "group"}:
        raise ValueError('a vote is {"value": number, "group": index}')
    value = _integer(vote["value"], "value")
    if not question.low <= value <= question.high:
        allowed = f"{question.low} to {question.high} {question.unit}"
        raise ValueError(f"{value}, allowed are {allowed}")
    groups = question.groups or ("all",)
    if "group" not in vote and len(groups) > 1:
        raise ValueError("a group is missing")
    group = _one_of(groups, vote.get("group", 0), "group")
    above, width = value - question.low, question.slots_per_group
    values = [0] * (width * len(groups))
    values[width * group : width * (group + 1)] = [1, above, above**2][:width]
    return _of_slots(question.rule, values)


def _of_slots(rule: BallotRule, values: Sequence[int]) -> dict[int, int]:
    """Bits that give slots, all of exact-bound coefficients (§5.4), their values."""
    bits = dict[int, int]()
    for terms, largest, value in zip(rule.slots, rule.slot_maxima, values, strict=True):
        numbers = (bit for bit, _ in terms)
        bits.update(zip(numbers, slack_bits(largest, value), strict=True))
    return bits


def _indices(options: Sequence[str], vote: Any) -> list[int]:
    if not isinstance(vote, list | tuple):
        raise ValueError("not a list of options")
    chosen = [_one_of(options, option, "option") for option in vote]
    for number, option in enumerate(chosen):
        if option in chosen[:number]:
            raise ValueError(f"{options[option]} is chosen twice")
    return chosen


def _one_of(names: Sequence[str], index: Any, noun: str) -> int:
    if type(index) is not int:
        raise ValueError(f"{noun}: {str(index)[:40]!r} is no index")
    if not 0 <= index < len(names):
        raise ValueError(f"{noun} {index} does not exist, there are 0 to {len(names) - 1}")
    return index


def _listed(vote: Any, what: str, count: int, noun: str) -> Sequence[Any]:
    if not isinstance(vote, list | tuple) or len(vote) != count:
        raise ValueError(f"{what}: not a list of {count}, one for each {noun}")
    return vote


def _integer(value: Any, name: str) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    raise ValueError(f"{name}: {str(value)[:40]!r} is no whole number")
