"""Small hand-made inputs, each of which was once misread, with the right answers.

Elections' files are in tests/cases; those of accounts and specifications as well.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.demo.plain_count import plain_count
from ostraka.formats.election import FileError
from ostraka.formats.reading import read_election
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.polls import Polls
from ostraka.gateway.rounds import Rounds
from ostraka.planning.account_file import WrongLines, read_accounts
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import read_specification
from ostraka.wire.problems import Problem
from tests.support.elections import tally_of

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("name", "tally", "left_out"),
    [
        ("short-vote-row.pb", [4, 3, 1, 0], []),
        ("vote-trailing-comma.pb", [4, 3, 2, 1], []),
        ("selected-2.pb", [4, 3, 2, 1], []),
        ("ordinal-short-ballots.pb", [15, 9, 6], []),
        ("hash-without-space.soc", [8, 6, 4], []),
        ("heads-lower-case.soc", [8, 6, 4], []),
        ("line-separator-in-name.soc", [8, 6, 4], []),
        ("empty-order.soi", [8, 4, 0], [5, 6]),
    ],
)
def test_valid_files_are_read(name: str, tally: list[int], left_out: list[int]) -> None:
    election = read_election(CASES / name)
    assert tally_of(election) == (tally, left_out)
    plain = plain_count(CASES / name)
    assert (list(plain.counts.values()), plain.left_out) == (tally, left_out)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("thousands-space.pb", ":9: budget: '100 000' is not a number"),
        ("negative-cost.pb", ":18: cost: -10 is not an amount of money"),
        ("cumulative-no-points.pb", ":21: column points is missing"),
        (
            "cap-column-categories.pb",
            ":14: max_length_per_category 1: needs the column category, which is missing",
        ),
        (
            "more-names-than-alternatives.soc",
            ":10: ALTERNATIVE NAME 4: NUMBER ALTERNATIVES is 3, the file names 4",
        ),
    ],
)
def test_invalid_files_are_refused(name: str, said: str) -> None:
    path = CASES / name
    with pytest.raises(FileError) as raised:
        read_election(path)
    assert str(raised.value) == f"{path}{said}"


def test_a_citys_special_winners_are_not_compared() -> None:
    election = read_election(CASES / "selected-2.pb")
    assert [option.selected for option in election.options] == [True, None, True, None]
    assert "marks b, d as special (selected 2 or 3): winners are not compared" in election.says


def test_shorter_rankings_are_counted_differently_as_stated() -> None:
    election = read_election(CASES / "ordinal-short-ballots.pb")
    assert "Pabulib counts differently" in election.says
    assert (election.scores_as_published, election.honoured) == (False, False)


def test_invisible_separators_are_removed_from_names() -> None:
    election = read_election(CASES / "line-separator-in-name.soc")
    assert [option.name for option in election.options] == ["Alpha", "Beta: the second", "Gamma"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "members-semicolon.csv",
            ["line 1: semicolons separate the columns; use commas"],
        ),
        ("members-unbalanced-quote.csv", ["line 2: quotes that begin here do not end"]),
        ("members-zero-address.csv", ["line 2: account: the zero address belongs to nobody"]),
        (
            "members-blank-weight.csv",
            [
                "line 2: weight: blank, although the file has a column of weights",
                "line 4: weight: blank, although the file has a column of weights",
            ],
        ),
    ],
)
def test_invalid_accounts_are_refused(name: str, said: list[str]) -> None:
    with pytest.raises(WrongLines) as raised:
        read_accounts(CASES / name)
    found = [one.removeprefix(f"{CASES / name}: ") for one in raised.value.problems]
    assert [one.split(": '")[0] for one in found] == said


@pytest.mark.parametrize("name", ["m.csv", "keydup.csv"])
def test_valid_accounts_are_read(name: str) -> None:
    assert len(read_accounts(CASES / name)) == 6


@pytest.mark.parametrize(
    ("kind", "name", "code", "said"),
    [
        ("poll", "poll-bom.toml", 0, ""),
        (
            "poll",
            "poll-same-option-twice.toml",
            2,
            "questions[0].options[1]: 'A' looks like 'A', number 1",
        ),
        (
            "poll",
            "poll-minimum-above-voters.toml",
            2,
            "minimum_ballots: 50, more than the 6 voters",
        ),
        (
            "round",
            "round-times-order.toml",
            2,
            "voting_opens_at: voting would open before proposals close",
        ),
        (
            "poll",
            "poll-typo-accounts-file.toml",
            2,
            "voters.account_file: unknown; did you mean accounts_file",
        ),
        (
            "poll",
            "poll-one-key-signs-six.toml",
            2,
            "voters.accounts: the key 0x976ea74026e726554db657fa54763abd0c3a0aa9 signs for 6 "
            "accounts",
        ),
    ],
)
def test_specifications_are_accepted_or_refused_with_the_reason(
    kind: str, name: str, code: int, said: str
) -> None:
    done = CliRunner().invoke(app, [kind, "check", str(CASES / name)])
    lines = done.stderr.splitlines()
    assert done.exit_code == code
    if code:
        (line,) = lines
        assert line.startswith(f"ostraka: {CASES / name}: {said}")


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        (PollSpecification, "poll-same-option-twice.toml", "questions[0].options[1]"),
        (PollSpecification, "poll-minimum-above-voters.toml", "minimum_ballots"),
        (PollSpecification, "poll-one-key-signs-six.toml", "voters.accounts"),
        (RoundSpecification, "round-times-order.toml", "voting_opens_at"),
    ],
)
def test_the_gateway_refuses_what_the_command_line_refuses(
    kind: Any, name: str, field: str
) -> None:
    now = 1_800_000_000
    wanted = kind.model_validate(read_specification(CASES / name, kind, now))
    unused: Any = None
    registry: Any = SimpleNamespace(
        head=lambda: SimpleNamespace(timestamp=now),
        period_floor=lambda: 0,
        is_disputable=lambda: True,
    )
    gateway = GatewayContext(
        rpc_url="",
        registry=registry,
        treasury=unused,
        indexer=unused,
        plans=unused,
        account=unused,
        requests=unused,
        curve=unused,
        committees=[bytes(32)],
        electorates=unused,
        team=unused,
        attachments=unused,
    )
    planned = Polls(gateway) if kind is PollSpecification else Rounds(gateway)
    with pytest.raises(Problem) as raised:
        planned.check(wanted)
    assert (raised.value.status, raised.value.field) == (422, field)
