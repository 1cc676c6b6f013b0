"""Categories of a `.pb` file: caps, budgets, and what they leave."""

from pathlib import Path

import pytest

from ostraka.formats.election import FileError
from ostraka.planning.round_rules import outcome_json
from ostraka_verifier.outcome import GreedyByCategory
from tests.support.elections import CATEGORIES, asked, pb


def test_categories_have_caps_leftover_and_cents(tmp_path: Path) -> None:
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
    assert "the categories' budgets exceed the whole budget" not in election.says
    del meta["max_sum_cost_per_category"]
    over = asked(tmp_path, pb(meta, projects))
    assert "the categories' budgets exceed the whole budget" in over.says
    within = asked(tmp_path, pb(meta | {"budget_per_category": "60,40"}, projects))
    assert within.round is not None
    assert within.round.categories == ("Parks", "Sport")
    assert outcome_json(within.round.outcome) == {
        "kind": "categories",
        "order": "votes",
        "misfit": "skip",
        "leftover": True,
        "minimum_support": "0",
        "budgets": ["60", "40"],
    }


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("51.7402;19.4631", (51_740_200, 19_463_100)),
        ("-33.9;-18.4000004", (-33_900_000, -18_400_000)),
        ("0;0", None),
        (";", None),
        ("91;19", None),
        ("north;19", None),
    ],
)
def test_projects_have_the_places_of_the_file(
    tmp_path: Path, place: str, expected: tuple[int, int] | None
) -> None:
    projects = ("project_id;cost;name;latitude;longitude", f"a;60;Alpha;{place}", "b;50;Beta;;")
    election = asked(tmp_path, pb(projects=projects))
    assert [option.place for option in election.options] == [expected, None]


def test_categories_without_budgets_are_labels(tmp_path: Path) -> None:
    election = asked(tmp_path, pb({"categories": "Parks, paths,Sport"}, CATEGORIES))
    assert [option.labels for option in election.options] == ["Parks, paths", "Sport", "Sport"]
