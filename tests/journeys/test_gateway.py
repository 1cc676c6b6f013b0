"""A round and a poll driven only by curl and the documented API, over the whole stack."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ostraka.app.local_stack import LocalStack
from ostraka.chain.treasury import Token
from ostraka.gateway.courier import Courier
from ostraka.keys import SigningKey
from ostraka.wire.invitations import redemption
from ostraka.wire.records import CastRecord, from_hex, to_hex
from ostraka_verifier.census import Census
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
from tests.support.town import body_of, eventually

BUDGET = 1000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("gateway"), 4) as stack:
        stack.start_chain()
        stack.start_nodes()
        courier = Courier(stack.registry, stack.organizer)
        committee, _ = courier.register_committee(stack.node_urls, 2, 1)
        stack.start_gateway([committee.digest])
        yield stack


@pytest.fixture(scope="module")
def api(stack: LocalStack) -> Api:
    return Api(stack)


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
    keys = fresh_keys(6)
    plan = api.good("POST", "/rounds", round_of(stack, token, keys), token=True)
    number = plan["round"]
    api.good("POST", f"/rounds/{number}/funding", {"amount": BUDGET}, token=True)

    recipients = [SigningKey().address_hex for _ in range(4)]
    proposals = []
    asked_for = [("Ławka", 400), ("Gone", 1), ("Tree", 500), ("Statue", 900)]
    for key, recipient, (title, amount) in zip(keys, recipients, asked_for, strict=False):
        item = {"recipient": recipient, "amount": amount, "title": title, "text": "why"}
        asked = {"kind": "proposal", "round": int(number), "member": key.address_hex}
        asked["item"] = item
        to_sign = api.good("POST", "/typed-data", asked)
        sent = {"item": item, "authorization": signed(key, to_sign)}
        proposals.append(api.good("POST", f"/rounds/{number}/proposals", sent)["proposal"])
        status, problem = api("POST", f"/rounds/{number}/proposals", sent)
        assert (status, problem["field"]) == (409, "authorization.nonce"), problem

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

    # Members without a wallet come by invitation, each with a key of its own.
    guests = fresh_keys(2)
    invitations = f"/plans/{plan['plan']}/invitations"
    codes = api.good("POST", invitations, {"count": 3}, token=True)["codes"]
    for code, guest in zip(codes, guests, strict=False):
        signature = guest.sign(redemption(code, guest.address))
        redeemed = {"code": code, "account": guest.address_hex, "signature": to_hex(signature)}
        api.good("POST", "/invitations/redemption", redeemed)
    other = SigningKey()
    signature = other.sign(redemption(codes[0], other.address))
    again = {"code": codes[0], "account": other.address_hex, "signature": to_hex(signature)}
    status, problem = api("POST", "/invitations/redemption", again)
    assert (status, problem["title"]) == (409, "Used before")

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
    assert api("POST", invitations, {"count": 1}, token=True)[0] == 409
    census = Census.decode(api.good("GET", f"/polls/{poll_id}/census"))
    assert set(census.by_account) == {key.address for key in [*keys, *guests]}

    stack.move_time(details["voting_opens_at"])
    wait_for_heads(stack)
    votes = [(key, key.address, [0, 1]) for key in keys]
    votes += [(guest, guest.address, [2]) for guest in guests]
    ballots = ballots_of(stack, poll_id, votes)
    answer = api.good("POST", f"/polls/{poll_id}/ballots", body_of(ballots[0]))
    assert answer["recorded"]
    assert {one["node"] for one in answer["receipts"]} == {1, 2, 3, 4}
    digest = answer["ballot_digest"]
    assert api.good("GET", f"/polls/{poll_id}/receipts/{digest}")["recorded"]
    batch = b"".join(
        CastRecord(one.ballot.encoded, one.boxes, one.signature).encode() for one in ballots[1:]
    )
    answers = api.good("POST", f"/polls/{poll_id}/ballots/batch", batch)
    assert [one["recorded"] for one in answers] == [True] * 7
    streamed = api.good("GET", f"/polls/{poll_id}/events?once=true")
    assert b"event: progress" in streamed
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}/progress")["voted"] == 8, "all votes counted"
    )
    assert api("GET", f"/polls/{poll_id}/results")[1]["title"] == "Not tallied"

    stack.move_time(api.good("GET", f"/polls/{poll_id}")["freezes_at"])
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 60
    )
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api.good("GET", f"/rounds/{number}")["status"] == "decided", "decided", 60)
    eventually(lambda: api("GET", f"/polls/{poll_id}/results")[0] == 200, "indexed")
    results = api.good("GET", f"/polls/{poll_id}/results")
    assert [(one["option"], one["votes"], one["winner"]) for one in results["options"]] == [
        ("Ławka", "6", True),
        ("Two trees", "6", True),
        ("Statue", "2", False),
    ]
    for proposal, funded in zip(proposals, (True, False, True, False), strict=True):
        status, _ = api("POST", f"/proposals/{proposal}/payout")
        assert status == (200 if funded else 409)
    assert api("POST", f"/proposals/{proposals[0]}/payout")[1]["detail"] == "it is paid already"
    held = [token.balance(from_hex(recipient, "recipient")) for recipient in recipients]
    assert held == [400, 0, 600, 0]
    report = audit(stack, poll_id)
    assert report["verdict"] == "holds", report
    steps = [one["name"] for one in api.good("GET", f"/plans/{plan['plan']}")["transactions"]]
    assert [step for step in steps if step not in ("approve", "fund")] == [
        "create round",
        "start voting",
        "open poll",
        "anchor",
        "tally",
        "decide",
    ]


def test_a_plain_poll_survives_a_gateway_that_is_killed(stack: LocalStack, api: Api) -> None:
    keys = fresh_keys(6)
    now = stack.registry.head().timestamp
    wanted = {
        "title": "Where shall we meet?",
        "options": ["Here", "There"],
        "closes_at": now + 3600,
        "voters": accounts(keys),
        "ballot": {"kind": "single_choice"},
        "times": TIMES,
    }
    plan = api.good("POST", "/polls", wanted, token=True)["plan"]
    stack.kill_gateway()
    stack.start_gateway([from_hex(wanted_committee(stack), "committee")])
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "created")
    poll_id = int(api.good("GET", f"/plans/{plan}")["poll"])
    eventually(lambda: api("GET", f"/polls/{poll_id}/progress")[1].get("voted") == 0, "opened")
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "indexed")
    for ballot in ballots_of(stack, poll_id, [(key, key.address, [1]) for key in keys]):
        assert api.good("POST", f"/polls/{poll_id}/ballots", body_of(ballot))["recorded"]
    stack.kill_gateway()
    stack.move_time(now + 3600 + TIMES["freeze_delay"])
    stack.start_gateway([from_hex(wanted_committee(stack), "committee")])
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 60
    )
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api("GET", f"/polls/{poll_id}/results")[0] == 200, "tallied", 60)
    results = api.good("GET", f"/polls/{poll_id}/results")
    assert [one["votes"] for one in results["options"]] == ["0", "6"]
    assert audit(stack, poll_id)["verdict"] == "holds"
    eventually(lambda: api.good("GET", f"/plans/{plan}")["finished"], "finished")


def wanted_committee(stack: LocalStack) -> str:
    event = stack.registry.latest_event("CommitteeRegistered", {})
    assert event is not None
    return to_hex(bytes(event["args"]["committee"]))
