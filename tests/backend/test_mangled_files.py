"""Files that were mangled on their way: read, or refused by the reader, with file and reason.

What is read, the plain count counts as Ostraka does. `OSTRAKA_MANGLED` sets how often each file is
mangled; `OSTRAKA_PB_DIR` adds a folder of files.
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ostraka.demo.file_ballots import check_readings, file_ballots
from ostraka.demo.plain_count import plain_count
from ostraka.formats.election import FileError
from ostraka.formats.reading import read_election
from ostraka.planning.account_file import WrongLines, read_accounts
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import read_specification

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
EXAMPLES = ROOT / "docs" / "examples"
TIMES = int(os.environ.get("OSTRAKA_MANGLED", "60"))
FOLDERS = [ROOT / "data", CASES, *map(Path, filter(None, [os.environ.get("OSTRAKA_PB_DIR")]))]
ELECTIONS = sorted(
    path
    for folder in FOLDERS
    for path in folder.rglob("*")
    if path.suffix[1:3] in ("pb", "so", "ca")
)
MOST_LINES = 120
"""Of a file that is mangled: what votes say is the same in all of them."""
ODD = ('"', ";", ",", " ", "\0", "\u2028", "\ufeff", "\r", "\n", "{", "}", ":", "#", "-", "1e9")
ODD += ("9" * 40, "٣", "\u202e", "'", "[", "]", "=", "nan", "2027-13-45", "0x", "é", "\ud7ff", "½")


def mangled(random: Random, lines: list[str]) -> bytes:
    """One to three changes to the lines of a file, in text or in bytes."""
    lines = list(lines)
    for _ in range(random.randint(1, 3)):
        change, at = random.randrange(9), random.randrange(len(lines))
        cells = lines[at].split(";")
        if change == 0:
            lines.insert(at, lines[random.randrange(len(lines))])
        elif change == 1 and len(lines) > 1:
            del lines[at]
        elif change == 2:
            place = random.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + random.choice(ODD) + lines[at][place:]
        elif change == 3:
            lines[at] = random.choice((str.upper, str.lower, str.title, str.strip))(lines[at])
        elif change == 4:
            del cells[random.randrange(len(cells))]
            lines[at] = ";".join(cells)
        elif change == 5:
            cells[random.randrange(len(cells))] = random.choice(ODD)
            lines[at] = ";".join(cells)
        elif change == 6:
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif change == 7 and lines[at]:
            place = random.randrange(len(lines[at]))
            lines[at] = lines[at][:place] + lines[at][place + 1 :]
        else:
            lines[at] = lines[at] + random.choice(ODD)
    data = bytearray("\n".join(lines).encode())
    if random.random() < 0.1 and data:
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def shortened(path: Path) -> list[str]:
    """A file's first lines, with the number of votes that are left."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if len(lines) <= MOST_LINES or path.suffix != ".pb":
        return lines
    lines = lines[: max(MOST_LINES, lines.index("VOTES") + 20)]
    votes = len(lines) - lines.index("VOTES") - 2
    return [f"num_votes;{votes}" if one.startswith("num_votes;") else one for one in lines]


@pytest.mark.parametrize("path", ELECTIONS, ids=lambda path: path.name)
def test_mangled_elections_are_read_or_refused(tmp_path: Path, path: Path) -> None:
    lines, read = shortened(path), 0
    for number in range(TIMES):
        random = Random(f"{path.name} {number}")
        file = tmp_path / f"file{path.suffix}"
        file.write_bytes(mangled(random, lines))
        try:
            election = read_election(file, greedy=path.suffix == ".pb" and random.random() < 0.5)
        except FileError as error:
            assert_plain(str(error), file)
            continue
        read += 1
        voters = len(election.votes)
        check_readings(file, election, file_ballots(election, voters), plain_count(file, voters))
    assert read or path.parent == CASES


@pytest.mark.parametrize("path", sorted(CASES.glob("*.csv")), ids=lambda path: path.name)
def test_mangled_accounts_are_read_or_refused(tmp_path: Path, path: Path) -> None:
    lines = path.read_text().split("\n")
    refused_or_read(tmp_path / "file.csv", lines, read_accounts)


@pytest.mark.parametrize(
    "path", sorted([*CASES.glob("*.toml"), *EXAMPLES.glob("*.toml")]), ids=lambda path: path.name
)
def test_mangled_specifications_are_read_or_refused(tmp_path: Path, path: Path) -> None:
    for csv in (*CASES.glob("*.csv"), *EXAMPLES.glob("*.csv")):
        (tmp_path / csv.name).write_bytes(csv.read_bytes())
    text = path.read_text(encoding="utf-8-sig")
    kind = RoundSpecification if "proposals_close_at" in text else PollSpecification
    refused_or_read(
        tmp_path / "file.toml",
        text.split("\n"),
        lambda file: read_specification(file, kind, 1_800_000_000),
    )


def refused_or_read(file: Path, lines: list[str], read: Callable[[Path], object]) -> None:
    for number in range(TIMES):
        file.write_bytes(mangled(Random(f"{lines} {number}"), lines))
        try:
            read(file)
        except WrongLines as error:
            for problem in error.problems:
                assert_plain(problem, file)


def assert_plain(problem: str, file: Path) -> None:
    """Begins with its file, and has none of the words of our tools."""
    assert problem.startswith(str(file.parent)), problem
    for term in ("Error", "Errno", "codec", "Traceback", "sequence", "<class", "pydantic", "None"):
        assert term not in problem.removeprefix(str(file)), problem
