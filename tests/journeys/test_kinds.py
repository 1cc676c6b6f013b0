"""Every kind of question and of outcome over the whole stack: one poll of many kinds, rounds that
divide and that have categories, and weights in classes.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner
from web3.types import RPCEndpoint

from ostraka.chain.contract import artifact, checksum, connect, deploy, transact
from ostraka.chain.published import read_published
from ostraka.cli.main import app
from ostraka.demo.local_stack import LocalStack
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.planning.poll_outcomes import CategoriesWanted, ProportionalWanted
from ostraka.planning.specification import PollSpecification
from ostraka.planning.specification_file import read_specification
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.voter.prepare import BallotFactory
from ostraka.wire.records import encode_records, from_hex, to_hex
from ostraka_verifier.census import Census
from ostraka_verifier.curve import load
from ostraka_verifier.question import Question, ballot_bits
from tests.support import plain
from tests.support.api import (
    TIMES,
    TIMES_TOML,
    Api,
    accounts,
    audit,
    finish,
    fresh_keys,
    propose,
    shown,
    stack_with_gateway,
    wait_for_heads,
)
from tests.support.town import eventually

DAY = 86_400
POLL = (
    """
title = "The whole year"
closes_at = "+1d"

[voters]
accounts_file = "members.csv"

[[questions]]
kind = "single_choice"
title = "Shall we go on?"
options = ["yes", "no", "abstain"]
abstain = true

[[questions]]
kind = "points"
title = "Whose idea?"
options = ["Ada", "Ben", "Cem"]
credits = 10
max_per_option = 7

[[questions]]
kind = "quadratic"
title = "What matters?"
options = ["Speed", "Privacy", "Languages"]
credits = 16

[[questions]]
kind = "ranking"
title = "Who leads?"
options = ["Dora", "Eva", "Fay", "Gus"]
scores = [3, 2, 1]
at_least = 1

[[questions]]
kind = "approval"
title = "What shall we buy?"
options = ["Drill", "Saw", "Screen", "Tent"]
at_least = 0
at_most = 3
costs = [120, 80, 60, 200]
caps = [{ options = [0, 1], at_most = 1 }, { options = [0, 2, 3], budget = 260 }]

[[questions]]
kind = "split"
title = "Who gets the rest?"
options = ["Children", "Elderly"]

[[questions]]
kind = "histogram"
title = "How far do you live?"
options = ["near", "off", "far"]
bounds = [0, 5, 20, 100]

[[questions]]
kind = "cross_tabulation"
title = "How, and from where?"
rows = ["bus", "bicycle"]
columns = ["north", "south"]

[[questions]]
kind = "number"
title = "Hours a week"
unit = "h"
low = 10
high = 50
groups = ["women", "men"]
statistics = ["mean", "variance"]

[[questions]]
kind = "pairwise"
title = "Which name?"
options = ["Linde", "Esche", "Ulme", "Birke"]
at_least = 1

[[outcomes]]
kind = "majority"
threshold = [2, 3]
strict = false
quorum = "4"

[[outcomes]]
kind = "plurality"

[[outcomes]]
kind = "none"

[[outcomes]]
kind = "plurality"
seats = 2

[[outcomes]]
kind = "greedy"
budget = "260"

[[outcomes]]
kind = "proportional"
amount = "1001"

[[outcomes]]
kind = "none"

[[outcomes]]
kind = "none"

[[outcomes]]
kind = "none"

[[outcomes]]
kind = "condorcet"
method = "ranked_pairs"
"""
    + TIMES_TOML
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with stack_with_gateway(tmp_path_factory.mktemp("kinds")) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack: LocalStack) -> Api:
    return Api(stack)


def ostraka(stack: LocalStack, *command: object) -> Any:
    """Answer of a command for programs; in this process, which has loaded everything already."""
    environment = {
        "OSTRAKA_GATEWAY": stack.gateway_url,
        "OSTRAKA_ORGANIZER_TOKEN": stack.organizer_token,
        "OSTRAKA_PLAIN_KEY": "1",
    }
    done = CliRunner().invoke(app, [*map(str, command), "--json"], env=environment)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def opened(api: Api, plan: str) -> int:
    """Number of a plan's poll, once it is open."""
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "created")
    poll = int(api.good("GET", f"/plans/{plan}")["poll"])
    eventually(lambda: api.good("GET", f"/polls/{poll}")["poll_keys"] is not None, "open")
    return poll


def cast(api: Api, poll_id: int, votes: Sequence[tuple[SigningKey, Any]]) -> tuple[Question, ...]:
    """Votes on a poll's questions, all in one batch."""
    stack = api.stack
    poll = read_published(stack.registry, poll_id)
    opening = stack.registry.opened(poll_id)
    assert poll is not None
    assert opening is not None
    questions = poll.description.check_questions(poll.rule)
    factory = BallotFactory(
        *(load(), poll.rule, poll.committee.threshold, poll.domain, poll.context),
        poll_keys_of_nodes(poll.committee, poll_id, opening.node_keys).public_keys,
    )
    now = stack.registry.head().timestamp
    ballots = [
        factory.prepare(key, key.address, ballot_bits(questions, vote), now) for key, vote in votes
    ]
    batch = encode_records([one.record for one in ballots])
    answers = api.good("POST", f"/polls/{poll_id}/ballots:batch", batch)
    assert all(one["recorded"] for one in answers), answers
    return questions


def test_one_poll_has_questions_of_many_kinds(stack: LocalStack, api: Api, tmp_path: Path) -> None:
    random = Random("kinds")
    keys = {f"voter-{number}": SigningKey() for number in range(6)}
    for name, key in keys.items():
        write_key(tmp_path / name, key, None)
    rows = [f"{key.address_hex},1" for key in keys.values()]
    (tmp_path / "members.csv").write_text("\n".join(["account,weight", *rows]))
    (tmp_path / "poll.toml").write_text(POLL)
    wanted = PollSpecification.model_validate(
        read_specification(tmp_path / "poll.toml", PollSpecification, 0)
    )
    created = ostraka(stack, "poll", "create", tmp_path / "poll.toml")
    assert {one["code"] for one in created["warnings"]} == {
        "tiny_electorate",
        "small_groups",
        "unanimous_cells",
        "few_numbers",
    }
    poll = opened(api, created["plan"])
    wait_for_heads(stack)

    votes = {name: [plain.random_vote(one, random) for one in wanted.asked] for name in keys}
    for name, vote in votes.items():
        answer = ostraka(
            *(stack, "vote", poll, "--key", tmp_path / name, "--file", tmp_path / f"{name}.json"),
            *("--rpc", stack.rpc_url, "--choose"),
            ";".join(map(plain.typed, wanted.asked, vote)),
        )
        assert answer["recorded"], answer

    # Somebody plans the same once more, with one voter less and another one.
    again = wanted.model_dump(mode="json")
    again["closes_at"] += stack.registry.head().timestamp
    again["voters"]["accounts"][0] = {"account": SigningKey().address_hex}
    tried = api.good("POST", "/polls?dry_run=true", again, token=True)
    assert tried["plan"] is None
    (found,) = [one for one in tried["warnings"] if one["code"] == "overlapping_polls"]
    numbers = {"both": 5, "only_here": 1, "only_there": 1, "other_weight": 0}
    assert found["numbers"] == {"poll": f"poll {poll}", **numbers}
    assert len(api.good("GET", "/plans")) == 1

    finish(stack, poll)
    eventually(lambda: api("GET", f"/polls/{poll}/results")[0] == 200, "indexed")
    results = api.good("GET", f"/polls/{poll}/results")
    report = audit(stack, poll)
    assert report["verdict"] == "holds", report

    cast_ = [[(vote[place], 1) for vote in votes.values()] for place in range(len(wanted.asked))]
    counted = [plain.count(one, given) for one, given in zip(wanted.asked, cast_, strict=True)]
    assert wanted.outcomes is not None
    decided = zip(wanted.outcomes, wanted.asked, counted, strict=True)
    awarded = [plain.winners(*one) for one in decided]
    labels = [f"{one.title}: {label}" for one in wanted.asked for label in one.labels()]
    expected = list(zip(labels, chain(*counted), chain(*awarded), strict=True))
    for listed, name in ((results["options"], "option"), (report["options"], "name")):
        figures = [(one[name], int(one["votes"]), int(one["award"])) for one in listed]
        assert figures == expected
    described = [
        plain.described(one, given) for one, given in zip(wanted.asked, cast_, strict=True)
    ]
    assert results["statistics"] == report["questions"] == described
    assert results["outcome"]["kind"] == "parts"


def test_a_poll_in_weight_classes(stack: LocalStack, api: Api) -> None:
    """Read from the chain, put into classes, and read again by the auditor."""
    registry, _ = deploy(
        stack.rpc_url, stack.organizer, "MemberRegistry", checksum(stack.organizer.address)
    )
    web3 = connect(stack.rpc_url)
    members = web3.eth.contract(address=checksum(registry), abi=artifact("MemberRegistry")["abi"])
    keys = sorted(fresh_keys(11), key=lambda key: key.address)
    weights = [3, 1, 4, 1, 5, 900, 2, 6, 5, 300, 5]
    transact(
        web3,
        stack.organizer,
        members.functions.setMembers([checksum(key.address) for key in keys], weights),
    )
    number = stack.registry.head().number
    eventually(lambda: stack.registry.head().number > number, "another block")
    now = stack.registry.head().timestamp
    question = {"kind": "approval", "title": "Which?", "options": ["A", "B", "C"]}
    wanted = {
        "title": "Which?",
        "questions": [question | {"at_least": 0, "at_most": 3}],
        "closes_at": now + DAY,
        "voters": {"kind": "members", "contract": to_hex(registry)},
        "times": TIMES,
    }
    # As they are, weights identify their holders: nodes do not serve such a poll as a secret one.
    created = api.good("POST", "/polls", wanted, token=True)
    (first, *_) = created["warnings"]
    assert (first["code"], first["refused"]) == ("identifying_weights", True)
    path = f"/plans/{created['plan']}"
    eventually(lambda: "is held by" in str(api.good("GET", path)["problem"]), "refused")
    assert "must set secret = false" in api.good("GET", path)["problem"]["detail"]

    wanted["voters"] = {"kind": "members", "contract": to_hex(registry), "classes": 2}
    created = api.good("POST", "/polls", wanted, token=True)
    assert not any(one["refused"] for one in created["warnings"])
    poll = opened(api, created["plan"])
    assert api.good("GET", f"/plans/{created['plan']}")["census_source"]["classes"] == 2
    census = Census.decode(api.good("GET", f"/polls/{poll}/census"))
    # 900, 300, 6 and all who have 5; the rest.
    heavy, light = (900 + 300 + 6 + 3 * 5) // 6, (4 + 3 + 2 + 1 + 1) // 5
    expected = [heavy if weight >= 5 else light for weight in weights]
    assert [entry.weight for entry in census.entries] == expected
    wait_for_heads(stack)
    random = Random("classes")
    chosen = [[one for one in range(3) if random.random() < 0.5] for _ in keys]
    (asked,) = cast(api, poll, list(zip(keys, chosen, strict=True)))
    finish(stack, poll)
    eventually(lambda: api("GET", f"/polls/{poll}/results")[0] == 200, "indexed")
    results = api.good("GET", f"/polls/{poll}/results")
    assert [int(one["votes"]) for one in results["options"]] == plain.count(
        asked, list(zip(chosen, expected, strict=True))
    )
    report = audit(stack, poll)
    assert report["verdict"] == "holds", report
    verdicts = {one["check"]: one["detail"] for one in report["checks"]}
    assert registry.hex() in verdicts["C4"]


def test_rounds_that_divide_and_that_have_categories(stack: LocalStack, api: Api) -> None:
    budget, keys = 1000, fresh_keys(6)
    token, _ = stack.deploy_token("Test", "TST", 2 * budget)
    now = stack.registry.head().timestamp
    common = {
        "token": to_hex(token.address),
        "budget": str(budget),
        "maximum_proposals": 5,
        "proposals_close_at": now + DAY,
        "voting_opens_at": now + 2 * DAY,
        "voting_closes_at": now + 3 * DAY,
        "members": accounts(keys),
        "times": TIMES,
    }
    donation = {"ballot": {"kind": "points", "credits": 9}, "outcome": {"kind": "proportional"}}
    ranked = {"kind": "categories", "budgets": ["600", "400"], "leftover": True}
    town = {"ballot": {"kind": "ranking", "scores": [3, 2, 1]}, "outcome": ranked}
    amounts = {"Donation": [0, 0, 0], "Town": [300, 250, 450, 200]}
    categories = [0, 1, 0, 1]
    plans, recipients = {}, {}
    for title, rules in (("Donation", donation), ("Town", town)):
        plan = api.good("POST", "/rounds", common | rules | {"title": title}, token=True)
        plans[title] = plan
        api.good("POST", f"/rounds/{plan['round']}/funding", {"amount": budget}, token=True)
        recipients[title] = [SigningKey().address_hex for _ in amounts[title]]
        for place, amount in enumerate(amounts[title]):
            item = {"recipient": recipients[title][place], "amount": amount}
            item |= {"title": f"{title} {place}", "text": ""}
            item["category"] = categories[place] if title == "Town" else 0
            propose(api, int(plan["round"]), keys[place], item)
    stack.move_time(now + DAY)
    polls = {title: opened(api, plan["plan"]) for title, plan in plans.items()}
    stack.move_time(now + 2 * DAY)
    wait_for_heads(stack)
    votes = {
        # Thirds and sevenths, so that remainders decide.
        "Donation": [[3, 3, 3], [7, 1, 0], [1, 1, 1], [0, 0, 2], [0, 0, 0], [4, 0, 1]],
        "Town": [[0, 1, 2], [2, 0, 1], [1, 0, 3], [3, 1, 0], [0, 3, 1], [2, 1, 3]],
    }
    wanted: dict[str, Any] = {
        "Donation": ProportionalWanted(kind="proportional", amount=budget),
        "Town": CategoriesWanted.model_validate(
            ranked | {"costs": amounts["Town"], "categories": categories, "budget": budget}
        ),
    }
    counted, awarded = {}, {}
    for title, poll in polls.items():
        (question,) = cast(api, poll, list(zip(keys, votes[title], strict=True)))
        counted[title] = plain.count(question, [(vote, 1) for vote in votes[title]])
        awarded[title] = plain.winners(wanted[title], question, counted[title])
    assert sum(awarded["Donation"]) == budget
    assert 0 < sum(awarded["Town"]) < len(awarded["Town"])
    finish(stack, *polls.values())
    for title, poll in polls.items():
        number = plans[title]["round"]
        eventually(
            lambda number=number: (  # type: ignore[misc]
                api.good("GET", f"/rounds/{number}")["status"] == "decided"
            ),
            "decided",
            60,
        )
        results = api.good("GET", f"/polls/{poll}/results")
        assert [int(one["votes"]) for one in results["options"]] == counted[title]
        assert [int(one["award"]) for one in results["options"]] == awarded[title]
        paid = [
            award if title == "Donation" else award * amount
            for award, amount in zip(awarded[title], amounts[title], strict=True)
        ]
        for one, amount in zip(api.good("GET", f"/rounds/{number}/proposals"), paid, strict=True):
            status, _ = api("POST", f"/proposals/{one['proposal']}/payout")
            assert status == (200 if amount else 409)
        held = [token.balance(from_hex(one, "recipient")) for one in recipients[title]]
        assert held == paid
        report = audit(stack, poll)
        assert report["verdict"] == "holds", report


def test_rounds_by_equal_shares(stack: LocalStack, api: Api) -> None:
    """Nodes say what opened ballots decide: one round pays it, the veto holder voids the other."""
    keys, holder = fresh_keys(6), SigningKey()
    token, _ = stack.deploy_token("Test", "TST", 2000)
    stack.registry.web3.provider.make_request(
        RPCEndpoint("hardhat_setBalance"), [holder.address_hex, hex(10**18)]
    )
    now = stack.registry.head().timestamp
    veto = {"objection_time": 3600, "veto_holder": holder.address_hex}
    wanted = {
        "token": to_hex(token.address),
        "budget": "1000",
        "minimum_ballots": 5,
        "proposals_close_at": now + DAY,
        "voting_opens_at": now + 2 * DAY,
        "voting_closes_at": now + 3 * DAY,
        "members": accounts(keys),
        "times": TIMES,
        "ballot": {"kind": "approval", "at_least": 0, "at_most": 3},
        "outcome": {"kind": "equal_shares", "completion": "none"} | veto,
    }
    amounts = [500, 400, 300]
    plans = [
        api.good("POST", "/rounds", wanted | {"title": title}, token=True)
        for title in ("Paid", "Vetoed")
    ]
    rounds = [plan["round"] for plan in plans]
    recipients = [SigningKey().address for _ in amounts]
    for number in rounds:
        api.good("POST", f"/rounds/{number}/funding", {"amount": 1000}, token=True)
        for key, recipient, amount in zip(keys, recipients, amounts, strict=False):
            item = {"recipient": to_hex(recipient), "amount": amount, "title": f"For {amount}"}
            propose(api, int(number), key, item | {"text": ""})
    stack.move_time(now + DAY)
    polls = [opened(api, plan["plan"]) for plan in plans]
    stack.move_time(now + 2 * DAY)
    wait_for_heads(stack)
    # Four voters buy the first together, and have too little left for the second. By numbers of
    # votes alone, the first two would win.
    votes = [[0, 1]] * 4 + [[2]] * 2
    for poll in polls:
        cast(api, poll, list(zip(keys, votes, strict=True)))
    finish(stack, *polls)

    def outcome(poll: int) -> dict[str, Any]:
        return shown(stack, f"/polls/{poll}/outcome")  # type: ignore[no-any-return]

    for poll, number in zip(polls, rounds, strict=True):
        eventually(lambda p=poll: outcome(p).get("state") == "objectable", "attested", 60)  # type: ignore[misc]
        assert outcome(poll)["awards"] == [1, 0, 1]
        assert outcome(poll)["veto_holder"] == holder.address_hex
        assert api.good("GET", f"/rounds/{number}")["status"] == "tallied"
        proposals = api.good("GET", f"/rounds/{number}/proposals")
        assert api("POST", f"/proposals/{proposals[0]['proposal']}/payout")[0] == 409
    organizer = {"funder": stack.organizer.address_hex}
    assert api("POST", f"/rounds/{rounds[1]}/refunds", organizer, token=True)[0] == 422
    stack.registry.veto_outcome(holder, polls[1])
    eventually(lambda: outcome(polls[1])["state"] == "vetoed", "vetoed")
    eventually(lambda: api.good("GET", f"/rounds/{rounds[1]}")["status"] == "void", "void")
    api.good("POST", f"/rounds/{rounds[1]}/refunds", organizer, token=True)
    assert token.balance(stack.organizer.address) == 1000

    stack.move_time(outcome(polls[0])["objection_ends_at"])
    eventually(lambda: shown(stack, f"/rounds/{rounds[0]}")["status"] == "decided", "decided", 60)
    proposals = api.good("GET", f"/rounds/{rounds[0]}/proposals")
    for one, award in zip(proposals, [1, 0, 1], strict=True):
        assert api("POST", f"/proposals/{one['proposal']}/payout")[0] == (200 if award else 409)
    assert [token.balance(one) for one in recipients] == [500, 0, 300]
    # Of what was left, the funder gets the rest back.
    api.good("POST", f"/rounds/{rounds[0]}/refunds", organizer, token=True)
    assert token.balance(stack.organizer.address) == 1200
    said = []
    for poll, plan in zip(polls, plans, strict=True):
        report = audit(stack, poll)
        assert report["verdict"] == "holds", report
        details = {one["check"]: one["detail"] for one in report["checks"]}
        said.append((details["O1"], details["D3"]))
        eventually(lambda path=f"/plans/{plan['plan']}": api.good("GET", path)["finished"], "done")  # type: ignore[misc]
    assert said == [
        ("2 of 3 options awarded", "2 paid, 800 in all; 0 not claimed"),
        ("2 of 3 options awarded, but vetoed", "the round is void; nothing was paid"),
    ]
