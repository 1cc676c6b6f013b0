"""Statistics of a tally against those of the answers themselves."""

import io
import secrets
from fractions import Fraction
from itertools import pairwise
from statistics import mean, pvariance
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ostraka_verifier.checks import Audit, Claimed, Verdict
from ostraka_verifier.curve import load
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import (
    Histogram,
    Number,
    SingleChoice,
    ballot_bits,
    poll_labels,
    poll_rule,
    read_questions,
)
from ostraka_verifier.report import Report, print_report, report_of
from ostraka_verifier.statistics import (
    Bracket,
    Moments,
    bracket_of,
    poll_statistics,
    statistics_of,
)
from tests.support.polls import REGISTRY, SyntheticPoll, approval_poll

ANSWERS = st.lists(st.tuples(st.integers(-7, 20), st.integers(0, 2)), max_size=12)
BOUNDS = (-5, 0, 3, 10)


def tallied(answers: list[tuple[int, int]], low: int) -> list[int]:
    tally = []
    for group in range(3):
        above = [value - low for value, own in answers if own == group]
        tally += [len(above), sum(above), sum(value**2 for value in above)]
    return tally


def moments(values: list[int]) -> tuple[int, Fraction | None, Fraction | None]:
    exact = [Fraction(value) for value in values]
    return len(exact), mean(exact) if exact else None, pvariance(exact) if exact else None


@given(ANSWERS)
def test_mean_and_variance_are_those_of_the_numbers(answers: list[tuple[int, int]]) -> None:
    number = Number("How many?", -7, 20, "m", ("a", "b", "c"), ("mean", "variance"))
    found = statistics_of(number, tallied(answers, -7))
    for group, one in enumerate(found.moments):
        own = [value for value, where in answers if where == group]
        assert (one.count, one.mean, one.variance) == moments(own)
    assert found.overall is not None
    overall = (found.overall.count, found.overall.mean, found.overall.variance)
    assert overall == moments([value for value, _ in answers])
    assert found.shares == ()


def test_no_variance_where_none_was_asked_for() -> None:
    found = statistics_of(Number("Age?", 18, 99, "years"), [4, 10])
    assert found.moments == (Moments("", 4, Fraction(41, 2), None),)
    assert found.overall == found.moments[0]


@given(st.lists(st.integers(-5, 9), min_size=1, max_size=12), st.fractions(0, 1).filter(bool))
def test_a_quantile_lies_in_its_bracket(numbers: list[int], quantile: Fraction) -> None:
    histogram = Histogram("How many?", ("a", "b", "c"), BOUNDS)
    tally = [sum(low <= number < high for number in numbers) for low, high in pairwise(BOUNDS)]
    found = bracket_of(histogram, tally, quantile)
    # The first of the sorted numbers up to which at least that share of them lies.
    place = -(-quantile.numerator * len(numbers) // quantile.denominator)
    number = sorted(numbers)[place - 1]
    assert found is not None
    assert found.low <= number < found.high


def test_nobody_answered() -> None:
    asked = [
        Histogram("a", ("x", "y"), (0, 1, 2)),
        Number("b", 0, 9, "m"),
        SingleChoice("c", ("x", "y")),
    ]
    first, second, third = poll_statistics(asked, [0] * 6)
    assert [share.share for share in first.shares + third.shares] == [None] * 4
    assert first.quartiles == ()
    assert second.moments == (Moments("", 0, None, None),)
    assert second.overall == Moments("", 0, None, None)


def test_shares_and_quartiles() -> None:
    found = statistics_of(Histogram("Age?", ("young", "old"), (0, 50, 100)), [3, 1])
    assert [(one.label, one.count, one.share) for one in found.shares] == [
        ("young", 3, Fraction(3, 4)),
        ("old", 1, Fraction(1, 4)),
    ]
    young = [Bracket(Fraction(part, 4), "young", 0, 50) for part in (1, 2, 3)]
    assert list(found.quartiles) == young
    assert statistics_of(Histogram("Age?", ("young", "old")), [3, 1]).quartiles == ()
    assert bracket_of(Histogram("Age?", ("young", "old")), [3, 1], Fraction(1)) is None


@pytest.mark.parametrize("quantile", [Fraction(0), Fraction(-1, 2), Fraction(5, 4)])
def test_invalid_quantiles(quantile: Fraction) -> None:
    with pytest.raises(ValueError, match="outside"):
        bracket_of(Histogram("Age?", ("young", "old"), (0, 50, 100)), [3, 1], quantile)


def test_a_tally_of_another_poll() -> None:
    content: list[Any] = [{"kind": "single_choice", "title": "a", "options": ["x", "y"]}]
    with pytest.raises(ValueError, match="3 slots, expected 2"):
        poll_statistics(read_questions(content), [1, 2, 3])


def report(content: list[dict[str, Any]], votes: list[Any]) -> Report:
    """Of an audit of an honest poll that asks these questions."""
    questions = read_questions(content)
    poll = SyntheticPoll(
        [ballot_bits(questions, vote) for vote in votes],
        poll_rule(questions),
        NoOutcome(),
        members={"questions": content, "options": list(poll_labels(questions))},
    )
    board, chain = poll.finish()
    audit = Audit(load("native"), Claimed(REGISTRY, 1), chain, board.encode(), secrets.randbits)
    return report_of(audit)


def test_an_audit_reports_what_was_answered() -> None:
    age = {"kind": "number", "title": "Age?", "low": 18, "high": 99, "unit": "years"}
    home = {"kind": "histogram", "title": "Home?", "options": ["[small]", "large"]}
    content = [age | {"statistics": ["mean", "variance"]}, home | {"bounds": [0, 50, 500]}]
    votes = [[{"value": value}, int(value > 40)] for value in (20, 30, 40, 50, 61)]
    found = report(content, votes)
    assert found.verdict is Verdict.HOLDS
    first, second = found.to_json()["questions"]
    moments = {"group": "", "count": "5", "mean": "201/5", "variance": "5204/25"}
    assert first == {
        "kind": "number",
        "title": "Age?",
        "shares": [],
        "quartiles": [],
        "groups": [moments],
        "overall": moments,
    }
    assert second["shares"] == [
        {"label": "[small]", "count": "3", "share": "3/5"},
        {"label": "large", "count": "2", "share": "2/5"},
    ]
    assert [one["label"] for one in second["quartiles"]] == ["[small]", "[small]", "large"]
    written = io.StringIO()
    print_report(found, Console(file=written, width=200))
    for part in ("40.20", "208.16", "60.00 %", "[small]", "50 ≤ x < 500"):
        assert part in written.getvalue()


def test_an_audit_without_questions_reports_none() -> None:
    for members in (dict[str, Any](), {"questions": [{"kind": "score"}]}):
        poll = approval_poll(members=members)
        board, chain = poll.finish()
        audit = Audit(load("native"), Claimed(REGISTRY, 1), chain, board.encode(), secrets.randbits)
        assert report_of(audit).to_json()["questions"] == []
