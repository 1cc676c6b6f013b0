"""Results as CSV and .pb, out of the one record that the gateway shows."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.formats.election import FileError
from ostraka.formats.pabulib import read_pabulib
from ostraka.formats.pabulib_rules import election_of
from ostraka.formats.reading import read_election
from ostraka.formats.results import COLUMNS, results_csv, results_pb
from ostraka.gateway.views import outcome_rule_json
from ostraka_verifier.outcome import Greedy, GreedyByCategory, Misfit, Order, Plurality
from ostraka_verifier.question import (
    Approval,
    Cap,
    Histogram,
    Knapsack,
    Points,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
)
from tests.support.elections import tally_of, write
from tests.support.stub_gateway import StubGateway, answer

DATA = Path(__file__).parents[2] / "data"
NAMES = ("=Alpha", "Be;ta", "Gamma\nDelta")
COSTS = (60, 50, 10)


def record(
    question: Question, rule: Any, tally: tuple[int, ...] = (3, 2, 1), **more: Any
) -> dict[str, Any]:
    """What the gateway shows of a tallied poll with one question."""
    awards = rule.awards(tally)
    return {
        "poll": "7",
        "chain_id": 1,
        "registry": "0x" + "11" * 20,
        "title": "A town",
        "opens_at": 1_700_000_000,
        "closes_at": 1_700_200_000,
        "voters": 9,
        "total_weight": "9",
        "counted": 6,
        "root": "0x" + "22" * 32,
        "questions": [question.to_json()],
        "outcome": outcome_rule_json(rule),
        "options": [
            {"option": name, "votes": str(votes), "award": str(award)}
            for name, votes, award in zip(question.labels(), tally, awards, strict=True)
        ],
        "statistics": [],
        "round": None,
        **more,
    }


@pytest.mark.parametrize(
    "question",
    [
        SingleChoice("A town", NAMES),
        Approval("A town", NAMES, 1, 2),
        Approval("A town", NAMES, 0, 3, (Cap((1, 2), budget=55),), COSTS),
        Approval("A town", NAMES, 0, 3, (Cap((0, 1), budget=100), Cap((0, 1), 1)), COSTS),
        Approval("A town", NAMES, 0, 2, (Cap((0, 1, 2), budget=70),), COSTS),
        Knapsack("A town", NAMES, COSTS, 70),
        Score("A town", NAMES, 5),
        Points("A town", NAMES, 7, 2, 4),
        Points("A town", NAMES, 7),
        Ranking("A town", NAMES, (3, 2, 1), 1),
        Ranking("A town", NAMES, (2, 1)),
    ],
    ids=lambda one: f"{one.kind}",
)
@pytest.mark.parametrize(
    "rule",
    [
        Greedy(COSTS, 100),
        Greedy(COSTS, 100, misfit=Misfit.STOP, minimum_support=2),
        Greedy(COSTS, 100, minimum_support=3),
        Greedy(COSTS, 100, minimum_support=0),
        Greedy(COSTS, 100, misfit=Misfit.STOP, minimum_support=0),
    ],
    ids=["skip", "stop", "threshold", "no support", "stop, no support"],
)
def test_what_is_exported_reads_back_as_the_same_vote(
    tmp_path: Path, question: Question, rule: Greedy
) -> None:
    text = results_pb(record(question, rule))
    file = read_pabulib(write(tmp_path, text))
    assert file.votes == ()
    assert text.endswith("vote\n") or text.endswith("vote;points\n")
    assert {"country", "unit", "instance", "language", "currency"} <= set(file.meta)
    assert (file.meta["num_votes"], file.meta["num_projects"]) == ("6", "3")
    assert (file.meta["date_begin"], file.meta["date_end"]) == ("14.11.2023", "17.11.2023")
    election = election_of(file)
    assert election.question.rule == question.rule
    assert election.outcome == rule
    assert [option.published for option in election.options] == [3, 2, 1]
    assert [int(bool(option.selected)) for option in election.options] == rule.awards((3, 2, 1))
    assert [option.name for option in election.options] == ["=Alpha", "Be;ta", "GammaDelta"]


def test_categories_read_back(tmp_path: Path) -> None:
    caps = (Cap((1, 2), budget=55),)
    question = Approval("A town", NAMES, 0, 3, caps, COSTS)
    rule = GreedyByCategory(COSTS, (0, 1, 1), (60, 40), 100, leftover=True)
    election = election_of(read_pabulib(write(tmp_path, results_pb(record(question, rule)))))
    assert (election.outcome, election.question.rule) == (rule, question.rule)


def test_cents_of_a_token(tmp_path: Path) -> None:
    money = {"round": {"payouts": [], "symbol": "EUR", "decimals": 2, "token": "0x"}}
    shown = record(Knapsack("A town", NAMES, COSTS, 70), Greedy(COSTS, 105), **money)
    text = results_pb(shown)
    assert "budget;1.05\n" in text
    assert "max_sum_cost;0.7\n" in text
    file = read_pabulib(write(tmp_path, text))
    assert (file.budget, file.meta["currency"]) == (105, "EUR")
    assert [one.cost for one in file.projects] == list(COSTS)


def test_a_whole_city_exported_without_its_voters(tmp_path: Path) -> None:
    election = read_election(DATA / "poland_lodz_2020_nad-nerem.pb")
    tally, _ = tally_of(election)
    shown = record(election.question, election.outcome, tuple(tally), counted=608)
    again = read_election(write(tmp_path, results_pb(shown)))
    assert again.outcome == election.outcome
    assert [(one.published, one.selected, one.cost) for one in again.options] == [
        (one.published, one.selected, one.cost) for one in election.options
    ]


@pytest.mark.parametrize(
    ("question", "rule", "reason"),
    [
        (Histogram("Age", NAMES), Greedy(COSTS, 9), "no ballots of the kind histogram"),
        (SingleChoice("Who?", NAMES, True), Greedy(COSTS, 9), "no ballots of the kind single"),
        (SingleChoice("Who?", NAMES), Plurality(1, 3), "this poll decides plurality"),
        (
            SingleChoice("Who?", NAMES),
            Greedy(COSTS, 9, Order.VOTES_PER_COST),
            "no name for greedy by votes per cost",
        ),
        (
            Approval("Which?", NAMES, 0, 3, (Cap((0, 1), 1), Cap((1, 2), 1))),
            Greedy(COSTS, 9),
            "no caps on options that are no category",
        ),
        (
            Approval("Which?", NAMES, 0, 3, (Cap((0, 1), 1), Cap((0, 1), 1))),
            Greedy(COSTS, 9),
            "one cap of a kind",
        ),
    ],
)
def test_what_pabulib_has_no_words_for(question: Question, rule: Any, reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        results_pb(record(question, rule))


def test_splits_and_other_scores_keep_their_meaning(tmp_path: Path) -> None:
    split = read_pabulib(
        write(tmp_path, results_pb(record(Split("A town", NAMES), Greedy(COSTS, 100))))
    )
    assert (split.meta["min_sum_points"], split.meta["max_sum_points"]) == ("100", "100")
    ranked = Ranking("A town", NAMES, (5, 1))
    with pytest.raises(FileError, match="positional 5 1: only Borda"):
        read_election(write(tmp_path, results_pb(record(ranked, Greedy(COSTS, 100)))))
    weighted = record(Approval("A town", NAMES, 0, 2), Greedy(COSTS, 100), total_weight="30")
    assert "#3: Votes are weighted." in results_pb(weighted)


def test_csv_for_spreadsheets() -> None:
    payout = {"recipient": "0x" + "33" * 20, "paid": True}
    rule = GreedyByCategory(COSTS, (0, 1, 1), (60, 40), 100)
    money = {"round": {"payouts": [payout] * 3, "symbol": None, "decimals": 0, "token": None}}
    text = results_csv(record(Approval("A town", NAMES, 0, 2), rule, **money))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["votes"] for row in rows] == ["3", "2", "1"]
    # Nobody's title becomes a formula.
    assert [row["option"] for row in rows] == ["'=Alpha", "Be;ta", "Gamma\nDelta"]
    assert [(row["cost"], row["category"], row["paid"]) for row in rows] == [
        *(("60", "1", "true"), ("50", "2", "true"), ("10", "2", "true")),
    ]
    several = record(Approval("A town", NAMES, 0, 2), rule)
    several["questions"] = [
        SingleChoice("One", ("x", "y")).to_json(),
        Approval("Two", ("z",), 0, 1).to_json(),
    ]
    rows = list(csv.DictReader(io.StringIO(results_csv(several))))
    assert [(row["question"], row["slot"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "3")]
    assert {row["recipient"] for row in rows} == {""}
    unasked = results_csv({**several, "questions": []})
    assert {row["question"] for row in csv.DictReader(io.StringIO(unasked))} == {"1"}
    with pytest.raises(FileError, match="of one question, this poll has 2"):
        results_pb(several)


def test_the_command_writes_what_the_formats_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = record(Approval("A town", NAMES, 0, 2), Greedy(COSTS, 100))
    with StubGateway() as stub:
        stub.routes["GET /polls/7/results"] = answer(200, shown)

        def export(*arguments: str) -> Any:
            command = ["poll", "export", "7", "--gateway", stub.url, *arguments]
            return CliRunner().invoke(app, command)

        assert export("--format", "pb").exit_code == 0
        assert (tmp_path / "poll-7.pb").read_text() == results_pb(shown)
        assert export().exit_code == 0
        assert (tmp_path / "poll-7.csv").read_bytes() == results_csv(shown).encode()
        assert export("--format", "json", "--out", "r.json", "--json").exit_code == 0
        assert '"counted": 6' in (tmp_path / "r.json").read_text()
        shown["questions"] = []
        stub.routes["GET /polls/7/results"] = answer(200, shown)
        refused = export("--format", "pb", "--out", "none.pb")
        assert refused.exit_code == 1
        assert "of one question" in refused.stderr
        assert not (tmp_path / "none.pb").exists()
        assert export("--format", "xml").exit_code == 2
