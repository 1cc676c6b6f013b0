"""The demo reads, judges and counts a file before it starts anything."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from rich.console import Console
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.demo import demo
from ostraka.demo.demo import Demo, committee_bounds
from ostraka.demo.plain_count import PlainCount, plain_count
from ostraka.demo.poll import outcome_wanted
from ostraka.formats.election import FileError
from ostraka.formats.ranked_rules import RankedRule
from ostraka.formats.reading import read_election
from ostraka.planning.poll_outcomes import PollOutcome
from ostraka_verifier.parameters import Committee, Member, shuffle_objection
from tests.support.elections import pb, write

CASES = Path(__file__).parents[1] / "cases"
REFUSED = "thousands-space.pb"
ORDERS = """# NUMBER ALTERNATIVES: 3
# ALTERNATIVE NAME 1: Ada
# ALTERNATIVE NAME 2: Ben
# ALTERNATIVE NAME 3: Cyd
6: 1,2
"""


def started(path: Path, folder: Path) -> Demo:
    return Demo(path, folder, Console(quiet=True), voters=None, nodes=3, kill=False)


def test_an_invalid_file_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = CASES / REFUSED
    said = f"{path}:9: budget: '100 000' is not a number"
    with pytest.raises(FileError) as raised:
        started(path, tmp_path)
    assert str(raised.value) == said
    done = CliRunner().invoke(app, ["demo", str(path), "--nodes", "3", "--exit"])
    assert (done.exit_code, done.stderr.strip()) == (2, f"ostraka: {said}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"left_out": [2]}, "ballot of voter 2: only the plain count leaves it out"),
        ({"a": 5}, "option a: Ostraka counts 4, the plain count 5"),
    ],
)
def test_a_plain_count_that_differs_ends_the_demo_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], said: str
) -> None:
    path = CASES / "selected-2.pb"
    started(path, tmp_path)

    def other(file: Path, voters: int | None) -> PlainCount:
        found = plain_count(file, voters)
        found.left_out = list(changed.pop("left_out", found.left_out))  # type: ignore[call-overload]
        found.counts |= changed  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(demo, "plain_count", other)
    with pytest.raises(FileError, match=said):
        started(path, tmp_path)


def test_too_few_voters_for_any_winner_are_refused(tmp_path: Path) -> None:
    meta = {"rule": "greedy-threshold", "min_project_score_threshold": "6"}
    votes = ["voter_id;vote", *(f"{voter};a" for voter in range(9))]
    path = write(tmp_path, pb(meta, votes=votes))
    Demo(path, tmp_path, Console(quiet=True), voters=6, nodes=3, kill=False)
    with pytest.raises(
        FileError, match=r"5 voters can give an option at most 5 votes, but a winner needs 6"
    ):
        Demo(path, tmp_path, Console(quiet=True), voters=5, nodes=3, kill=False)


def test_default_committees_obey_their_bounds() -> None:
    for nodes, quorum in ((3, 2), (4, 3), (5, 4), (7, 5)):
        threshold, faults = committee_bounds(nodes)
        members = tuple(Member(bytes([n]) * 20, "u") for n in range(1, nodes + 1))
        assert Committee(members, threshold, faults).quorum == quorum
        threshold, faults = committee_bounds(nodes, shuffles=True)
        assert shuffle_objection(Committee(members, threshold, faults)) is None
    with pytest.raises(FileError, match="6 nodes"):
        committee_bounds(6)


@pytest.mark.parametrize(
    ("suffix", "text", "rule", "seats"),
    [
        ("pb", pb({"rule": "equalshares/add1"}), None, 1),
        ("pb", pb({"rule": "equalshares"}), None, 1),
        ("pb", pb({"rule": "greedy"}), None, 1),
        ("soi", ORDERS, None, 1),
        ("soi", ORDERS, RankedRule.MINIMAX, 1),
        ("soi", ORDERS, RankedRule.INSTANT_RUNOFF, 1),
        ("soi", ORDERS, RankedRule.STV, 2),
    ],
)
def test_a_gateway_takes_the_rule_of_a_file(
    tmp_path: Path, suffix: str, text: str, rule: RankedRule | None, seats: int
) -> None:
    election = read_election(write(tmp_path, text, f"file.{suffix}"), rule=rule, seats=seats)
    asked = TypeAdapter[Any](PollOutcome).validate_python(outcome_wanted(election.outcome))
    assert asked.rule(election.question) == election.outcome
