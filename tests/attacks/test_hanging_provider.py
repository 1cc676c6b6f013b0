"""A provider that hangs holds nobody for long, not even the lock that numbers transactions.

On Hardhat's node behind `FaultyRpc`, with the bounds of a question made ten times shorter. Under
the old rule each question had five attempts, all under the lock: two requests waited for minutes.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ostraka.chain import patience
from ostraka.chain.contract import ChainError
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.rounds import Rounds
from tests.support.faulty_chain import FaultyChain, ask_again

PATIENCE_S, ATTEMPT_S, HANGS_S = 2.0, 1.5, 2.5
"""A tenth of the real ones, and of an answer that takes 25 s."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(patience, "ATTEMPT_S", ATTEMPT_S)


@pytest.mark.usefixtures("impatient", "quick")
def test_two_deposits_wait_for_a_question_each(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    before = chain.deposited(round_id)
    # Asked for under the lock.
    chain.rpc.delay_s, chain.rpc.delayed = HANGS_S, frozenset({"eth_estimateGas"})

    def fund(name: str) -> float:
        started = time.monotonic()
        with pytest.raises(ChainError):
            Rounds(gateway).fund(round_id, 7, name)
        return time.monotonic() - started

    with ThreadPoolExecutor(2) as threads:
        taken_s = list(threads.map(fund, ["one", "two"]))
    # The second one waits for the first one's question, and asks its own.
    assert min(taken_s) >= ATTEMPT_S
    assert max(taken_s) < 3 * PATIENCE_S
    chain.rpc.healthy()
    for name in ("one", "two"):
        ask_again(lambda name=name: Rounds(gateway).fund(round_id, 7, name), 20)  # type: ignore[misc]
    assert chain.deposited(round_id) == before + 14


@pytest.mark.usefixtures("impatient", "quick")
def test_a_slow_provider_is_waited_for(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    """Answers that take a tenth of 10 s."""
    before = chain.deposited(round_id)
    chain.rpc.delay_s = 1.0
    ask_again(lambda: Rounds(gateway).fund(round_id, 7, "slow"), 20)
    assert chain.deposited(round_id) == before + 7
