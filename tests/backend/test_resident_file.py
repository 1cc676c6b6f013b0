"""Residents in spreadsheets, as programs of several countries write them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from ostraka.planning.account_file import WrongLines
from ostraka.planning.resident_file import Resident, read_mapping, read_residents, repeated

MAPPING = read_mapping(["name=imię", "name=Nazwisko", "address=Ulica", "address=Miasto"])
HEAD = ("Imię", "Nazwisko", "Ulica", "Miasto", "weight")
ROWS = [
    ("Łucja", "Żółw", 'ul. "Długa" 5; m. 2', "Łódź", "2"),
    ("", "Nowak, syn", "Aleja\n1", "Łódź", "1"),
]
RESIDENTS = [
    Resident(2, "Łucja Żółw", 'ul. "Długa" 5; m. 2\nŁódź', 2),
    Resident(3, "Nowak, syn", "Aleja\n1\nŁódź", 1),
]


def sheet(rows: Sequence[Sequence[str]], separator: str, end: str) -> str:
    quoted = [['"' + one.replace('"', '""') + '"' for one in row] for row in rows]
    return "".join(separator.join(row) + end for row in quoted)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
def test_text_files_of_any_spreadsheet_program(
    tmp_path: Path, separator: str, end: str, encoding: str
) -> None:
    path = tmp_path / "residents.csv"
    path.write_bytes(sheet([HEAD, *ROWS], separator, end).encode(encoding))
    stated = encoding if encoding == "cp1250" else "utf-8"
    assert read_residents(path, MAPPING, stated) == RESIDENTS


def test_workbooks(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(HEAD)
    page.append((*ROWS[0][:4], 2))
    page.append((None, *ROWS[1][1:4], 1.0))
    page.append((None, None, None, None, None))
    path = tmp_path / "residents.xlsx"
    book.save(path)
    assert read_residents(path, MAPPING) == RESIDENTS


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("name,weight\nAnn,0\n,1\nBen,2,3\n", ["line 2: weight", "line 3: name", "line 4: more"]),
        ("Name;Vorname\nx;y\n", []),
        ("Resident;Street\nx;y\n", ["line 1: no column 'name'; state it as name=COLUMN"]),
        ("Resident|Street\nx|y\n", ["are commas, semicolons or tabs between the columns?"]),
        ('name\n"Ann\n', ["line 2: quotes that begin here do not end"]),
        ("name,name\nAnn,Ben\n", ["line 1: column 'name' occurs twice"]),
        ("name\n", ["names no residents"]),
        ("", ["names no residents"]),
        ("PK\x03\x04", ["not a readable XLSX file"]),
    ],
)
def test_each_invalid_line_is_named(tmp_path: Path, content: str, problems: list[str]) -> None:
    path = tmp_path / "residents.csv"
    path.write_bytes(content.encode())
    if not problems:
        assert read_residents(path)
        return
    with pytest.raises(WrongLines) as raised:
        read_residents(path)
    assert len(raised.value.problems) == len(problems)
    for said, expected in zip(raised.value.problems, problems, strict=True):
        assert expected in said
        assert said.startswith(f"{path}: ")


def test_a_mapping_names_columns_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "residents.csv"
    path.write_text("Resident,Street\nAnn,Main\n")
    with pytest.raises(WrongLines, match="no column 'Town'; the columns are 'Resident', 'Street'"):
        read_residents(path, read_mapping(["name=Resident", "address=Town"]))
    for wrong in ("name", "name=", "phone=Phone"):
        with pytest.raises(ValueError, match=r"expected FIELD|no such field"):
            read_mapping([wrong])
    path.write_bytes("name\nŁucja\n".encode("cp1250"))
    with pytest.raises(WrongLines, match="not UTF-8; save it as 'CSV UTF-8' or as XLSX"):
        read_residents(path)
    with pytest.raises(WrongLines, match="unknown encoding 'latin-ost'"):
        read_residents(path, encoding="latin-ost")


def test_people_who_occur_twice_are_reported() -> None:
    one, other = Resident(2, "Ann", "Main", None), Resident(3, "Ben", "Main", None)
    again = Resident(4, "ANN", "Main", 1)
    assert repeated([one, other, again]) == [(one, again)]
