"""Accounts in a CSV file: who may propose or vote.

The header names the columns: `account`, and if wanted `weight` and `signing_key`.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ostraka.wire.addresses import read_address
from ostraka.wire.records import to_hex

COLUMNS = ("account", "weight", "signing_key")
_MAX_WEIGHT = 1 << 64


class WrongLines(ValueError):
    """What is wrong with files, all of it; each problem begins with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_accounts(path: Path) -> list[dict[str, Any]]:
    """Entries with `account`, `weight` and, where it is another one, `signing_key`.

    Raises:
        WrongLines: Names every line that is wrong.
        OSError: The file cannot be read.
    """
    problems: list[str] = []
    entries: list[dict[str, Any]] = []
    lines: dict[str, int] = {}
    try:
        for number, row in _rows(path):
            entry = _entry(row, number, problems)
            if entry is None:
                continue
            first = lines.setdefault(entry["account"], number)
            if first != number:
                problems.append(
                    f"line {number}: account: {entry['account']} is on line {first} already"
                )
            entries.append(entry)
    except UnicodeDecodeError:
        problems.append("not UTF-8")
    except csv.Error as error:
        problems.append(str(error))
    if problems:
        raise WrongLines([f"{path}: {problem}" for problem in problems])
    return entries


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines below the header with their numbers, blank ones left out."""
    # Spreadsheets begin with a byte order mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        header = [name.strip().lower() for name in next(reader, [])]
        unknown = [name for name in header if name not in COLUMNS]
        if unknown or "account" not in header or len(set(header)) != len(header):
            columns = ", ".join(COLUMNS)
            problem = f"{path}: line 1: the header must name columns out of {columns}"
            raise WrongLines([problem])
        for row in reader:
            values = [value.strip() for value in row]
            if not any(values):
                continue
            if len(values) > len(header):
                # Under a name that no column has.
                yield reader.line_num, {"": "more values than columns"}
            else:
                yield reader.line_num, dict(zip(header, values, strict=False))


def _entry(row: dict[str, str], number: int, problems: list[str]) -> dict[str, Any] | None:
    before = len(problems)
    if "" in row:
        problems.append(f"line {number}: {row['']}")
        return None
    entry: dict[str, Any] = {"weight": 1}
    for name in ("account", "signing_key"):
        text = row.get(name, "")
        if not text and name == "signing_key":
            continue
        try:
            entry[name] = to_hex(read_address(text))
        except ValueError as error:
            problems.append(f"line {number}: {name}: {error}: {text[:60]!r}")
    weight = row.get("weight", "") or "1"
    if not (
        weight.isascii()
        and weight.isdigit()
        and len(weight) < 30
        and 1 <= int(weight) < _MAX_WEIGHT
    ):
        problems.append(f"line {number}: weight: expected a whole number from 1: {weight[:60]!r}")
    else:
        entry["weight"] = int(weight)
    return entry if len(problems) == before else None
