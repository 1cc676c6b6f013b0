"""Pabulib's `.pb` files: participatory-budgeting elections of real cities, as they stand there.

`pabulib_rules` decides what Ostraka asks. Names of sections may be in any case, as the
library's own checker reads them. A name of META or of a column that is written in another case, or
nearly like a known one, is refused: what it says would fall away without a word.

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
"""In the order in which the library wants them."""
PROJECT_FIELDS = ("project_id", "cost", "votes", "score", "name", "category", "selected")
"""Columns that are read, in the library's order."""
_OLDER_FIELDS = ("scoring_fn",)
_VOTE_FIELDS = ("voter_id", "vote", "points", "vote_strength")
_SECTIONS = ("META", "PROJECTS", "VOTES")
_POINTS = ("cumulative", "scoring")
_WEIGHS = re.compile("weight|strength|multiplicity", re.IGNORECASE)
"""Columns of VOTES, whatever else their names say, by which one ballot counts as several."""
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.([0-9]{1,30}))?")
_LONGEST_CELL = 131_072


class PabulibError(FileError):
    """A file that is no `.pb` file, or one that Ostraka cannot honour; the message says why."""


@dataclass(frozen=True)
class Project:
    """One project.

    Attributes:
        line: Where it stands.
        cost: In the smallest unit of the file's currency.
        category: As the file writes it, which may be several with commas.
        selected: Whether the city funded it; None when the file does not say, or marks it as
            special.
        special: Whether the file marks it by 2 or 3, which its comment explains, if anything does.
        votes, score: What the file says it got; None when it does not.
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


@dataclass(frozen=True)
class Vote:
    """One row of VOTES.

    Attributes:
        number: Of the voter, from 1.
        projects: Ids in the order of the file.
        points: As written, one for each project; none where the column is missing or empty.
    """

    number: int
    projects: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True)
class PabulibFile:
    """One file.

    Attributes:
        meta: All of META.
        lines: Where each member of META stands.
        decimals: Digits behind the point that its amounts of money need; `1.50` in a file with two
            is 150 of the smallest unit.
        budget: In the smallest unit.
        columns: Of PROJECTS.
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
        """One of `VOTE_TYPES`."""
        return self.meta["vote_type"]

    def where(self, name: str) -> str:
        """File and line of a member of META, for messages."""
        return f"{self.path}:{self.lines[name]}" if name in self.lines else str(self.path)

    def number(self, name: str, default: Fraction | int = 0) -> Fraction:
        """A number of META; `default` where it is left out or empty."""
        text = self.meta.get(name, "")
        return number_of(text, f"{self.where(name)}: {name}") if text else Fraction(default)

    def whole(self, name: str, default: int = 0) -> int:
        """A whole number of META; `default` where it is left out or empty."""
        text = self.meta.get(name, "")
        return whole_of(text, f"{self.where(name)}: {name}") if text else default

    def amount(self, text: str, name: str) -> int:
        """Money of META in the smallest unit."""
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
        raise PabulibError(f"{where} {meta['vote_type']}: it is none of {', '.join(VOTE_TYPES)}")
    columns, rows = _table(path, "PROJECTS", sections, ("project_id", "cost"), PROJECT_FIELDS)
    if not rows:
        raise PabulibError(f"{path}: there are no projects")
    decimals = _decimals(path, meta, lines, rows)
    projects = _projects(path, rows, decimals)
    votes = _votes(path, sections, meta["vote_type"])
    _check_counts(path, meta, lines, projects, votes)
    budget = _scaled(meta["budget"], decimals, f"{path}:{lines['budget']}: budget")
    return PabulibFile(path, meta, lines, decimals, budget, columns, projects, votes)


def number_of(text: str, name: str) -> Fraction:
    """A decimal number, exactly; PabulibError when it is none."""
    if not _NUMBER.fullmatch(text):
        raise PabulibError(f"{name}: {text[:60]!r} is no number")
    return Fraction(text)


def whole_of(text: str, name: str) -> int:
    """A whole number; PabulibError when it is none."""
    found = number_of(text, name)
    if found.denominator != 1:
        raise PabulibError(f"{name}: {text[:60]!r} is no whole number")
    return int(found)


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas, where nothing may stand as well."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


_Row = tuple[int, list[str]]


def _records(path: Path, text: str) -> Iterator[_Row]:
    """Rows with the lines at which they begin.

    A quote that begins a cell and does not end it would swallow the rows behind it.
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
    """Rows of each section with their lines."""
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
        # A semicolon in a description that nobody quoted.
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
    """Columns of a section, and its rows with their lines."""
    if not sections[section]:
        raise PabulibError(f"{path}: section {section} has no header")
    line, header = sections[section][0]
    for place, name in enumerate(header):
        where = f"{path}:{line}: column {name}"
        if name and name in header[:place]:
            raise PabulibError(f"{where} stands there twice")
        plain = name.lower().replace(" ", "_").replace("-", "_")
        if plain != name and plain in known:
            raise PabulibError(f"{where}: unknown; did you mean {plain}")
    for name in wanted:
        if name not in header:
            raise PabulibError(f"{path}:{line}: column {name} is missing")
    rows = []
    for line, cells in sections[section][1:]:
        if any(cells[len(header) :]):
            raise PabulibError(f"{path}:{line}: {len(cells)} columns, the header has {len(header)}")
        padded = cells + [""] * (len(header) - len(cells))
        rows.append((line, dict(zip(header, padded, strict=False))))
    return tuple(header), rows


def _decimals(path: Path, meta: Mapping[str, str], lines: Mapping[str, int], rows: _Table) -> int:
    """Digits behind the point that all amounts of money need, trailing zeros left out."""
    # The first that is no number is named.
    number_of(meta["budget"], f"{path}:{lines['budget']}: budget")
    amounts = [(line, "cost", row["cost"]) for line, row in rows]
    for name, text in meta.items():
        if "cost" in name or "budget" in name:
            amounts += [(lines[name], name, part) for part in text.split(",")]
    needed = 0
    for line, name, text in amounts:
        written = _NUMBER.fullmatch(text.strip())
        digits = len((written.group(1) or "").rstrip("0")) if written else 0
        if digits > MAX_DECIMALS:
            raise PabulibError(f"{path}:{line}: {name}: {digits} decimals, at most {MAX_DECIMALS}")
        needed = max(needed, digits)
    # Cents come in twos.
    return needed + (needed == 1)


def _projects(path: Path, rows: _Table, decimals: int) -> tuple[Project, ...]:
    projects: dict[str, Project] = {}
    for line, row in rows:
        name, where = row["project_id"], f"{path}:{line}"
        if not name:
            raise PabulibError(f"{where}: project_id is empty")
        if "," in name:
            raise PabulibError(f"{where}: project_id: {name!r} holds a comma, which parts projects")
        if name in projects:
            first = projects[name].line
            raise PabulibError(f"{where}: project {name} occurs twice, first in line {first}")
        cost = _scaled(row["cost"], decimals, f"{where}: cost")
        if cost < 1:
            raise PabulibError(f"{where}: cost: {row['cost']} is not above 0")
        selected = row.get("selected", "")
        if selected not in ("", "0", "1", "2", "3"):
            raise PabulibError(f"{where}: selected: {selected[:60]!r} is none of 0, 1, 2, 3")
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
        )
    return tuple(projects.values())


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
            reason = f"{vote_type} ballots have none, and these would fall away"
            raise PabulibError(f"{where}: points: {reason}")
        for name in weighing:
            if row[name] and number_of(row[name], f"{where}: {name}") != 1:
                raise PabulibError(f"{where}: {name}: votes of other weight are not read")
        votes.append(Vote(number, _named(row["vote"]), _named(points)))
    return tuple(votes)


def _named(text: str) -> tuple[str, ...]:
    """What stands between commas; nothing is no project, as the library reads it."""
    return tuple(part for part in listed(text) if part)


def _check_counts(
    path: Path,
    meta: Mapping[str, str],
    lines: Mapping[str, int],
    projects: Sequence[Project],
    votes: Sequence[Vote],
) -> None:
    for name, rows in (("num_projects", projects), ("num_votes", votes)):
        # A file of results alone has votes counted and none listed.
        if meta.get(name) and rows and meta[name] != str(len(rows)):
            where = f"{path}:{lines[name]}: META {name}"
            raise PabulibError(f"{where} is {meta[name]}, the file has {len(rows)}")


def _scaled(text: str, decimals: int, name: str) -> int:
    """Money in the smallest unit; PabulibError when it is none."""
    scaled = number_of(text, name) * 10**decimals
    if scaled < 0 or scaled.denominator != 1:
        raise PabulibError(f"{name}: {text} is no amount of money")
    return int(scaled)


def _count(row: Mapping[str, str], name: str, where: str) -> int | None:
    text = row.get(name, "")
    return whole_of(text, f"{where}: {name}") if text else None
