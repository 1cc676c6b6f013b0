"""Both audits read the chain alike, through a real endpoint, whatever it answers."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from ostraka_verifier import rpc
from ostraka_verifier.board import Board
from ostraka_verifier.checks import CHECKS, Claimed
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.errors import AuditError
from ostraka_verifier.report import audit_poll
from ostraka_verifier.rpc import JsonRpc
from ostraka_verifier.snapshot import CensusSource, SourceKind, read_census
from tests.attacks.test_wrong_endpoint import WRONG
from tests.support.audits import ROUND_BOARD, ROUND_CHAIN, ROUND_POLL
from tests.support.endpoint import (
    BOARD,
    CHAIN,
    Answer,
    Endpoint,
    asking,
    hexed,
    honest,
    listed,
    log,
    selector,
    serving,
    telling,
)
from tests.support.polls import CHAIN_ID, REGISTRY
from tests.support.round_endpoint import telling_of_round
from tests.verifier.checks.test_attested_outcome import POLL as SHARES
from tests.web.bridge import Browser, Refused

_CURVE = load("native")
assert isinstance(CHAIN.awards, tuple)
AWARDS = CHAIN.awards
Verdicts = dict[str, tuple[str, str]]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


def answered(browser: Browser, command: str, **arguments: Any) -> Any:
    """What the browser makes of it; None where the endpoint leaves it undecided."""
    try:
        return browser.call(command, **arguments)
    except Refused as refused:
        if refused.kind not in {"Undecided", "Unanswered", "Refused", "Reverted", "Malformed"}:
            raise
        return None


def both(browser: Browser, endpoint: Endpoint, board: Board) -> Verdicts:
    """Verdict and item of each check; AssertionError where the two audits differ."""
    endpoint.board = board.encode()
    report = audit_poll(_CURVE, endpoint.url, Claimed(REGISTRY, 1), f"{endpoint.url}/board")
    wanted = {one.check: (one.verdict.value, one.item) for one in report.findings}
    answer = answered(
        browser,
        "audit_by_rpc",
        rpc_url=endpoint.url,
        chain_id=CHAIN_ID,
        registry=REGISTRY,
        poll_id=1,
        board=endpoint.board,
    )
    found = {number: ("not checked", "") for number, *_ in CHECKS}
    if answer is not None:
        found = {one["check"]: (one["verdict"], one["item"]) for one in answer}
    assert found == wanted
    return wanted


def verdicts(found: Verdicts) -> set[str]:
    return {verdict for verdict, _ in found.values()}


def test_an_honest_endpoint(browser: Browser, endpoint: Endpoint) -> None:
    assert verdicts(both(browser, endpoint, BOARD)) == {"holds"}
    endpoint.answer = telling_of_round(ROUND_POLL, ROUND_CHAIN)
    assert verdicts(both(browser, endpoint, ROUND_BOARD)) == {"holds"}
    endpoint.answer = telling(SHARES.poll, SHARES.chain)
    assert verdicts(both(browser, endpoint, SHARES.board())) == {"holds"}


@pytest.mark.parametrize("answer", [one[1] for one in WRONG], ids=[one[0] for one in WRONG])
def test_a_wrong_endpoint_fails_no_poll(
    browser: Browser, endpoint: Endpoint, answer: Answer
) -> None:
    endpoint.answer = answer
    assert verdicts(both(browser, endpoint, BOARD)) == {"not checked"}


def of_another_contract(given: list[Any]) -> list[Any]:
    return [one | {"address": hexed(bytes(20))} for one in honest("eth_getLogs", given)]


def of_another_poll(given: list[Any]) -> list[Any]:
    (kind, _), logs = given[0]["topics"], honest("eth_getLogs", given)
    return [one | {"topics": [kind, hexed(word(2))]} for one in logs]


@pytest.mark.parametrize("answer", [of_another_contract, of_another_poll])
def test_events_that_were_not_asked_for_count_for_nothing(
    browser: Browser, endpoint: Endpoint, answer: Any
) -> None:
    """The rule before took them in the browser, where an endpoint that filters nothing made polls
    fail."""
    endpoint.answer = asking("eth_getLogs", answer)
    assert verdicts(both(browser, endpoint, BOARD)) == {"not checked"}


def test_another_chain_with_a_registry_at_the_same_address(
    browser: Browser, endpoint: Endpoint
) -> None:
    """The rule before made the poll fail P1, P3 and more by the command line."""
    endpoint.answer = asking("eth_chainId", lambda _: "0x1")
    assert verdicts(both(browser, endpoint, BOARD)) == {"not checked"}


@pytest.mark.parametrize(
    "awards",
    [
        word(64) + word(7) + listed(AWARDS),
        word(32) + listed(AWARDS) + b"more",
        word(32) + listed([1]),
        word(1 << 200) + listed(AWARDS),
        b"",
    ],
    ids=["another offset", "more behind it", "too few", "far away", "nothing"],
)
def test_awards_are_read_as_the_abi_has_them(
    browser: Browser, endpoint: Endpoint, awards: bytes
) -> None:
    def answer(given: list[Any]) -> Any:
        asked = given[0]["data"].startswith(selector("awards(uint256,uint256[],bytes,uint16[])"))
        return hexed(awards) if asked else honest("eth_call", given)

    endpoint.answer = asking("eth_call", answer)
    both(browser, endpoint, BOARD)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xed\xa0\x80", "ławka".encode(), b"\0"])
def test_no_proposers_text_keeps_a_round_from_being_audited(
    browser: Browser, endpoint: Endpoint, text: bytes
) -> None:
    """A contract takes any bytes for it: by the rule before, one member's stopped every browser's
    audit of the round."""
    endpoint.answer = telling_of_round(ROUND_POLL, ROUND_CHAIN, lambda _: text)
    assert verdicts(both(browser, endpoint, ROUND_BOARD)) == {"holds"}


TOKEN = bytes([0xAB] * 20)
ACCOUNTS = [bytes([number] * 20) for number in (1, 2, 3)]
CLOCK = "CLOCK_MODE()"


def text(content: bytes, at: int = 32) -> bytes:
    padded = content.ljust(-(-len(content) // 32) * 32, b"\0")
    return word(at) + bytes(at - 32) + word(len(content)) + padded


def token(votes: bytes, clock: Any, data: bytes = word(5)) -> Answer:
    """A contract with members and votes, of its own making."""

    def answer(method: str, given: list[Any]) -> Any:
        if method == "eth_getCode":
            return "0x01"
        if method == "eth_call":
            return clock if given[0]["data"] == selector(CLOCK) else hexed(votes)
        if method == "eth_getBlockByNumber":
            return {"timestamp": hex(1_700_000_000)}
        if method == "eth_getLogs":
            return [log(given[0], data, 50, word(one)) for one in ACCOUNTS]
        return honest(method, given)

    return answer


@pytest.mark.parametrize("kind", list(SourceKind))
@pytest.mark.parametrize(
    ("votes", "clock"),
    [
        (word(7), hexed(text(b"mode=timestamp"))),
        (word(7), hexed(text(b"mode=timestamp", 96))),
        (word(7), hexed(text(b"mode=blocknumber&from=default"))),
        (word(7), hexed(text(b"mode=blocknumber&from=eip155:1"))),
        (word(7), hexed(text(b"\xff"))),
        (word(7), hexed(word(32) + word(1 << 100))),
        (word(7) + word(1), hexed(text(b"mode=timestamp"))),
        (b"\7", hexed(text(b"mode=timestamp"))),
        (b"", hexed(text(b"mode=timestamp"))),
        (b"", "0x"),
    ],
)
def test_a_census_is_read_alike(
    browser: Browser, endpoint: Endpoint, kind: SourceKind, votes: bytes, clock: str
) -> None:
    """The rule before took what was short for no votes, and read on beyond the first word."""
    endpoint.answer = token(votes, clock, votes)
    source = CensusSource(kind, TOKEN, 60)
    read = None
    with suppress(AuditError):
        entries = read_census(JsonRpc(endpoint.url), source, CHAIN.block).entries
        read = [[hexed(one.account), hexed(one.signing_key), str(one.weight)] for one in entries]
    written = json.dumps(source.to_json())
    assert answered(browser, "census", rpc_url=endpoint.url, source=written) == read


@pytest.mark.parametrize("name", ["unit", "keys", "classes"])
@pytest.mark.parametrize("kind", list(SourceKind))
def test_null_in_a_source_is_as_none(
    browser: Browser, endpoint: Endpoint, kind: SourceKind, name: str
) -> None:
    """The rule before made a description with a unit of null fail P2 by the command line alone."""
    endpoint.answer = token(word(7), hexed(text(b"mode=timestamp")), word(7))
    content = CensusSource(kind, TOKEN, 60).to_json()
    content.pop(name, None)
    source = CensusSource.from_json(content | {name: None})
    assert source == CensusSource.from_json(content)
    entries = read_census(JsonRpc(endpoint.url), source, CHAIN.block).entries
    read = [[hexed(one.account), hexed(one.signing_key), str(one.weight)] for one in entries]
    written = json.dumps(content | {name: None})
    assert answered(browser, "census", rpc_url=endpoint.url, source=written) == read


def test_the_clock_is_the_tokens(endpoint: Endpoint) -> None:
    """By the rule before, a token with a text further on had two clocks."""
    asked: list[str] = []

    def answer(method: str, given: list[Any]) -> Any:
        if method == "eth_call":
            asked.append(given[0]["data"])
        return token(word(7), hexed(text(b"mode=timestamp", 96)))(method, given)

    endpoint.answer = answer
    read_census(JsonRpc(endpoint.url), CensusSource(SourceKind.VOTES, TOKEN, 60), CHAIN.block)
    votes = [one for one in asked if one.startswith(hexed(keccak256(VOTES)[:4]))]
    assert {int(one[-64:], 16) for one in votes} == {1_700_000_000}


VOTES = b"getPastVotes(address,uint256)"
