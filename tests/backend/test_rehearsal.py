"""A rehearsal asks the same questions as its vote, within minutes, and is marked."""

import json
from typing import Any

import pytest

from ostraka.gateway.description import poll_description
from ostraka.planning.asked_poll import census_so_far
from ostraka.planning.feasibility import impossibilities, refuse_wrong_periods
from ostraka.planning.rehearsal import rehearsal_of
from ostraka.planning.specification import InvitedAddress, PollSpecification, RoundSpecification
from ostraka_verifier.description import Description
from ostraka_verifier.units import Seconds, UnixSeconds

NOW = UnixSeconds(1_790_000_000)
DAY_S = 86_400
VOTERS = [InvitedAddress(address=f"0x{number:040x}") for number in range(1, 6)]
ACCOUNTS = {"kind": "list", "accounts": [{"account": "0x" + "11" * 20, "weight": 900}]}
POLL: dict[str, Any] = {
    "title": "Summer meeting",
    "text": "Where?",
    "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
    "outcomes": [{"kind": "majority", "quorum": 500}],
    "voters": ACCOUNTS,
    "closes_at": NOW + 9 * DAY_S,
    "minimum_ballots": 50,
}
ROUND: dict[str, Any] = {
    "title": "Spring",
    "budget": 1000,
    "minimum_amount": 100,
    "proposals_close_at": NOW + DAY_S,
    "voting_opens_at": NOW + 2 * DAY_S,
    "voting_closes_at": NOW + 3 * DAY_S,
    "members": ACCOUNTS,
}


def rehearsed(wanted: PollSpecification | RoundSpecification) -> PollSpecification:
    made = rehearsal_of(wanted, VOTERS, "Probe", "Only a test.", (10, 20), NOW, Seconds(3600))
    census = census_so_far(None, made)
    assert not list(impossibilities(made, census, made.check(), NOW))
    refuse_wrong_periods(made, Seconds(3600), disputable=True)
    return made


def test_a_poll_is_rehearsed_with_its_own_questions() -> None:
    wanted = PollSpecification.model_validate(POLL)
    made = rehearsed(wanted)
    assert made.asked == wanted.asked
    assert made.title == "Probe: Summer meeting"
    assert made.text == "Only a test.\n\nWhere?"
    assert (made.registration_closes_at, made.closes_at) == (NOW + 600, NOW + 1800)
    assert (made.minimum_ballots, made.secret) == (1, False)
    # Five voters could never reach a quorum of 500.
    assert made.outcomes is not None
    assert made.outcomes[0].model_dump()["quorum"] == 5


def test_a_rehearsal_opens_no_ballots() -> None:
    """Too few vote in it to hide whose is whose."""
    ranking = {"kind": "ranking", "title": "T", "options": ["A", "B", "C"], "scores": [2, 1]}
    shuffled = {"counting": "shuffled", "open_minimum": 40, "questions": [ranking]}
    outcomes = {"outcomes": [{"kind": "instant_runoff"}]}
    made = rehearsed(PollSpecification.model_validate(POLL | shuffled | outcomes))
    assert (made.counting, made.open_minimum) == ("summed", None)
    assert made.outcomes is not None
    assert made.outcomes[0].model_dump() == {"kind": "none"}
    by_shares = {"outcome": {"kind": "equal_shares"}, "ballot": {"kind": "knapsack"}}
    assert rehearsed(RoundSpecification.model_validate(ROUND | by_shares)).outcomes is None


def test_its_description_marks_it() -> None:
    made = rehearsed(PollSpecification.model_validate(POLL))
    encoded = poll_description(made, "0" * 16)
    assert json.loads(encoded)["rehearsal"] is True
    assert Description.decode(encoded).title == "Probe: Summer meeting"
    ordinary = poll_description(PollSpecification.model_validate(POLL), "0" * 16)
    assert "rehearsal" not in json.loads(ordinary)


def test_a_long_title_is_cut() -> None:
    made = rehearsed(PollSpecification.model_validate(POLL | {"title": "x" * 150}))
    assert len(made.title) == 150
    assert made.title.startswith("Probe: xxx")


@pytest.mark.parametrize(
    "ballot",
    [
        {"kind": "knapsack"},
        {"kind": "approval", "at_least": 1, "at_most": 40},
        {"kind": "ranking", "scores": [3, 2, 1]},
    ],
)
def test_a_round_is_rehearsed_with_made_up_proposals(ballot: dict[str, Any]) -> None:
    (question,) = rehearsed(RoundSpecification.model_validate(ROUND | {"ballot": ballot})).asked
    assert question.kind == ballot["kind"]
    assert question.labels()[:2] == ("Probe 1", "Probe 2")
    if question.option_costs is not None:
        assert max(question.option_costs) <= 100 < sum(question.option_costs)


def test_a_small_round_that_votes_divide_is_rehearsed() -> None:
    small = {"ballot": {"kind": "points", "credits": 5}, "outcome": {"kind": "proportional"}}
    wanted = RoundSpecification.model_validate(ROUND | small | {"maximum_proposals": 2})
    (question,) = rehearsed(wanted).asked
    assert question.labels() == ("Probe 1", "Probe 2")
