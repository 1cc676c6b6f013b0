"""Questions of every kind: a vote is a ballot, a ballot a vote, and nothing else is either."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.commitment import generators
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.proof import ProofShape, RejectedProofs, verify_proofs
from ostraka_verifier.question import (
    KINDS,
    ballot_bits,
    poll_labels,
    poll_rule,
    read_questions,
    stack,
)
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.typed_data import Domain

CURVE = load("native")
CONTEXT, VOTER = bytes(range(32)), bytes(range(20))
Json = dict[str, Any]
Case = tuple[Json, Any, list[int], Any]
"""Question, a vote, its slots by plain computation, and a vote that goes beyond."""


def named(draw: st.DrawFn, least: int = 2, most: int = 5) -> list[str]:
    return [f"option {number}" for number in range(draw(st.integers(least, most)))]


def one_hot(place: int, count: int) -> list[int]:
    return [int(place == number) for number in range(count)]


def single_choice(draw: st.DrawFn) -> Case:
    options = named(draw)
    vote = draw(st.integers(0, len(options) - 1))
    question = {"options": options, "abstain": draw(st.booleans())}
    return question, vote, one_hot(vote, len(options)), len(options)


def approval(draw: st.DrawFn) -> Case:
    options = named(draw, 3)
    k = len(options)
    vote = draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=k - 1, unique=True))
    capped = sorted(draw(st.sets(st.integers(0, k - 1), min_size=2)))
    question: Json = {"options": options, "at_least": draw(st.integers(0, len(vote)))}
    question["at_most"] = draw(st.integers(len(vote), k - 1))
    taken = len(set(vote) & set(capped))
    if taken < len(capped) and draw(st.booleans()):
        bound = draw(st.integers(max(1, taken), len(capped) - 1))
        # Whoever draws the cap after the vote knows that the two agree; the minimum may not.
        question["at_least"] = 0
        question["caps"] = [{"options": capped, "at_most": bound}]
    over = [*vote, *(option for option in range(k) if option not in vote)]
    return question, vote, [int(option in vote) for option in range(k)], over


def knapsack(draw: st.DrawFn) -> Case:
    options = named(draw)
    costs = draw(st.lists(st.integers(1, 2**80), min_size=len(options), max_size=len(options)))
    vote = draw(st.lists(st.integers(0, len(options) - 1), max_size=len(options) - 1, unique=True))
    spent = sum(costs[option] for option in vote)
    budget = draw(st.integers(max(1, spent), max(1, sum(costs) - 1)))
    question = {"options": options, "costs": [str(cost) for cost in costs], "budget": str(budget)}
    slots = [int(option in vote) for option in range(len(options))]
    return question, vote, slots, list(range(len(options)))


def score(draw: st.DrawFn) -> Case:
    options, most = named(draw, 1), draw(st.integers(1, 100))
    vote = [draw(st.integers(0, most)) for _ in options]
    return {"options": options, "max_score": most}, vote, vote, [most + 1, *vote[1:]]


def points(draw: st.DrawFn) -> Case:
    options, most = named(draw), draw(st.integers(1, 30))
    vote = [draw(st.integers(0, most)) for _ in options]
    given_ = sum(vote)
    question: Json = {"options": options, "credits": max(most, given_), "max_per_option": most}
    question["at_least"] = draw(st.integers(0, given_))
    return question, vote, vote, [credit + question["credits"] for credit in vote]


def split(draw: st.DrawFn) -> Case:
    options = named(draw)
    vote = [draw(st.integers(0, 40)) for _ in options]
    vote[0] += 1
    return {"options": options, "total": sum(vote)}, vote, vote, [vote[0] + 1, *vote[1:]]


def quadratic(draw: st.DrawFn) -> Case:
    options = named(draw)
    vote = [draw(st.integers(0, 9)) for _ in options]
    spent = sum(value**2 for value in vote)
    over = [value + 1 for value in vote]
    room = sum(value**2 for value in over) - 1
    credit = draw(st.integers(max(1, spent), room))
    return {"options": options, "credits": credit}, vote, vote, over


def ranking(draw: st.DrawFn) -> Case:
    options = named(draw)
    places = draw(st.integers(1, len(options)))
    scores = sorted(draw(st.lists(st.integers(0, 9), min_size=places, max_size=places)))[::-1]
    scores[0] += 1
    vote = draw(st.permutations(range(len(options))))[: draw(st.integers(0, places))]
    question: Json = {"options": options, "scores": scores}
    if len(vote) < places or draw(st.booleans()):
        question["at_least"] = draw(st.integers(0, len(vote)))
    slots = [0] * len(options)
    for place, option in enumerate(vote):
        slots[option] = scores[place]
    return question, vote, slots, [*vote, *vote] if vote else [len(options)]


def histogram(draw: st.DrawFn) -> Case:
    question, vote, slots, over = single_choice(draw)
    count = len(slots) + 1
    bounds = draw(st.sets(st.integers(-(2**60), 2**60), min_size=count, max_size=count))
    question = {"options": question["options"], "bounds": [str(one) for one in sorted(bounds)]}
    return question, vote, slots, over


def cross_tabulation(draw: st.DrawFn) -> Case:
    rows, columns = named(draw), named(draw)
    row, column = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(columns) - 1))
    slots = [int((r, c) == (row, column)) for r in range(len(rows)) for c in range(len(columns))]
    return {"rows": rows, "columns": columns}, [row, column], slots, [row, len(columns)]


def number(draw: st.DrawFn) -> Case:
    low = draw(st.integers(-1000, 1000))
    high = low + draw(st.integers(1, 300))
    groups = named(draw) if draw(st.booleans()) else []
    statistics = draw(st.sampled_from([["mean"], ["variance"], ["mean", "variance"]]))
    question: Json = {"low": low, "high": high, "unit": "m", "statistics": statistics}
    if groups:
        question["groups"] = groups
    value, group = draw(st.integers(low, high)), draw(st.integers(0, max(1, len(groups)) - 1))
    slots = []
    for other in range(max(1, len(groups))):
        own = [1, value - low, (value - low) ** 2] if other == group else [0, 0, 0]
        slots += own if "variance" in statistics else own[:2]
    vote = {"value": value, "group": group}
    return question, vote, slots, vote | {"value": high + 1}


def pairwise(draw: st.DrawFn) -> Case:
    options = named(draw)
    count = len(options)
    vote = draw(st.permutations(range(count)))[: draw(st.integers(0, count))]
    question: Json = {"options": options}
    if len(vote) < count or draw(st.booleans()):
        question["at_least"] = draw(st.integers(0, len(vote)))
    return question, vote, preferences(count, vote), [*vote, *vote] if vote else [count]


def preferences(count: int, vote: Sequence[int]) -> list[int]:
    """Slots of a pairwise ranking, by comparing places."""
    last = len(vote)
    places = [vote.index(option) if option in vote else last for option in range(count)]
    pairs = [int(places[a] < places[b]) for a, b in permutations(range(count), 2)]
    return [sum(pairs[(count - 1) * option :][: count - 1]) for option in range(count)] + pairs


MAKERS: dict[str, Callable[[st.DrawFn], Case]] = {
    maker.__name__: maker
    for maker in (
        single_choice,
        approval,
        knapsack,
        score,
        points,
        split,
        quadratic,
        ranking,
        histogram,
        cross_tabulation,
        number,
        pairwise,
    )
}


@st.composite
def cases(draw: st.DrawFn, kind: str | None = None) -> Case:
    kind = kind or draw(st.sampled_from(sorted(MAKERS)))
    question, *rest = MAKERS[kind](draw)
    return ({"kind": kind, "title": draw(st.sampled_from("ABC"))} | question, *rest)


def proves(rule: BallotRule, bits: list[int], threshold: int = 2) -> bool:
    """Whether a ballot of these bits, proven as well as one can, passes the verifier."""
    factory = BallotFactory(CURVE, rule, threshold, Domain(31337, bytes(20)), CONTEXT, [])
    proof = factory.prove(VOTER, bits, 1).ballot.proof
    shape = ProofShape(rule, threshold)
    try:
        verify_proofs(
            CURVE, generators(CURVE, rule.width), shape, CONTEXT, [proof], secrets.randbits
        )
    except RejectedProofs:
        return False
    return True


def test_every_kind_is_tried() -> None:
    assert MAKERS.keys() == KINDS.keys(), "write a maker of each kind, and name it in MAKERS"


@pytest.mark.parametrize("kind", MAKERS)
def test_a_vote_is_a_ballot_with_its_slots(kind: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(cases(kind))
    def check(case: Case) -> None:
        content, vote, slots, over = case
        (question,) = read_questions([content])
        assert read_questions([question.to_json()]) == (question,)
        required, optional = question.members()
        written = set(question.to_json()) - {"kind", "title"}
        assert set(required) <= written <= {*required, *optional}
        assert BallotRule.decode(question.rule.encode()) == question.rule
        assert len(question.labels()) == len(set(question.labels())) == len(slots)
        bits = question.vote_bits(vote)
        assert question.rule.violated(bits) is None
        assert question.rule.slot_values(bits) == slots
        with pytest.raises(ValueError):
            question.vote_bits(over)

    check()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_vote_proves_and_what_breaks_the_rule_does_not(kind: str) -> None:
    @settings(max_examples=8, deadline=None)
    @given(cases(kind), st.data())
    def check(case: Case, data: st.DataObject) -> None:
        content, vote, _, _ = case
        (question,) = read_questions([content])
        bits = question.vote_bits(vote)
        assert proves(question.rule, bits)
        for bit in data.draw(st.sets(st.integers(0, len(bits) - 1), min_size=1, max_size=3)):
            bits[bit] = data.draw(st.sampled_from([1 - bits[bit], 2, R - 1]))
        assert proves(question.rule, bits) == (question.rule.violated(bits) is None)

    check()


@settings(max_examples=40, deadline=None)
@given(st.lists(cases(), min_size=2, max_size=4), st.integers(2, 3))
def test_several_questions_are_answered_one_by_one(asked: list[Case], threshold: int) -> None:
    questions = read_questions([content for content, *_ in asked])
    try:
        rule = poll_rule(questions)
    except Rejected:
        assert sum(question.rule.width for question in questions) > 320
        return
    assert rule == stack([stack([question.rule]) for question in questions])
    bits = ballot_bits(questions, [vote for _, vote, *_ in asked])
    assert rule.slot_values(bits) == [value for _, _, slots, _ in asked for value in slots]
    assert len(poll_labels(questions)) == len(rule.slots)
    assert proves(rule, bits, threshold)
    *others, (_, _, _, over) = asked
    with pytest.raises(ValueError, match=questions[-1].title):
        ballot_bits(questions, [*(vote for _, vote, *_ in others), over])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["value", "group", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(cases(), JSON)
def test_whatever_is_said_is_a_ballot_or_refused(case: Case, vote: Any) -> None:
    (question,) = read_questions([case[0]])
    try:
        bits = question.vote_bits(vote)
    except ValueError:
        return
    assert question.rule.violated(bits) is None


@settings(max_examples=400, deadline=None)
@given(cases(), st.data())
def test_a_question_with_one_member_changed_is_one_or_refused(
    case: Case, data: st.DataObject
) -> None:
    content = dict(case[0])
    member = data.draw(st.sampled_from(sorted(content)))
    content[member] = data.draw(JSON | st.integers(-(2**130), 2**130).map(str))
    try:
        (question,) = read_questions([content])
    except AuditError:
        return
    assert read_questions([question.to_json()]) == (question,)
    assert BallotRule.decode(question.rule.encode()) == question.rule


def test_text_that_is_no_text() -> None:
    for title in ("", "\ud800", 5, None):
        with pytest.raises(Malformed, match="title"):
            read_questions([{"kind": "single_choice", "title": title, "options": ["A", "B"]}])


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(count + 1):
        yield from combinations(range(count), size)


def chosen(selections: Iterator[tuple[int, ...]], count: int) -> set[tuple[int, ...]]:
    return {tuple(int(option in one) for option in range(count)) for one in selections}


def ranked(count: int, scores: list[int], least: int) -> set[tuple[int, ...]]:
    found = set()
    for places in range(least, len(scores) + 1):
        for order in permutations(range(count), places):
            slots = [0] * count
            for place, option in enumerate(order):
                slots[option] = scores[place]
            found.add(tuple(slots))
    return found


def linear_orders(count: int, least: int) -> set[tuple[int, ...]]:
    return {
        tuple(preferences(count, order))
        for places in range(least, count + 1)
        for order in permutations(range(count), places)
    }


AB, ABC, ABCD = ["A", "B"], ["A", "B", "C"], ["A", "B", "C", "D"]
EVERYTHING: list[tuple[Json, set[tuple[int, ...]]]] = [
    ({"kind": "single_choice", "options": ABC}, {(1, 0, 0), (0, 1, 0), (0, 0, 1)}),
    (
        {"kind": "approval", "options": ABCD, "at_least": 1, "at_most": 2},
        chosen((one for one in subsets(4) if 1 <= len(one) <= 2), 4),
    ),
    (
        {
            "kind": "approval",
            "options": ABCD,
            "at_least": 1,
            "at_most": 3,
            "costs": [4, 3, 2, 5],
            "caps": [{"options": [0, 1, 2], "budget": 6}, {"options": [2, 3], "at_most": 1}],
        },
        chosen(
            (
                one
                for one in subsets(4)
                if 1 <= len(one) <= 3
                and sum((4, 3, 2, 0)[option] for option in one) <= 6
                and not {2, 3} <= set(one)
            ),
            4,
        ),
    ),
    (
        {"kind": "knapsack", "options": ABCD, "costs": [5, 3, 9, 1], "budget": 10},
        chosen((one for one in subsets(4) if sum((5, 3, 9, 1)[o] for o in one) <= 10), 4),
    ),
    ({"kind": "score", "options": AB, "max_score": 5}, set(product(range(6), repeat=2))),
    (
        {"kind": "points", "options": AB, "credits": 7, "at_least": 2, "max_per_option": 6},
        {one for one in product(range(7), repeat=2) if 2 <= sum(one) <= 7},
    ),
    (
        {"kind": "split", "options": ABC, "total": 6},
        {one for one in product(range(7), repeat=3) if sum(one) == 6},
    ),
    (
        {"kind": "quadratic", "options": ABC, "credits": 10},
        {one for one in product(range(4), repeat=3) if sum(v * v for v in one) <= 10},
    ),
    ({"kind": "ranking", "options": ABC, "scores": [4, 2, 1]}, ranked(3, [4, 2, 1], 3)),
    ({"kind": "ranking", "options": ABC, "scores": [3, 1]}, ranked(3, [3, 1], 2)),
    (
        {"kind": "ranking", "options": ABC, "scores": [4, 2, 1], "at_least": 1},
        ranked(3, [4, 2, 1], 1),
    ),
    (
        {"kind": "ranking", "options": ABC, "scores": [4, 2, 1], "at_least": 0},
        ranked(3, [4, 2, 1], 0),
    ),
    ({"kind": "ranking", "options": ABC, "scores": [4], "at_least": 0}, ranked(3, [4], 0)),
    ({"kind": "pairwise", "options": AB}, linear_orders(2, 2)),
    ({"kind": "pairwise", "options": AB, "at_least": 0}, linear_orders(2, 0)),
    ({"kind": "pairwise", "options": ABC}, linear_orders(3, 3)),
    ({"kind": "histogram", "options": ABC}, {(1, 0, 0), (0, 1, 0), (0, 0, 1)}),
    (
        {"kind": "cross_tabulation", "rows": AB, "columns": AB},
        {(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)},
    ),
    (
        {"kind": "number", "low": 5, "high": 10, "unit": "m", "statistics": ["variance"]},
        {(1, y, y * y) for y in range(6)},
    ),
    (
        {"kind": "number", "low": 5, "high": 8, "unit": "m", "groups": AB},
        {(1, y, 0, 0) for y in range(4)} | {(0, 0, 1, y) for y in range(4)},
    ),
    (
        {
            "kind": "number",
            "low": 0,
            "high": 1,
            "unit": "m",
            "groups": ABC,
            "statistics": ["variance"],
        },
        {
            tuple(v for g in range(3) for v in ((1, y, y) if g == own else (0, 0, 0)))
            for own in range(3)
            for y in range(2)
        },
    ),
]


@pytest.mark.parametrize(("content", "expected"), EVERYTHING, ids=range(len(EVERYTHING)))
def test_ballots_are_votes_and_votes_are_ballots(
    content: Json, expected: set[tuple[int, ...]]
) -> None:
    """All bit vectors tried: those that obey the rule have exactly the slots that votes have."""
    (question,) = read_questions([{"title": "What?"} | content])
    rule = question.rule
    assert rule.bits <= 15
    found = {
        tuple(rule.slot_values(bits))
        for bits in product((0, 1), repeat=rule.bits)
        if rule.violated(bits) is None
    }
    assert found == expected


def test_a_ranking_whose_scores_distinguish_no_places_has_no_gap() -> None:
    """Slots of equal scores cannot show a gap: the bits of places must be one prefix of them."""
    content = {"kind": "ranking", "options": ABC, "scores": [1, 1, 0], "at_least": 1}
    (question,) = read_questions([{"title": "What?"} | content])
    rule, patterns = question.rule, set()
    for bits in product((0, 1), repeat=rule.bits):
        if rule.violated(bits) is None:
            filled = [sum(bits[option * 3 + place] for option in range(3)) for place in range(3)]
            patterns.add(tuple(filled))
    assert patterns == {(1, 0, 0), (1, 1, 0), (1, 1, 1)}
