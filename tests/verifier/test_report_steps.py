"""The report on an outcome of opened ballots: every step, in tables and in JSON."""

from typing import Any

import pytest

from ostraka_verifier.html_report import References, facts_of, report_json
from ostraka_verifier.html_report.markup import joined
from ostraka_verifier.html_report.steps import explained
from ostraka_verifier.outcome import (
    BallotOutcome,
    Completion,
    EqualShares,
    InstantRunoff,
    Phragmen,
    TransferableVote,
    steps_json,
)
from tests.support.reports import HOSTILE, RUN, page_of, report_on
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll

NAMES = ("Oak", "Elm", HOSTILE)
EQUAL: dict[str, Any] = {"objection_time": 60, "costs": (6, 5, 2), "budget": 10}
RANKINGS = [(3, 2, 0)] * 4 + [(0, 3, 2)] * 3 + [(2, 0, 3)] * 2
APPROVALS = [(1, 1, 0)] * 4 + [(0, 1, 0)] * 2 + [(0, 0, 1)] * 3


def html(rule: BallotOutcome, ballots: list[tuple[int, ...]]) -> str:
    found = explained(rule.explain(ballots), NAMES, lambda units: f"€{units}")
    return joined(found).html


@pytest.mark.parametrize(
    ("rule", "ballots", "said"),
    [
        (
            EqualShares(**EQUAL),
            APPROVALS,
            ["9 voters, with about €1 each.", "bought by 6 voters, at most about €1 each"],
        ),
        (
            EqualShares(**EQUAL, completion=Completion.UTILITARIAN),
            APPROVALS,
            ["not bought: 4 supporters", "does not fit in the rest"],
        ),
        (
            EqualShares(**EQUAL, completion=Completion.ADD_ONE, increment=1),
            APPROVALS,
            ["9 voters, with about €2 each, after 1 increment."],
        ),
        (
            # The shares grow past what the first one costs, but no budget covers it.
            EqualShares(
                objection_time=60,
                costs=(11, 5, 2),
                budget=10,
                completion=Completion.ADD_ONE,
                increment=1,
            ),
            [(1, 1, 0)] + [(1, 0, 0)] * 3,
            ["not bought: costs more than the whole budget"],
        ),
        (
            EqualShares(objection_time=60, costs=(10, 5, 2), budget=10),
            [(1, 0, 0)] * 4,
            ["bought by 4 voters, at most about €2 each; 4 have nothing left"],
        ),
        (
            InstantRunoff(objection_time=60, options=3),
            RANKINGS,
            ["Count 2", "has the fewest and is eliminated", "+2", "Elected: <bdi>Oak</bdi>"],
        ),
        (
            TransferableVote(objection_time=60, seats=2, options=3),
            [(3, 2, 0)] * 7 + [(0, 3, 0), (0, 0, 3)] * 2,
            ["with 4 votes, the quota", "The surplus of <bdi>Oak</bdi>", "2.99999", "+0.00001"],
        ),
        (
            TransferableVote(objection_time=60, seats=1, options=3),
            [(3, 0, 0), (0, 3, 0), (0, 0, 3)],
            ["Tied: ", "the order on the ballot decides"],
        ),
        (
            Phragmen(**EQUAL),
            APPROVALS,
            ["funded by 6 supporters", "is next and does not fit: the rule ends"],
        ),
        (InstantRunoff(objection_time=60, options=3), [(0, 0, 0)], ["No ballot ranks an option."]),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BallotOutcome) else "",
)
def test_every_step_is_told(
    rule: BallotOutcome, ballots: list[tuple[int, ...]], said: list[str]
) -> None:
    shown = html(rule, ballots)
    assert [text for text in said if text not in shown] == []
    assert "<script" not in shown
    assert "\u202e" not in shown


def test_without_steps_nothing_is_told() -> None:
    assert explained([], NAMES, str) is None


def test_the_report_explains_the_outcome_of_opened_ballots() -> None:
    rule = EqualShares(objection_time=60, costs=(50, 40, 30, 20), budget=100)
    poll = ShuffledPoll.of(shuffled_approval_poll(outcome=rule))
    report = report_on(*poll.finish())
    assert "How the ballots decide, step by step" in page_of(report).inside("h3")
    written = report_json(report, facts_of(report, References(), RUN))
    steps = steps_json(rule.explain([one.values for one in poll.openings]))
    assert written["report"]["poll"]["decisions"][0]["steps"] == steps
    assert steps
