"""A plain count of an election's file, to compare a private tally with.

It uses the same reader of files, so that both count the same data. It shares nothing else with
Ostraka's questions, checks of ballots and tallies: it compares each ballot with the file's own
limits, and adds up in exact fractions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations
from pathlib import Path

from ostraka.formats.pabulib import PabulibFile, Project, number_of, read_pabulib
from ostraka.formats.preflib import PrefLibFile, read_preflib


@dataclass
class PlainCount:
    """The result of a file.

    Attributes:
        counts: Votes or points of each option by its id.
        named: In a file of orders, the ballots that name each option.
        pairs: In a file of orders, the voters who prefer the first option to the second, by ids.
        left_out: Numbers, from 1, of the voters whose ballots break the file's own rule.
    """

    counts: dict[str, Fraction]
    named: dict[str, int] = field(default_factory=dict)
    pairs: dict[tuple[str, str], int] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)


def plain_count(path: Path, voters: int | None = None) -> PlainCount:
    """Count the file's first `voters` ballots, or all.

    Raises:
        FileError: The file is invalid; the message states where and why.
        OSError: It cannot be opened.
    """
    if path.suffix.lower() == ".pb":
        return _count_pb(read_pabulib(path), voters)
    return _count_preflib(read_preflib(path), voters)


def _count_pb(file: PabulibFile, voters: int | None) -> PlainCount:
    result = PlainCount({project.project_id: Fraction(0) for project in file.projects})
    by_id = {project.project_id: project for project in file.projects}
    for vote in file.votes[:voters]:
        given = _given(file, vote.projects, vote.points)
        if given is None or not _allowed(file, vote.projects, given, by_id):
            result.left_out.append(vote.number)
            continue
        for project, points in zip(vote.projects, given, strict=True):
            result.counts[project] += points
    return result


def _given(
    file: PabulibFile, named: tuple[str, ...], points: tuple[str, ...]
) -> list[Fraction] | None:
    """Return what a ballot gives to each project that it names; None if that is not clear."""
    kind, projects = file.vote_type, len(file.projects)
    if kind in ("approval", "choose-1"):
        return [Fraction(1)] * len(named)
    if kind == "ordinal":
        # By place, as the demo states, and not by the number of places that a ballot fills.
        best = min(_limit(file, "max_length") or projects, projects)
        return [Fraction(best - place) for place in range(len(named))]
    try:
        given = [number_of(one, "points") for one in points]
    except ValueError:
        return None
    return given if len(given) == len(named) else None


def _limit(file: PabulibFile, name: str) -> Fraction | None:
    text = file.meta.get(name, "")
    return number_of(text, name) if text else None


def _cost(file: PabulibFile, project: Project) -> Fraction:
    return Fraction(project.cost, 10**file.decimals)


def _allowed(
    file: PabulibFile,
    named: tuple[str, ...],
    given: list[Fraction],
    by_id: dict[str, Project],
) -> bool:
    """Return whether a ballot obeys every limit that the file states."""
    if len(set(named)) < len(named) or not set(named) <= set(by_id):
        return False
    kind = file.vote_type
    if kind == "choose-1":
        return len(named) == 1
    cost = sum((_cost(file, by_id[one]) for one in named), Fraction(0))
    measured: list[tuple[str, Fraction]] = [("_sum_cost", cost)]
    if kind in ("approval", "ordinal"):
        measured.append(("_length", Fraction(len(named))))
    if kind == "cumulative":
        # A project that gets nothing does not count as supported.
        measured.append(("_length", Fraction(sum(one > 0 for one in given))))
        measured.append(("_sum_points", sum(given, Fraction(0))))
    if kind in ("cumulative", "scoring"):
        if any(one < 0 or one.denominator > 1 for one in given):
            return False
        measured += (("_points", one) for one in given if one > 0)
    for name, value in measured:
        least, most = _limit(file, "min" + name), _limit(file, "max" + name)
        if (least is not None and value < least) or (most is not None and value > most):
            return False
    return all(value <= bound for value, bound in _by_category(file, named, by_id))


def _by_category(
    file: PabulibFile, named: tuple[str, ...], by_id: dict[str, Project]
) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield for each category what a ballot has of it, and the maximum."""
    categories = [one.strip() for one in file.meta.get("categories", "").split(",")]
    for name, costs in (("max_sum_cost_per_category", True), ("max_length_per_category", False)):
        bounds = [one.strip() for one in file.meta.get(name, "").split(",") if one.strip()]
        if len(bounds) == 1:
            bounds = bounds * len(categories)
        for category, bound in zip(categories, bounds, strict=False):
            values = [
                _cost(file, by_id[one]) if costs else Fraction(1)
                for one in named
                if category == by_id[one].category
                or category in [part.strip() for part in by_id[one].category.split(",")]
            ]
            yield sum(values, Fraction(0)), number_of(bound, name)


def _count_preflib(file: PrefLibFile, voters: int | None) -> PlainCount:
    ids = [str(option) for option in range(1, len(file.names) + 1)]
    result = PlainCount(
        dict.fromkeys(ids, Fraction(0)),
        dict.fromkeys(ids, 0),
        dict.fromkeys(permutations(ids, 2), 0),
    )
    counted = 0
    for order in file.orders:
        times = order.voters if voters is None else min(order.voters, voters - counted)
        # A complete strict order names every option, the others at least one of them.
        fewest = {".soc": len(ids), ".cat": 0}.get(file.kind, 1)
        if order.problem or len(order.options) < fewest:
            result.left_out += range(counted + 1, counted + times + 1)
        else:
            named = [str(option) for option in order.options]
            for place, option in enumerate(named):
                points = 1 if file.kind == ".cat" else len(ids) - 1 - place
                result.counts[option] += times * points
                result.named[option] += times
                for other in set(ids) - set(named[: place + 1]):
                    result.pairs[option, other] += times
        counted += times
    return result
