"""Opened ballots as files of Pabulib and PrefLib: read back, they are the same ballots."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.formats.election import Election, FileError
from ostraka.formats.opened_ballots import opened_csv
from ostraka.formats.opened_preflib import opened_preflib
from ostraka.formats.pabulib import read_pabulib
from ostraka.formats.preflib import preflib_election, read_preflib
from ostraka.formats.ranked_rules import RankedRule
from ostraka.formats.reading import read_election
from ostraka.formats.results import results_pb
from ostraka_verifier.outcome import (
    Greedy,
    Plurality,
)
from ostraka_verifier.question import (
    Approval,
    Knapsack,
    Pairwise,
    Points,
    Question,
    Ranking,
    Score,
    SingleChoice,
)
from tests.support.elections import write
from tests.support.opened_files import (
    NAMES,
    Ballots,
    ballots_of,
    file_questions,
    opened,
    record,
)
from tests.support.oracles import FILE_POLLS, recorded
from tests.support.stub_gateway import StubGateway, answer

COSTS = tuple(range(10, 10 + len(NAMES)))
SPENDING: list[tuple[Question, list[Any]]] = [
    (Approval("A town", NAMES, 0, 4), [[0], [0, 10], [2, 9, 10], [], [], [0]]),
    (Knapsack("A town", NAMES, COSTS, 40), [[1, 2], [10], [], [1, 2]]),
    (SingleChoice("A town", NAMES), [3, 3, 10, 0]),
    (Score("A town", NAMES, 5), [[5] + [0] * 9 + [1], [0] * 11, [1] * 11, [1] * 11]),
    (Points("A town", NAMES, 7), [[7] + [0] * 10, [0, 3, 4] + [0] * 8, [0] * 11]),
    (Ranking("A town", NAMES, (4, 3, 2, 1), 0), [[10, 0, 1, 2], [1], [], [1], [0, 1]]),
]
ORDERED: list[tuple[Question, list[Any], str]] = [
    (Ranking("Leader", NAMES[:3], (3, 2, 1)), [[2, 1, 0], [0, 1, 2], [2, 1, 0]], "soc"),
    (Ranking("Leader", NAMES[:3], (2, 1, 0)), [[2, 1, 0], [0, 1, 2]], "soc"),
    (Ranking("Leader", NAMES[:3], (3, 2, 1), 0), [[2, 1], [0], [], [], [2, 1]], "soi"),
    (Pairwise("Leader", NAMES[:3]), [[2, 1, 0], [0, 1, 2]], "soc"),
    (Pairwise("Leader", NAMES[:3], 0), [[2], [0, 2, 1], []], "soi"),
    (Approval("Leader", NAMES[:3], 0, 3), [[], [0, 1, 2], [1], [1], [0, 2]], "cat"),
    (SingleChoice("Leader", NAMES[:3], True), [0, 2, 2, 1], "cat"),
]


def read_back(election: Election) -> Ballots:
    assert not any(one.problem for one in election.votes)
    return ballots_of(election.question, [one.vote for one in election.votes])


@pytest.mark.parametrize(("question", "votes"), SPENDING, ids=lambda one: getattr(one, "kind", ""))
def test_a_pabulib_file_has_every_ballot_once_and_sorted(
    tmp_path: Path, question: Question, votes: list[Any]
) -> None:
    ballots = ballots_of(question, votes)
    shown = record(question, Greedy(COSTS, 60), ballots)
    text = results_pb(shown, opened(ballots))
    assert text == results_pb(shown, opened(ballots, "another order"))
    path = write(tmp_path, text)
    file, election = read_pabulib(path), read_election(path)
    assert election.question.rule == question.rule
    assert read_back(election) == sorted(ballots)
    assert [one.project_id for one in file.projects][8:] == ["09", "10", "11"]
    assert [one.number for one in file.votes] == list(range(1, len(ballots) + 1))
    counts = [sum(column) for column in zip(*ballots, strict=True)]
    assert [one.published for one in election.options] == counts
    assert "weighted" not in file.meta["comment"]
    assert "opened without their voters" in file.meta["comment"]


@pytest.mark.parametrize(
    ("question", "votes", "suffix"), ORDERED, ids=lambda one: getattr(one, "kind", "")
)
def test_a_preflib_file_has_every_ballot_that_says_something(
    tmp_path: Path, question: Question, votes: list[Any], suffix: str
) -> None:
    ballots = ballots_of(question, votes)
    shown = record(question, Plurality(1, 3), ballots)
    named, text = opened_preflib(shown, opened(ballots))
    assert (named, text) == opened_preflib(shown, opened(ballots, "another order"))
    assert named == suffix
    file = read_preflib(write(tmp_path, text, f"file.{suffix}"))
    lines = [order for order in file.orders for _ in range(order.voters)]
    expected = [(vote if isinstance(vote, list) else [vote]) for vote in votes]
    if suffix == "cat":
        answers = [[slot + 1 for slot in vote if slot < question.contenders] for vote in expected]
    else:
        answers = [[slot + 1 for slot in vote] for vote in expected if vote]
    assert sorted(list(order.options) for order in lines) == sorted(answers)
    assert ("1 ballot ranks nothing" in text) == (votes.count([]) == 1 and suffix == "soi")
    assert ("2 ballots rank nothing" in text) == (votes.count([]) == 2 and suffix == "soi")
    if isinstance(question, Pairwise):
        again = preflib_election(file, RankedRule.SCHULZE)
        assert sorted(read_back(again)) == sorted(one for one in ballots if any(one))


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Score("A town", NAMES, 5), "no format for ballots of the kind score"),
        (Points("A town", NAMES, 7), "no format for ballots of the kind points"),
    ],
)
def test_preflib_has_no_points(question: Question, reason: str) -> None:
    ballots = [(0,) * len(NAMES)]
    shown = record(question, Plurality(1, len(NAMES)), ballots)
    with pytest.raises(FileError, match=reason):
        opened_preflib(shown, opened(ballots))
    shown["questions"] *= 2
    with pytest.raises(FileError, match="one question, this poll has 2"):
        opened_preflib(shown, opened(ballots))


def test_other_programs_decide_our_files_alike() -> None:
    """pabutools, abcvoting and pref-voting read the same bytes, also where options tie."""
    asked, expected = zip(*file_questions(FILE_POLLS), strict=True)
    for one, ours, theirs in zip(asked, expected, recorded("files", asked), strict=True):
        if one["rule"] == "instant_runoff":
            # It returns the winners of all orders in which those with equally few go.
            assert set(ours) <= set(theirs), one
        else:
            assert ours == theirs, one


def test_the_command_saves_ballots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    question = Approval("A town", NAMES, 0, 4)
    ballots = ballots_of(question, [[0], [0, 10]])
    shown, found = record(question, Greedy(COSTS, 60), ballots), opened(ballots)
    with StubGateway() as stub:
        stub.routes["GET /polls/7/results"] = answer(200, shown)
        stub.routes["GET /polls/7/opened"] = answer(200, found)

        def export(*arguments: str) -> Any:
            command = ["poll", "export", "7", "--gateway", stub.url, *arguments]
            return CliRunner().invoke(app, command)

        for format_, text in (
            ("pb", results_pb(shown, found)),
            ("csv", opened_csv(found)),
            ("preflib", opened_preflib(shown, found)[1]),
        ):
            assert export("--ballots", "--format", format_).exit_code == 0
            suffix = "cat" if format_ == "preflib" else format_
            assert (tmp_path / f"poll-7.{suffix}").read_bytes().decode() == text
        assert export("--ballots", "--format", "json").exit_code == 0
        refused = export("--format", "preflib")
    assert refused.exit_code == 2
    assert "needs --ballots" in refused.stderr
