"""No treasury's statement about itself is accepted without proof (docs/protocol.md §13, D3 and D4).

The organizer is the attacker, with a treasury, a token or both of its own making: they tell of an
honest round, and the money is elsewhere. Everything is read over real HTTP. Under the rule of
version 1 an audit asked the treasury alone, and held.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from secrets import randbits
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka_verifier import rpc
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.checks import Audit, Claimed, Finding, numbered
from ostraka_verifier.cli import app
from ostraka_verifier.curve import load
from ostraka_verifier.evidence import ChainEvidence, RoundEvidence, Transfer
from ostraka_verifier.releases import Found, Releases
from ostraka_verifier.report import read_evidence
from tests.support.deployments import treasury_code
from tests.support.endpoint import Answer, Endpoint, hexed, serving
from tests.support.polls import CHAIN_ID, REGISTRY, approval_poll
from tests.support.round_endpoint import telling_of_round

TREASURY = bytes([42] * 20)
POLL = approval_poll(treasury=TREASURY, seed="round")
BOARD, CHAIN = POLL.finish()
assert isinstance(CHAIN.round, RoundEvidence)
ROUND = CHAIN.round
assert isinstance(ROUND.moved, tuple)
MOVED = [one for one in ROUND.moved if isinstance(one, Transfer)]
ITS_OWN = b"\x60\x01" * 100
ROUND_CHECKS = numbered("D1", "D2", "D3", "D4")


class Believing(Releases):
    """The old rule: whatever code it is."""

    def find(self, contract: str, code: bytes) -> Found | None:
        return Found("any", {}, None)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        served.board = BOARD.encode()
        yield served


def told(**changes: Any) -> Answer:
    """An endpoint of a chain on which this of the round is otherwise."""
    chain: ChainEvidence = replace(CHAIN, round=replace(ROUND, **changes))
    return telling_of_round(POLL, chain)


def by_the_old_rule(
    endpoint: Endpoint, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Finding]:
    endpoint.answer = answer
    board = BOARD.encode()
    chain = read_evidence(ChainReader(endpoint.url, REGISTRY), 1, board)
    with monkeypatch.context() as old:
        old.setattr("ostraka_verifier.checks.round._check_moved", lambda _: None)
        known = Believing(())
        audit = Audit(load(), Claimed(REGISTRY, 1), chain, board, randbits, releases=known)
        return {one.check: one for one in audit.run(ROUND_CHECKS)}


def audited(endpoint: Endpoint, answer: Answer) -> tuple[int, dict[str, dict[str, str]]]:
    endpoint.answer = answer
    result = CliRunner().invoke(
        app,
        [
            *("audit", "--rpc", endpoint.url, "--registry", hexed(REGISTRY), "--poll", "1"),
            *("--board", f"{endpoint.url}/board", "--json", "--quiet"),
        ],
    )
    report = json.loads(result.stdout)
    return result.exit_code, {one["check"]: one for one in report["checks"]}


def test_an_honest_round_passes(endpoint: Endpoint) -> None:
    code, found = audited(endpoint, told())
    assert code == 0, found
    assert {one["verdict"] for one in found.values()} == {"holds"}


OTHER_CODE, OTHER_RULES = treasury_code(CHAIN_ID, bytes([7] * 20), TREASURY)


@pytest.mark.parametrize(
    ("lie", "check", "verdict", "said"),
    [
        ({"code": ITS_OWN}, "D4", "not checked", "not that of BudgetTreasury in any release"),
        (
            {"rules": replace(ROUND.rules, code=ITS_OWN)},
            "D4",
            "not checked",
            "not that of RoundRules in any release",
        ),
        (
            {"rules": replace(ROUND.rules, address=bytes([9] * 20))},
            "D4",
            "fails",
            "not the contract that the treasury created",
        ),
        ({"code": OTHER_CODE}, "D4", "fails", "not the value of this deployment"),
        ({"moved": ()}, "D3", "fails", "the token moved no such amount"),
        (
            {"moved": tuple(replace(one, amount=one.amount - 1) for one in MOVED)},
            "D3",
            "not checked",
            "the token moved another amount",
        ),
        (
            {"moved": tuple(replace(one, recipient=bytes([66] * 20)) for one in MOVED)},
            "D3",
            "fails",
            "the token moved no such amount",
        ),
    ],
    ids=[
        "a treasury of its own",
        "rules of its own",
        "rules of another treasury",
        "the treasury of another registry",
        "a token that moves nothing",
        "a token that keeps something",
        "a token that pays somebody else",
    ],
)
def test_lies_that_the_old_rule_accepted_are_found(
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    lie: dict[str, Any],
    check: str,
    verdict: str,
    said: str,
) -> None:
    believed = by_the_old_rule(endpoint, told(**lie), monkeypatch)
    assert believed["D3"].verdict.value == "holds"
    code, found = audited(endpoint, told(**lie))
    assert code == (1 if verdict == "fails" else 3)
    assert {name for name, one in found.items() if one["verdict"] != "holds"} == {check}
    assert found[check]["verdict"] == verdict
    assert said in found[check]["detail"]


@pytest.mark.parametrize(
    ("code", "sent", "verdict"),
    [(b"", 0, "fails"), (b"", 1, "not checked"), (b"\x01", 0, "not checked")],
    ids=["an account that sent nothing", "an account that sent something", "a contract"],
)
def test_coins_that_did_not_arrive_are_found(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, code: bytes, sent: int, verdict: str
) -> None:
    """Balances do not grow; what a recipient may have spent in the block decides nothing."""
    recipients = {hexed(one.recipient) for one in ROUND.payouts}
    in_coins = told(token=bytes(20))

    def answer(method: str, given: list[Any]) -> Any:
        if method == "eth_getBalance":
            return "0x5"
        if method == "eth_getTransactionCount":
            return hex(sent if int(given[1], 16) == ROUND.payouts[0].block else 0)
        if method == "eth_getCode" and given[0] in recipients:
            return hexed(code)
        return in_coins(method, given)

    assert by_the_old_rule(endpoint, answer, monkeypatch)["D3"].verdict.value == "holds"
    _, found = audited(endpoint, answer)
    assert found["D3"]["verdict"] == verdict
    assert "its balance changed by 0" in found["D3"]["detail"]
