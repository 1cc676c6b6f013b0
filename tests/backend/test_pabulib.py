"""Reading .pb files: their content, and the place of each fault."""

from pathlib import Path

import pytest

from ostraka.formats.pabulib import PabulibError, read_pabulib
from tests.support.elections import PROJECTS, VOTES, pb, write

DATA = Path(__file__).parents[2] / "data"


def test_a_real_citys_file_is_read() -> None:
    file = read_pabulib(DATA / "poland_lodz_2020_nad-nerem.pb")
    assert (len(file.projects), len(file.votes)) == (8, 608)
    assert (file.budget, file.decimals, file.whole("max_length")) == (409_000, 0, 5)
    first = file.projects[0]
    assert first.name.startswith("Zakup fotopułapek")
    assert (first.project_id, first.cost, first.selected, first.votes) == (
        *("G030NN", 20_000, True, 217),
    )
    assert file.votes[2].projects == ("G020NN", "G021NN", "G023NN")


def test_columns_may_come_in_any_order_and_be_missing_or_more(tmp_path: Path) -> None:
    text = pb(
        {
            "description": 'A "quoted" town; and a semicolon',
            "num_votes": "2",
            "vote_type": "cumulative",
        },
        ["name;cost;district;project_id", '"Al;pha";60;north;a', "Beta;50;;b", ";10", ";7;;c"],
        ["vote;voter_id;age;points", "a , b;7;33;2, 1", "b"],
    )
    with pytest.raises(PabulibError, match=r"file\.pb:12: project_id is empty"):
        read_pabulib(write(tmp_path, text))
    file = read_pabulib(write(tmp_path, text.replace(";10\n", "")))
    assert file.meta["description"] == 'A "quoted" town; and a semicolon'
    assert [(one.project_id, one.name) for one in file.projects] == [
        *(("a", "Al;pha"), ("b", "Beta"), ("c", "c")),
    ]
    assert {one.selected for one in file.projects} == {None}
    assert [(one.number, one.projects, one.points) for one in file.votes] == [
        (1, ("a", "b"), ("2", "1")),
        (2, ("b",), ()),
    ]


@pytest.mark.parametrize(
    ("budget", "cost", "decimals", "units"),
    [
        ("100", "60", 0, 60),
        ("100.50", "60", 2, 6000),
        ("100", "0.05", 2, 5),
        ("9", "1.0", 0, 1),
        # As pabutools 1.2.3 writes decimals.
        ("201/2", "403/20", 2, 2015),
        ("9", "6/2", 0, 3),
    ],
)
def test_cents_scale_exactly(
    tmp_path: Path, budget: str, cost: str, decimals: int, units: int
) -> None:
    text = pb({"budget": budget}, ["project_id;cost", f"a;{cost}", "b;1"])
    file = read_pabulib(write(tmp_path, text))
    assert (file.decimals, file.projects[0].cost) == (decimals, units)
    assert file.projects[1].cost == 10**decimals


def test_a_file_of_results_counts_votes_without_listing_them(tmp_path: Path) -> None:
    file = read_pabulib(write(tmp_path, pb({"num_votes": "500"}, votes=("voter_id;vote",))))
    assert file.votes == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nothing", r"file\.pb:1: section META is missing"),
        ("", "section META is missing"),
        (pb().partition("VOTES")[0], "section VOTES is missing"),
        (pb() + "META\n", r":16: a second section META"),
        (pb({"budget": ""}), "META has no budget"),
        (pb({"vote_type": ""}), "META has no vote_type"),
        (pb({"vote_type": "oracle"}), "vote_type oracle: expected"),
        (pb({"budget": "1x"}), "budget: '1x' is not a number"),
        (pb({"budget": "-1"}), "budget: -1 is not an amount of money"),
        (pb({"budget": "0.1234567"}), r":5: budget: 0.1234567 needs more than 6 decimals"),
        (pb({"budget": "100/3"}), r":5: budget: 100/3 needs more than 6 decimals"),
        (pb({"budget": "1/0"}), "budget: '1/0' is not a number"),
        (pb().replace("key;value", "budget;1"), r":5: META has budget twice"),
        (pb().replace("key;value", "note"), r":2: META 'note' has no value"),
        (pb().replace("key;value", ";note"), r":2: META has a value without a name"),
        (pb(projects=["project_id;name", "a;A"]), r":8: column cost is missing"),
        (pb(projects=["project_id;cost"]), "there are no projects"),
        (pb(projects=[]), "section PROJECTS has no header"),
        (pb(projects=[*PROJECTS, "b;5;1;Again;0"]), r":12: project b occurs twice"),
        (pb(projects=[*PROJECTS, "d;x;1;D;0"]), r":12: cost: 'x' is not a number"),
        (pb(projects=[*PROJECTS, "d;0;1;D;0"]), r":12: cost: 0 is not above 0"),
        (pb(projects=[*PROJECTS, "d;5;1.5;D;0"]), r":12: votes: '1.5' is not a whole number"),
        (pb(projects=[*PROJECTS, "d;5;1;D;yes"]), r":12: selected: 'yes', expected 0, 1, 2 or 3"),
        (
            pb(projects=[*PROJECTS, "d;5;1;D;0;x"]),
            r":12: 6 columns, the header has 5; a cell with a semicolon needs quotes",
        ),
        (pb(votes=["voter_id", "1"]), r":13: column vote is missing"),
        (pb(votes=[*VOTES, "1;b"]), r":16: voter 1 votes twice, first in line 14"),
        (pb().replace("vote_type", "Vote_Type"), ":6: META Vote_Type: unknown; did you mean v"),
        (pb({"max_lenght": "2"}), ":7: META max_lenght: unknown; did you"),
        (pb({"rul": "greedy"}), ":7: META rul: unknown; did you mean rule"),
        (pb({"max length": "2"}), ":7: META max length: unknown; did you mean max_length"),
        (pb(projects=["project_id;cost;Category", "a;5;X"]), ":8: column Category: unknown; did"),
        (pb(projects=["project_id;cost;cost", "a;5;6"]), ":8: column cost occurs twice"),
        (pb(votes=["voter_id;vote;vote", "1;a;b"]), ":13: column vote occurs twice"),
        (pb(votes=["voter_id;vote;points", "1;a;3"]), ":14: points: approval ballots have none"),
        (
            pb(votes=["voter_id;vote;vote_strength", "1;a;3"]),
            ":14: vote_strength: votes of a weight",
        ),
        (
            pb(votes=["voter_id;vote;weight", "1;a;2"]),
            ":14: weight: votes of a weight other than 1",
        ),
        (pb(votes=["voter_id;vote;Vote_Weight", "1;a;1.5"]), ":14: Vote_Weight: votes of a weight"),
        (pb({"vote_type": "scoring"}), ":13: column points is missing"),
        (pb(projects=["project_id;cost", "a,b;3"]), ":9: project_id: 'a,b' has a comma"),
        (pb(votes=["voter_id;vote", '1;"a', "2;b", "3;a"]), ":14: quotes that begin here do not"),
        (pb(votes=["voter_id;vote", '1;"a', '2;"b', "3;a"]), ":14: quotes that begin here do not"),
        (pb(projects=["project_id;cost;name", 'a;5;"A', "b;6;B"]), ":9: quotes that begin here"),
        (pb({"num_votes": "3"}), "num_votes is 3, the file has 2"),
        (pb({"num_projects": "4"}), "num_projects is 4, the file has 3"),
        (
            pb(votes=["voter_id;vote", "1;" + "x" * 200_000]),
            r":14: a value has more than 131,072 characters",
        ),
    ],
)
def test_errors_are_named_with_their_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(PabulibError, match=reason):
        read_pabulib(write(tmp_path, text))


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.pb"
    path.write_bytes(b"META\n\xff\n")
    with pytest.raises(PabulibError, match="not UTF-8"):
        read_pabulib(path)
