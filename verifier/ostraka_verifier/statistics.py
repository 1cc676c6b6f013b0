"""Statistics of a tally: shares, means, variances and quantiles, all exact.

Without answers a number is None.

Source: docs/protocol.md §5.10. Tests: tests/verifier/test_statistics.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ostraka_verifier.question import Histogram, Number, Pairwise, Question

QUARTILES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))


@dataclass(frozen=True)
class Share:
    """One slot: its count, and its share of all counts of the question."""

    label: str
    count: int
    share: Fraction | None


@dataclass(frozen=True)
class Bracket:
    """The bracket `low <= x < high` of a histogram in which a quantile lies."""

    quantile: Fraction
    label: str
    low: int
    high: int


@dataclass(frozen=True)
class Moments:
    """Statistics of one group.

    Attributes:
        group: Its name; "" for the only one, and for all groups together.
        count: Answers, by weight.
        mean: Of the numbers themselves, `low` included.
        variance: Of the whole group (divided by the count); None also if it was not asked for.
    """

    group: str
    count: int
    mean: Fraction | None
    variance: Fraction | None

    def to_json(self) -> dict[str, Any]:
        """Return members as `Statistics.to_json` does."""
        return {
            "group": self.group,
            "count": str(self.count),
            "mean": _exact(self.mean),
            "variance": _exact(self.variance),
        }


@dataclass(frozen=True)
class Statistics:
    """Of one question.

    Attributes:
        shares: Shares of the slots; empty for a number and for pairs.
        quartiles: Quartiles of a histogram with bounds and answers.
        moments: Statistics of each group of a number.
        overall: Statistics of all groups of a number together.
    """

    question: Question
    shares: tuple[Share, ...] = ()
    quartiles: tuple[Bracket, ...] = ()
    moments: tuple[Moments, ...] = ()
    overall: Moments | None = None

    def to_json(self) -> dict[str, Any]:
        """Return fractions as `p/q` in lowest terms, or as whole numbers."""
        return {
            "kind": self.question.kind,
            "title": self.question.title,
            "shares": [
                {"label": one.label, "count": str(one.count), "share": _exact(one.share)}
                for one in self.shares
            ],
            "quartiles": [
                {
                    "quantile": str(one.quantile),
                    "label": one.label,
                    "low": str(one.low),
                    "high": str(one.high),
                }
                for one in self.quartiles
            ],
            "groups": [one.to_json() for one in self.moments],
            "overall": self.overall.to_json() if self.overall else None,
        }


def poll_statistics(questions: Sequence[Question], tally: Sequence[int]) -> list[Statistics]:
    """Return the statistics of each question of a poll.

    Args:
        tally: Votes of all questions' slots in order; ValueError if their number is wrong.
    """
    slots = [len(question.labels()) for question in questions]
    if sum(slots) != len(tally):
        raise ValueError(f"{len(tally)} slots, expected {sum(slots)}")
    found, start = [], 0
    for question, count in zip(questions, slots, strict=True):
        found.append(statistics_of(question, tally[start : start + count]))
        start += count
    return found


def statistics_of(question: Question, tally: Sequence[int]) -> Statistics:
    """Return the statistics of one question.

    Args:
        tally: Votes of its slots.
    """
    if isinstance(question, Number):
        groups = _moments(question, tally)
        return Statistics(question, moments=groups, overall=_overall(question, tally))
    if isinstance(question, Pairwise):
        return Statistics(question)
    total = sum(tally)
    shares = tuple(
        Share(label, count, Fraction(count, total) if total else None)
        for label, count in zip(question.labels(), tally, strict=True)
    )
    brackets = []
    if isinstance(question, Histogram) and question.bounds is not None:
        brackets = [found for q in QUARTILES if (found := bracket_of(question, tally, q))]
    return Statistics(question, shares, tuple(brackets))


def bracket_of(histogram: Histogram, tally: Sequence[int], quantile: Fraction) -> Bracket | None:
    """Return the first bracket up to whose end at least `quantile` of the answers lie.

    None without answers, or if the buckets have no bounds.

    Args:
        quantile: In (0, 1]; ValueError for another.
    """
    if not 0 < quantile <= 1:
        raise ValueError(f"quantile {quantile} outside (0, 1]")
    if histogram.bounds is None:
        return None
    total, reached = sum(tally), 0
    for bucket, count in enumerate(tally):
        reached += count
        if total and reached >= quantile * total:
            low, high = histogram.bounds[bucket : bucket + 2]
            return Bracket(quantile, histogram.options[bucket], low, high)
    return None


def _moments(number: Number, tally: Sequence[int]) -> tuple[Moments, ...]:
    width = number.slots_per_group
    return tuple(
        _moments_of(number, group, tally[width * place : width * (place + 1)])
        for place, group in enumerate(number.groups or ("",))
    )


def _overall(number: Number, tally: Sequence[int]) -> Moments:
    width = number.slots_per_group
    return _moments_of(number, "", [sum(tally[place::width]) for place in range(width)])


def _moments_of(number: Number, group: str, sums: Sequence[int]) -> Moments:
    count, total, *squares = sums
    if count == 0:
        return Moments(group, 0, None, None)
    # The sum is of values above `low`: that shifts the mean, not the variance.
    above = Fraction(total, count)
    variance = Fraction(squares[0], count) - above**2 if squares else None
    return Moments(group, count, number.low + above, variance)


def _exact(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
