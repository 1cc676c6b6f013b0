"""From a .pb file to ballots and outcome, against a count that knows nothing of it."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from benchmarks.cities import compare

from ostraka.demo.demo import committee_bounds
from ostraka.demo.file_ballots import file_ballots
from ostraka.demo.plain_count import plain_count
from ostraka.formats.election import Election, FileError
from ostraka.formats.reading import read_election
from ostraka.planning.round_rules import ballot_json, outcome_json
from ostraka_verifier.outcome import Greedy, GreedyByCategory, Misfit, NoOutcome
from ostraka_verifier.parameters import Committee, Member
from tests.support.elections import PROJECTS, VOTES, pb, random_pb, tally_of, write

DATA = Path(__file__).parents[2] / "data"
POINTS = ("voter_id;vote;points", "1;a;3", "2;a,b;2,1", "3;a,b,c;1,1,1")
CATEGORIES = (
    "project_id;cost;name;category",
    "a;60;Alpha;Parks, paths",
    "b;50;Beta;Sport",
    "c;10;Gamma;Sport",
)


def asked(tmp_path: Path, text: str, *, greedy: bool = False) -> Election:
    return read_election(write(tmp_path, text), greedy=greedy)


@pytest.mark.parametrize("name", ["nad-nerem", "mileszki", "nowosolna"])
def test_real_cities_get_the_winners_that_they_published(name: str) -> None:
    path = DATA / f"poland_lodz_2020_{name}.pb"
    election = read_election(path)
    tally, left_out = tally_of(election)
    assert left_out == []
    assert tally == [option.published for option in election.options]
    assert plain_count(path).counts == dict(
        zip((option.option_id for option in election.options), tally, strict=True)
    )
    awards = election.outcome.awards(tally)
    assert awards == [int(bool(option.selected)) for option in election.options]
    assert election.round is not None
    assert "a round of the treasury" in election.says


@pytest.mark.parametrize("vote_type", ["approval", "choose-1", "cumulative", "scoring", "ordinal"])
@pytest.mark.parametrize("seed", range(8))
def test_ballots_left_out_and_tally_are_those_of_a_plain_count(
    tmp_path: Path, vote_type: str, seed: int
) -> None:
    path = write(tmp_path, random_pb(Random(f"{vote_type} {seed}"), vote_type))
    election = read_election(path)
    tally, left_out = tally_of(election)
    plain = plain_count(path)
    assert left_out == plain.left_out
    assert tally == [plain.counts[option.option_id] for option in election.options]
    # Some are left out and some are not, or nothing was compared.
    assert sum(tally) > 0
    assert vote_type == "scoring" or left_out
    half = plain_count(path, 20)
    assert half.left_out == [one for one in left_out if one <= 20]


@pytest.mark.parametrize(
    ("meta", "votes", "question", "ballot"),
    [
        (
            {"max_length": "2"},
            None,
            {"kind": "approval", "at_least": 0, "at_most": 2},
            {"kind": "approval", "at_least": 0, "at_most": 2},
        ),
        (
            {"min_length": "1", "max_length": "9"},
            None,
            {"kind": "approval", "at_least": 1, "at_most": 3},
            {"kind": "approval", "at_least": 1, "at_most": 3},
        ),
        (
            {"max_sum_cost": "100"},
            None,
            {"kind": "knapsack", "costs": [60, 50, 10], "budget": 100},
            {"kind": "knapsack"},
        ),
        (
            {"max_sum_cost": "70"},
            None,
            {"kind": "knapsack", "costs": [60, 50, 10], "budget": 70},
            None,
        ),
        (
            {"max_sum_cost": "70", "max_length": "2"},
            None,
            {
                "kind": "approval",
                "at_least": 0,
                "at_most": 2,
                "costs": [60, 50, 10],
                "caps": [{"options": [0, 1, 2], "budget": 70}],
            },
            None,
        ),
        ({"vote_type": "choose-1"}, None, {"kind": "single_choice"}, {"kind": "single_choice"}),
        (
            {"vote_type": "cumulative", "max_sum_points": "3", "min_length": "1"},
            POINTS,
            {"kind": "points", "credits": 3, "at_least": 1},
            {"kind": "points", "credits": 3, "at_least": 1},
        ),
        (
            {"vote_type": "cumulative", "max_sum_points": "3", "max_points": "2"},
            POINTS,
            {"kind": "points", "credits": 3, "max_per_option": 2},
            None,
        ),
        (
            {"vote_type": "scoring", "max_points": "5"},
            POINTS,
            {"kind": "score", "max_score": 5},
            {"kind": "score", "max_score": 5},
        ),
        (
            {"vote_type": "ordinal", "min_length": "2", "max_length": "2"},
            None,
            {"kind": "ranking", "scores": [2, 1]},
            {"kind": "ranking", "scores": [2, 1]},
        ),
        (
            {"vote_type": "ordinal", "min_length": "1", "max_length": "3"},
            None,
            {"kind": "ranking", "scores": [3, 2, 1], "at_least": 1},
            None,
        ),
    ],
)
def test_metadata_choose_the_kind_of_ballot(
    tmp_path: Path,
    meta: dict[str, str],
    votes: tuple[str, ...] | None,
    question: dict[str, Any],
    ballot: dict[str, Any] | None,
) -> None:
    text = pb({"rule": "greedy"} | meta, votes=votes) if votes else pb({"rule": "greedy"} | meta)
    election = asked(tmp_path, text)
    about = {"title": "A town", "options": ["Alpha", "Beta", "Gamma"]}
    assert election.question.to_json() == question | about
    assert (election.round and ballot_json(election.round.ballot)) == ballot
    assert ("a round has no such ballots" in election.says) == (ballot is None)


def test_rules_choose_the_outcome(tmp_path: Path) -> None:
    costs = (60, 50, 10)
    for meta, outcome in (
        ({"rule": "greedy"}, Greedy(costs, 100, minimum_support=0)),
        ({"rule": "greedy-no-skip"}, Greedy(costs, 100, misfit=Misfit.STOP, minimum_support=0)),
        (
            {"rule": "greedy-threshold", "min_project_score_threshold": "7.5"},
            Greedy(costs, 100, minimum_support=8),
        ),
        ({"rule": "unknown"}, NoOutcome()),
        ({}, NoOutcome()),
    ):
        election = asked(tmp_path, pb(meta))
        assert election.outcome == outcome
        assert election.honoured == isinstance(outcome, Greedy)
    told = asked(tmp_path, pb({"rule": "equalshares/add1"}), greedy=True)
    assert told.outcome == Greedy(costs, 100, minimum_support=0)
    assert "in place of the file's rule equalshares/add1" in told.says
    assert not told.honoured
    assert told.round is not None
    assert outcome_json(told.round.outcome)["misfit"] == "skip"


def test_categories_with_caps_leftover_and_cents(tmp_path: Path) -> None:
    meta = {
        "rule": "greedy",
        "categories": "Parks, paths,Sport",
        "budget_per_category": "60.50,40",
        "leftover_budget": "Fund what fits within the leftover budget ordered by score",
        "max_sum_cost_per_category": "60,50",
    }
    # The first category's name has a comma, as one of a real file has.
    with pytest.raises(FileError, match=r":11: max_sum_cost_per_category .*2 values for 3 categor"):
        asked(tmp_path, pb(meta, CATEGORIES))
    projects = [row.replace("Parks, paths", "Parks") for row in CATEGORIES]
    meta["categories"] = "Parks,Sport"
    election = asked(tmp_path, pb(meta, projects))
    assert election.decimals == 2
    assert election.outcome == GreedyByCategory(
        (6000, 5000, 1000), (0, 1, 1), (6050, 4000), 10_000, leftover=True, minimum_support=0
    )
    caps = election.question.to_json()["caps"]
    # 60 never binds in a category of one project for 60.
    assert caps == [{"options": [1, 2], "budget": 5000}]
    assert election.round is None
    assert "the categories' budgets come to more than the whole" not in election.says
    del meta["max_sum_cost_per_category"]
    over = asked(tmp_path, pb(meta, projects))
    assert "the categories' budgets come to more than the whole" in over.says
    within = asked(tmp_path, pb(meta | {"budget_per_category": "60,40"}, projects))
    assert within.round is not None
    assert outcome_json(within.round.outcome) == {
        "kind": "categories",
        "order": "votes",
        "misfit": "skip",
        "leftover": True,
        "minimum_support": "0",
        "budgets": ["60", "40"],
    }


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ({"rule": "equalshares"}, "equal shares looks into single ballots, which nobody can here"),
        ({"rule": "equalshares/add1"}, "--greedy funds by votes instead"),
        ({"rule": "greedy-exclusive"}, "known are greedy, greedy-no-skip, greedy-threshold"),
        ({"rule": "greedy-threshold"}, "min_project_score_threshold is missing"),
        ({"min_sum_cost": "20"}, "a least cost of a ballot cannot be asked"),
        ({"min_length": "4", "max_length": "9"}, "question.at_least: 4 outside 0 … 3"),
        ({"max_length": "0"}, "question.at_most: 0 of 3"),
        ({"max_length": "2.5"}, "max_length: '2.5' is no whole number"),
        ({"max_length_per_category": "1"}, "META names no categories"),
        ({"categories": "X,X"}, "one stands there twice"),
        (
            {"categories": "X,Y", "min_length_per_category": "1,0"},
            "least numbers of a category cannot be asked",
        ),
        (
            {"rule": "greedy", "categories": "Parks,Sport", "budget_per_category": "9"},
            "category: 'Parks, paths' is none of META's categories",
        ),
        ({"max_words": "2"}, "max_words 2: a limit that Ostraka does not know"),
        ({"vote_limit": "2"}, ":7: vote_limit 2: a limit that Ostraka does not know"),
        ({"length_max": "2"}, ":7: length_max 2: a limit that Ostraka does not know"),
        ({"rule": "greedy", "leftover_budget": "goes to b"}, "only a pass ordered by score"),
        (
            {"rule": "greedy-threshold", "min_project_score_threshold": "-1"},
            r":8: outcome\.minimum_support: -1 outside",
        ),
        (
            {"categories": "Parks, paths,Sport", "max_length_per_category": "0"},
            "nobody could choose any of a category",
        ),
        ({"max_sum_cost_per_district": "2"}, "a limit that Ostraka does not know"),
        ({"vote_type": "cumulative"}, "how many points are there to give"),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "max_length": "2"},
            "at most 2 with points cannot be asked",
        ),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "min_length": "2"},
            "2 projects with points cannot be asked",
        ),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "min_points": "2"},
            "a least number for one project cannot be asked",
        ),
        ({"vote_type": "scoring"}, "what is the best score"),
        ({"vote_type": "cumulative", "max_sum_points": "0"}, "max_sum_points 0: nobody could"),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "max_points": "0"},
            "max_points 0: nobody could give a point",
        ),
        ({"vote_type": "scoring", "max_points": "5", "min_points": "-1"}, "scores below 0"),
        ({"vote_type": "scoring", "max_points": "5", "max_length": "2"}, "cannot be asked"),
        ({"vote_type": "scoring", "max_points": "5", "max_sum_points": "9"}, "have no sum"),
        ({"vote_type": "scoring", "max_points": "5", "default_score": "1"}, "who is not named"),
        ({"vote_type": "ordinal", "scoring_fn": "Dowdall"}, "only Borda's scores are known"),
        ({"vote_type": "ordinal", "max_sum_cost": "70"}, ":7: max_sum_cost 70: ordinal ballots"),
        ({"vote_type": "ordinal", "min_sum_cost": "1"}, "ordinal ballots cannot be asked"),
        ({"vote_type": "choose-1", "max_length": "0"}, "choose-1 ballots cannot be asked"),
        ({"vote_type": "choose-1", "min_length": "2"}, "choose-1 ballots cannot be asked"),
        ({"vote_type": "choose-1", "max_sum_cost": "55"}, "choose-1 ballots cannot be asked"),
        ({"max_points": "3"}, "approval ballots cannot be asked"),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "max_sum_cost": "70"},
            "cumulative ballots cannot be asked",
        ),
        (
            {"vote_type": "scoring", "max_points": "5", "categories": "Parks,Sport"}
            | {"max_length_per_category": "1"},
            "category: 'Parks, paths' is none of META's",
        ),
        ({"categories": "Parks,Sport,", "max_length_per_category": "1"}, "one has no name"),
        ({"rule": "greedy-custom"}, "known are greedy, greedy-no-skip, greedy-threshold"),
        (
            {"rule": "greedy-no-skip", "leftover_budget": "what fits, ordered by score"},
            "a pass after greedy-no-skip is not known",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_the_reason(
    tmp_path: Path, meta: dict[str, str], reason: str
) -> None:
    projects = CATEGORIES if "categories" in meta else PROJECTS
    votes = POINTS if meta.get("vote_type") in ("cumulative", "scoring") else VOTES
    with pytest.raises(FileError, match=reason):
        asked(tmp_path, pb(meta, projects, votes))


def test_limits_that_do_not_bind_are_no_reason_to_refuse(tmp_path: Path) -> None:
    meta = {
        "rule": "greedy",
        "categories": "Parks,Sport",
        "min_length_per_category": "0",
        "min_sum_cost": "0",
        "max_sum_cost": "120",
        "max_sum_cost_per_category": "60,60",
        "min_project_cost": "5",
        "min_of_something_new": "0",
    }
    projects = [row.replace("Parks, paths", "Parks") for row in CATEGORIES]
    election = asked(tmp_path, pb(meta, projects))
    assert election.question.to_json().keys() == {"kind", "title", "options", "at_least", "at_most"}


def test_ballots_that_break_their_own_rule_are_named(tmp_path: Path) -> None:
    votes = ["voter_id;vote;points"]
    votes += ["x;a;3", "y;a,a;1,1", "z;q;3", "v;a,b;3", "w;a;4", "u;a;1.5", "t;;", "s;b;2.0"]
    meta = {"vote_type": "cumulative", "max_sum_points": "3", "min_sum_points": "1"}
    election = asked(tmp_path, pb(meta, votes=votes))
    found = file_ballots(election, 8)
    assert [number for number, _ in found.cast] == [1, 8]
    assert [(one.voter, one.reason) for one in found.left_out] == [
        (2, "names project a twice"),
        (3, "there is no project 'q'"),
        (4, "1 points for 2 projects"),
        (5, "Alpha: 4, allowed are 0 to 3"),
        (6, "Alpha: '1.5' is no whole number"),
        (7, "the values come to 0, allowed are 1 to 3"),
    ]
    assert plain_count(tmp_path / "file.pb").left_out == [2, 3, 4, 5, 6, 7]


def test_rounds_that_a_treasury_cannot_hold_become_polls(tmp_path: Path) -> None:
    for text, reason in (
        (pb({"rule": "greedy", "budget": "55"}), "a project costs more than the whole budget"),
        (pb(), "nothing is funded"),
        (pb({"rule": "greedy"}, ["project_id;cost", "a;5"]), "a round has 2 to 200 projects"),
    ):
        election = asked(tmp_path, text)
        assert election.round is None
        assert election.says.endswith(f"a poll, for {reason}.")


def test_names_of_many_projects_fit_into_a_description(tmp_path: Path) -> None:
    projects = ["project_id;cost;name"] + [f"{n};5;{'ż' * 200}{n}" for n in range(300)]
    election = asked(tmp_path, pb({"max_length": "2"}, projects, ["voter_id;vote", "1;7"]))
    assert sum(len(option.name.encode()) for option in election.options) <= 28_000
    too_many = ["project_id;cost", *(f"{n};5" for n in range(330))]
    with pytest.raises(FileError, match="bits"):
        asked(tmp_path, pb({"max_length": "2"}, too_many, ["voter_id;vote", "1;7"]))


def test_both_readings_take_a_number_and_a_list_the_same(tmp_path: Path) -> None:
    """Whatever is written in a strange way: read alike, or left out of both counts."""
    meta = {"max_sum_points": "9.0", "max_points": "7.00", "vote_type": "cumulative"}
    rows = {
        "a,b;5.0,1.00": True,
        "a;05": True,
        "a , b;1 , 2": True,
        "a;+5": False,
        "a,;5": True,
        "a,;5,": True,
        "a,b;5": False,
        "a;1.5": False,
        "a;5e0": False,
        "a;1_0": False,
        "a;1/1": False,
        "a;-0": True,
        ";": True,
    }
    votes = [f"{number};{row}" for number, row in enumerate(rows, start=1)]
    path = write(tmp_path, pb(meta, votes=["voter_id;vote;points", *votes]), "FILE.PB")
    tally, left_out = tally_of(read_election(path))
    assert left_out == [number for number, good in enumerate(rows.values(), start=1) if not good]
    plain = plain_count(path)
    assert (list(plain.counts.values()), plain.left_out) == (tally, left_out)
    assert tally == [21, 3, 0]
    approvals = write(tmp_path, pb(votes=["voter_id;vote", "1;a,", "2;,a", "3;a,,b", "4;a"]))
    tally, left_out = tally_of(read_election(approvals))
    # Nothing between two commas is no project.
    assert (tally, left_out) == ([4, 1, 0], [])
    assert plain_count(approvals).left_out == left_out
    places = {"vote_type": "ordinal", "max_length": "2.0"}
    ranked = write(tmp_path, pb(places, votes=["voter_id;vote", "1;b,a", "2;c"]))
    assert list(plain_count(ranked).counts.values()) == tally_of(read_election(ranked))[0]


def test_default_committees_obey_their_bounds() -> None:
    for nodes, quorum in ((3, 2), (4, 3), (5, 4), (7, 5)):
        threshold, faults = committee_bounds(nodes)
        members = tuple(Member(bytes([n]) * 20, "u") for n in range(1, nodes + 1))
        assert Committee(members, threshold, faults).quorum == quorum
    with pytest.raises(FileError, match="6 nodes"):
        committee_bounds(6)


def test_the_benchmark_says_why_winners_differ(tmp_path: Path) -> None:
    assert compare(DATA / "poland_lodz_2020_mileszki.pb")[0] == 0
    for meta, projects, votes, differing, how in (
        (
            {"rule": "greedy"},
            ("project_id;cost;selected", "a;60;1", "b;50;1", "c;10;0"),
            ("vote", "a", "a", "b", "a,c"),
            2,
            "b is funded in the file: 1 vote of at least 0, place 2, costs 50 of 40 left; "
            "c is not funded in the file: 1 vote of at least 0, place 3, costs 10 of 40 left",
        ),
        (
            {"rule": "greedy", "max_length": "1"},
            ("project_id;cost;selected;votes", "a;60;1;4", "b;50;0;0", "c;10;1;0"),
            ("vote", "a", "a", "a", "a,b"),
            0,
            "left out because of the file's own rule: 1 ballot; "
            "the file's own counts differ from its ballots",
        ),
        ({"rule": "greedy"}, CATEGORIES, ("vote", "a"), None, "the file publishes no winners"),
        ({"rule": "unknown"}, CATEGORIES, ("vote", "a"), None, "names no greedy rule"),
        ({"rule": "equalshares"}, CATEGORIES, ("vote", "a"), None, "rule equalshares: equal"),
    ):
        found = compare(write(tmp_path, pb(meta, projects, votes)))
        assert found[0] == differing
        assert how in found[1]
