"""A plain count of an election's file, to hold a private tally against.

Deliberately shares no code with anything else in Ostraka: it reads the file by itself, judges each
ballot by the file's own limits, and adds up in exact fractions.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_NO_BRACES = str.maketrans("", "", "{}")


@dataclass
class PlainCount:
    """What a file comes to.

    Attributes:
        counts: Votes or points of each option by its id.
        left_out: Numbers, from 1, of the voters whose ballots break the file's own rule.
    """

    counts: dict[str, Fraction]
    left_out: list[int] = field(default_factory=list)


def plain_count(path: Path, voters: int | None = None) -> PlainCount:
    """Count the file's first `voters` ballots, or all."""
    text, kind = path.read_text(encoding="utf-8-sig"), path.suffix.lower()
    return _count_pb(text, voters) if kind == ".pb" else _count_preflib(kind, text, voters)


def _count_pb(text: str, voters: int | None) -> PlainCount:
    meta, projects, votes = _tables(text)
    result = PlainCount({project["project_id"]: Fraction(0) for project in projects})
    by_id = {project["project_id"]: project for project in projects}
    for number, row in enumerate(votes[:voters], start=1):
        named = _parts(row["vote"])
        given = _given(meta, named, row.get("points") or "", len(projects))
        if given is None or not _allowed(meta, named, given, by_id):
            result.left_out.append(number)
            continue
        for project, points in zip(named, given, strict=True):
            result.counts[project] += points
    return result


def _parts(cell: str | None) -> list[str]:
    """What stands between commas; nothing between two of them is a part, too."""
    return [part.strip() for part in cell.split(",")] if cell else []


def _tables(text: str) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, str]]]:
    parts: dict[str, list[list[str]]] = {}
    name = ""
    for row in csv.reader(text.splitlines(keepends=True), delimiter=";"):
        if row and row[0].strip() in ("META", "PROJECTS", "VOTES") and not "".join(row[1:]):
            name = row[0].strip()
            parts[name] = []
        elif "".join(row).strip():
            parts[name].append([cell.strip() for cell in row])
    meta = {row[0]: row[1] for row in parts["META"] if row[0] != "key"}
    projects, votes = (
        [dict(zip(parts[name][0], row, strict=False)) for row in parts[name][1:]]
        for name in ("PROJECTS", "VOTES")
    )
    return meta, projects, votes


def _given(
    meta: dict[str, str], named: list[str], points: str, projects: int
) -> list[Fraction] | None:
    """What a ballot gives to each project that it names; None when it cannot be told."""
    kind = meta["vote_type"]
    if kind in ("approval", "choose-1"):
        return [Fraction(1)] * len(named)
    if kind == "ordinal":
        best = min(int(Fraction(meta.get("max_length") or projects)), projects)
        return [Fraction(best - place) for place in range(len(named))]
    given = _parts(points)
    if len(given) != len(named) or not all(map(_DECIMAL.fullmatch, given)):
        return None
    return [Fraction(one) for one in given]


def _allowed(
    meta: dict[str, str],
    named: list[str],
    given: list[Fraction],
    by_id: dict[str, dict[str, str]],
) -> bool:
    """Whether a ballot keeps every limit that the file states."""
    if len(set(named)) < len(named) or not set(named) <= set(by_id):
        return False
    kind = meta["vote_type"]
    if kind == "choose-1":
        return len(named) == 1
    cost = sum((Fraction(by_id[one]["cost"]) for one in named), Fraction(0))
    measured: list[tuple[str, Fraction]] = [("_sum_cost", cost)]
    if kind in ("approval", "ordinal"):
        measured.append(("_length", Fraction(len(named))))
    if kind == "cumulative":
        # A project that gets nothing is not supported.
        measured.append(("_length", Fraction(sum(one > 0 for one in given))))
        measured.append(("_sum_points", sum(given, Fraction(0))))
    if kind in ("cumulative", "scoring"):
        if any(one < 0 or one.denominator > 1 for one in given):
            return False
        if meta.get("max_points") and max(given, default=Fraction(0)) > Fraction(
            meta["max_points"]
        ):
            return False
    for name, value in measured:
        if meta.get("min" + name) and value < Fraction(meta["min" + name]):
            return False
        if meta.get("max" + name) and value > Fraction(meta["max" + name]):
            return False
    return all(value <= bound for value, bound in _by_category(meta, named, by_id))


def _by_category(
    meta: dict[str, str], named: list[str], by_id: dict[str, dict[str, str]]
) -> Iterator[tuple[Fraction, Fraction]]:
    """What a ballot has of each category, and at most."""
    categories = [one.strip() for one in meta.get("categories", "").split(",")]
    for name, costs in (("max_sum_cost_per_category", True), ("max_length_per_category", False)):
        bounds = [one for one in meta.get(name, "").split(",") if one.strip()]
        if len(bounds) == 1:
            bounds = bounds * len(categories)
        for category, bound in zip(categories, bounds, strict=False):
            values = [
                Fraction(by_id[one]["cost"]) if costs else Fraction(1)
                for one in named
                if category == by_id[one]["category"]
                or category in [part.strip() for part in by_id[one]["category"].split(",")]
            ]
            yield sum(values, Fraction(0)), Fraction(bound)


def _count_preflib(kind: str, text: str, voters: int | None) -> PlainCount:
    names = [line for line in text.splitlines() if line.startswith("# ALTERNATIVE NAME")]
    options = len(names)
    result = PlainCount({str(option): Fraction(0) for option in range(1, options + 1)})
    left = voters if voters is not None else 10**9
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        times, order = line.split(":")
        count = min(int(times), left)
        left -= count
        if kind == ".cat":
            first = order.strip()
            first = first[1 : first.index("}")] if first.startswith("{") else first.split(",")[0]
            for option in filter(None, first.replace(" ", "").split(",")):
                result.counts[option] += count
        else:
            for place, option in enumerate(order.translate(_NO_BRACES).split(",")):
                result.counts[option.strip()] += count * (options - 1 - place)
    return result
