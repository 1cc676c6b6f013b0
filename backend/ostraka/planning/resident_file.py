"""Read residents from a spreadsheet: CSV as programs write it, or XLSX.

A mapping says which columns hold a resident's name, address and weight. What is read here stays on
the organizer's machine: gateways get the addresses of invitations only.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ostraka.planning.account_file import WrongLines

FIELDS = ("name", "address", "weight")
MAX_RESIDENTS = 100_000
_SEPARATORS = ",;\t"
_MAX_WEIGHT = 1 << 64
_SHOWN = 60
_ZIP_MAGIC = b"PK\x03\x04"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Resident:
    """A person to invite.

    Attributes:
        line: Line or row of the file, from 1.
        name: Not blank.
        address: Lines separated by line feeds; "" without one.
        weight: At least 1; None if the file has no column of weights.
    """

    line: int
    name: str
    address: str
    weight: int | None


def read_mapping(options: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns of each field, from options such as `name=First name`.

    A field that is named several times joins its columns in this order.

    Raises:
        ValueError: An option is invalid; the message names it.
    """
    columns: dict[str, list[str]] = {}
    for option in options:
        field, separator, column = option.partition("=")
        if not separator or not column.strip():
            raise ValueError(f"{option!r}: expected FIELD=COLUMN, such as name=Resident")
        if field not in FIELDS:
            raise ValueError(f"{field!r}: no such field; possible are {', '.join(FIELDS)}")
        columns.setdefault(field, []).append(column.strip())
    return columns


def read_residents(
    path: Path, mapping: Mapping[str, Sequence[str]] | None = None, encoding: str = "utf-8"
) -> list[Resident]:
    """Return the residents of a spreadsheet in its order.

    Args:
        path: XLSX, of which the first sheet counts, or CSV separated by commas, semicolons or tabs.
        mapping: Columns of each field by their titles; case does not matter. A field that is not
            mapped has the column of its own name, if there is one.
        encoding: Of a CSV file without a byte order mark.

    Raises:
        WrongLines: The file or some of its lines are invalid; names each line.
        OSError: The file cannot be read.
    """
    problems: list[str] = []
    rows = _rows(path, encoding, problems)
    residents = list(_residents(rows, mapping or {}, problems))
    if not problems and not residents:
        problems.append("names no residents")
    if len(residents) > MAX_RESIDENTS:
        problems.append(f"more than {MAX_RESIDENTS} residents")
    if problems:
        raise WrongLines([f"{path}: {problem}" for problem in problems])
    return residents


def repeated(residents: Iterable[Resident]) -> list[tuple[Resident, Resident]]:
    """Return residents with the name and address of an earlier one, each with that one first."""
    seen: dict[tuple[str, str], Resident] = {}
    found = []
    for one in residents:
        first = seen.setdefault((one.name.casefold(), one.address.casefold()), one)
        if first is not one:
            found.append((first, one))
    return found


def _rows(path: Path, encoding: str, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    data = path.read_bytes()
    if data.startswith(_ZIP_MAGIC):
        return _sheet_rows(data, problems)
    if data.startswith(_UTF_16_MARKS):
        encoding = "utf-16"
    elif encoding.replace("_", "-").lower() in ("utf-8", "utf8"):
        # Spreadsheet programs write a byte order mark.
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except LookupError:
        problems.append(f"unknown encoding {encoding[:_SHOWN]!r}")
        return iter(())
    except UnicodeDecodeError:
        problems.append(
            f"not {encoding.removesuffix('-sig').upper()}; save it as 'CSV UTF-8' or as XLSX, or "
            "name its encoding"
        )
        return iter(())
    return _text_rows(text, problems)


def _text_rows(text: str, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of CSV with the lines at which they begin; skip blank ones."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
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


def _separator(text: str) -> str:
    """Return the separator that gives the first row the most columns."""
    columns = {}
    for separator in _SEPARATORS:
        try:
            row = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        except csv.Error:
            row = []
        columns[separator] = len(row)
    return max(_SEPARATORS, key=lambda one: columns[one])


def _sheet_rows(data: bytes, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of the first sheet of an XLSX file with their numbers; skip blank ones."""
    # Only this command needs it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = list(sheet.iter_rows(values_only=True))
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        IndexError,
        ValueError,
        OSError,
    ) as error:
        problems.append(f"not a readable XLSX file: {error}"[:200])
        return
    for number, row in enumerate(rows, 1):
        values = [_cell(value) for value in row]
        if any(values):
            yield number, values


def _cell(value: Any) -> str:
    if value is None:
        return ""
    # Spreadsheets store whole numbers as fractions.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _residents(
    rows: Iterator[tuple[int, list[str]]],
    mapping: Mapping[str, Sequence[str]],
    problems: list[str],
) -> Iterator[Resident]:
    head = next(rows, None)
    if head is None:
        return
    line, header = head
    places = _places(header, mapping, problems, line)
    if places is None:
        return
    for number, values in rows:
        if len(values) > len(header) and any(values[len(header) :]):
            problems.append(f"line {number}: more values than columns")
            continue
        padded = values + [""] * (len(header) - len(values))
        found = {name: [padded[at] for at in columns] for name, columns in places.items()}
        name = " ".join(filter(None, found["name"]))
        address = "\n".join(filter(None, found.get("address", [])))
        weight = _weight(found["weight"][0]) if "weight" in found else None
        before = len(problems)
        if not name:
            problems.append(f"line {number}: name: blank")
        if "weight" in found and weight is None:
            text = found["weight"][0][:_SHOWN]
            problems.append(f"line {number}: weight: expected a whole number from 1: {text!r}")
        if len(problems) == before:
            yield Resident(number, name, address, weight)


def _places(
    header: list[str], mapping: Mapping[str, Sequence[str]], problems: list[str], line: int
) -> dict[str, list[int]] | None:
    """Return the places of each field's columns; None with a problem."""
    titles = [title.casefold() for title in header]
    places: dict[str, list[int]] = {}
    missing = []
    for field in FIELDS:
        wanted = mapping.get(field) or ([field] if field in titles else [])
        for column in wanted:
            count = titles.count(column.casefold())
            if count == 1:
                places.setdefault(field, []).append(titles.index(column.casefold()))
            elif count:
                problems.append(f"line {line}: column {column[:_SHOWN]!r} occurs twice")
            else:
                missing.append(column)
    listed = ", ".join(repr(title[:_SHOWN]) for title in header)
    if missing:
        names = ", ".join(repr(one[:_SHOWN]) for one in missing)
        problems.append(f"line {line}: no column {names}; the columns are {listed}")
    elif "name" not in places and not problems:
        hint = ""
        if len(header) == 1:
            hint = "; are commas, semicolons or tabs between the columns?"
        problems.append(
            f"line {line}: no column 'name'; state it as name=COLUMN. The columns are "
            f"{listed}{hint}"
        )
    if len(places.get("weight", [])) > 1:
        problems.append("weight: one column only")
    return None if problems else places


def _weight(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 30):
        return None
    return int(text) if 1 <= int(text) < _MAX_WEIGHT else None
