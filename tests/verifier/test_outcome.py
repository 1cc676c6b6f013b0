"""Outcome rules against plain re-implementations that share no code with them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import (
    Condorcet,
    Greedy,
    GreedyByCategory,
    Majority,
    Method,
    Misfit,
    NoOutcome,
    Order,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
    Strength,
    decode_outcome_rule,
)
from ostraka_verifier.question import Pairwise
from tests.support import plain

VOTES = st.integers(0, 12) | st.integers(0, 2**200 - 1)
AMOUNTS = st.integers(1, 40) | st.integers(1, 2**128 - 1)


@dataclass
class Purse:
    """Money that is left, and whether a misfit has closed it."""

    left: int
    closed: bool = False
    bought: set[int] = field(default_factory=set)


def best(slots: set[int], worth: Callable[[int], Fraction]) -> int:
    """The slot worth most, the lowest of several."""
    return min(slots, key=lambda slot: (-worth(slot), slot))


def in_order(slots: set[int], worth: Callable[[int], Fraction]) -> list[int]:
    left, order = set(slots), list[int]()
    while left:
        order.append(best(left, worth))
        left.remove(order[-1])
    return order


def worth_of(rule: Greedy | GreedyByCategory, tally: list[int]) -> Callable[[int], Fraction]:
    by_cost = rule.ranked_by is Order.VOTES_PER_COST
    return lambda slot: Fraction(tally[slot], rule.costs[slot] if by_cost else 1)


def plain_greedy(rule: Greedy, tally: list[int]) -> list[int]:
    purse = Purse(rule.budget)
    for slot in in_order(set(range(len(tally))), worth_of(rule, tally)):
        if tally[slot] >= rule.minimum_support and not purse.closed:
            buy(purse, slot, rule.costs[slot], rule.misfit)
    return [int(slot in purse.bought) for slot in range(len(tally))]


def buy(purse: Purse, slot: int, cost: int, misfit: Misfit) -> None:
    if cost <= purse.left:
        purse.left -= cost
        purse.bought.add(slot)
    elif misfit is Misfit.STOP:
        purse.closed = True


def plain_by_category(rule: GreedyByCategory, tally: list[int]) -> list[int]:
    order = [
        slot
        for slot in in_order(set(range(len(tally))), worth_of(rule, tally))
        if tally[slot] >= rule.minimum_support
    ]
    purses = [Purse(amount) for amount in rule.category_budgets]
    spent, bought = 0, set[int]()
    for slot in order:
        purse = purses[rule.categories[slot]]
        if purse.closed:
            continue
        # A purse never holds more than what is left of the whole.
        reachable = Purse(min(purse.left, rule.budget - spent))
        buy(reachable, slot, rule.costs[slot], rule.misfit)
        purse.closed = reachable.closed
        if reachable.bought:
            bought.add(slot)
            purse.left -= rule.costs[slot]
            spent += rule.costs[slot]
    if rule.leftover:
        rest = Purse(rule.budget - spent)
        for slot in order:
            if slot not in bought and not rest.closed:
                buy(rest, slot, rule.costs[slot], rule.misfit)
        bought |= rest.bought
    return [int(slot in bought) for slot in range(len(tally))]


def plain_majority(rule: Majority, tally: list[int]) -> list[int]:
    yes, no = tally[:2]
    if sum(tally) < rule.quorum or yes == no == 0:
        return [0] * len(tally)
    share, needed = Fraction(yes, yes + no), Fraction(rule.numerator, rule.denominator)
    passes = share > needed or (share == needed and not rule.strict)
    return [1, 0, 0][: len(tally)] if passes else [0, 1, 0][: len(tally)]


def plain_plurality(rule: Plurality, tally: list[int]) -> list[int]:
    order = in_order(set(range(rule.contenders)), lambda slot: Fraction(tally[slot]))
    seated = [slot for slot in order[: rule.seats] if tally[slot] >= rule.minimum_support]
    return [int(slot in seated) for slot in range(len(tally))]


def plain_proportional(rule: Proportional, tally: list[int]) -> list[int]:
    contenders = range(rule.contenders)
    total = sum(tally[slot] for slot in contenders)
    if not total:
        return [0] * len(tally)
    due = {slot: Fraction(rule.amount * tally[slot], total) for slot in contenders}
    given_ = {slot: int(due[slot]) for slot in contenders}
    missing = rule.amount - sum(given_.values())
    for _ in range(missing):
        given_[best(set(contenders), lambda slot: due[slot] - given_[slot])] += 1
    return [given_.get(slot, 0) for slot in range(len(tally))]


def plain_condorcet(rule: Condorcet, tally: list[int]) -> list[int]:
    names = tuple(f"option {number}" for number in range(rule.options))
    wanted = SimpleNamespace(
        kind="condorcet", method=rule.method.name.lower(), strength=rule.strength.name.lower()
    )
    return plain.winners(wanted, Pairwise("Order?", names), tally)


PLAIN: dict[type[OutcomeRule], Callable[..., list[int]]] = {
    NoOutcome: lambda _, tally: [0] * len(tally),
    Greedy: plain_greedy,
    GreedyByCategory: plain_by_category,
    Majority: plain_majority,
    Plurality: plain_plurality,
    Proportional: plain_proportional,
    Condorcet: plain_condorcet,
}


@st.composite
def decided(draw: st.DrawFn, kind: type[OutcomeRule]) -> tuple[OutcomeRule, list[int]]:
    """A rule of a kind with a tally."""
    slots = draw(st.integers(1, 7))
    # Few different values, so that ties and exact fits are frequent.
    few = st.sampled_from([draw(VOTES), draw(VOTES), draw(st.integers(0, 3))])
    tally = [draw(few | VOTES) for _ in range(slots)]
    support = draw(st.integers(0, 4) | st.sampled_from(tally).map(lambda v: min(v, 2**128 - 1)))
    if kind is Majority:
        abstention = draw(st.booleans())
        tally = ([*tally, 0, 0, 0])[: 2 + abstention]
        numerator, strict = draw(st.integers(1, 5)), draw(st.booleans())
        denominator = draw(st.integers(numerator + strict, 8))
        return Majority(numerator, denominator, strict, abstention, support), tally
    if kind is Condorcet:
        options, method = draw(st.integers(2, 5)), draw(st.sampled_from(Method))
        strength = Strength.WINNING_VOTES
        if method is not Method.COPELAND:
            strength = draw(st.sampled_from(Strength))
        votes = [draw(few) for _ in range(options * options)]
        return Condorcet(options, method, strength), votes
    if kind in (Plurality, Proportional):
        contenders = draw(st.integers(1, slots))
        if kind is Proportional:
            return Proportional(draw(AMOUNTS), contenders), tally
        return Plurality(draw(st.integers(1, contenders)), contenders, support), tally
    if kind is NoOutcome:
        return NoOutcome(), tally
    one = st.sampled_from([draw(AMOUNTS), draw(AMOUNTS)]) | AMOUNTS
    costs = tuple(draw(one) for _ in range(slots))
    budget = min(2**128 - 1, draw(st.integers(0, sum(costs))))
    order, misfit = draw(st.sampled_from(Order)), draw(st.sampled_from(Misfit))
    if kind is Greedy:
        return Greedy(costs, budget, order, misfit, support), tally
    categories = tuple(draw(st.integers(0, 2)) for _ in range(slots))
    budgets = tuple(min(2**128 - 1, draw(st.integers(0, sum(costs)))) for _ in range(3))
    leftover = draw(st.booleans())
    rule = GreedyByCategory(costs, categories, budgets, budget, order, misfit, leftover, support)
    return rule, tally


@pytest.mark.parametrize("kind", PLAIN)
def test_awards_are_those_of_a_plain_count(kind: type[OutcomeRule]) -> None:
    @settings(max_examples=300, deadline=None)
    @given(decided(kind))
    def check(case: tuple[OutcomeRule, list[int]]) -> None:
        rule, tally = case
        assert decode_outcome_rule(rule.encode()) == rule
        rule.check_slots(len(tally))
        expected = PLAIN[kind](rule, tally)
        assert rule.awards(tally) == ([] if kind is NoOutcome else expected)
        order = rule.order(tally)
        assert len(order) == len(set(order)) <= len(tally)
        if isinstance(rule, Proportional) and sum(tally[: rule.contenders]):
            assert sum(rule.awards(tally)) == rule.amount

    check()


@settings(max_examples=100, deadline=None)
@given(st.data(), st.lists(st.sampled_from(sorted(PLAIN, key=repr)), min_size=2, max_size=4))
def test_parts_decide_each_for_itself(data: st.DataObject, kinds: list[type[OutcomeRule]]) -> None:
    cases = [data.draw(decided(kind)) for kind in kinds]
    rule = Parts(tuple((len(tally), one) for one, tally in cases))
    tally = [votes for _, part in cases for votes in part]
    assert decode_outcome_rule(rule.encode()) == rule
    assert rule.awards(tally) == [
        award for one, part in cases for award in PLAIN[type(one)](one, part)
    ]
    assert rule.order(tally) == [slot for one, part in cases for slot in one.order(part)]
    with pytest.raises(Rejected, match="P2"):
        rule.awards([*tally, 0])
    with pytest.raises(Rejected, match="nest"):
        Parts(((1, NoOutcome()), (len(tally), rule)))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(sorted(PLAIN, key=repr)))
def test_bytes_changed_anywhere_are_another_rule_or_refused(
    data: st.DataObject, kind: type[OutcomeRule]
) -> None:
    rule, _ = data.draw(decided(kind))
    encoded = bytearray(rule.encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        other = decode_outcome_rule(bytes(encoded))
    except (Malformed, Rejected):
        return
    assert other != rule
    assert other.encode() == encoded
