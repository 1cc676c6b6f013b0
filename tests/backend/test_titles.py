"""Titles, addresses and refusals as people meet them, in every input."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import Field, ValidationError

from ostraka.gateway.routers.proposals import ProposalItem
from ostraka.planning.asked_poll import census_so_far
from ostraka.planning.feasibility import impossibilities
from ostraka.planning.fields import Strict
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.wire.addresses import read_address
from ostraka.wire.problems import install
from ostraka.wire.strict_requests import StrictRoute
from ostraka.wire.titles import cleaned, first_alike, title_problem
from ostraka.wire.wording import close_to, of_file
from ostraka_verifier.rpc import no_answer

NOW = 1_800_000_000
ACCOUNTS = ["0x" + f"{number:02x}" * 20 for number in range(1, 7)]
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # of EIP-55


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Where?", None),
        ("می‌خواهم", None),
        ("\U0001f469\u200d\U0001f33e", None),
        (" ", "blank"),
        ("\u200d", "blank"),
        ("a\u202eb", "U+202E changes the direction of text"),
        ("a\u2066b", "U+2066 changes the direction of text"),
        ("a\u200bb", "U+200B cannot be seen"),
        ("a\u2028b", "U+2028 cannot be seen"),
        ("a\nb", "U+000A cannot be seen"),
        ("\u3164", "U+3164 cannot be seen"),
        ("a\ud800", "U+D800 cannot be seen"),
        ("a\ufff0", "U+FFF0 cannot be seen"),
        ("a\U000e0fff", "U+E0FFF cannot be seen"),
        ("\u180b", "blank"),
    ],
)
def test_titles(text: str, problem: str | None) -> None:
    assert title_problem(text) == problem
    assert title_problem(cleaned(text) or "–") in (None, "blank")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a "),
        ("\uff21", "A"),
        ("Straße", "STRASSE"),
        ("\u00e9", "e\u0301"),
        ("a  b", "a\u00a0b"),
        ("a\u200db", "ab"),
        ("\u2764\ufe0f", "\u2764"),
        ("a\u180b", "a"),
        ("a\u180f", "a"),
    ],
)
def test_names_that_nobody_can_tell_apart(one: str, other: str) -> None:
    assert first_alike([one, "other", other]) == (2, 0)
    assert first_alike([one, "other", other + "x"]) is None


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


def test_what_can_work() -> None:
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
        ({"minimum_ballots": 7}, "minimum_ballots", "7 of 6 voters"),
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
        ({"questions": [CROSSED]}, "questions[0].rows[1]", "'A ' cannot be told from 'a'"),
        ({"questions": [QUESTION, QUESTION]}, "questions[1].title", "as question 1"),
    ],
)
def test_polls_that_can_never_work(more: dict[str, Any], field: str, reason: str) -> None:
    ((found, why),) = wrong(poll(**more))
    assert found == field
    assert re.search(reason, why)


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        ({"minimum_ballots": 7}, "minimum_ballots", "7 of 6 voters"),
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
def test_rounds_that_can_never_work(more: dict[str, Any], field: str, reason: str) -> None:
    ((found, why),) = wrong(round_(**more))
    assert found == field
    assert re.search(reason, why)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0x" + "00" * 20, "the zero address belongs to nobody"),
        (MIXED[:-1] + "D", "mistyped: its capitals do not fit its digits"),
        ("0x12", "expected 0x and 40 hexadecimal digits"),
        (MIXED + "\n", "expected 0x and 40 hexadecimal digits"),
    ],
)
def test_addresses_are_read_alike_everywhere(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_address(address)
    for content in (
        {"voters": {"kind": "list", "accounts": [{"account": address}]}},
        {"voters": {"kind": "members", "contract": address}},
    ):
        with pytest.raises(ValidationError) as raised:
            poll(**content)
        assert raised.value.errors()[0]["msg"] == said
    with pytest.raises(ValidationError) as raised:
        ProposalItem(recipient=address, amount=1, title="T")
    assert raised.value.errors()[0]["msg"] == said
    assert ProposalItem(recipient=MIXED, amount=1, title="T").recipient == MIXED.lower()


def test_requests_are_refused_in_our_own_words() -> None:
    app = FastAPI()
    app.router.route_class = StrictRoute
    install(app)

    class Inner(Strict):
        size: int

    class Outer(Strict):
        inner: Inner
        names: list[str] = Field(default=[])

    @app.post("/")
    def take(_: Outer) -> None: ...

    client = TestClient(app)
    for body, field, detail in (
        ({"inner": {"size": "x"}}, "body.inner.size", "expected a whole number"),
        ({"inner": {"sizes": 1, "size": 1}}, "body.inner.sizes", "unknown; did you mean size"),
        ({}, "body.inner", "missing"),
        ({"inner": {"size": 1}, "names": 5}, "body.names", "expected a list"),
        ({"inner": {"size": 1}, "names": [5]}, "body.names.0", "expected text"),
        ([], "body", "expected an object of members"),
    ):
        answer = client.post("/", json=body).json()
        assert (answer["field"], answer["detail"]) == (field, detail)
    for content, detail in (
        (b'{"inner": {"size": 1}, "inner": {"size": 2}}', "member"),
        (b"{", "not JSON"),
        (b'{"inner": {"size": NaN}}', "not JSON"),
    ):
        headers = {"Content-Type": "application/json"}
        answer = client.post("/", content=content, headers=headers)
        assert answer.status_code == 400
        assert detail in answer.json()["detail"]


def test_servers_and_files_that_fail_are_told_without_our_tools_names() -> None:
    assert no_answer(httpx.ConnectError("x")) == "no connection"
    assert no_answer(httpx.ReadTimeout("x")) == "no answer in time"
    assert no_answer(httpx.RemoteProtocolError("x")) == "the connection was lost"
    with pytest.raises(OSError) as raised:
        Path("/nowhere/at/all").read_text()
    assert of_file(raised.value) == "/nowhere/at/all: No such file or directory"


def test_names_that_are_nearly_known() -> None:
    known = ("accounts_file", "max_length")
    assert close_to("account_file", known) == "accounts_file"
    assert close_to("Max-Length", known) == "max_length"
    assert close_to("max_length", known) == close_to("colour", known) == ""
