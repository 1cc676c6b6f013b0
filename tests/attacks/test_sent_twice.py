"""Nothing is sent twice, even if a provider's answers are lost (docs/operations.md).

On Hardhat's node behind `FaultyRpc`. What the rule before did is kept here as a copy, and deposits
twice; the gateway's own path deposits once, and creates one round and one poll.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from eth_account import Account as EthAccount
from hexbytes import HexBytes
from sqlalchemy import Engine
from web3 import Web3
from web3.exceptions import Web3RPCError

from ostraka.chain import sending
from ostraka.chain.contract import ChainError
from ostraka.chain.errors import LowOnCoin, NotMinedYet
from ostraka.chain.journal import Outgoing
from ostraka.chain.sending import Account, Errand
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.rounds import Rounds
from ostraka.keys import SigningKey
from ostraka.planning.specification import RoundSpecification
from ostraka.storage.database import Schema, open_database
from tests.support.faulty_chain import BUDGET, FaultyChain, ask_again, round_wanted


def old_rule(chain: FaultyChain) -> Any:
    """How the gateway sent before: by the newest nonce, and without a memory."""

    def transact(_: Errand, web3: Web3, function: Any, value: int = 0) -> Any:
        account = EthAccount.from_key(chain.stack.organizer.secret())
        name = account.address
        transaction = function.build_transaction(
            {
                "from": name,
                "value": value,
                "nonce": web3.eth.get_transaction_count(name, "pending"),
                "chainId": web3.eth.chain_id,
            }
        )
        sent = web3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)
        return web3.eth.wait_for_transaction_receipt(sent, timeout=1)

    return transact


def test_by_the_old_rule_a_lost_answer_deposits_twice(
    chain: FaultyChain, gateway: GatewayContext, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Errand, "transact", old_rule(chain))
    chain.rpc.lose_answers = 1
    ask_again(lambda: Rounds(gateway).fund(round_id, BUDGET, "a request"))
    assert chain.deposited(round_id) == 2 * BUDGET


def test_by_the_old_rule_slow_mining_deposits_twice(
    chain: FaultyChain, gateway: GatewayContext, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Errand, "transact", old_rule(chain))
    chain.stop_mining()
    for _ in range(2):
        with pytest.raises(ChainError):
            Rounds(gateway).fund(round_id, BUDGET, "a request")
    chain.mine()
    assert chain.deposited(round_id) == 2 * BUDGET


def test_a_lost_answer_deposits_once(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    chain.rpc.lose_answers = 1
    first = ask_again(lambda: Rounds(gateway).fund(round_id, BUDGET, "a request"))
    assert Rounds(gateway).fund(round_id, BUDGET, "a request") == first
    assert chain.deposited(round_id) == BUDGET
    Rounds(gateway).fund(round_id, 1, "another request")
    assert chain.deposited(round_id) == BUDGET + 1


@pytest.mark.usefixtures("quick")
def test_without_blocks_one_transaction_waits(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    """The node answers a repetition with `known transaction`, which is not a failure."""
    chain.stop_mining()
    chain.rpc.lose_answers = 1
    for _ in range(3):
        with pytest.raises(NotMinedYet):
            Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert chain.deposited(round_id) == 0
    chain.mine()
    Rounds(gateway).fund(round_id, BUDGET, "a request")
    chain.mine()
    assert chain.deposited(round_id) == BUDGET


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("replacement_arrives", [True, False])
def test_a_stuck_transaction_is_replaced_under_its_nonce(
    chain: FaultyChain,
    gateway: GatewayContext,
    round_id: int,
    replacement_arrives: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "STUCK_S", 0)
    chain.stop_mining()
    with pytest.raises(NotMinedYet):
        Rounds(gateway).fund(round_id, BUDGET, "a request")
    (before,) = gateway.account.journal.open(gateway.account.address, 0)[-1:]
    assert len(before.versions) == 1
    for _ in range(sending.STUCK_BLOCKS):
        # More than anybody offers: blocks pass it over.
        chain.rpc.direct("hardhat_setNextBlockBaseFeePerGas", hex(10**13))
        chain.mine()
    chain.rpc.drop_sends = 0 if replacement_arrives else 100
    chain.rpc.direct("hardhat_setNextBlockBaseFeePerGas", hex(before.versions[0].max_fee // 2))
    gateway.push()
    chain.rpc.healthy()
    (after,) = gateway.account.journal.open(gateway.account.address, 0)[-1:]
    assert after.nonce == before.nonce
    assert len(after.versions) == 2
    assert after.versions[1].max_fee > before.versions[0].max_fee
    chain.rpc.direct("hardhat_setNextBlockBaseFeePerGas", hex(before.versions[0].max_fee // 2))
    chain.mine()
    (sent,) = Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert sent.hash == after.versions[1 if replacement_arrives else 0].hash
    assert chain.deposited(round_id) == BUDGET


def test_a_gateway_that_stops_between_storing_and_sending_sends_once(
    chain: FaultyChain,
    engine: Engine,
    gateway: GatewayContext,
    round_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stopped(BaseException):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(sending, "send", stop)
        with pytest.raises(Stopped):
            Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert chain.deposited(round_id) == 0
    # Nobody asks again: the restarted gateway sees to it by itself.
    monkeypatch.setattr(sending, "PUSH_S", 0)
    restarted = chain.gateway(engine)
    PlanRunner(restarted).tick()
    assert chain.deposited(round_id) == BUDGET
    Rounds(restarted).fund(round_id, BUDGET, "a request")
    assert chain.deposited(round_id) == BUDGET


@pytest.mark.usefixtures("quick")
def test_only_a_final_block_proves_a_transaction_lost(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    chain.rpc.drop_sends = 1000
    with pytest.raises(NotMinedYet):
        Rounds(gateway).fund(round_id, BUDGET, "a request")
    (stored,) = gateway.account.journal.open(gateway.account.address, 0)[-1:]
    # Another program with the same key takes the nonce.
    other = gateway.account.sign(
        stored.nonce,
        {"to": "0x" + "11" * 20, "value": 0, "gas": 21_000, "chainId": 31337},
        (10**11, 10**9),
        0,
    )
    chain.rpc.direct("eth_sendRawTransaction", HexBytes(other.raw).to_0x_hex())
    chain.rpc.healthy()
    chain.stop_mining()
    # A provider of which every answer is of the block before: nothing is concluded.
    chain.rpc.stale_every, chain.rpc.lag = 1, 1
    with pytest.raises(NotMinedYet):
        Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert gateway.account.journal.current("fund a request") is not None
    chain.rpc.healthy()
    chain.rpc.direct("evm_setAutomine", True)
    ask_again(lambda: Rounds(gateway).fund(round_id, BUDGET, "a request"))
    sent = gateway.account.journal.current("fund a request")
    assert sent is not None
    assert sent.nonce > stored.nonce
    assert chain.deposited(round_id) == BUDGET


@pytest.mark.usefixtures("quick")
def test_a_refusal_keeps_what_another_gateway_sent(
    chain: FaultyChain,
    engine: Engine,
    gateway: GatewayContext,
    round_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first answer is slow; until it comes, the plan runner or another gateway sends it too."""
    chain.stop_mining()
    said = []

    def refused(*_: object) -> Web3RPCError:
        # Its replica takes what the other one refuses.
        chain.gateway(engine).push()
        said.append("refused")
        return Web3RPCError("insufficient funds for gas * price + value")

    with monkeypatch.context() as patched:
        patched.setattr(sending, "send", refused)
        with pytest.raises(NotMinedYet):
            Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert said == ["refused"]
    chain.mine()
    Rounds(gateway).fund(round_id, BUDGET, "a request")
    chain.mine()
    assert chain.deposited(round_id) == BUDGET


def test_two_gateways_replace_a_stuck_transaction_identically(gateway: GatewayContext) -> None:
    """Both see it stuck, and sign the same: neither fails, and it is kept once."""
    account, journal = gateway.account, gateway.account.journal
    fields = {"to": "0x" + "11" * 20, "value": 0, "gas": 21_000, "chainId": 31337}
    first, second = (account.sign(1 << 40, fields, (fee, 1), 0) for fee in (10, 20))
    outgoing = Outgoing("a purpose", account.address, 1 << 40, fields, (first,))
    assert journal.add(outgoing)
    for _ in range(2):
        journal.add_version(outgoing, second)
    kept = journal.current("a purpose")
    assert kept is not None
    assert kept.versions == (first, second)


def test_two_gateways_on_one_database_send_once(
    chain: FaultyChain, url: str, round_id: int
) -> None:
    engine = open_database(url, Schema.GATEWAY)
    wanted = RoundSpecification.model_validate(round_wanted(chain))
    rounds = chain.stack.treasury.round_count()
    gateways = [Rounds(chain.gateway(engine)) for _ in range(2)]
    chain.rpc.lose_answers = 1
    with ThreadPoolExecutor(4) as pool:
        funded = pool.map(lambda one: one.fund(round_id, BUDGET, "both"), gateways)
        made = pool.map(lambda one: one.create(wanted, "ab" * 32).round_id, gateways)
        assert len({tuple(one) for one in funded}) == 1
        assert set(made) == {rounds + 1}
    assert chain.deposited(round_id) == BUDGET
    assert chain.stack.treasury.round_count() == rounds + 1
    engine.dispose()


def test_an_account_low_on_coin_is_reported(
    chain: FaultyChain, engine: Engine, round_id: int
) -> None:
    gateway = chain.gateway(engine)
    account = gateway.account = Account(SigningKey(), DatabaseJournal(engine))
    for balance, coins in ((0, "0"), (5, "0.000000000000000005")):
        chain.rpc.direct("hardhat_setBalance", "0x" + account.address.hex(), hex(balance))
        with pytest.raises(LowOnCoin, match=f"has {coins} of the chain's coin"):
            Rounds(gateway).fund(round_id, BUDGET, "poor")
    assert account.journal.open(account.address, 0) == []


def test_if_the_higher_fee_is_unaffordable_the_lower_is_sent(
    chain: FaultyChain, engine: Engine
) -> None:
    account = Account(SigningKey(), DatabaseJournal(engine))
    name = "0x" + account.address.hex()
    chain.rpc.direct("hardhat_setBalance", name, hex(10**18))
    fields = {"to": "0x" + "11" * 20, "value": 0, "gas": 21_000, "chainId": 31337}
    first, dear = (account.sign(0, fields, (fee, 10**9), 0) for fee in (10**11, 10**17))
    outgoing = Outgoing("a purpose", account.address, 0, fields, (first, dear))
    assert account.journal.add(outgoing)
    account.push(chain.registry().web3)
    chain.mine()
    assert chain.rpc.direct("eth_getTransactionCount", name, "latest") == "0x1"
