"""What organizers write: TOML, CSV, dates, durations; everything that is wrong is said at once."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.cli.output import when
from ostraka.cli.templates import POLL, ROUND
from ostraka.planning.account_file import WrongLines, read_accounts
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import duration_s, read_specification
from ostraka.wire.addresses import read_address

NOW = 1_800_000_000
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ACCOUNT = "0x" + "ab" * 20
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # of EIP-55


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def problems_of(path: Path) -> list[str]:
    with pytest.raises(WrongLines) as raised:
        read_accounts(path)
    return [problem.removeprefix(f"{path}: ") for problem in raised.value.problems]


def test_accounts(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    text = f"\ufeffAccount, weight,signing_key\n{ACCOUNT},1,\n\n {MIXED} ,7,{ACCOUNT}\n"
    path.write_text(text, encoding="utf-8")
    assert read_accounts(path) == [
        {"account": ACCOUNT, "weight": 1},
        {"account": MIXED.lower(), "weight": 7, "signing_key": ACCOUNT},
    ]
    assert read_accounts(write(path, f"account\n{ACCOUNT}\n")) == [
        {"account": ACCOUNT, "weight": 1}
    ]


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    rows = [
        "account,weight,signing_key",
        f"{ACCOUNT},1,",
        "0x12,1,",
        f"{MIXED.replace('B', 'b')},0,0x",
        f"{ACCOUNT.upper().replace('X', 'x')},1,",
        f"{MIXED},1,{ACCOUNT},more",
        f"{MIXED},1.5,",
        f"{MIXED},18446744073709551616,",
        f"{MIXED},,",
        MIXED,
        f"0x{'0' * 40},1,",
    ]
    found = problems_of(write(path, "\n".join(rows)))
    assert [re.sub(": '.*'$| is on line 2 already|: more values.*", "", one) for one in found] == [
        "line 3: account: expected 0x and 40 hexadecimal digits",
        "line 4: account: mistyped: its capitals do not fit its digits",
        "line 4: signing_key: expected 0x and 40 hexadecimal digits",
        "line 4: weight: expected a whole number from 1",
        f"line 5: account: {ACCOUNT}",
        "line 6",
        "line 7: weight: expected a whole number from 1",
        "line 8: weight: expected a whole number from 1",
        "line 9: weight: blank, although there is a column of weights",
        "line 10: weight: blank, although there is a column of weights",
        "line 11: account: the zero address belongs to nobody",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the header must name columns out of account, weight, signing_key"),
        ("name,weight\n", "the header must name columns out of account, weight, signing_key"),
        ("weight\n1\n", "the header must name columns out of account, weight, signing_key"),
        (f"{ACCOUNT},1\n", "the header must name columns out of account, weight, signing_key"),
        ("account,account\n", "column 'account' stands there twice"),
        ("account,wieght\n", "column wieght: unknown; did you mean weight"),
        ("account,signing key\n", "column signing key: unknown; did you mean signing_key"),
        ("account\tweight\n", "tabs part the columns: commas must"),
    ],
)
def test_a_header_is_needed(tmp_path: Path, text: str, said: str) -> None:
    assert problems_of(write(tmp_path / "members.csv", text)) == [f"line 1: {said}"]


def test_accounts_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(b"account\n\xff\xfe\n")
    assert problems_of(path) == ["not UTF-8"]
    assert problems_of(write(path, f'account\n{ACCOUNT}\n"0x12\n')) == [
        "line 3: quotes that begin here do not end"
    ]
    assert problems_of(write(path, "account\n")) == ["names no account"]


def test_capitals_of_addresses() -> None:
    assert read_address(MIXED).hex() == MIXED[2:].lower()
    assert read_address("0x" + "AB" * 20) == bytes([0xAB] * 20)
    with pytest.raises(ValueError, match="mistyped"):
        read_address(MIXED[:-1] + "D")


@pytest.mark.parametrize(
    ("text", "seconds"), [("3d", 259_200), ("2h30m", 9000), ("1w", 604_800), ("45s", 45)]
)
def test_durations(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "-3d", "3d ", "1y", "1.5h", "٣d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration_s(text)


def poll(tmp_path: Path, *lines: str, voters: str = 'kind = "list"') -> Any:
    question = '{kind = "single_choice", title = "T", options = ["A", "B"]}'
    head = ['title = "T"', f"questions = [{question}]", *lines]
    tail = ["[voters]", voters]
    path = write(tmp_path / "poll.toml", "\n".join(head + tail))
    return read_specification(path, PollSpecification, NOW)


def test_times(tmp_path: Path) -> None:
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


def test_accounts_of_a_file_beside(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", f"account\n{ACCOUNT}\n")
    content = poll(tmp_path, 'closes_at = "+1d"', voters='accounts_file = "people.csv"')
    assert content["voters"] == {"kind": "list", "accounts": [{"account": ACCOUNT, "weight": 1}]}


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
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


def test_a_file_of_accounts_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WrongLines, match=r"voters\.accounts_file: .*No such file"):
        poll(tmp_path, 'closes_at = "+1d"', voters='accounts_file = "nobody.csv"')
    with pytest.raises(WrongLines, match="in the place of accounts"):
        poll(tmp_path, 'closes_at = "+1d"', voters='accounts_file = "a.csv"\naccounts = []')
    with pytest.raises(WrongLines, match=r"not TOML: .*line 1"):
        read_specification(write(tmp_path / "x.toml", "= 1"), PollSpecification, NOW)


def test_a_file_of_the_web_client(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("text", "kind"),
    [(ROUND, RoundSpecification), (POLL, PollSpecification)],
    ids=["round", "poll"],
)
def test_templates(tmp_path: Path, text: str, kind: Any) -> None:
    write(tmp_path / "members.csv", f"account\n{ACCOUNT}\n")
    content = read_specification(write(tmp_path / "file.toml", text), kind, NOW)
    # What a template leaves out stands there as a comment: nothing that can be said is unknown.
    said = set(content) | {
        line[2:].split(" =")[0] for line in text.splitlines() if line.startswith("# ")
    }
    said |= {"voters"} if "# [voters]" in text else set()
    assert said >= set(kind.model_fields)
    defaults = kind.model_validate({**content, "times": {}})
    assert kind.model_validate(content).times == defaults.times


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    is_round = "proposals_close_at" in tomllib.loads(path.read_text())
    kind: Any = RoundSpecification if is_round else PollSpecification
    assert read_specification(path, kind, NOW)["title"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minimum_amount": 601}, "minimum_amount: 601, more than maximum_amount of 600"),
        ({"maximum_amount": 0}, "minimum_amount: 1, more than maximum_amount of 0"),
        ({"maximum_amount": 1001}, "maximum_amount: 1001, more than the budget of 1000"),
        (
            {"minimum_amount": 1001, "maximum_amount": None},
            "minimum_amount: 1001, more than the budget of 1000",
        ),
        ({"minimum_ballots": 0}, "minimum_ballots: expected at least 1"),
    ],
)
def test_rounds_that_the_treasury_refuses(
    tmp_path: Path, changes: dict[str, int | None], said: str
) -> None:
    """Said by the file's check already, by the name of the line that is wrong."""
    (tmp_path / "members.csv").write_text(f"account\n{ACCOUNT}\n")
    lines = ROUND.splitlines()
    for name, value in changes.items():
        (place,) = [place for place, line in enumerate(lines) if line.startswith(f"{name} =")]
        lines[place] = "" if value is None else f"{name} = {value}"
    path = write(tmp_path / "round.toml", "\n".join(lines))
    done = CliRunner().invoke(app, ["round", "check", str(path)])
    assert done.exit_code != 0
    assert said in done.stderr.replace("\n", " ")


def test_times_end_with_the_calendar(tmp_path: Path) -> None:
    last = 253_402_300_799
    content = poll(tmp_path, f"closes_at = {last}")
    assert when(PollSpecification.model_validate(content).closes_at) == "9999-12-31 23:59:59 UTC"
    with pytest.raises(WrongLines, match="closes_at: expected less than 253402300800"):
        poll(tmp_path, f"closes_at = {last + 1}")
