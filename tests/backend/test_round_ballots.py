"""A round's ballots and outcome rules: specification, the treasury's bytes, and back (§17.7)."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ostraka.planning.round_ballots import RoundBallot, RoundOutcome
from ostraka.planning.round_rules import BallotKind, ballot_json, outcome_json

BALLOTS: dict[str, tuple[dict[str, Any], str]] = {
    "single_choice": ({}, "00"),
    "approval": ({"at_least": 1, "at_most": 300}, "010001012c"),
    "knapsack": ({}, "02"),
    "score": ({"max_score": 5}, "030000000000000005"),
    "points": ({"credits": 10, "at_least": 3}, "04000000000000000a0000000000000003"),
    "quadratic": ({"credits": 9}, "050000000000000009"),
    "ranking": ({"scores": [3, 1]}, "06000200000000000000030000000000000001"),
}
OUTCOMES: list[tuple[dict[str, Any], str]] = [
    (
        {"kind": "greedy", "order": "votes_per_cost", "misfit": "stop", "minimum_support": "7"},
        "010101" + "07".rjust(32, "0"),
    ),
    (
        {
            "kind": "categories",
            "order": "votes",
            "misfit": "skip",
            "leftover": True,
            "minimum_support": "1",
            "budgets": ["5", "9"],
        },
        "04000001" + "01".rjust(32, "0") + "0002" + "05".rjust(32, "0") + "09".rjust(32, "0"),
    ),
    ({"kind": "proportional"}, "05"),
    (
        {
            "kind": "equal_shares",
            "objection_time": 60,
            "veto_holder": "0x" + "ab" * 20,
            "utility": "points",
            "completion": "add_one_utilitarian",
            "increment": "100",
        },
        "08000000003c" + "ab" * 20 + "0103" + f"{100:032x}",
    ),
    (
        {"kind": "phragmen", "objection_time": 86_400, "veto_holder": None},
        "080300015180" + "00" * 20,
    ),
]


def test_every_ballot_kind_is_supported() -> None:
    assert set(BALLOTS) == {kind.name.lower() for kind in BallotKind}


@pytest.mark.parametrize("kind", BALLOTS)
def test_ballots_are_written_and_read_back(kind: str) -> None:
    members, encoded = BALLOTS[kind]
    ballot = TypeAdapter(RoundBallot).validate_python({"kind": kind, **members})
    assert ballot.encoded.hex() == encoded
    assert ballot_json(ballot.encoded) == {"kind": kind, **members}


@pytest.mark.parametrize(
    ("content", "encoded"), OUTCOMES, ids=[str(content["kind"]) for content, _ in OUTCOMES]
)
def test_outcome_rules_are_written_and_read_back(content: dict[str, Any], encoded: str) -> None:
    outcome = TypeAdapter(RoundOutcome).validate_python(content)
    assert outcome.encoded.hex() == encoded
    assert outcome_json(outcome.encoded) == content


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "approval", "at_most": 0},
        {"kind": "approval", "at_most": 1 << 16},
        {"kind": "score", "max_score": 0},
        {"kind": "points", "credits": 10, "at_least": -1},
        {"kind": "ranking", "scores": [1]},
        {"kind": "ranking", "scores": [1] * 201},
        {"kind": "knapsack", "costs": [1]},
        {"kind": "lottery"},
    ],
    ids=str,
)
def test_ballots_out_of_range_are_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(RoundBallot).validate_python(content)
