"""How long a provider is waited for: asked again for a while, never for long."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from ostraka.chain import patience, whole_answers
from ostraka.chain.contract import ChainError, call, connect
from tests.support.endpoint import Endpoint, Reply, serving
from tests.support.faulty_rpc import FaultyRpc

BUSY = Reply(429, b"", retry_after="1")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as served:
        yield served


def failing(times: int, failure: Reply) -> Any:
    """Answer after a number of failures; notes when each question came."""
    asked: list[float] = []

    def answer(*_: Any) -> Any:
        asked.append(time.monotonic())
        return failure if len(asked) <= times else "0x2a"

    answer.asked = asked  # type: ignore[attr-defined]
    return answer


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_asked_for_again(endpoint: Endpoint, status: int) -> None:
    endpoint.answer = failing(3, Reply(status, b"<html>"))
    assert connect(endpoint.url).eth.block_number == 42


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_refusal_is_not_asked_for_again(endpoint: Endpoint, status: int) -> None:
    endpoint.answer = failing(1, Reply(status, b"<html>"))
    with pytest.raises(ChainError, match=str(status)):
        call(lambda: connect(endpoint.url).eth.block_number)
    assert len(endpoint.answer.asked) == 1  # type: ignore[attr-defined]


def test_retry_after_is_honoured(endpoint: Endpoint) -> None:
    endpoint.answer = failing(2, BUSY)
    assert connect(endpoint.url).eth.block_number == 42
    first, second, third = endpoint.answer.asked  # type: ignore[attr-defined]
    assert second - first >= 1
    assert third - second >= 1


def test_a_long_rest_is_kept_by_every_caller(endpoint: Endpoint) -> None:
    """Nobody waits for it, and nobody disturbs the provider meanwhile."""
    endpoint.answer = failing(1000, Reply(429, b"", retry_after="3600"))
    web3, started = connect(endpoint.url), time.monotonic()
    for _ in range(3):
        with pytest.raises(ChainError, match="status 429"):
            call(lambda: web3.eth.block_number)
    assert time.monotonic() - started < 5
    assert len(endpoint.answer.asked) == 1  # type: ignore[attr-defined]


def test_a_hanging_provider_is_left_soon(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old rule waited for five attempts of 20 s each; a twentieth of the new bounds here."""
    monkeypatch.setattr(patience, "PATIENCE_S", 1)
    monkeypatch.setattr(patience, "ATTEMPT_S", 0.75)

    def late(*_: Any) -> str:
        time.sleep(1.25)
        return "0x2a"

    endpoint.answer = late
    started = time.monotonic()
    with pytest.raises(ChainError, match="no answer from the RPC endpoint in time"):
        call(lambda: connect(endpoint.url).eth.block_number)
    assert time.monotonic() - started < 2.5


def test_an_answer_that_drips_is_left_soon(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every single read is fast; the whole answer would take 2 s."""
    monkeypatch.setattr(patience, "PATIENCE_S", 1)
    monkeypatch.setattr(patience, "ATTEMPT_S", 0.75)
    endpoint.answer = lambda *_: "0x2a"
    with FaultyRpc(endpoint.url) as proxy:
        web3 = connect(proxy.url)
        # A connection that is open already, and a new one.
        for first in (web3.eth.block_number, 42):
            assert first == 42
            proxy.drip_s = 0.05
            started = time.monotonic()
            with pytest.raises(ChainError, match="no answer from the RPC endpoint in time"):
                call(lambda: web3.eth.block_number)
            assert time.monotonic() - started < 2
        proxy.healthy()
        assert web3.eth.block_number == 42


def test_an_answer_without_end_is_left(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_answers, "MAX_ANSWER_BYTES", 2**20)
    endpoint.answer = lambda *_: "0x2a"
    with FaultyRpc(endpoint.url) as proxy:
        proxy.endless = True
        web3 = connect(proxy.url)
        with pytest.raises(ChainError, match="the RPC endpoint's answer is too long"):
            call(lambda: web3.eth.block_number)
        proxy.healthy()
        assert web3.eth.block_number == 42


def test_threads_share_connections(endpoint: Endpoint) -> None:
    """Each late answer closes its own connection, not those of others."""

    def late_for_one(method: str, _: Any) -> str:
        if method == "eth_gasPrice":
            time.sleep(1.5)
        return "0x2a"

    endpoint.answer = late_for_one
    web3 = connect(endpoint.url)
    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(patience, "PATIENCE_S", 0.5)
        late = threads.submit(lambda: web3.eth.gas_price)
        for _ in range(20):
            assert web3.eth.block_number == 42
            time.sleep(0.02)
        with pytest.raises(requests.Timeout):
            late.result()


def test_a_transaction_is_sent_once(endpoint: Endpoint) -> None:
    endpoint.answer = failing(1, Reply(504, b""))
    with pytest.raises(ChainError, match="504"):
        call(lambda: connect(endpoint.url).eth.send_raw_transaction(b"raw"))
    assert len(endpoint.answer.asked) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "method", ["eth_sendTransaction", "account_signTransaction", "evm_increaseTime", "evm_mine"]
)
def test_only_questions_are_repeated(endpoint: Endpoint, method: str) -> None:
    """A second attempt could send coins twice, or move a clock twice."""
    endpoint.answer = failing(1, Reply(504, b""))
    with pytest.raises(ChainError, match="504"):
        call(lambda: connect(endpoint.url).provider.make_request(method, []))  # type: ignore[arg-type]
    assert len(endpoint.answer.asked) == 1  # type: ignore[attr-defined]


def test_a_person_has_time_to_approve_a_signature(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ATTEMPT_S", 0.2)

    def approved_late(*_: Any) -> str:
        time.sleep(0.6)
        return "0x2a"

    endpoint.answer = approved_late
    provider = connect(endpoint.url).provider
    answer = provider.make_request("account_signTransaction", [{}])  # type: ignore[arg-type]
    assert answer["result"] == "0x2a"
    assert endpoint.asked == ["account_signTransaction"]
