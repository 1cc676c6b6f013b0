"""A round and a poll driven only by curl and the documented API, over the whole stack."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from web3.types import RPCEndpoint

from ostraka.chain.treasury import Token
from ostraka.demo.local_stack import LocalStack
from ostraka.formats.results import results_csv, results_pb
from ostraka.gateway.courier import Courier
from ostraka.keys import SigningKey
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.records import encode_records, from_hex, to_hex
from tests.support.api import (
    TIMES,
    Api,
    accounts,
    audit,
    ballots_of,
    fresh_keys,
    signed,
    wait_for_heads,
)
from tests.support.invitations import (
    REDEMPTION,
    by_invitation,
    check_electorate,
    redeem,
    redemption,
)
from tests.support.postgresql import postgresql
from tests.support.town import eventually

BUDGET = 1000
GREEDY = {"kind": "greedy", "budget": 1}
COSTLY = "0x5a620f424010600e5760006000fd5b60206000526004602052635249434860e01b60405260606000f3"
"""Code that answers the text "RICH" if it may use more than a million gas, else reverts."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Everything on PostgreSQL: a database for each node, and one for two gateways, as behind a
    load balancer."""
    with (
        postgresql(tmp_path_factory.mktemp("postgresql")) as database,
        LocalStack(tmp_path_factory.mktemp("gateway"), 4) as stack,
    ):
        stack.start_chain()
        stack.start_nodes({node: database(f"node_{node}") for node in range(1, 5)})
        courier = Courier(stack.registry, stack.organizer)
        committee, _ = courier.register_committee(stack.node_urls, 2, 1)
        url = database("gateway")
        for number in (1, 2):
            stack.start_gateway([committee.digest], number, url)
        yield stack


@pytest.fixture(scope="module")
def api(stack: LocalStack) -> Api:
    return Api(stack)


def asking(**members: object) -> dict[str, Any]:
    """A poll's question with something else about it."""
    question = {"kind": "single_choice", "title": "Where?", "options": ["Here", "There"]}
    return {"questions": [question | members]}


def round_of(stack: LocalStack, token: Token | None, keys: Sequence[SigningKey]) -> dict[str, Any]:
    now = stack.registry.head().timestamp
    return {
        "title": "Wiosna",
        "text": "Who gets the money?",
        "token": to_hex(token.address) if token else None,
        "budget": str(BUDGET),
        "proposals_close_at": now + 3600,
        "voting_opens_at": now + 7200,
        "voting_closes_at": now + 10_800,
        "members": accounts(keys),
        "ballot": {"kind": "approval", "at_most": 2},
        "times": TIMES,
    }


def test_a_round_from_proposals_to_payouts(stack: LocalStack, api: Api) -> None:
    token, _ = stack.deploy_token("Test PLN", "PLN", BUDGET)
    keys, guests, invited = fresh_keys(6), fresh_keys(2), fresh_keys(9)
    wanted = round_of(stack, token, keys) | {"voters": by_invitation(invited)}
    plan = api.good("POST", "/rounds", wanted, token=True)
    number = plan["round"]
    api.good("POST", f"/rounds/{number}/funding", {"amount": BUDGET}, token=True)

    organizer = stack.organizer.address_hex
    assert api.good("GET", f"/rounds/{number}/funders") == [
        {"funder": organizer, "amount": str(BUDGET), "refundable": "0"}
    ]
    assert api.good("GET", "/organizer", token=True)["account"] == organizer
    assert api("GET", "/organizer")[0] == 401
    money = api.good("GET", f"/tokens/{to_hex(token.address)}")
    assert (money["symbol"], money["functions"]) == ("PLN", ["balanceOf", "getVotes"])
    # Anybody may ask about a contract that burns what the provider lets it.
    costly = "0x" + "5a" * 20
    stack.registry.web3.provider.make_request(RPCEndpoint("hardhat_setCode"), [costly, COSTLY])
    assert Token(stack.rpc_url, from_hex(costly, "token")).read("symbol") == "RICH"
    unknown = {"symbol": None, "decimals": 0, "functions": []}
    assert api.good("GET", f"/tokens/{costly}") == unknown
    brief = api.good("GET", f"/plans/{plan['plan']}?brief=true")
    assert brief["specification"]["members"] == {"kind": "list", "classes": None}
    assert brief["specification"]["voters"] == {"kind": "invitations"}
    assert brief in api.good("GET", "/plans?brief=true")
    (committee,) = api.good("GET", "/committees")
    assert committee["digest"] == api.good("GET", "/config")["committees"][0]
    assert (committee["threshold"], committee["faults"], committee["quorum"]) == (2, 1, 3)
    assert [one["url"] for one in committee["nodes"]] == stack.node_urls

    recipients = [SigningKey().address_hex for _ in range(4)]
    proposals = []
    asked_for = [("Ławka", 400), ("Gone", 1), ("Tree", 500), ("Statue", 900)]
    for key, recipient, (title, amount) in zip(keys, recipients, asked_for, strict=False):
        item = {"recipient": recipient, "amount": amount, "title": title, "text": "why"}
        asked = {"kind": "proposal", "round": int(number), "member": key.address_hex}
        asked["item"] = item
        to_sign = api.good("POST", "/typed-data", asked)
        sent = {"item": item, "authorization": signed(key, to_sign)}
        made = api.good("POST", f"/rounds/{number}/proposals", sent)
        proposals.append(made["proposal"])
        # What is signed is done once: asked for again, it is the same.
        assert api.good("POST", f"/rounds/{number}/proposals", sent) == made

    better = {"recipient": recipients[2], "amount": "600", "title": "Two trees", "text": ""}
    asked = {"kind": "revision", "proposal": proposals[2], "member": keys[2].address_hex}
    to_sign = api.good("POST", "/typed-data", asked | {"item": better})
    # Another member's signature does not do.
    stolen = {"item": better, "authorization": signed(keys[3], to_sign)}
    status, problem = api("PUT", f"/proposals/{proposals[2]}", stolen)
    assert (status, problem["field"]) == (422, "authorization.signature")
    honest = {"item": better, "authorization": signed(keys[2], to_sign)}
    api.good("PUT", f"/proposals/{proposals[2]}", honest)
    asked = {"kind": "withdrawal", "proposal": proposals[1], "member": keys[1].address_hex}
    to_sign = api.good("POST", "/typed-data", asked)
    withdrawal = {"authorization": signed(keys[1], to_sign)}
    api.good("POST", f"/proposals/{proposals[1]}/withdrawal", withdrawal)

    listed = api.good("GET", f"/rounds/{number}/proposals")
    assert [(one["title"], one["slot"], one["amount"]) for one in listed] == [
        ("Ławka", 0, "400"),
        ("Gone", None, "1"),
        ("Two trees", 1, "600"),
        ("Statue", 2, "900"),
    ]

    # Members and guests vote with a key of their own each, which redeemed an invitation.
    voters = [*keys, *guests]
    for invitation, key in zip(invited, voters, strict=False):
        redeem(api, invitation, key)
    status, problem = api("POST", REDEMPTION, redemption(api, invited[0], SigningKey()))
    assert (status, problem["title"]) == (409, "Invitation already used")
    status, problem = api("POST", REDEMPTION, redemption(api, invited[8], keys[0]))
    assert (status, problem["title"]) == (409, "Key already registered")

    details = api.good("GET", f"/rounds/{number}")
    assert (details["status"], details["deposited"]) == ("proposing", str(BUDGET))
    stack.move_time(details["proposals_close_at"])
    eventually(
        lambda: api.good("GET", f"/plans/{plan['plan']}")["poll"] is not None, "voting starts"
    )
    poll_id = int(api.good("GET", f"/plans/{plan['plan']}")["poll"])
    eventually(
        lambda: api("GET", f"/polls/{poll_id}")[1].get("poll_keys") is not None, "the poll opens"
    )
    status, problem = api("POST", REDEMPTION, redemption(api, invited[8], SigningKey()))
    assert (status, problem["title"]) == (409, "Registration closed")
    check_electorate(api, poll_id, invited[:8], voters)

    stack.move_time(details["voting_opens_at"])
    wait_for_heads(stack)
    accounts_of = [one.address for one in invited]
    votes = [
        (key, account, [0, 1] if key in keys else [2])
        for key, account in zip(voters, accounts_of, strict=False)
    ]
    ballots = ballots_of(stack, poll_id, votes)
    answer = api.good("POST", f"/polls/{poll_id}/ballots", ballots[0].record.to_json())
    assert answer["recorded"]
    assert {one["node"] for one in answer["receipts"]} == {1, 2, 3, 4}
    digest = answer["ballot_digest"]
    assert api.good("GET", f"/polls/{poll_id}/receipts/{digest}")["recorded"]
    batch = encode_records([one.record for one in ballots[1:]])
    answers = api.good("POST", f"/polls/{poll_id}/ballots:batch", batch)
    assert [one["recorded"] for one in answers] == [True] * 7
    streamed = api.good("GET", f"/polls/{poll_id}/events?once=true")
    assert b"event: progress" in streamed
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}/progress")["voted"] == 8, "all votes counted"
    )
    assert api("GET", f"/polls/{poll_id}/results")[1]["title"] == "Not tallied yet"

    stack.move_time(api.good("GET", f"/polls/{poll_id}")["freezes_at"])
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 60
    )
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api.good("GET", f"/rounds/{number}")["status"] == "decided", "decided", 60)
    eventually(lambda: api("GET", f"/polls/{poll_id}/results")[0] == 200, "indexed")
    results = api.good("GET", f"/polls/{poll_id}/results")
    assert [(one["option"], one["votes"], one["award"]) for one in results["options"]] == [
        ("Ławka", "6", "1"),
        ("Two trees", "6", "1"),
        ("Statue", "2", "0"),
    ]
    # The same record, in the formats of others.
    assert api.good("GET", f"/polls/{poll_id}/results.csv").decode() == results_csv(results)
    exported = api.good("GET", f"/polls/{poll_id}/results.pb").decode()
    assert exported == results_pb(results)
    assert (results["round"]["symbol"], results["round"]["decimals"]) == ("PLN", 0)
    for line in ("vote_type;approval", "rule;greedy-threshold", f"budget;{BUDGET}", "num_votes;8"):
        assert line in exported.splitlines()
    assert "1;400;6;Ławka;1" in exported.splitlines()
    for proposal, funded in zip(proposals, (True, False, True, False), strict=True):
        status, paid = api("POST", f"/proposals/{proposal}/payout")
        assert status == (200 if funded else 409)
        # Asked for again, it is the same payout.
        assert not funded or api.good("POST", f"/proposals/{proposal}/payout") == paid
    held = [token.balance(from_hex(recipient, "recipient")) for recipient in recipients]
    assert held == [400, 0, 600, 0]
    report = audit(stack, poll_id)
    assert report["verdict"] == "holds", report
    assert any("each of 9 invitations (8 used)" in one for one in report["assumes"])
    steps = [one["name"] for one in api.good("GET", f"/plans/{plan['plan']}")["transactions"]]
    assert [step for step in steps if step not in ("approve", "fund")] == [
        "create round",
        "start voting",
        "open poll",
        "anchor",
        "tally",
        "decide",
    ]


def test_a_poll_by_invitation(stack: LocalStack, api: Api) -> None:
    """Without a round; who redeems signs for this poll alone, and with both keys."""
    invited, keys = fresh_keys(7), fresh_keys(6)
    closes_at = stack.registry.head().timestamp + 7200
    wanted = {
        "title": "Which evening?",
        "questions": [{"kind": "single_choice", "title": "Which?", "options": ["One", "Two"]}],
        "outcomes": [{"kind": "plurality"}],
        "registration_closes_at": closes_at - 3600,
        "closes_at": closes_at,
        "voters": by_invitation(invited),
        "times": TIMES,
    }
    twice = wanted | {"voters": by_invitation([*invited, invited[0]])}
    status, problem = api("POST", "/polls", twice, token=True)
    assert (status, problem["field"]) == (422, "invitations")
    plan = api.good("POST", "/polls", wanted, token=True)["plan"]
    others = fresh_keys(6)
    twin = wanted | {"voters": by_invitation(others)}
    other_plan = api.good("POST", "/polls", twin, token=True)["plan"]
    listed = wanted | {"voters": accounts(keys)}
    listed_plan = api.good("POST", "/polls", listed, token=True)["plan"]

    good, foreign = redemption(api, invited[0], keys[0]), redemption(api, others[0], keys[0])
    stranger = SigningKey()
    assert api.good("GET", f"/invitations/{stranger.address_hex}") == []
    other_poll = {name: foreign[name] for name in ("by_invitation", "by_signing_key")}
    for changes, status, title, field in (
        ({"by_invitation": good["by_signing_key"]}, 422, "Check failed", "signature"),
        ({"by_signing_key": good["by_invitation"]}, 422, "Check failed", "signature"),
        ({"signing_key": stranger.address_hex}, 422, "Check failed", "signature"),
        (other_poll, 422, "Check failed", "signature"),
        ({"plan": other_plan}, 422, "Check failed", "signature"),
        ({"plan": listed_plan}, 409, "No invitations", "plan"),
        ({"plan": "0" * 16}, 404, "No such plan", "plan"),
        (
            {"by_invitation": good["by_invitation"][:-2]},
            422,
            "Invalid request",
            "body.by_invitation",
        ),
        ({"invitation": "0x12"}, 422, "Invalid request", "body.invitation"),
    ):
        answered, problem = api("POST", REDEMPTION, good | changes)
        shown = answered, problem["title"], problem["field"]
        assert shown == (status, title, field), (changes, problem)
    # Of the plan's electorate, but of none of its invitations.
    (place,) = api.good("GET", f"/invitations/{invited[0].address_hex}")
    assert place["signing_key"] is None
    signed = InvitedElectorate.from_json(place["electorate"]).redeem(stranger, keys[0])
    body = good | {
        "invitation": stranger.address_hex,
        "by_invitation": to_hex(signed.by_invitation),
        "by_signing_key": to_hex(signed.by_signing_key),
    }
    assert api("POST", REDEMPTION, body)[0] == 404

    for invitation, key in zip(invited, keys, strict=False):
        redeem(api, invitation, key)
    for invitation, key, title in (
        (invited[0], stranger, "Invitation already used"),
        (invited[6], keys[0], "Key already registered"),
    ):
        status, problem = api("POST", REDEMPTION, redemption(api, invitation, key))
        assert (status, problem["title"]) == (409, title)
    stack.move_time(closes_at - 3600)
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "created")
    poll_id = int(api.good("GET", f"/plans/{plan}")["poll"])
    # Nobody may wait with an invitation until it is known who voted.
    (place,) = api.good("GET", f"/invitations/{invited[6].address_hex}")
    assert not place["open"]
    for invitation, key in ((invited[6], stranger), (invited[0], keys[0])):
        status, problem = api("POST", REDEMPTION, redemption(api, invitation, key))
        assert (status, problem["title"]) == (409, "Registration closed")
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "opened")
    check_electorate(api, poll_id, invited[:6], keys)
    wait_for_heads(stack)

    # Neither the invitation itself, nor its key in an account of its own.
    for key, account in ((invited[0], invited[0].address), (keys[0], keys[0].address)):
        (ballot,) = ballots_of(stack, poll_id, [(key, account, [0])])
        assert api("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())[0] == 422
    votes = [
        (key, one.address, [0] if key is keys[0] else [1])
        for one, key in zip(invited, keys, strict=False)
    ]
    for ballot in ballots_of(stack, poll_id, votes):
        assert api.good("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())["recorded"]
    stack.move_time(closes_at + TIMES["freeze_delay"])
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 60
    )
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api("GET", f"/polls/{poll_id}/results")[0] == 200, "tallied", 60)
    results = api.good("GET", f"/polls/{poll_id}/results")
    assert [one["votes"] for one in results["options"]] == ["1", "5"]
    report = audit(stack, poll_id)
    assert report["verdict"] == "holds", report
    (assumed,) = report["assumes"]
    assert "each of 7 invitations (6 used)" in assumed


def test_a_plain_poll_survives_the_gateway_that_led(stack: LocalStack, api: Api) -> None:
    other = Api(stack, 2)
    keys = fresh_keys(6)
    now = stack.registry.head().timestamp
    wanted = {
        "title": "Where shall we meet?",
        "questions": [{"kind": "single_choice", "title": "Where?", "options": ["Here", "There"]}],
        "outcomes": [{"kind": "plurality"}],
        "closes_at": now + 3600,
        "voters": accounts(keys),
        "times": TIMES,
    }
    polls_before = stack.registry.poll_count()
    plan = api.good("POST", "/polls", wanted, token=True)["plan"]
    # The one that led so far dies; the other carries on, whatever was sent before.
    stack.kill_gateway(1)
    eventually(lambda: other.good("GET", f"/plans/{plan}")["poll"] is not None, "created", 60)
    poll_id = int(other.good("GET", f"/plans/{plan}")["poll"])
    assert stack.registry.poll_count() == polls_before + 1
    eventually(lambda: other("GET", f"/polls/{poll_id}/progress")[1].get("voted") == 0, "opened")
    eventually(lambda: other.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "indexed")
    ballots = ballots_of(stack, poll_id, [(key, key.address, [1]) for key in keys])
    batch = encode_records([one.record for one in ballots])
    answers = other.good("POST", f"/polls/{poll_id}/ballots:batch", batch)
    assert [one["recorded"] for one in answers] == [True] * 6
    stack.move_time(now + 3600 + TIMES["freeze_delay"])
    eventually(
        lambda: other.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 60
    )
    stack.move_time(other.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: other("GET", f"/polls/{poll_id}/results")[0] == 200, "tallied", 60)
    results = other.good("GET", f"/polls/{poll_id}/results")
    assert [(one["votes"], one["award"]) for one in results["options"]] == [("0", "0"), ("6", "1")]
    assert results["statistics"][0]["shares"][1]["share"] == "1"
    assert other.good("GET", f"/polls/{poll_id}/results.csv").decode() == results_csv(results)
    status, refused = other("GET", f"/polls/{poll_id}/results.pb")
    assert (status, refused["title"]) == (409, "Format not available")
    assert audit(stack, poll_id, 2)["verdict"] == "holds"
    eventually(lambda: other.good("GET", f"/plans/{plan}")["finished"], "finished")


def test_the_api_refuses_bad_requests_with_the_reason(stack: LocalStack) -> None:
    api = Api(stack, 2)
    now = stack.registry.head().timestamp
    good_round = round_of(stack, None, fresh_keys(5))
    many_seats = {"kind": "plurality", "seats": 3}
    good_poll = {
        "title": "A question",
        "questions": [{"kind": "single_choice", "title": "Where?", "options": ["Here", "There"]}],
        "closes_at": now + 3600,
        "voters": accounts(fresh_keys(5)),
    }
    twice = accounts(fresh_keys(1))
    twice["accounts"] *= 2
    item = {"recipient": "0x" + "11" * 20, "amount": 1, "title": "T"}
    member = {"member": "0x" + "22" * 20}
    round_ = api.good("POST", "/rounds", good_round, token=True)["round"]
    plan = api.good("POST", "/polls", good_poll, token=True)["plan"]
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "a poll")
    poll = api.good("GET", f"/plans/{plan}")["poll"]
    cases: list[tuple[str, str, object, int, str]] = [
        ("POST", "/rounds", good_round | {"budget": 0}, 422, "budget"),
        ("POST", "/rounds", good_round | {"budget": "12.50"}, 422, "budget"),
        ("POST", "/rounds", good_round | {"colour": "red"}, 422, "colour"),
        ("POST", "/rounds", good_round | {"title": ""}, 422, "title"),
        ("POST", "/rounds", good_round | {"ballot": {"kind": "approval"}}, 422, "at_most"),
        ("POST", "/rounds", good_round | {"committee": "0x" + "00" * 32}, 422, "committee"),
        ("POST", "/rounds", good_round | {"members": twice}, 422, "accounts.1"),
        (
            "POST",
            "/rounds",
            good_round | {"voting_closes_at": "2026-12-01T08:00:00"},
            422,
            "closes",
        ),
        ("POST", "/rounds", good_round | {"voting_opens_at": now}, 422, "voting_opens_at"),
        ("POST", "/polls", good_poll | {"closes_at": now}, 422, "closes_at"),
        ("POST", "/polls", good_poll | asking(options=[]), 422, "questions[0].options"),
        ("POST", "/polls", good_poll | asking(kind="oracle"), 400, "questions[0].kind"),
        ("POST", "/polls", good_poll | asking(weather="fine"), 400, "questions[0]"),
        ("POST", "/polls", good_poll | asking(kind="knapsack"), 400, "questions[0].costs"),
        ("POST", "/polls", good_poll | asking(kind="score", max_score=2**60), 400, "max_score"),
        (
            "POST",
            "/polls",
            good_poll | asking(kind="approval", at_least=3, at_most=2),
            422,
            "questions[0]",
        ),
        ("POST", "/polls", good_poll | {"outcomes": []}, 422, "outcomes"),
        (
            "POST",
            "/polls",
            good_poll | {"outcomes": [{"kind": "greedy", "budget": 1}]},
            422,
            "outcomes[0].costs",
        ),
        ("POST", "/polls", good_poll | {"outcomes": [many_seats]}, 422, "outcomes[0].seats"),
        ("POST", "/rounds/99/funding", {"amount": 1}, 404, "round"),
        ("POST", "/typed-data", member | {"kind": "proposal", "round": 99, "item": item}, 404, ""),
        ("POST", "/typed-data", member | {"kind": "revision", "item": item}, 422, "proposal"),
        (
            "POST",
            "/typed-data",
            member | {"kind": "proposal", "round": int(round_)},
            422,
            "item",
        ),
        ("GET", "/rounds/99", None, 404, "round"),
        ("GET", "/rounds/0", None, 422, "round_id"),
        ("GET", f"/rounds/{round_}/members/0x{'33' * 20}", None, 404, "account"),
        ("GET", "/polls/99", None, 404, "poll"),
        ("GET", "/polls/99/results", None, 404, "poll"),
        ("GET", f"/proposals/0x{'44' * 32}", None, 404, "proposal"),
        ("POST", f"/proposals/0x{'44' * 32}/payout", None, 404, "proposal"),
        ("GET", "/plans/nothing", None, 404, "plan"),
        ("GET", f"/polls/{poll}/receipts/0x{'55' * 32}", None, 404, "digest"),
        ("POST", f"/polls/{poll}/ballots", {"ballot": "0x"}, 400, "boxes"),
        ("POST", f"/polls/{poll}/ballots:batch", b"short", 400, "batch"),
        ("POST", f"/polls/{poll}/ballots", b"x" * 100, 400, "body"),
        ("DELETE", f"/polls/{poll}", None, 405, ""),
    ]
    for method, path, body, status, field in cases:
        answered, problem = api(method, path, body, token=True)
        assert answered == status, (method, path, problem)
        assert set(problem) >= {"type", "title", "status", "detail"}, problem
        assert field in problem.get("field", ""), (path, problem)
    for path, body in (("/rounds", good_round), ("/polls", good_poll)):
        assert api("POST", path, body)[0] == 401
    assert api.good("GET", "/config")["registry"] == to_hex(stack.registry.address)


def test_no_input_breaks_the_api(stack: LocalStack, tmp_path: Path) -> None:
    """Schemathesis from the API's own description, with the organizer's token."""
    completed = subprocess.run(
        [
            *(Path(sys.executable).parent / "schemathesis", "run"),
            f"{stack.gateway_urls[1]}/api/v1/openapi.json",
            *("--checks", "not_a_server_error", "--phases", "examples,fuzzing"),
            *("--max-examples", "8", "--seed", "7", "--no-color"),
            # Two once ended with "inconsistent results" of the generator that they share.
            *("--workers", "1"),
            *("--header", f"Authorization: Bearer {stack.organizer_token}"),
            # Never ends by itself, as server-sent events do.
            *("--exclude-path-regex", "events$"),
            *("--generation-database", "none", "--suppress-health-check", "all"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert completed.returncode == 0, completed.stdout[-6000:] + completed.stderr[-2000:]
    assert Api(stack, 2).good("GET", "/config")["chain_id"] == 31337
