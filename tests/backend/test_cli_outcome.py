"""What the command line shows of an outcome that opened ballots decide."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from ostraka.cli.outcome_steps import outcome_on_ballots
from ostraka.gateway_client.gateway import Gateway
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.outcome import (
    BallotOutcome,
    Completion,
    EqualShares,
    InstantRunoff,
    Phragmen,
    TransferableVote,
    steps_json,
)

HOLDER = "0x" + "ab" * 20
NAMES = ("Oak", "Elm", "Red\x1b[31m")
RANKINGS = [(3, 2, 0)] * 4 + [(0, 3, 2)] * 3 + [(2, 0, 3)] * 2
APPROVALS = [(1, 1, 0)] * 4 + [(0, 1, 0)] * 2 + [(0, 0, 1)] * 3
RUNOFF = InstantRunoff(objection_time=60, options=3)
EURO = {"symbol": "EUR", "decimals": 2}


def answered(
    rule: BallotOutcome,
    ballots: Sequence[tuple[int, ...]] | None,
    kind: str = "equal_shares",
    in_round: dict[str, Any] | None = None,
    **attested: Any,
) -> tuple[dict[str, Any], str]:
    """JSON and words for a poll whose gateway answers so; ballots are None if not opened."""
    known = {
        "state": "final",
        "veto_holder": HOLDER,
        "attest_by": 1_999_999_000,
        "objection_ends_at": 2_000_000_000,
        "awards": None,
    }

    def get(path: str) -> Any:
        if path == "/polls/7/opened":
            if ballots is None:
                raise Problem(ProblemType.NOT_OPENED, "only the sum was opened", "poll")
            return {"ballots": [{"slots": list(map(str, one)), "count": 1} for one in ballots]}
        return {
            "/polls/7/outcome": known | attested,
            "/polls/7": {"outcome_rule": "0x" + rule.encode().hex()},
        }[path]

    options = [{"option": name} for name in NAMES]
    results = {"poll": "7", "outcome": {"kind": kind}, "options": options, "round": in_round}
    to = cast(Gateway, SimpleNamespace(get=get))
    found, shown = outcome_on_ballots(to, results)
    console = Console(width=120)
    with console.capture() as captured:
        for one in shown:
            console.print(one)
    return found, captured.get()


@pytest.mark.parametrize(
    ("attested", "words"),
    [
        ({"state": "awaited"}, "the nodes can bring it to the contract until 2033-05-18 03:16:40"),
        ({"state": "objectable"}, f"{HOLDER} may veto it until 2033-05-18 03:33:20"),
        ({"state": "objectable", "veto_holder": None}, "final from 2033-05-18 03:33:20"),
        ({"state": "final"}, "by the nodes' word, final since 2033-05-18 03:33:20"),
        ({"state": "vetoed"}, f"vetoed by {HOLDER}"),
        ({"state": "missed"}, "the nodes brought none in time"),
    ],
)
def test_the_words_say_whose_word_it_is(attested: dict[str, Any], words: str) -> None:
    found, shown = answered(RUNOFF, None, **attested)
    assert words in shown
    assert "No steps to show: only the sum was opened." in shown
    assert found["steps"] is None
    assert found["attested"]["state"] == attested["state"]


def test_a_poll_that_its_tally_decides_says_nothing() -> None:
    assert answered(RUNOFF, None, "greedy", state="none") == ({}, "")


@pytest.mark.parametrize(
    ("rule", "ballots", "said"),
    [
        (
            EqualShares((600, 500, 200), 1000, objection_time=60),
            APPROVALS,
            [
                "9 voters, with about 1.11 EUR each.",
                "bought by 6 voters, at most about 0.83 EUR each",
                "not bought: 4 supporters",
                "that of its supporters",
            ],
        ),
        (
            EqualShares(
                (600, 500, 200), 1000, completion=Completion.UTILITARIAN, objection_time=60
            ),
            APPROVALS,
            ["does not fit in the rest"],
        ),
        (
            Phragmen((600, 500, 200), 1000, objection_time=60),
            APPROVALS,
            ["funded by 6 supporters", "is next and does not fit: the rule ends"],
        ),
        (
            RUNOFF,
            RANKINGS,
            [
                "Votes at each count",
                "Count 1: Red [31m has the fewest and is eliminated. Oak +2.",
                "Count 2: Elected: Oak.",
            ],
        ),
        (
            TransferableVote(objection_time=60, seats=2, options=3),
            [(3, 2, 0)] * 7 + [(0, 3, 0), (0, 0, 3)] * 2,
            ["with 4 votes, the quota", "The surplus of Oak is transferred.", "Elm +2.99999"],
        ),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BallotOutcome) else "",
)
def test_every_step_is_shown(
    rule: BallotOutcome, ballots: list[tuple[int, ...]], said: list[str]
) -> None:
    found, shown = answered(rule, ballots, in_round=EURO)
    assert [text for text in said if text not in shown] == []
    assert "\x1b" not in shown
    assert found["steps"] == steps_json(rule.explain(ballots))


def test_amounts_of_a_poll_without_a_round_are_in_the_smallest_unit() -> None:
    rule = EqualShares((60_000, 50_000, 20_000), 100_000, objection_time=60)
    assert "50,000" in answered(rule, APPROVALS)[1]


def test_a_false_word_of_the_nodes_is_named() -> None:
    assert "attested other winners" in answered(RUNOFF, RANKINGS, awards=[0, 1, 0])[1]
    assert "attested other winners" not in answered(RUNOFF, RANKINGS, awards=[1, 0, 0])[1]


def test_steps_to_a_lost_outcome_have_no_effect() -> None:
    assert "no effect" in answered(RUNOFF, RANKINGS, state="missed")[1]
    assert "no effect" not in answered(RUNOFF, RANKINGS)[1]
