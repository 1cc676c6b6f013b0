"""Read CSV files of accounts or invitations that may propose or vote.

The header names the columns: `account`, and optionally `weight` and `signing_key`, separated by
commas. Every line has a value in every column; only `signing_key` may be blank, if the account
signs for itself. A list of invitations has `address` instead of `account` and `signing_key`.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ostraka.wire.addresses import canonical_address
from ostraka.wire.wording import did_you_mean

COLUMNS = ("account", "weight", "signing_key")
INVITATION_COLUMNS = ("address", "weight")
_BLANK = frozenset({"signing_key"})
"""Columns in which a line may be blank."""
_MAX_WEIGHT = 1 << 64
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_SHOWN = 60


class WrongLines(ValueError):
    """All problems of a file; each text begins with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_accounts(path: Path) -> list[dict[str, Any]]:
    """Return entries with `account`, `weight` and, if it is another address, `signing_key`.

    Raises:
        WrongLines: Lines are invalid; names each of them.
        OSError: The file cannot be read.
    """
    return _read(path, COLUMNS)


def read_invitations(path: Path) -> list[dict[str, Any]]:
    """Return entries with `address` and `weight`, as `ostraka invite` lists them.

    Raises:
        WrongLines, OSError: As `read_accounts`.
    """
    return _read(path, INVITATION_COLUMNS)


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    problems: list[str] = []
    entries: list[dict[str, Any]] = []
    lines: dict[str, int] = {}
    try:
        # Spreadsheet programs write a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WrongLines([f"{path}: not UTF-8"]) from None
    name = columns[0]
    for number, row in _rows(text, columns, problems):
        entry = _entry(row, columns, number, problems)
        if entry is None:
            continue
        first = lines.setdefault(entry[name], number)
        if first != number:
            problems.append(f"line {number}: {name}: {entry[name]} is on line {first} already")
        entries.append(entry)
    if not problems and not entries:
        problems.append(f"names no {name}")
    if problems:
        raise WrongLines([f"{path}: {problem}" for problem in problems])
    return entries


def _records(text: str, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the lines at which they begin; skip blank ones."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            problems.append(f"line {number}: quotes that begin here do not end")
            return
        if row is None:
            return
        values = [value.strip() for value in row]
        if any(values):
            yield number, values
        number = reader.line_num + 1


def _rows(
    text: str, columns: tuple[str, ...], problems: list[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield lines below the header with their numbers; only the columns that a line has."""
    records = _records(text, problems)
    line, written = next(records, (1, []))
    header = [name.lower() for name in written]
    problem = _header_problem(header, columns)
    if problem:
        if not problems:
            problems.append(f"line {line}: {problem}")
        return
    for number, values in records:
        if len(values) > len(header):
            # The empty name belongs to no column.
            yield number, {"": "more values than columns"}
        else:
            # A line that is too short counts as blank at its end.
            padded = values + [""] * (len(header) - len(values))
            yield number, dict(zip(header, padded, strict=True))


def _header_problem(header: list[str], columns: tuple[str, ...]) -> str:
    for separator, name in _SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            return f"{name} separate the columns; use commas"
    for place, name in enumerate(header):
        if name in header[:place]:
            return f"column {name!r} occurs twice"
    hints = [(name, did_you_mean(name, columns)) for name in header if name not in columns]
    for name, hint in hints:
        if hint:
            return f"column {name[:_SHOWN]}: unknown{hint}"
    if hints or columns[0] not in header:
        return f"the header must name columns; possible are {', '.join(columns)}"
    return ""


def _entry(
    row: dict[str, str], columns: tuple[str, ...], number: int, problems: list[str]
) -> dict[str, Any] | None:
    before = len(problems)
    if "" in row:
        problems.append(f"line {number}: {row['']}")
        return None
    entry: dict[str, Any] = {"weight": 1}
    for name in columns:
        text = row.get(name, "")
        if name == "weight" or (not text and name in _BLANK):
            continue
        try:
            entry[name] = canonical_address(text)
        except ValueError as error:
            problems.append(f"line {number}: {name}: {error}: {text[:_SHOWN]!r}")
    if "weight" in row:
        weight = _weight(row["weight"])
        if weight is None:
            reason = (
                f"expected a whole number from 1: {row['weight'][:_SHOWN]!r}"
                if row["weight"]
                else "blank, although the file has a column of weights"
            )
            problems.append(f"line {number}: weight: {reason}")
        else:
            entry["weight"] = weight
    return entry if len(problems) == before else None


def _weight(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 30):
        return None
    return int(text) if 1 <= int(text) < _MAX_WEIGHT else None
