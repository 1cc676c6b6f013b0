"""Results as CSV and .pb, out of the one record that the gateway shows."""

import csv
import io
import json
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
from ostraka.gateway.read_models.results import outcome_rule_json
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Misfit,
    NoOutcome,
    Order,
    Parts,
    Plurality,
    Proportional,
)
from ostraka_verifier.question import (
    Approval,
    Cap,
    Histogram,
    Knapsack,
    Number,
    Points,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
)
from ostraka_verifier.statistics import poll_statistics
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
def test_an_export_reads_back_as_the_same_vote(
    tmp_path: Path, question: Question, rule: Greedy
) -> None:
    text = results_pb(record(question, rule))
    file = read_pabulib(write(tmp_path, text))
    assert file.votes == ()
    assert text.endswith("vote\n") or text.endswith("vote;points\n")
    assert {"country", "unit", "instance", "currency", "comment"} <= set(file.meta)
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


def test_tokens_with_cents_are_exported_exactly(tmp_path: Path) -> None:
    money = {"round": {"payouts": [], "symbol": "EUR", "decimals": 2, "token": "0x"}}
    shown = record(Knapsack("A town", NAMES, COSTS, 70), Greedy(COSTS, 105), **money)
    text = results_pb(shown)
    # In whole cents, which are no currency: Pabulib's checker rounds what is less than 1 down to 0.
    assert "budget;105\n" in text
    assert "max_sum_cost;70\n" in text
    assert "Amounts are in 0.01 EUR." in text
    file = read_pabulib(write(tmp_path, text))
    assert (file.budget, file.meta["currency"]) == (105, "XXX")
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
        (Histogram("Age", NAMES), Greedy(COSTS, 9), "cannot express ballots of the kind histogram"),
        (
            SingleChoice("Who?", NAMES, True),
            Greedy(COSTS, 9),
            "cannot express ballots of the kind single",
        ),
        (SingleChoice("Who?", NAMES), Plurality(1, 3), "this outcome is plurality"),
        (
            SingleChoice("Who?", NAMES),
            Greedy(COSTS, 9, Order.VOTES_PER_COST),
            "no name for greedy by votes per cost",
        ),
        (
            Approval("Which?", NAMES, 0, 3, (Cap((0, 1), 1), Cap((1, 2), 1))),
            Greedy(COSTS, 9),
            "has caps on categories only",
        ),
        (
            Approval("Which?", NAMES, 0, 3, (Cap((0, 1), 1), Cap((0, 1), 1))),
            Greedy(COSTS, 9),
            "only one cap of each kind",
        ),
    ],
)
def test_polls_that_pabulib_cannot_express_are_refused(
    question: Question, rule: Any, reason: str
) -> None:
    with pytest.raises(FileError, match=reason):
        results_pb(record(question, rule))


def test_splits_and_other_scores_keep_their_meaning(tmp_path: Path) -> None:
    split = read_pabulib(
        write(tmp_path, results_pb(record(Split("A town", NAMES), Greedy(COSTS, 100))))
    )
    assert (split.meta["min_sum_points"], split.meta["max_sum_points"]) == ("100", "100")
    weighted = record(Approval("A town", NAMES, 0, 2), Greedy(COSTS, 100), total_weight="30")
    assert "#3: Votes are weighted." in results_pb(weighted)


def test_csv_is_safe_for_spreadsheets() -> None:
    payout = {"recipient": "0x" + "33" * 20, "paid": True}
    rule = GreedyByCategory(COSTS, (0, 1, 1), (60, 40), 100)
    money: Any = {"round": {"payouts": [payout] * 3, "symbol": None, "decimals": 0, "token": None}}
    text = results_csv(record(Approval("A town", NAMES, 0, 2), rule, **money))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["votes"] for row in rows] == ["3", "2", "1"]
    # Nobody's title becomes a formula.
    assert [row["option"] for row in rows] == ["'=Alpha", "Be;ta", "Gamma\nDelta"]
    assert [(row["cost"], row["category"], row["paid"]) for row in rows] == [
        *(("60", "1", "true"), ("50", "2", "true"), ("10", "2", "true")),
    ]
    money["round"]["categories"] = ["=Parks", "Sport, play"]
    named = record(Approval("A town", NAMES, 0, 2), rule, **money)
    rows = list(csv.DictReader(io.StringIO(results_csv(named))))
    assert [row["category"] for row in rows] == ["'=Parks", "Sport, play", "Sport, play"]
    # A comma separates categories there.
    assert "\ncategories;=Parks,Sport  play\n" in results_pb(named)
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
    with pytest.raises(FileError, match="has one question, this poll has 2"):
        results_pb(several)


def test_the_command_writes_all_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert refused.exit_code == 2
        assert "has one question" in refused.stderr
        assert not (tmp_path / "none.pb").exists()
        assert export("--format", "xml").exit_code == 2


CHOICE = SingleChoice("Where?", ("Here", "There"))
AGES = Histogram("Age?", ("young", "middle", "old"), (0, 30, 60, 120))
HOURS = Number("Hours?", -5, 60, "h", ("north", "south"), ("mean", "variance"))
# north: -5, 10, 20; south: 7 twice.
HOURS_TALLY = (3, 40, 850, 2, 24, 288)


def surveyed(money: Question) -> dict[str, Any]:
    """Of four questions, one decided by shares, of which the second option gets exactly 1."""
    questions = (CHOICE, AGES, HOURS, money)
    tally = (5, 3, 1, 4, 5, *HOURS_TALLY, 9, 1)
    rule = Parts(
        ((2, Plurality(1, 2)), (3, NoOutcome()), (6, NoOutcome()), (2, Proportional(10, 2)))
    )
    labels = [f"{one.title}: {label}" for one in questions for label in one.labels()]
    return record(CHOICE, Plurality(1, 2), (5, 3)) | {
        "questions": [one.to_json() for one in questions],
        "outcome": outcome_rule_json(rule),
        "options": [
            {"option": label, "votes": str(votes), "award": str(award)}
            for label, votes, award in zip(labels, tally, rule.awards(tally), strict=True)
        ],
        "statistics": [one.to_json() for one in poll_statistics(questions, tally)],
    }


def test_statistics_are_in_the_csv() -> None:
    rows = list(
        csv.DictReader(io.StringIO(results_csv(surveyed(Points("Who gets?", ("a", "b"), 5)))))
    )
    assert [row["slot"] for row in rows] == [*map(str, range(1, 14)), *[""] * 15]
    found = [
        tuple(row[name] for name in ("question", "option", "statistic", "value", "below"))
        for row in rows
        if not row["slot"]
    ]
    assert found == [
        ("2", "middle", "quartile_1", "30", "60"),
        ("2", "middle", "quartile_2", "30", "60"),
        ("2", "old", "quartile_3", "60", "120"),
        ("3", "north", "count", "3", ""),
        ("3", "north", "mean", "8.3333", ""),
        ("3", "north", "variance", "105.5556", ""),
        ("3", "north", "standard_deviation", "10.274", ""),
        ("3", "south", "count", "2", ""),
        ("3", "south", "mean", "7", ""),
        ("3", "south", "variance", "0", ""),
        ("3", "south", "standard_deviation", "0", ""),
        ("3", "", "count", "5", ""),
        ("3", "", "mean", "7.8", ""),
        ("3", "", "variance", "63.76", ""),
        ("3", "", "standard_deviation", "7.985", ""),
    ]
    assert {row["root"] for row in rows} == {"0x" + "22" * 32}


def test_statistics_and_awards_are_readable() -> None:
    shown = surveyed(Points("Who gets?", ("a", "b"), 5))
    with StubGateway() as stub:
        stub.routes["GET /polls/7/results"] = answer(200, shown)
        command = ["poll", "results", "7", "--gateway", stub.url]
        done = CliRunner().invoke(app, command, env={"COLUMNS": "120"})
        machine = CliRunner().invoke(app, [*command, "--json"])
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    assert ["Here", "5", "wins"] in lines
    assert ["There", "3", ""] in lines
    assert ["middle", "4"] in lines
    assert ["1/4", "middle", "30", "60"] in lines
    assert ["north", "3", "8.3333", "105.5556", "10.274"] in lines
    assert ["all", "5", "7.8", "63.76", "7.985"] in lines
    # A share of one unit is no seat.
    assert ["a", "9", "9"] in lines
    assert ["b", "1", "1"] in lines
    assert "sum of squares" not in done.stdout
    assert json.loads(machine.stdout)["statistics"] == shown["statistics"]


def test_statistics_without_answers_are_empty() -> None:
    hours = Number("Hours?", 0, 9, "h")
    shown = record(hours, Plurality(1, 2), (0, 0))
    shown["statistics"] = [one.to_json() for one in poll_statistics([hours], (0, 0))]
    rows = list(csv.DictReader(io.StringIO(results_csv(shown))))
    assert [(row["statistic"], row["value"]) for row in rows[2:]] == [("count", "0")]
    with StubGateway() as stub:
        stub.routes["GET /polls/7/results"] = answer(200, shown)
        done = CliRunner().invoke(app, ["poll", "results", "7", "--gateway", stub.url])
    assert "all" in done.stdout
    assert "Variance" not in done.stdout
