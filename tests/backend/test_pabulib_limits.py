"""Limits of a `.pb` file that cannot be honoured are refused with the reason."""

from pathlib import Path

import pytest

from ostraka.formats.election import FileError
from tests.support.elections import CATEGORIES, POINTS, PROJECTS, VOTES, asked, pb


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ({"rule": "equalshares/eps"}, "--greedy funds by votes instead"),
        ({"rule": "greedy-exclusive"}, "known are greedy, greedy-no-skip, .* equalshares/add1"),
        (
            {"rule": "equalshares", "min_project_score_threshold": "2"},
            "2: not supported with equal shares",
        ),
        ({"rule": "greedy-threshold"}, "min_project_score_threshold is missing"),
        ({"min_sum_cost": "20"}, "private ballots cannot have a minimum cost"),
        ({"min_length": "4", "max_length": "9"}, "question.at_least: 4 outside 0 … 3"),
        ({"max_length": "0"}, "question.at_most: 0 of 3"),
        ({"max_length": "2.5"}, "max_length: '2.5' is not a whole number"),
        ({"max_length_per_category": "1"}, "META names no categories"),
        ({"categories": "X,X"}, "a category occurs twice"),
        (
            {"categories": "X,Y", "min_length_per_category": "1,0"},
            "private ballots cannot have minimums for categories",
        ),
        (
            {"rule": "greedy", "categories": "Parks,Sport", "budget_per_category": "9"},
            "category: 'Parks, paths' is not a category of META",
        ),
        ({"max_words": "2"}, "max_words 2: a limit that Ostraka does not know"),
        ({"vote_limit": "2"}, ":7: vote_limit 2: a limit that Ostraka does not know"),
        ({"length_max": "2"}, ":7: META length_max: unknown; did you mean max_length"),
        ({"rule": "greedy", "leftover_budget": "goes to b"}, "only a pass ordered by score"),
        (
            {"rule": "greedy-threshold", "min_project_score_threshold": "-1"},
            r":8: outcome\.minimum_support: -1 outside",
        ),
        (
            {"categories": "Parks, paths,Sport", "max_length_per_category": "0"},
            "no project of a category could be chosen",
        ),
        ({"max_sum_cost_per_district": "2"}, "a limit that Ostraka does not know"),
        ({"vote_type": "cumulative"}, "missing: the number of points"),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "max_length": "2"},
            "at most 2 with points is not supported",
        ),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "min_length": "2"},
            "at least 2 projects with points is not supported",
        ),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "min_points": "2"},
            "a minimum for one project is not supported",
        ),
        ({"vote_type": "scoring"}, "missing: the best score"),
        ({"vote_type": "cumulative", "max_sum_points": "0"}, "max_sum_points 0: no points could"),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "max_points": "0"},
            "max_points 0: no points could be given",
        ),
        ({"vote_type": "scoring", "max_points": "5", "min_points": "-1"}, "scores below 0"),
        ({"vote_type": "scoring", "max_points": "5", "max_length": "2"}, "is not supported"),
        ({"vote_type": "scoring", "max_points": "5", "max_sum_points": "9"}, "have no sum"),
        (
            {"vote_type": "scoring", "max_points": "5", "default_score": "1"},
            "unnamed projects get 0",
        ),
        ({"vote_type": "ordinal", "scoring_fn": "Dowdall"}, "only Borda's scores are known"),
        ({"vote_type": "ordinal", "max_sum_cost": "70"}, ":7: max_sum_cost 70: ordinal ballots"),
        ({"vote_type": "ordinal", "min_sum_cost": "1"}, "ordinal ballots do not support it"),
        ({"vote_type": "choose-1", "max_length": "0"}, "choose-1 ballots do not support it"),
        ({"vote_type": "choose-1", "min_length": "2"}, "choose-1 ballots do not support it"),
        ({"vote_type": "choose-1", "max_sum_cost": "55"}, "choose-1 ballots do not support it"),
        ({"max_points": "3"}, "approval ballots do not support it"),
        (
            {"vote_type": "cumulative", "max_sum_points": "9", "max_sum_cost": "70"},
            "cumulative ballots do not support it",
        ),
        (
            {"vote_type": "scoring", "max_points": "5", "categories": "Parks,Sport"}
            | {"max_length_per_category": "1"},
            "category: 'Parks, paths' is not a category of META",
        ),
        ({"categories": "Parks,Sport,", "max_length_per_category": "1"}, "a category has no name"),
        ({"rule": "greedy-custom"}, "known are greedy, greedy-no-skip, greedy-threshold"),
        (
            {"rule": "greedy-no-skip", "leftover_budget": "what fits, ordered by score"},
            "a pass after greedy-no-skip is not supported",
        ),
    ],
)
def test_rules_that_cannot_be_honoured_are_refused_with_the_reason(
    tmp_path: Path, meta: dict[str, str], reason: str
) -> None:
    projects = CATEGORIES if "categories" in meta else PROJECTS
    votes = POINTS if meta.get("vote_type") in ("cumulative", "scoring") else VOTES
    with pytest.raises(FileError, match=reason):
        asked(tmp_path, pb(meta, projects, votes))


def test_limits_that_do_not_bind_are_accepted(tmp_path: Path) -> None:
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
