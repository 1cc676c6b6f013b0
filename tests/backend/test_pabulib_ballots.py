"""A `.pb` file's metadata choose the kind of ballot."""

from pathlib import Path
from typing import Any

import pytest

from ostraka.demo.file_ballots import file_ballots
from ostraka.demo.plain_count import plain_count
from ostraka.planning.round_rules import ballot_json
from tests.support.elections import POINTS, asked, pb


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
def test_metadata_determine_the_ballot_kind(
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
        (4, "points has 1 value for 2 projects"),
        (5, "Alpha: 4, allowed are 0 to 3"),
        (6, "Alpha: '1.5' is not a whole number"),
        (7, "the values come to 0, allowed are 1 to 3"),
    ]
    assert plain_count(tmp_path / "file.pb").left_out == [2, 3, 4, 5, 6, 7]
