"""Polls and rounds that can never work are refused by the field that is wrong."""

import re
from typing import Any

import pytest

from ostraka.planning.asked_poll import census_so_far, planned_poll
from ostraka.planning.feasibility import impossibilities
from ostraka.planning.leaks import leak_warnings
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka_verifier.errors import Rejected

NOW = 1_800_000_000
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # of EIP-55
ACCOUNTS = ["0x" + f"{number:02x}" * 20 for number in range(1, 7)]


def poll(**more: Any) -> PollSpecification:
    entries = [{"account": one, "weight": 2} for one in ACCOUNTS]
    return PollSpecification.model_validate(
        {
            "title": "T",
            "questions": [{"kind": "single_choice", "title": "T", "options": ["A", "B"]}],
            "closes_at": NOW + 100,
            "voters": {"kind": "list", "accounts": entries},
        }
        | more
    )


def round_(**more: Any) -> RoundSpecification:
    entries = [{"account": one} for one in ACCOUNTS]
    return RoundSpecification.model_validate(
        {
            "title": "T",
            "budget": 1000,
            "proposals_close_at": NOW + 10,
            "voting_opens_at": NOW + 20,
            "voting_closes_at": NOW + 30,
            "members": {"kind": "list", "accounts": entries},
            "ballot": {"kind": "approval", "at_most": 2},
        }
        | more
    )


def wrong(wanted: PollSpecification | RoundSpecification) -> list[tuple[str, str]]:
    census = census_so_far(None, wanted)
    return list(impossibilities(wanted, census, wanted.check(), NOW))


def test_possible_specifications_have_no_problems() -> None:
    assert wrong(poll()) == []
    assert wrong(round_()) == []
    # Of an electorate on chain more may come to be members.
    chain = {"kind": "members", "contract": MIXED}
    assert wrong(poll(voters=chain, minimum_ballots=50)) == []
    assert wrong(round_(voters=chain, minimum_ballots=50)) == []
    shared = [{"account": one, "signing_key": MIXED} for one in ACCOUNTS]
    assert wrong(poll(voters={"kind": "list", "accounts": shared}, shared_keys=True)) == []
    assert wrong(poll(opens_at=NOW - 60)) == []


QUESTION = {"kind": "approval", "title": "T", "options": ["A", "B"], "at_least": 0, "at_most": 2}
CROSSED = {"kind": "cross_tabulation", "title": "T", "rows": ["a", "A "], "columns": ["x", "y"]}
GREEDY = {"kind": "greedy", "costs": [20, 30], "budget": 50}
YES = {"kind": "majority", "quorum": 13}


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        ({"minimum_ballots": 7}, "minimum_ballots", "7, more than the 6 voters"),
        ({"outcomes": [YES]}, "outcomes[0].quorum", "13, more than the weight of all .*: 12"),
        (
            {"outcomes": [{"kind": "plurality", "minimum_support": 13}]},
            "outcomes[0].minimum_support",
            "13, more than all voters together can give: 12",
        ),
        (
            {"questions": [QUESTION], "outcomes": [GREEDY | {"budget": 19}]},
            "outcomes[0].budget",
            "19, less than the cheapest option costs: 20",
        ),
        ({"closes_at": NOW}, "closes_at", "voting must close after now"),
        ({"opens_at": NOW - 1000}, "opens_at", "this time is past"),
        ({"registration_closes_at": NOW - 1000}, "registration_closes_at", "this time is past"),
        (
            {"registration_closes_at": NOW + 50, "opens_at": NOW + 40},
            "opens_at",
            "before registration closes",
        ),
        (
            {"voters": {"kind": "invitations", "invitations": [{"address": MIXED}]}}
            | {"minimum_ballots": 1},
            "registration_closes_at",
            "nobody can redeem",
        ),
        (
            {"times": {"round_duration": 2**31, "max_rounds": 2**31}},
            "times.max_rounds",
            "thousands of years",
        ),
        ({"questions": [QUESTION | {"options": ["A", " "]}]}, "questions[0].options[1]", "blank"),
        ({"questions": [QUESTION | {"title": "\u200f?"}]}, "questions[0].title", "direction"),
        ({"questions": [CROSSED]}, "questions[0].rows[1]", "'A ' looks like 'a'"),
        ({"questions": [QUESTION, QUESTION]}, "questions[1].title", "as question 1"),
    ],
)
def test_impossible_polls_are_refused(more: dict[str, Any], field: str, reason: str) -> None:
    ((found, why),) = wrong(poll(**more))
    assert found == field
    assert re.search(reason, why)


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        ({"minimum_ballots": 7}, "minimum_ballots", "7, more than the 6 voters"),
        ({"proposals_close_at": NOW}, "proposals_close_at", "after now"),
        ({"voting_opens_at": NOW + 10}, "voting_opens_at", "before proposals close"),
        ({"voting_closes_at": NOW + 20}, "voting_closes_at", "before it opens"),
        ({"proposals_open_at": NOW - 1000}, "proposals_open_at", "past"),
        (
            {"outcome": {"kind": "greedy", "minimum_support": 7}},
            "outcome.minimum_support",
            "7, more than all voters together can give: 6",
        ),
        (
            {"outcome": {"kind": "categories", "budgets": [5, 9]}, "minimum_amount": 10},
            "outcome.budgets",
            "at most 9, less than the minimum_amount of 10",
        ),
        (
            {
                "voters": {
                    "kind": "list",
                    "accounts": [
                        {"account": one, "signing_key": ACCOUNTS[0]} for one in ACCOUNTS[:5]
                    ],
                }
            },
            "voters.accounts",
            f"the key {ACCOUNTS[0]} signs for 5 accounts",
        ),
    ],
)
def test_impossible_rounds_are_refused(more: dict[str, Any], field: str, reason: str) -> None:
    ((found, why),) = wrong(round_(**more))
    assert found == field
    assert re.search(reason, why)


SHUFFLED = {"counting": "shuffled"}


def test_shuffled_polls_that_can_be_opened_have_no_problems() -> None:
    assert wrong(poll(**SHUFFLED)) == []
    assert poll(**SHUFFLED).counted == {
        "counting": 1,
        "open_minimum": 5,
        "shuffle_period": 86_400,
    }
    short = poll(**SHUFFLED, open_minimum=6, times={"tally_period": 3600})
    assert wrong(short) == []
    assert short.counted["shuffle_period"] == 1800
    assert poll(**SHUFFLED, minimum_ballots=6).opens_from == 6
    assert poll().counted == {}


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        ({"open_minimum": 5}, "open_minimum", 'only with counting = "shuffled"'),
        ({"times": {"shuffle_period": 9}}, "times.shuffle_period", "only with counting"),
        (SHUFFLED | {"open_minimum": 7}, "open_minimum", "7, more than the 6 voters"),
        (
            SHUFFLED | {"times": {"shuffle_period": 1801, "tally_period": 3600}},
            "times.shuffle_period",
            "1801 s, more than half of the tally period: 1800 s",
        ),
        (
            SHUFFLED | {"times": {"tally_period": 1}},
            "times.shuffle_period",
            "more than half of the tally period: 0 s",
        ),
        (
            SHUFFLED
            | {
                "voters": {
                    "kind": "list",
                    "accounts": [
                        {"account": one, "weight": 1 + place % 2}
                        for place, one in enumerate(ACCOUNTS)
                    ],
                }
            },
            "counting",
            "weights of 1 and 2: a poll that opens every ballot needs voters of equal weight; "
            'classes = "equal" makes them equal',
        ),
        (
            SHUFFLED
            | {
                "questions": [
                    {"kind": "ranking", "title": "T", "options": ["A", "B"], "scores": [1, 1]}
                ]
            },
            "questions[0].scores",
            "places with equal scores",
        ),
    ],
)
def test_shuffled_polls_that_cannot_be_opened_are_refused(
    more: dict[str, Any], field: str, reason: str
) -> None:
    ((found, why),) = wrong(poll(**more))
    assert found == field
    assert reason in why


def test_weights_made_equal_can_be_shuffled() -> None:
    entries = [{"account": one, "weight": 1 + place} for place, one in enumerate(ACCOUNTS)]
    voters = {"kind": "list", "accounts": entries, "classes": "equal"}
    assert wrong(poll(**SHUFFLED, voters=voters)) == []


def test_rules_on_ballots_need_a_shuffled_poll() -> None:
    approval = {"kind": "approval", "title": "T", "options": ["A", "B"], "at_least": 0}
    questions = [approval | {"at_most": 2}]
    outcomes = [{"kind": "phragmen", "budget": 1}]
    ((field, why),) = wrong(poll(questions=questions, outcomes=outcomes))
    assert (field, why) == ("outcomes[0].kind", 'it needs every ballot: set counting = "shuffled"')
    assert wrong(poll(**SHUFFLED, questions=questions, outcomes=outcomes)) == []


SHARES = {"outcome": {"kind": "equal_shares"}}


def test_rounds_by_rules_on_ballots_open_them() -> None:
    assert wrong(round_(**SHARES)) == []
    assert round_(**SHARES).is_shuffled
    assert not round_().is_shuffled
    assert wrong(round_(outcome={"kind": "phragmen"})) == []
    # The number of possible ballots of as many proposals as the round allows.
    wanted = round_(**SHARES)
    asked = planned_poll("this round", wanted, census_so_far(None, wanted))
    found = [one for one in leak_warnings(asked) if one.code == "recognisable_ballots"]
    # None, one or two of 50 proposals.
    assert [one.numbers["ballots"] for one in found] == [str(1 + 50 + 50 * 49 // 2)]


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        (SHARES | {"minimum_ballots": 4}, "minimum_ballots", "at least 5 to open every ballot"),
        (SHARES | {"times": {"shuffle_period": 60}}, "times.shuffle_period", "the treasury takes"),
        (
            SHARES
            | {
                "members": {
                    "kind": "list",
                    "accounts": [
                        {"account": one, "weight": 1 + place % 2}
                        for place, one in enumerate(ACCOUNTS)
                    ],
                }
            },
            "outcome.kind",
            "voters of equal weight",
        ),
    ],
)
def test_rounds_that_cannot_open_their_ballots_are_refused(
    more: dict[str, Any], field: str, reason: str
) -> None:
    ((found, why),) = wrong(round_(**more))
    assert found == field
    assert reason in why


@pytest.mark.parametrize(
    ("ballot", "outcome", "item"),
    [
        ({"kind": "ranking", "scores": [1, 1]}, "equal_shares", "ballot.scores"),
        ({"kind": "ranking", "scores": [1, 0]}, "equal_shares", "ballot.scores"),
        ({"kind": "score", "max_score": 2}, "phragmen", "ballot.kind"),
    ],
)
def test_ballots_that_cannot_be_opened_are_refused(
    ballot: dict[str, Any], outcome: str, item: str
) -> None:
    wanted = round_(ballot=ballot, outcome={"kind": outcome}, maximum_proposals=10)
    with pytest.raises(Rejected) as refused:
        wanted.check()
    assert refused.value.item == item
