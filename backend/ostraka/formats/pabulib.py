"""Pabulib's `.pb` files: participatory-budgeting elections of real cities.

Source: https://pabulib.org/format (sections META, PROJECTS, VOTES; semicolon-separated).
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


class PabulibError(ValueError):
    """A file that is no `.pb` file, or one that Ostraka cannot honour; the message says why."""


@dataclass(frozen=True)
class Project:
    """One project: id, name, and cost in the file's currency, a whole number."""

    project_id: str
    name: str
    cost: int
    selected: bool | None
    """Whether the city funded it; None when the file does not say."""


@dataclass(frozen=True)
class Election:
    """One election.

    Attributes:
        meta: All of META.
        projects: In file order.
        votes: For each voter the chosen project ids, in file order.
    """

    meta: dict[str, str]
    projects: tuple[Project, ...]
    votes: tuple[tuple[str, ...], ...]

    @property
    def budget(self) -> int:
        """In the file's currency."""
        return _whole(self.meta["budget"], "budget")

    @property
    def title(self) -> str:
        """Description of the election."""
        return self.meta.get("description", "Participatory budget")

    @property
    def selections(self) -> tuple[int, int]:
        """Least and most projects that a ballot may choose."""
        most = _whole(self.meta.get("max_length", str(len(self.projects))), "max_length")
        least = _whole(self.meta.get("min_length", "0"), "min_length")
        if self.meta["vote_type"] == "choose-1":
            return 1, 1
        return least, min(most, len(self.projects))


def read_election(path: Path) -> Election:
    """Read an approval or choose-1 file.

    Raises:
        PabulibError: Not a `.pb` file, or one of another kind of ballot.
        OSError: The file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise PabulibError(f"{path}: not UTF-8") from error
    sections = dict(_sections(csv.reader(lines, delimiter=";")))
    for name in ("META", "PROJECTS", "VOTES"):
        if name not in sections:
            raise PabulibError(f"{path}: section {name} is missing")
    meta = {row[0]: row[1] for row in sections["META"][1:] if len(row) > 1}
    for name in ("budget", "vote_type"):
        if name not in meta:
            raise PabulibError(f"{path}: META has no {name}")
    if meta["vote_type"] not in ("approval", "choose-1"):
        raise PabulibError(
            f"{path}: vote_type {meta['vote_type']}: only approval and choose-1 run yet"
        )
    projects = tuple(
        Project(
            row["project_id"],
            row.get("name", row["project_id"]),
            _whole(row["cost"], f"cost of {row['project_id']}"),
            None if row.get("selected", "") == "" else row["selected"] != "0",
        )
        for row in _table(sections["PROJECTS"], path)
    )
    votes = tuple(
        tuple(chosen for chosen in row["vote"].split(",") if chosen)
        for row in _table(sections["VOTES"], path)
    )
    election = Election(meta, projects, votes)
    _check(election, path)
    return election


def _check(election: Election, path: Path) -> None:
    known = {project.project_id for project in election.projects}
    if len(known) != len(election.projects):
        raise PabulibError(f"{path}: a project id occurs twice")
    least, most = election.selections
    for number, vote in enumerate(election.votes, start=1):
        if not set(vote) <= known or len(set(vote)) != len(vote):
            raise PabulibError(f"{path}: vote {number} names an unknown project, or one twice")
        if not least <= len(vote) <= most:
            raise PabulibError(
                f"{path}: vote {number} has {len(vote)} projects, not {least} to {most}"
            )


def _sections(rows: Iterable[list[str]]) -> Iterator[tuple[str, list[list[str]]]]:
    name, content = "", list[list[str]]()
    for row in rows:
        if len(row) == 1 and row[0].strip() in ("META", "PROJECTS", "VOTES"):
            if name:
                yield name, content
            name, content = row[0].strip(), []
        elif row:
            content.append(row)
    if name:
        yield name, content


def _table(rows: list[list[str]], path: Path) -> Iterator[dict[str, str]]:
    if not rows:
        raise PabulibError(f"{path}: a section is empty")
    header = [name.strip() for name in rows[0]]
    for row in rows[1:]:
        yield dict(zip(header, (cell.strip() for cell in row), strict=False))


def _whole(text: str, field: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PabulibError(f"{field}: {text!r} is no whole number") from None
