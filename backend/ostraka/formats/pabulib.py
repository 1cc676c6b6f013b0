"""Pabulib's `.pb` files: participatory-budgeting elections of real cities, as they stand there.

What they ask of Ostraka is for `pabulib_rules` to say.

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

VOTE_TYPES = ("approval", "choose-1", "cumulative", "scoring", "ordinal")
MAX_DECIMALS = 6
_SECTIONS = ("META", "PROJECTS", "VOTES")
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.([0-9]{1,30}))?")


class PabulibError(FileError):
    """A file that is no `.pb` file, or one that Ostraka cannot honour; the message says why."""


@dataclass(frozen=True)
class Project:
    """One project.

    Attributes:
        cost: In the smallest unit of the file's currency.
        category: As the file writes it, which may be several with commas.
        selected: Whether the city funded it; None when the file does not say.
        votes, score: What the file says it got; None when it does not.
    """

    project_id: str
    name: str
    cost: int
    category: str
    selected: bool | None
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
        decimals: Digits behind the point that its amounts of money need; `1.50` in a file with two
            is 150 of the smallest unit.
        budget: In the smallest unit.
        projects, votes: In file order.
    """

    path: Path
    meta: Mapping[str, str]
    decimals: int
    budget: int
    projects: tuple[Project, ...]
    votes: tuple[Vote, ...]

    @property
    def vote_type(self) -> str:
        """One of `VOTE_TYPES`."""
        return self.meta["vote_type"]

    def number(self, name: str, default: Fraction | int = 0) -> Fraction:
        """A number of META; `default` where it is left out or empty."""
        text = self.meta.get(name, "")
        return number_of(text, f"{self.path}: META {name}") if text else Fraction(default)

    def whole(self, name: str, default: int = 0) -> int:
        """A whole number of META; `default` where it is left out or empty."""
        found = self.number(name, default)
        if found.denominator != 1:
            raise PabulibError(f"{self.path}: META {name}: {self.meta[name]!r} is no whole number")
        return int(found)

    def amount(self, text: str, name: str) -> int:
        """Money in the smallest unit."""
        return _scaled(number_of(text, f"{self.path}: {name}"), self.decimals, self.path, name)


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
    meta = _meta(path, sections["META"])
    if meta["vote_type"] not in VOTE_TYPES:
        raise PabulibError(
            f"{path}: vote_type {meta['vote_type']}: it is none of {', '.join(VOTE_TYPES)}"
        )
    rows = list(_table(path, sections["PROJECTS"], ("project_id", "cost")))
    if not rows:
        raise PabulibError(f"{path}: there are no projects")
    decimals = _decimals(path, meta, [row["cost"] for _, row in rows])
    projects = _projects(path, rows, decimals)
    votes = _votes(path, sections["VOTES"])
    _check_counts(path, meta, projects, votes)
    budget = _scaled(number_of(meta["budget"], f"{path}: budget"), decimals, path, "budget")
    return PabulibFile(path, meta, decimals, budget, projects, votes)


def number_of(text: str, name: str) -> Fraction:
    """A decimal number, exactly; PabulibError when it is none."""
    if not _NUMBER.fullmatch(text):
        raise PabulibError(f"{name}: {text!r} is no number")
    return Fraction(text)


_Row = tuple[int, list[str]]


def _sections(path: Path, text: str) -> dict[str, list[_Row]]:
    """Rows of each section with the lines at which they end."""
    found: dict[str, list[_Row]] = {}
    current: list[_Row] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            name = cells[0] if cells and not any(cells[1:]) else ""
            if name in _SECTIONS:
                if name in found:
                    raise PabulibError(f"{path}:{reader.line_num}: a second section {name}")
                current = found[name] = []
            elif any(cells):
                if current is None:
                    raise PabulibError(
                        f"{path}:{reader.line_num}: section META is missing before this"
                    )
                current.append((reader.line_num, cells))
    except csv.Error as error:
        raise PabulibError(f"{path}:{reader.line_num}: {error}") from error
    return found


def _meta(path: Path, rows: Sequence[_Row]) -> dict[str, str]:
    meta: dict[str, str] = {}
    for line, cells in rows:
        name = cells[0]
        if cells[:2] == ["key", "value"]:
            continue
        if len(cells) < 2:
            raise PabulibError(f"{path}:{line}: META {name!r} has no value")
        if name in meta:
            raise PabulibError(f"{path}:{line}: META has {name} twice")
        # A semicolon in a description that nobody quoted.
        meta[name] = "; ".join(cells[1:]).rstrip("; ")
    for name in ("budget", "vote_type"):
        if not meta.get(name):
            raise PabulibError(f"{path}: META has no {name}")
    return meta


def _table(
    path: Path, rows: Sequence[_Row], wanted: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    if not rows:
        raise PabulibError(f"{path}: a section has no header")
    line, header = rows[0]
    for name in wanted:
        if name not in header:
            raise PabulibError(f"{path}:{line}: column {name} is missing")
    for line, cells in rows[1:]:
        if any(cells[len(header) :]):
            raise PabulibError(f"{path}:{line}: {len(cells)} columns, the header has {len(header)}")
        padded = cells + [""] * (len(header) - len(cells))
        yield line, dict(zip(header, padded, strict=False))


def _decimals(path: Path, meta: Mapping[str, str], costs: Sequence[str]) -> int:
    """Digits behind the point that all amounts of money need, trailing zeros left out."""
    amounts = [meta["budget"], *costs]
    for name, text in meta.items():
        if "cost" in name or "budget" in name:
            amounts += text.split(",")
    written = (_NUMBER.fullmatch(text.strip()) for text in amounts)
    needed = max(len((one.group(1) or "").rstrip("0")) for one in written if one)
    if needed > MAX_DECIMALS:
        raise PabulibError(f"{path}: an amount has {needed} decimals, at most {MAX_DECIMALS}")
    # Cents come in twos.
    return needed + (needed == 1)


def _projects(
    path: Path, rows: Sequence[tuple[int, Mapping[str, str]]], decimals: int
) -> tuple[Project, ...]:
    projects: dict[str, Project] = {}
    for line, row in rows:
        name, where = row["project_id"], f"{path}:{line}"
        if not name:
            raise PabulibError(f"{where}: project_id is empty")
        if name in projects:
            raise PabulibError(f"{where}: project {name} occurs twice")
        cost = _scaled(number_of(row["cost"], f"{where}: cost"), decimals, path, "cost")
        if cost < 1:
            raise PabulibError(f"{where}: cost: {row['cost']} is not above 0")
        selected = row.get("selected", "")
        if not re.fullmatch("[0-9]?", selected):
            raise PabulibError(f"{where}: selected: {selected!r} is neither 0 nor 1")
        projects[name] = Project(
            name,
            row.get("name") or name,
            cost,
            row.get("category", ""),
            None if selected == "" else selected != "0",
            _count(row, "votes", where),
            _count(row, "score", where),
        )
    return tuple(projects.values())


def _votes(path: Path, rows: Sequence[_Row]) -> tuple[Vote, ...]:
    votes = []
    lines: dict[str, int] = {}
    for number, (line, row) in enumerate(_table(path, rows, ("vote",)), start=1):
        voter = row.get("voter_id", "")
        if voter and voter in lines:
            where = f"{path}:{line}"
            raise PabulibError(f"{where}: voter {voter} votes twice, first in line {lines[voter]}")
        lines[voter] = line
        votes.append(Vote(number, listed(row["vote"]), listed(row.get("points", ""))))
    return tuple(votes)


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _check_counts(
    path: Path, meta: Mapping[str, str], projects: Sequence[Project], votes: Sequence[Vote]
) -> None:
    for name, rows in (("num_projects", projects), ("num_votes", votes)):
        # A file of results alone has votes counted and none listed.
        if meta.get(name) and rows and meta[name] != str(len(rows)):
            raise PabulibError(f"{path}: META {name} is {meta[name]}, the file has {len(rows)}")


def _scaled(number: Fraction, decimals: int, path: Path, name: str) -> int:
    scaled = number * 10**decimals
    if scaled < 0 or scaled.denominator != 1:
        raise PabulibError(f"{path}: {name}: {number} is no amount of money")
    return int(scaled)


def _count(row: Mapping[str, str], name: str, where: str) -> int | None:
    text = row.get(name, "")
    if not text:
        return None
    found = number_of(text, f"{where}: {name}")
    if found.denominator != 1:
        raise PabulibError(f"{where}: {name}: {text!r} is no whole number")
    return int(found)
