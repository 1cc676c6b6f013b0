"""Specifications that organizers write, in TOML or JSON: all that is wrong is reported at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostraka.cli.output import when
from ostraka.planning.account_file import WrongLines
from ostraka.planning.specification import PollSpecification
from ostraka.planning.specification_file import duration_s, read_specification

NOW = 1_800_000_000
ACCOUNT = "0x" + "ab" * 20


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "seconds"), [("3d", 259_200), ("2h30m", 9000), ("1w", 604_800), ("45s", 45)]
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "-3d", "3d ", "1y", "1.5h", "٣d"])
def test_invalid_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration_s(text)


def poll(tmp_path: Path, *lines: str, voters: str = 'kind = "list"') -> Any:
    question = '{kind = "single_choice", title = "T", options = ["A", "B"]}'
    head = ['title = "T"', f"questions = [{question}]", *lines]
    tail = ["[voters]", voters]
    path = write(tmp_path / "poll.toml", "\n".join(head + tail))
    return read_specification(path, PollSpecification, NOW)


def test_times_are_read(tmp_path: Path) -> None:
    content = poll(
        tmp_path,
        'registration_closes_at = "+1h30m"',
        "opens_at = 2027-01-15T09:00:00+01:00",
        'closes_at = "2027-01-15T10:00:00+01:00"',
        "times = {dispute_window = '2d', max_rounds = 7, freeze_delay = 9}",
    )
    assert content["registration_closes_at"] == NOW + 5400
    assert content["opens_at"] == 1_800_000_000
    assert PollSpecification.model_validate(content).closes_at == 1_800_003_600
    assert content["times"] == {"dispute_window": 172_800, "max_rounds": 7, "freeze_delay": 9}


def test_accounts_are_read_from_a_file_next_to_it(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", f"account\n{ACCOUNT}\n")
    content = poll(tmp_path, 'closes_at = "+1d"', voters='accounts_file = "people.csv"')
    assert content["voters"] == {"kind": "list", "accounts": [{"account": ACCOUNT, "weight": 1}]}


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", "account\n0x12\n0x34\n")
    with pytest.raises(WrongLines) as raised:
        poll(
            tmp_path,
            "opens_at = 2027-01-15T09:00:00",
            'closes_at = "+1 day"',
            "colour = 1",
            'times = {freeze_delay = "soon"}',
            voters='accounts_file = "people.csv"',
        )
    found = [problem.replace(f"{tmp_path}/", "") for problem in raised.value.problems]
    assert found == [
        "people.csv: line 2: account: expected 0x and 40 hexadecimal digits: '0x12'",
        "people.csv: line 3: account: expected 0x and 40 hexadecimal digits: '0x34'",
        "poll.toml: opens_at: a time needs a date, an hour and a zone: 2026-12-01T08:00:00+01:00",
        "poll.toml: closes_at: expected a duration such as 3d or 2h30m",
        "poll.toml: times.freeze_delay: expected a duration such as 3d or 2h30m",
        "poll.toml: colour: unknown",
    ]


def test_a_missing_file_of_accounts_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongLines, match=r"voters\.accounts_file: .*No such file"):
        poll(tmp_path, 'closes_at = "+1d"', voters='accounts_file = "nobody.csv"')
    with pytest.raises(WrongLines, match="instead of accounts"):
        poll(tmp_path, 'closes_at = "+1d"', voters='accounts_file = "a.csv"\naccounts = []')
    with pytest.raises(WrongLines, match=r"not TOML: .*line 1"):
        read_specification(write(tmp_path / "x.toml", "= 1"), PollSpecification, NOW)


def test_a_file_of_the_web_client_is_read(tmp_path: Path) -> None:
    content = {
        "title": "T",
        "questions": [{"kind": "single_choice", "title": "T", "options": ["A", "B"]}],
        "closes_at": NOW + 60,
        "voters": {"kind": "list", "accounts": [{"account": ACCOUNT, "weight": "2"}]},
    }
    path = write(tmp_path / "poll.json", json.dumps(content))
    assert read_specification(path, PollSpecification, NOW) == content
    with pytest.raises(WrongLines, match=r"not JSON: .*line 1"):
        read_specification(write(path, "title = 1"), PollSpecification, NOW)
    for text, said in (
        ('{"title": "A", "title": "B"}', "a member occurs twice"),
        ('{"title": NaN}', "NaN"),
        ("[" * 100_000, "nested more than"),
    ):
        with pytest.raises(WrongLines, match=said):
            read_specification(write(path, text), PollSpecification, NOW)
    for text, said in (
        ("a = " + "9" * 5000, "a number has too many digits"),
        ("a = " + "[" * 100_000, "nested too deeply"),
    ):
        with pytest.raises(WrongLines, match=said):
            read_specification(write(tmp_path / "x.toml", text), PollSpecification, NOW)
    with pytest.raises(WrongLines, match="not an object"):
        read_specification(write(path, "[]"), PollSpecification, NOW)


def test_times_end_with_the_calendar(tmp_path: Path) -> None:
    last = 253_402_300_799
    content = poll(tmp_path, f"closes_at = {last}")
    assert when(PollSpecification.model_validate(content).closes_at) == "9999-12-31 23:59:59 UTC"
    with pytest.raises(WrongLines, match="closes_at: expected less than 253402300800"):
        poll(tmp_path, f"closes_at = {last + 1}")
