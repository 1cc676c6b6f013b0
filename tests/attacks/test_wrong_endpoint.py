"""A wrong RPC endpoint never fails a poll: it is not checked, with the reason stated once.

Everything runs over real HTTP. Under the old rule each of these answers failed check P1, so that
a captive portal made a good poll look like a fraud.
"""

import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka_verifier import rpc
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.cli import app
from ostraka_verifier.contracts import POLL_OPENED
from ostraka_verifier.published import read_published
from ostraka_verifier.rpc import JsonRpc, Unanswered
from tests.support.endpoint import (
    CHAIN,
    POLL,
    Answer,
    Endpoint,
    Refusal,
    Reply,
    asking,
    hexed,
    honest,
    serving,
)
from tests.support.polls import REGISTRY

HTML = b"<!DOCTYPE html><html><title>Just a moment</title></html>"
QUOTA = "daily quota exceeded, see https://example.com/pricing"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


def audit(endpoint: Endpoint, *more: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(
        app,
        [
            *("audit", "--rpc", endpoint.url, "--registry", hexed(REGISTRY), "--poll", "1"),
            *("--board", f"{endpoint.url}/board", "--json", "--quiet", *more),
        ],
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def always(status: int, body: bytes, **headers: str) -> Answer:
    return lambda *_: Reply(status, body, **headers)


def padded(answer: str) -> str:
    return "0x" + answer[2:].rjust(64, "0")


WRONG: list[tuple[str, Answer, str]] = [
    ("captive portal", always(200, HTML), "not JSON"),
    ("no JSON-RPC", always(200, b"[]"), "refuses"),
    ("number at the top", always(200, b"7"), "refuses"),
    ("empty", always(200, b""), "not JSON"),
    ("deep", always(200, b"[" * 10_000), "nested"),
    ("no UTF-8", always(200, b"\xff"), "not JSON"),
    ("forbidden", always(403, HTML), "status 403"),
    ("redirect", always(302, HTML, location="http://127.0.0.1:9"), "status 302"),
    ("quota as a result", lambda *_: QUOTA, "not a quantity"),
    ("quota as an error", lambda *_: Refusal(message=QUOTA), "quota"),
    ("null for everything", lambda *_: None, "not a quantity"),
    ("number for the chain", asking("eth_chainId", lambda _: 1), "not a quantity"),
    ("number for the block", asking("eth_blockNumber", lambda _: 1000), "not a quantity"),
    ("padded chain", asking("eth_chainId", lambda _: padded("0x7a69")), "not a quantity"),
    ("padded block", asking("eth_blockNumber", lambda _: padded("0x3e8")), "not a quantity"),
    ("null code", asking("eth_getCode", lambda _: None), "not 0x-hex"),
    ("null logs", asking("eth_getLogs", lambda _: None), "not a list"),
    ("null calls", asking("eth_call", lambda _: None), "not 0x-hex"),
    ("empty calls", asking("eth_call", lambda _: "0x"), "missing"),
    ("quota for calls", asking("eth_call", lambda _: QUOTA), "not 0x-hex"),
    ("half a byte", asking("eth_call", lambda _: "0x0"), "not 0x-hex"),
    ("null block", asking("eth_getBlockByNumber", lambda _: None), "no block"),
    (
        "number for a time",
        asking("eth_getBlockByNumber", lambda _: {"timestamp": 5}),
        "not a quantity",
    ),
    ("no contract", asking("eth_getCode", lambda _: "0x"), "no contract at 0x0102"),
    (
        "logs of another contract",
        asking("eth_getLogs", lambda _: [{"address": hexed(bytes(20)), "topics": []}]),
        "was not asked for",
    ),
]


@pytest.mark.parametrize(("answer", "said"), [one[1:] for one in WRONG], ids=[o[0] for o in WRONG])
def test_a_wrong_endpoint_is_not_a_failed_poll(
    endpoint: Endpoint, answer: Answer, said: str
) -> None:
    endpoint.answer = answer
    code, report = audit(endpoint)
    assert (code, report["verdict"]) == (3, "not checked")
    details = [one["detail"] for one in report["checks"]]
    assert said in details[0]
    assert set(details[1:]) == {"needs the chain"}


@pytest.mark.parametrize(("answer", "said"), [one[1:] for one in WRONG], ids=[o[0] for o in WRONG])
def test_a_wrong_endpoint_fails_no_receipt_or_opening(
    endpoint: Endpoint, answer: Answer, said: str
) -> None:
    """Whatever of these is asked for on the way to a published poll."""
    endpoint.answer = answer
    with pytest.raises(Unanswered):
        read_published(JsonRpc(endpoint.url), REGISTRY, 1)


def test_a_missing_contract_is_reported_as_such(endpoint: Endpoint) -> None:
    endpoint.answer = asking("eth_getCode", lambda _: "0x")
    _, report = audit(endpoint)
    expected = f"no contract at 0x{REGISTRY.hex()} on chain 31337"
    assert report["checks"][0]["detail"] == expected


def test_another_chain_with_the_same_addresses_fails_no_poll(endpoint: Endpoint) -> None:
    """Whoever deploys on two chains with one key has a registry at one address on both."""
    endpoint.answer = asking("eth_chainId", lambda _: "0x1")
    code, report = audit(endpoint)
    assert (code, report["verdict"]) == (3, "not checked")
    first, *others = [one["detail"] for one in report["checks"]]
    assert first == "the RPC endpoint serves chain 1, the board is of chain 31337"
    assert set(others) == {"needs the chain"}


def test_missing_events_of_a_tallied_poll_are_reported_once(endpoint: Endpoint) -> None:
    endpoint.answer = asking("eth_getLogs", lambda _: [])
    code, report = audit(endpoint)
    assert (code, report["verdict"]) == (3, "not checked")
    details = [one["detail"] for one in report["checks"]]
    for event in ("PollOpened", "RootAnchored", "TallyAccepted"):
        said = [one for one in details if f"shows no event {event}" in one]
        assert len(said) == 1
        assert said[0].startswith("the poll is tallied, but the RPC endpoint")


def failing_at_first(times: int, failure: Any) -> tuple[Answer, list[str]]:
    """Each method answers correctly only after a number of failures in a row."""
    failures: dict[str, int] = {}
    log: list[str] = []

    def answer(method: str, given: list[Any]) -> Any:
        log.append(method)
        key = json.dumps([method, given])
        failures[key] = failures.get(key, 0) + 1
        return failure if failures[key] <= times else honest(method, given)

    return answer, log


@pytest.mark.parametrize(
    "failure",
    [
        Reply(429, b"slow down"),
        Reply(429, b"slow down", retry_after="0"),
        Reply(503, b"later"),
        Reply(500, HTML),
        Refusal(message="header not found"),
        Refusal(message="Too Many Requests"),
    ],
    ids=range(6),
)
def test_temporary_errors_are_retried(endpoint: Endpoint, failure: Any) -> None:
    endpoint.answer, _ = failing_at_first(4, failure)
    assert ChainReader(endpoint.url, REGISTRY).chain_id == CHAIN.chain_id
    code, report = audit(endpoint)
    assert (code, report["verdict"]) == (0, "holds"), report


@pytest.mark.parametrize("failure", [Reply(429, b""), Refusal(message="header not found")])
def test_retries_are_limited(endpoint: Endpoint, failure: Any) -> None:
    endpoint.answer, asked = failing_at_first(1000, failure)
    assert audit(endpoint)[0] == 3
    assert len(asked) == 5


def test_permanent_errors_are_not_retried(endpoint: Endpoint) -> None:
    for failure in (Reply(403, b""), Refusal(message="unknown method")):
        endpoint.answer, asked = failing_at_first(1000, failure)
        assert audit(endpoint)[0] == 3
        assert len(asked) == 1


def test_retry_after_is_respected_within_bounds(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    # Not the module itself, as threads of other tests may sleep, too.
    clock = SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic)
    monkeypatch.setattr("ostraka_verifier.rpc.time", clock)
    for header, expected in (("3", 3), ("3600", 10), ("Wed, 21 Oct 2026 07:28:00 GMT", 0)):
        pauses.clear()
        endpoint.answer, _ = failing_at_first(1, Reply(429, b"", retry_after=header))
        ChainReader(endpoint.url, REGISTRY)
        assert pauses == [expected, expected]


@pytest.mark.parametrize(
    "refused",
    [
        Reply(403, b"no batches"),
        Reply(200, json.dumps({"error": {"message": "batches are not allowed"}}).encode()),
        Reply(200, json.dumps([{"id": [0], "result": "0x"}, {"id": {}}]).encode()),
        Reply(200, b"[]"),
        Reply(200, HTML),
    ],
    ids=range(5),
)
def test_refused_batches_are_asked_one_by_one(endpoint: Endpoint, refused: Reply) -> None:
    calls = [bytes([number] * 32) for number in range(150)]
    endpoint.answer = lambda _method, given: "0x" + given[0]["data"][10:]
    whole = JsonRpc(endpoint.url).call_each(REGISTRY, "getPastVotes(address,uint256)", calls, 5)
    endpoint.batches = refused
    single = JsonRpc(endpoint.url).call_each(REGISTRY, "getPastVotes(address,uint256)", calls, 5)
    assert whole == single == calls


def bounded(span: int, head: int, event_at: int) -> Answer:
    """An endpoint that limits the number of blocks for logs."""

    def answer(method: str, given: list[Any]) -> Any:
        if method == "eth_blockNumber":
            return hex(head)
        if method == "eth_getLogs":
            first, last = (int(given[0][name], 16) for name in ("fromBlock", "toBlock"))
            if last - first >= span:
                return Refusal(message="query exceeds max block range")
            if not first <= event_at <= last:
                return []
        if method == "eth_getCode" and int(given[1], 16) < event_at - 10:
            return "0x"
        return honest(method, given)

    return answer


@pytest.mark.parametrize("span", [2_000, 500, 1])
def test_ranges_of_logs_are_halved(endpoint: Endpoint, span: int) -> None:
    blocks = 60 * span
    endpoint.answer = bounded(span, blocks, blocks // 2)
    code, report = audit(endpoint)
    assert (code, report["verdict"]) == (0, "holds"), report


def test_from_block_saves_requests(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "_MAX_LOG_REQUESTS", 30)
    endpoint.answer = bounded(500, 1_000_000, 999_000)
    assert audit(endpoint)[0] == 0
    # What is not there has to be looked for in all blocks.
    endpoint.answer = bounded(500, 1_000_000, 900_000)
    _, report = audit(endpoint)
    assert "--from-block" in report["checks"][0]["detail"]
    endpoint.answer = bounded(500, 1_000_000, 999_000)
    assert audit(endpoint, "--from-block", "998995")[0] == 0


def test_a_contract_older_than_from_block_is_read_completely(endpoint: Endpoint) -> None:
    """Else events would be passed over in silence, and a census read too short."""
    asked: list[int] = []

    def answer(method: str, given: list[Any]) -> Any:
        if method == "eth_getLogs":
            asked.append(int(given[0]["fromBlock"], 16))
        return honest(method, given)

    endpoint.answer = answer
    assert ChainReader(endpoint.url, REGISTRY, from_block=950).read(
        1, POLL.outcome, POLL.outcome.encode(), None, None
    )
    assert set(asked) == {0}
    asked.clear()

    def young(method: str, given: list[Any]) -> Any:
        if method == "eth_getCode" and int(given[1], 16) < 950:
            return "0x"
        return answer(method, given)

    endpoint.answer = young
    assert ChainReader(endpoint.url, REGISTRY, from_block=950).read(
        1, POLL.outcome, POLL.outcome.encode(), None, None
    )
    assert set(asked) == {950}
    asked.clear()

    def pruned(method: str, given: list[Any]) -> Any:
        """Keeps no old state, so that nobody can tell the registry's age."""
        if method == "eth_getCode" and int(given[1], 16) < 950:
            return Refusal(message="missing trie node")
        return answer(method, given)

    endpoint.answer = pruned
    assert ChainReader(endpoint.url, REGISTRY, from_block=950).read(
        1, POLL.outcome, POLL.outcome.encode(), None, None
    )
    assert set(asked) == {950}
    asked.clear()
    # Of any other contract, such as a census's, events could be missing unseen.
    of_poll = POLL_OPENED.topics(1)
    JsonRpc(endpoint.url, 950).logs(REGISTRY, of_poll, 1000)
    assert set(asked) == {0}
