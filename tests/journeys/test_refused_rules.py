"""Rules that nobody takes: client, gateway, contract and nodes each refuse them with a reason.

Over the whole stack: rules of polls and of rounds that are impossible, too large, or that wrap by
the weight of the voters.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.chain.contract import Refused
from ostraka.chain.treasury import ElectorateKind, RoundElectorate, RoundParameters
from ostraka.cli.main import app
from ostraka.demo.local_stack import LocalStack
from ostraka.planning.electorates import census_of_list
from ostraka.planning.specification import AccountList, PollSpecification, RoundSpecification
from ostraka.wire.records import from_hex
from ostraka_verifier.census_tree import CensusRoot
from ostraka_verifier.encoding import keccak256, signed128, tagged_hash, unsigned
from ostraka_verifier.errors import AuditError
from ostraka_verifier.outcome import NoOutcome, outcome_rule_digest
from ostraka_verifier.parameters import PollParameters
from ostraka_verifier.units import Seconds
from tests.backend.test_published import read as read_as_node
from tests.support.api import Api, accounts, fresh_keys, stack_with_gateway
from tests.support.polls import approval_poll

DAY = 86_400


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with stack_with_gateway(tmp_path_factory.mktemp("rules")) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack: LocalStack) -> Api:
    return Api(stack)


def encoded(
    bits: int,
    slots: Sequence[Sequence[tuple[int, int]]],
    rows: Sequence[tuple[Sequence[tuple[int, int]], int]] = (),
    quadratic: Sequence[tuple[Sequence[int], int]] = (),
) -> bytes:
    """A ballot rule's bytes (docs/protocol.md §5.2), valid or not; quadratic rows without terms."""

    def terms(given: Sequence[tuple[int, int]]) -> bytes:
        return b"".join(unsigned(bit, 2) + signed128(one) for bit, one in given)

    head = [bits, len(slots), len(rows), len(quadratic)]
    parts = [unsigned(one, 2) for one in head]
    parts += [unsigned(len(slot), 2) + terms(slot) for slot in slots]
    parts += [unsigned(len(row), 2) + signed128(one) + terms(row) for row, one in rows]
    for over, constant in quadratic:
        parts += [unsigned(len(over), 2), unsigned(0, 2), signed128(constant)]
        parts += [unsigned(slot, 2) for slot in over]
    return b"".join(parts)


HUGE = (1 << 127) - 1
OPTIONS = {"options": ["Here", "There"]}
# What is wrong, as a question and what is said of it; as a rule's bytes and the contract's word.
BAD_POLLS: dict[str, tuple[dict[str, Any], str, bytes, str]] = {
    "impossible: more at least than at most": (
        {"kind": "approval", "at_least": 2, "at_most": 1, **OPTIONS},
        "2 outside 0 … 1",
        encoded(2, [[(0, 1)], []]),
        "BallotRuleSlotWithoutTerms(slot 1)",
    ),
    "impossible: two places for one option": (
        {"kind": "ranking", "scores": [2, 1, 1], **OPTIONS},
        "3 places for 2 options",
        encoded(2, [[(0, 1)], [(2, 1)]]),
        "BallotRuleIndexOutOfRange(index 2, bound 2)",
    ),
    "ambiguous: two buckets of one name": (
        {"kind": "histogram", "options": ["Here", "Here"]},
        "named 'Here' as another before",
        encoded(2, [[(0, 1)], [(0, 1)]]),
        "BallotRuleBitInTwoSlots(bit 0)",
    ),
    "ambiguous: a bound that falls": (
        {"kind": "histogram", "bounds": [0, 5, 5], **OPTIONS},
        "not strictly increasing",
        encoded(2, [[(1, 1), (0, 1)]]),
        "BallotRuleNotIncreasing(index 0)",
    ),
    "wrapping: costs": (
        {"kind": "knapsack", "costs": [str(HUGE), str(HUGE)], "budget": str(HUGE), **OPTIONS},
        "coefficients and constant reach 2^128",
        encoded(2, [[(0, 1)], [(1, 1)]], [([(0, HUGE), (1, HUGE)], HUGE)]),
        "BallotRuleRowTooLarge(row 0)",
    ),
    "wrapping: squares": (
        {
            **{"kind": "number", "low": 0, "high": str((1 << 64) - 1), "unit": "€"},
            "statistics": ["variance"],
        },
        "squares, coefficients and constant reach 2^128",
        encoded(2, [[(0, 1 << 64)], [(1, 1)]], [], [([0], 0)]),
        "BallotRuleQuadraticRowTooLarge(row 0)",
    ),
    "too many bits": (
        {"kind": "score", "max_score": (1 << 30) - 1, "options": [f"{n}" for n in range(11)]},
        "330, at most 320",
        encoded(321, [[(bit, 1)] for bit in range(321)]),
        "BallotRuleTooWide(width 321)",
    ),
}


@pytest.mark.parametrize("name", BAD_POLLS)
def test_invalid_polls_are_refused(stack: LocalStack, api: Api, tmp_path: Path, name: str) -> None:
    """Refused with the reason by a client, the gateway and the contract; and by nodes, should a
    contract ever let one pass.
    """
    question, reason, rule, said = BAD_POLLS[name]
    asked = {"title": "What?", **question}
    now = stack.registry.head().timestamp
    wanted = {"title": "A poll", "questions": [asked], "closes_at": now + DAY}

    path = tmp_path / "poll.toml"
    members = ", ".join(f"{key} = {json.dumps(value)}" for key, value in asked.items())
    path.write_text(
        f'title = "A poll"\ncloses_at = "+1d"\nquestions = [{{ {members} }}]\n'
        '[voters]\nkind = "list"\n'
    )
    done = CliRunner().invoke(app, ["poll", "check", str(path)])
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "questions[0]" in done.stderr

    body = wanted | {"voters": accounts(fresh_keys(5))}
    for query in ("", "?dry_run=true"):
        status, problem = api("POST", f"/polls{query}", body, token=True)
        assert status == 422, problem
        assert reason in problem["detail"]
        assert problem["field"].startswith("questions[0]")

    with pytest.raises(Refused, match=re.escape(said)):
        create(stack, rule)
    with pytest.raises(AuditError):
        read_as_node(approval_poll(), rule=rule)


def create(stack: LocalStack, rule: bytes, weight: int = 5) -> None:
    """A poll on chain, by nobody's leave but the contract's."""
    outcome, description = NoOutcome().encode(), b'{"title": "A poll", "options": ["A", "B"]}'
    now = stack.registry.head().timestamp
    api = Api(stack)
    # The contract sees no more of a census than this.
    census = CensusRoot(bytes(32), weight, 5)
    parameters = PollParameters(
        committee=from_hex(api.good("GET", "/config")["committees"][0], "committee"),
        rule=tagged_hash("rule", rule),
        outcome_rule=outcome_rule_digest(outcome),
        description=keccak256(description),
        census_root=census.digest,
        voters=census.count,
        total_weight=census.sum,
        secret=True,
        opens_at=now,
        closes_at=now + DAY,
        freeze_delay=5,
        round_duration=8,
        max_rounds=100,
        dispute_window=600,
        tally_period=DAY,
        response_time=150,
        max_dispute_delay=600,
        minimum_ballots=5,
    )
    stack.registry.create_poll(stack.organizer, parameters, census, rule, outcome, description)


def test_weights_that_make_a_tally_wrap(stack: LocalStack, api: Api, tmp_path: Path) -> None:
    """The rule alone is good; it wraps by what the voters weigh together."""
    largest = 1 << 127
    asked = {"kind": "score", "title": "How much?", "max_score": str(largest), "options": ["It"]}
    entries = [{"account": f"0x{n:040x}", "weight": 1 << 63} for n in range(1, 1025)]
    rows = "\n".join(f"{one['account']},{one['weight']}" for one in entries)
    (tmp_path / "members.csv").write_text(f"account,weight\n{rows}")
    members = ", ".join(f"{name} = {json.dumps(value)}" for name, value in asked.items())
    path = tmp_path / "poll.toml"
    path.write_text(
        f'title = "A poll"\ncloses_at = "+1d"\nquestions = [{{ {members} }}]\n'
        '[voters]\naccounts_file = "members.csv"\n'
    )
    done = CliRunner().invoke(app, ["poll", "check", str(path)])
    assert done.exit_code == 2
    assert "2^200" in done.stderr
    wanted = {
        "title": "A poll",
        "questions": [asked],
        "closes_at": stack.registry.head().timestamp + DAY,
        "voters": {"kind": "list", "accounts": entries},
    }
    status, problem = api("POST", "/polls", wanted, token=True)
    assert status == 422
    assert "2^200" in problem["detail"]
    rule = PollSpecification.model_validate(wanted).check()
    with pytest.raises(Refused, match="PollRegistryInvalid"):
        create(stack, rule.encode(), weight=1 << 73)
    heavy = approval_poll(rule=rule, votes=[[0] * rule.bits] * 7, weights=[1 << 124] * 7)
    with pytest.raises(AuditError, match="2\\^200"):
        read_as_node(heavy)


# What is wrong with a round's rules, what is said of it, and the field that the contract names.
APPROVAL, GREEDY = {"kind": "approval", "at_most": 2}, {"kind": "greedy"}
BAD_ROUNDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "impossible: more at least than at most": (
        {"ballot": APPROVAL | {"at_least": 3}},
        "at least 3, at most 2",
        "ballot.atMost",
    ),
    "impossible: more places than proposals": (
        {"ballot": {"kind": "ranking", "scores": [3, 2, 1]}, "maximum_proposals": 2},
        "3 places for at most 2 proposals",
        "ballot.places",
    ),
    "ambiguous: scores that rise": (
        {"ballot": {"kind": "ranking", "scores": [1, 2]}},
        "a later place scores more",
        "ballot.scores",
    ),
    "impossible: districts that overrun the budget": (
        {"outcome": {"kind": "categories", "budgets": ["60", "50"]}},
        "together 110 % of the round's budget",
        "outcome.budgets",
    ),
    "ambiguous: a knapsack without costs": (
        {"ballot": {"kind": "knapsack"}, "outcome": {"kind": "proportional"}},
        "knapsack ballots need proposals with amounts",
        "ballot",
    ),
    "impossible: a least amount beyond the most": (
        {"minimum_amount": 60, "maximum_amount": 50},
        "60, more than maximum_amount of 50",
        "maximumAmount",
    ),
    "impossible: a least amount beyond the budget": (
        {"minimum_amount": 101},
        "101, more than the budget of 100",
        "maximumAmount",
    ),
    "impossible: a most amount beyond the budget": (
        {"maximum_amount": 101},
        "101, more than the budget of 100",
        "maximumAmount",
    ),
    "too many bits": (
        {"ballot": {"kind": "score", "max_score": (1 << 53) - 1}, "maximum_proposals": 7},
        "371, at most 320",
        "maximumProposals",
    ),
}


@pytest.mark.parametrize("name", BAD_ROUNDS)
def test_invalid_rounds_are_refused(stack: LocalStack, api: Api, tmp_path: Path, name: str) -> None:
    """By client, gateway and contract; nodes never see what the contract does not write."""
    changes, reason, field = BAD_ROUNDS[name]
    now = stack.registry.head().timestamp
    wanted = {
        "title": "A round",
        "budget": 100,
        "proposals_close_at": now + 10,
        "voting_opens_at": now + 20,
        "voting_closes_at": now + 30,
        "members": accounts(fresh_keys(5)),
        "ballot": APPROVAL,
        "outcome": GREEDY,
    } | changes
    path = tmp_path / "round.toml"
    lines = [f"{key} = {_toml(value)}" for key, value in wanted.items()]
    path.write_text("\n".join(lines))
    done = CliRunner().invoke(app, ["round", "check", str(path)])
    assert done.exit_code == 2
    assert reason in done.stderr

    for query in ("", "?dry_run=true"):
        status, problem = api("POST", f"/rounds{query}", wanted, token=True)
        assert status == 422, problem
        assert reason in problem["detail"]

    said = RoundSpecification.model_validate(wanted)
    minimum_amount, maximum_amount = said.amounts
    assert isinstance(said.members, AccountList)
    members = census_of_list(said.members)
    parameters = RoundParameters(
        token=bytes(20),
        budget=said.budget,
        minimum_amount=minimum_amount,
        maximum_amount=maximum_amount,
        proposals_per_member=1,
        maximum_proposals=said.maximum_proposals,
        member_root=members.root,
        proposals_open_at=now,
        proposals_close_at=said.proposals_close_at,
        claim_period=DAY,
        payout_delay=0,
        veto_holder=bytes(20),
        ballot=said.ballot.encoded,
        outcome=said.outcome.encoded,
        committee=from_hex(api.good("GET", "/config")["committees"][0], "committee"),
        voting_opens_at=said.voting_opens_at,
        voting_closes_at=said.voting_closes_at,
        minimum_ballots=5,
        secret=said.secret,
        **said.times.fixed(Seconds(1), True),
    )
    electorate = RoundElectorate(ElectorateKind.MEMBERS, members.tree)
    with pytest.raises(Refused, match=re.escape(f"BudgetTreasuryInvalidParameter({field})")):
        stack.treasury.create_round(stack.organizer, parameters, electorate, "A round", "")


def _toml(value: object) -> str:
    """A value as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value)
