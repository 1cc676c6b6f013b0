"""Read Pabulib's `.pb` files: participatory-budgeting elections of real cities.

`pabulib_rules` turns them into a question and an outcome rule. Names of sections may be in any
case, as for the library's own checker. A name in META or of a column that is written in another
case, or is nearly a known one, is refused: otherwise its value would be ignored silently.

Source: https://pabulib.org/format (sections META, PROJECTS, VOTES; semicolon-separated).
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ostraka.formats.election import FileError
from ostraka.wire.wording import did_you_mean

VOTE_TYPES = ("approval", "choose-1", "cumulative", "scoring", "ordinal")
MAX_DECIMALS = 6
META_FIELDS = (
    *("description", "country", "unit", "district", "subunit", "instance", "num_projects"),
    *("num_votes", "budget", "vote_type", "rule", "date_begin", "date_end", "min_length"),
    *("max_length", "min_sum_cost", "max_sum_cost", "min_points", "max_points", "min_sum_points"),
    *("max_sum_points", "default_score", "min_project_cost", "max_project_cost"),
    *("min_project_score_threshold", "neighborhoods", "subdistricts", "categories", "edition"),
    *("language", "currency", "fully_funded", "experimental", "comment", "acknowledgments"),
    *("leftover_budget", "budget_per_category", "budget_per_neighborhood"),
    *("min_length_per_category", "max_length_per_category", "min_sum_cost_per_category"),
    "max_sum_cost_per_category",
)
"""In the library's order."""
PROJECT_FIELDS = ("project_id", "cost", "votes", "score", "name", "category", "selected")
"""Columns of VOTES that are read, in the library's order."""
_OLDER_FIELDS = ("scoring_fn",)
_VOTE_FIELDS = ("voter_id", "vote", "points", "vote_strength")
_SECTIONS = ("META", "PROJECTS", "VOTES")
_POINTS = ("cumulative", "scoring")
_WEIGHS = re.compile("weight|strength|multiplicity", re.IGNORECASE)
"""Columns of VOTES that make one ballot count as several."""
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_AMOUNT = re.compile(rf"{_NUMBER.pattern}|[0-9]{{1,30}}/0{{0,29}}[1-9][0-9]{{0,29}}")
"""Money: a decimal, or the fraction that `pabutools` writes in its place."""
_LONGEST_CELL = 131_072


class PabulibError(FileError):
    """An invalid `.pb` file, or one that Ostraka cannot honour; the message states why."""


@dataclass(frozen=True)
class Project:
    """One project.

    Attributes:
        line: Its line in the file.
        cost: In the smallest unit of the file's currency.
        category: As in the file; several are separated by commas.
        selected: Whether the city funded it; None if the file does not state it, or marks it as
        special.
        special: Whether the file marks it with 2 or 3; the file's comment may explain why.
        votes, score: Published numbers; None if not stated.
        place: Latitude and longitude in millionths of a degree; None without a valid place.
    """

    line: int
    project_id: str
    name: str
    cost: int
    category: str
    selected: bool | None
    special: bool
    votes: int | None
    score: int | None
    place: tuple[int, int] | None = None


@dataclass(frozen=True)
class Vote:
    """One row of VOTES.

    Attributes:
        number: Number of the voter, from 1.
        projects: Ids in the order of the file.
        points: As written, one for each project; empty if the column is missing or empty.
    """

    number: int
    projects: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True)
class PabulibFile:
    """One file.

    Attributes:
        meta: All members of META.
        lines: Line of each member of META.
        decimals: Digits after the decimal point that its amounts of money need; with two, `1.50`
        is 150 of the smallest unit.
        budget: In the smallest unit.
        columns: Columns of PROJECTS.
        projects, votes: In file order.
    """

    path: Path
    meta: Mapping[str, str]
    lines: Mapping[str, int]
    decimals: int
    budget: int
    columns: tuple[str, ...]
    projects: tuple[Project, ...]
    votes: tuple[Vote, ...]

    @property
    def vote_type(self) -> str:
        """The vote type, one of `VOTE_TYPES`."""
        return self.meta["vote_type"]

    def where(self, name: str) -> str:
        """Return file and line of a member of META, for messages."""
        return f"{self.path}:{self.lines[name]}" if name in self.lines else str(self.path)

    def number(self, name: str, default: Fraction | int = 0) -> Fraction:
        """Return a number of META; `default` if it is missing or empty."""
        text = self.meta.get(name, "")
        return number_of(text, f"{self.where(name)}: {name}") if text else Fraction(default)

    def whole(self, name: str, default: int = 0) -> int:
        """Return a whole number of META; `default` if it is missing or empty."""
        text = self.meta.get(name, "")
        return whole_of(text, f"{self.where(name)}: {name}") if text else default

    def amount(self, text: str, name: str) -> int:
        """Return an amount of META in the smallest unit."""
        return _scaled(text, self.decimals, f"{self.where(name)}: {name}")

    def refusal(self, name: str, reason: str) -> PabulibError:
        """Return the error that a member of META is not taken, with its place and value."""
        shown = self.meta.get(name, "")[:60]
        return PabulibError(f"{self.where(name)}: {name} {shown}".rstrip() + f": {reason}")


def read_pabulib(path: Path) -> PabulibFile:
    """Read a file of any vote type.

    Raises:
        PabulibError: Not a `.pb` file; names the line.
        OSError: The file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PabulibError(f"{path}: not UTF-8") from error
    sections = _sections(path, text)
    for name in _SECTIONS:
        if name not in sections:
            raise PabulibError(f"{path}: section {name} is missing")
    meta, lines = _meta(path, sections["META"])
    where = f"{path}:{lines['vote_type']}: vote_type"
    if meta["vote_type"] not in VOTE_TYPES:
        raise PabulibError(f"{where} {meta['vote_type']}: expected {', '.join(VOTE_TYPES)}")
    columns, rows = _table(path, "PROJECTS", sections, ("project_id", "cost"), PROJECT_FIELDS)
    if not rows:
        raise PabulibError(f"{path}: there are no projects")
    decimals = _decimals(path, meta, lines, rows)
    projects = _projects(path, rows, decimals)
    votes = _votes(path, sections, meta["vote_type"])
    _check_counts(path, meta, lines, projects, votes)
    budget = _scaled(meta["budget"], decimals, f"{path}:{lines['budget']}: budget")
    return PabulibFile(path, meta, lines, decimals, budget, columns, projects, votes)


def number_of(text: str, name: str, form: re.Pattern[str] = _NUMBER) -> Fraction:
    """Read a decimal number exactly; PabulibError if it is invalid."""
    if not form.fullmatch(text):
        raise PabulibError(f"{name}: {text[:60]!r} is not a number")
    return Fraction(text)


def whole_of(text: str, name: str) -> int:
    """Read a whole number; PabulibError if it is invalid."""
    found = number_of(text, name)
    if found.denominator != 1:
        raise PabulibError(f"{name}: {text[:60]!r} is not a whole number")
    return int(found)


def listed(text: str) -> tuple[str, ...]:
    """Split a list at its commas; items may be empty."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


_Row = tuple[int, list[str]]


def _records(path: Path, text: str) -> Iterator[_Row]:
    """Yield rows with the lines at which they begin.

    A quoted cell without a closing quote is refused: it would swallow the rows after it.
    """
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=";")
    number = 1
    while True:
        taken.clear()
        try:
            row = next(reader, None)
        except csv.Error:
            longest = f"a value has more than {_LONGEST_CELL:,} characters"
            raise PabulibError(f"{path}:{number}: {longest}, or its quotes do not end") from None
        if row is None:
            return
        raw = "".join(taken)
        if '"' in raw and not _balanced(raw) and (reader.line_num > number or raw.count('"') % 2):
            raise PabulibError(f"{path}:{number}: quotes that begin here do not end")
        yield number, [cell.strip() for cell in row]
        number = reader.line_num + 1


def _balanced(raw: str) -> bool:
    try:
        list(csv.reader(io.StringIO(raw, newline=""), delimiter=";", strict=True))
    except csv.Error:
        return False
    return True


def _sections(path: Path, text: str) -> dict[str, list[_Row]]:
    """Return the rows of each section with their lines."""
    found: dict[str, list[_Row]] = {}
    current: list[_Row] | None = None
    for line, cells in _records(path, text):
        name = cells[0].upper() if cells and not any(cells[1:]) else ""
        if name in _SECTIONS:
            if name in found:
                raise PabulibError(f"{path}:{line}: a second section {name}")
            current = found[name] = []
        elif any(cells):
            if current is None:
                raise PabulibError(f"{path}:{line}: section META is missing before this")
            current.append((line, cells))
    return found


def _meta(path: Path, rows: Sequence[_Row]) -> tuple[dict[str, str], dict[str, int]]:
    meta: dict[str, str] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        name = cells[0]
        if [cell.lower() for cell in cells[:2]] == ["key", "value"]:
            continue
        if not name:
            raise PabulibError(f"{path}:{line}: META has a value without a name")
        if len(cells) < 2:
            raise PabulibError(f"{path}:{line}: META {name!r} has no value")
        if name in meta:
            raise PabulibError(f"{path}:{line}: META has {name} twice, first in line {lines[name]}")
        hint = did_you_mean(name, (*META_FIELDS, *_OLDER_FIELDS))
        if hint:
            raise PabulibError(f"{path}:{line}: META {name}: unknown{hint}")
        # More cells mean a semicolon in a description without quotes.
        meta[name], lines[name] = "; ".join(cells[1:]).rstrip("; "), line
    for name in ("budget", "vote_type"):
        if not meta.get(name):
            raise PabulibError(f"{path}: META has no {name}")
    return meta, lines


_Table = list[tuple[int, dict[str, str]]]


def _table(
    path: Path,
    section: str,
    sections: Mapping[str, Sequence[_Row]],
    wanted: Sequence[str],
    known: Sequence[str],
) -> tuple[tuple[str, ...], _Table]:
    """Return the columns of a section, and its rows with their lines."""
    if not sections[section]:
        raise PabulibError(f"{path}: section {section} has no header")
    line, header = sections[section][0]
    for place, name in enumerate(header):
        where = f"{path}:{line}: column {name}"
        if name and name in header[:place]:
            raise PabulibError(f"{where} occurs twice")
        plain = name.lower().replace(" ", "_").replace("-", "_")
        if plain != name and plain in known:
            raise PabulibError(f"{where}: unknown; did you mean {plain}")
    for name in wanted:
        if name not in header:
            raise PabulibError(f"{path}:{line}: column {name} is missing")
    rows = []
    for line, cells in sections[section][1:]:
        if any(cells[len(header) :]):
            raise PabulibError(
                f"{path}:{line}: {len(cells)} columns, the header has {len(header)}; "
                "a cell with a semicolon needs quotes"
            )
        padded = cells + [""] * (len(header) - len(cells))
        rows.append((line, dict(zip(header, padded, strict=False))))
    return tuple(header), rows


def _decimals(path: Path, meta: Mapping[str, str], lines: Mapping[str, int], rows: _Table) -> int:
    """Return the digits after the decimal point that amounts need, without trailing zeros."""
    # Raises for the first amount that is not a number.
    number_of(meta["budget"], f"{path}:{lines['budget']}: budget", _AMOUNT)
    amounts = [(line, "cost", row["cost"]) for line, row in rows]
    for name, text in meta.items():
        if name in META_FIELDS and ("cost" in name or "budget" in name):
            amounts += [(lines[name], name, part) for part in text.split(",")]
    needed = 0
    for line, name, text in amounts:
        written = _AMOUNT.fullmatch(text.strip())
        amount = Fraction(written[0]) if written else Fraction(0)
        while (amount * 10**needed).denominator != 1:
            needed += 1
            if needed > MAX_DECIMALS:
                raise PabulibError(
                    f"{path}:{line}: {name}: {text.strip()} needs more than {MAX_DECIMALS} decimals"
                )
    # Amounts with one decimal are shown with two, as cents.
    return needed + (needed == 1)


def _projects(path: Path, rows: _Table, decimals: int) -> tuple[Project, ...]:
    projects: dict[str, Project] = {}
    for line, row in rows:
        name, where = row["project_id"], f"{path}:{line}"
        if not name:
            raise PabulibError(f"{where}: project_id is empty")
        if "," in name:
            raise PabulibError(
                f"{where}: project_id: {name!r} has a comma, which separates projects"
            )
        if name in projects:
            first = projects[name].line
            raise PabulibError(f"{where}: project {name} occurs twice, first in line {first}")
        cost = _scaled(row["cost"], decimals, f"{where}: cost")
        if cost < 1:
            raise PabulibError(f"{where}: cost: {row['cost']} is not above 0")
        selected = row.get("selected", "")
        if selected not in ("", "0", "1", "2", "3"):
            raise PabulibError(f"{where}: selected: {selected[:60]!r}, expected 0, 1, 2 or 3")
        projects[name] = Project(
            line,
            name,
            row.get("name") or name,
            cost,
            row.get("category", ""),
            {"0": False, "1": True}.get(selected),
            selected in ("2", "3"),
            _count(row, "votes", where),
            _count(row, "score", where),
            _place(row),
        )
    return tuple(projects.values())


def _place(row: Mapping[str, str]) -> tuple[int, int] | None:
    """Return where a project is; None for what is no place, because a vote does not need it."""
    places = []
    for name, most in (("latitude", 90), ("longitude", 180)):
        degrees = row.get(name, "").strip()
        if not _NUMBER.fullmatch(degrees) or abs(Fraction(degrees)) > most:
            return None
        places.append(round(Fraction(degrees) * 1_000_000))
    # Cities write zeros for projects without a place.
    return (places[0], places[1]) if any(places) else None


def _votes(path: Path, sections: Mapping[str, Sequence[_Row]], vote_type: str) -> tuple[Vote, ...]:
    wanted = ("vote", "points") if vote_type in _POINTS else ("vote",)
    columns, rows = _table(path, "VOTES", sections, wanted, _VOTE_FIELDS)
    weighing = [name for name in columns if _WEIGHS.search(name)]
    votes = []
    lines: dict[str, int] = {}
    for number, (line, row) in enumerate(rows, start=1):
        voter, where = row.get("voter_id", ""), f"{path}:{line}"
        if voter and voter in lines:
            raise PabulibError(f"{where}: voter {voter} votes twice, first in line {lines[voter]}")
        lines[voter] = line
        points = row.get("points", "")
        if points and vote_type not in _POINTS:
            reason = f"{vote_type} ballots have none, and these would be ignored"
            raise PabulibError(f"{where}: points: {reason}")
        for name in weighing:
            if row[name] and number_of(row[name], f"{where}: {name}") != 1:
                raise PabulibError(
                    f"{where}: {name}: votes of a weight other than 1 cannot be read"
                )
        votes.append(Vote(number, _named(row["vote"]), _named(points)))
    return tuple(votes)


def _named(text: str) -> tuple[str, ...]:
    """Return the listed projects; an empty text lists none, as in the library."""
    return tuple(part for part in listed(text) if part)


def _check_counts(
    path: Path,
    meta: Mapping[str, str],
    lines: Mapping[str, int],
    projects: Sequence[Project],
    votes: Sequence[Vote],
) -> None:
    for name, rows in (("num_projects", projects), ("num_votes", votes)):
        # A file of results only counts votes without listing them.
        if meta.get(name) and rows and meta[name] != str(len(rows)):
            where = f"{path}:{lines[name]}: META {name}"
            raise PabulibError(f"{where} is {meta[name]}, the file has {len(rows)}")


def _scaled(text: str, decimals: int, name: str) -> int:
    """Read money in the smallest unit; PabulibError if it is invalid."""
    scaled = number_of(text, name, _AMOUNT) * 10**decimals
    if scaled < 0 or scaled.denominator != 1:
        raise PabulibError(f"{name}: {text} is not an amount of money")
    return int(scaled)


def _count(row: Mapping[str, str], name: str, where: str) -> int | None:
    text = row.get(name, "")
    return whole_of(text, f"{where}: {name}") if text else None
