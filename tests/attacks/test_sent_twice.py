"""Nothing is sent twice, whatever becomes of a provider's answers (docs/operations.md).

On Hardhat's node behind `FaultyRpc`. What the rule before did is kept here as a copy, and deposits
twice; the gateway's own path deposits once, and creates one round and one poll.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account as EthAccount
from hexbytes import HexBytes
from sqlalchemy import Engine
from web3 import Web3
from web3.exceptions import Web3RPCError

from ostraka.chain import sending
from ostraka.chain.contract import ChainError
from ostraka.chain.errors import LowOnCoin, NotMinedYet
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Account, Errand, Outgoing
from ostraka.chain.treasury import Treasury
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway import indexer as indexing
from ostraka.gateway.api import build_api
from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.idempotency import Requests
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.plans import Plans
from ostraka.gateway.polls import Polls
from ostraka.gateway.rounds import Rounds
from ostraka.keys import SigningKey
from ostraka.node.policy import Policy
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.service import NodeService
from ostraka.node.store import NodeStore
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.storage.database import Schema, open_database
from ostraka_verifier import typed_data
from ostraka_verifier.curve import load
from ostraka_verifier.parameters import Committee, Member
from tests.support.api import accounts, fresh_keys
from tests.support.faulty_rpc import FaultyRpc
from tests.support.village import ScriptedElectorates

BUDGET = 1000
TOKEN = "a token"
TIMES = {"freeze_delay": 5, "round_duration": 8, "max_rounds": 100, "dispute_window": 600}


class Chain:
    """Hardhat's node with the contracts and one committee, and the faulty way to it."""

    def __init__(self, stack: LocalStack, rpc: FaultyRpc) -> None:
        self.stack, self.rpc = stack, rpc
        self.nodes = fresh_keys(4)
        domain = stack.registry.domain
        members = tuple(
            Member(key.address, f"http://127.0.0.1/{n}") for n, key in enumerate(self.nodes)
        )
        self.committee = Committee(members, 2, 1)
        stack.registry.register_committee(
            stack.organizer,
            self.committee,
            [
                key.sign(domain.digest(typed_data.COMMITTEE, self.committee.digest))
                for key in self.nodes
            ],
        )

    def registry(self) -> Registry:
        """Seen through the faulty provider, by a program of its own."""
        stack = self.stack
        return Registry(self.rpc.url, stack.registry.address, stack.deployment.block)

    def gateway(self, engine: Engine) -> GatewayContext:
        """A gateway; several on one database are several gateways, or one restarted."""
        stack, registry = self.stack, self.registry()
        treasury = Treasury(self.rpc.url, stack.treasury.address, stack.deployment.block)
        return GatewayContext(
            self.rpc.url,
            registry,
            treasury,
            Indexer(engine, {REGISTRY: registry, TREASURY: treasury}, stack.deployment.block),
            Plans(engine),
            Account(stack.organizer, DatabaseJournal(engine)),
            Requests(engine),
            load(),
            [self.committee.digest],
            Electorates(self.rpc.url, registry.voting_keys()),
        )

    def deposited(self, round_id: int) -> int:
        return self.stack.treasury.round(round_id).deposited

    def stop_mining(self) -> None:
        self.rpc.direct("evm_setAutomine", False)
        self.rpc.direct("evm_setIntervalMining", 0)

    def mine(self) -> None:
        self.rpc.direct("evm_mine")

    @property
    def now(self) -> int:
        return self.stack.registry.head().timestamp


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with LocalStack(tmp_path_factory.mktemp("sent-twice"), 0) as stack:
        stack.start_chain()
        with FaultyRpc(stack.rpc_url) as rpc:
            yield Chain(stack, rpc)


@pytest.fixture
def chain(whole: Chain) -> Iterator[Chain]:
    yield whole
    whole.rpc.healthy()
    whole.rpc.direct("evm_setAutomine", True)
    whole.rpc.direct("evm_setIntervalMining", 1000)
    whole.mine()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    # A folder of its own: the server of another database opens the test's to its user.
    folder = tmp_path / "gateway"
    folder.mkdir(mode=0o700)
    engine = open_database(f"sqlite:///{folder / 'gateway.db'}", Schema.GATEWAY)
    yield engine
    engine.dispose()


@pytest.fixture
def gateway(chain: Chain, engine: Engine) -> GatewayContext:
    return chain.gateway(engine)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long, and everything is sent again at once."""
    monkeypatch.setattr(sending, "MINING_S", 1)
    monkeypatch.setattr(sending, "PUSH_S", 0)


def round_wanted(chain: Chain) -> dict[str, Any]:
    return {
        "title": "A round",
        "budget": str(BUDGET),
        "ballot": {"kind": "approval", "at_most": 2},
        "outcome": {"kind": "greedy"},
        "members": accounts(fresh_keys(5)),
        "proposals_close_at": chain.now + 4000,
        "voting_opens_at": chain.now + 5000,
        "voting_closes_at": chain.now + 9000,
        "times": TIMES,
    }


def poll_wanted(chain: Chain) -> PollSpecification:
    return PollSpecification.model_validate(
        {
            "title": "A question",
            "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
            "voters": accounts(fresh_keys(3)),
            "closes_at": chain.now + 20_000,
            "minimum_ballots": 1,
            "times": TIMES,
        }
    )


@pytest.fixture
def round_id(chain: Chain, gateway: GatewayContext) -> int:
    wanted = RoundSpecification.model_validate(round_wanted(chain))
    plan = Rounds(gateway).create(wanted, SigningKey().address.hex())
    assert plan.round_id is not None
    return plan.round_id


def old_rule(chain: Chain) -> Any:
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


def ask_again(act: Any, times: int = 6) -> Any:
    """As the gateway's clients: whatever is out of reach is asked for again."""
    for _ in range(times):
        try:
            return act()
        except ChainError as error:
            last = error
    raise last


def test_by_the_old_rule_a_lost_answer_deposits_twice(
    chain: Chain, gateway: GatewayContext, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Errand, "transact", old_rule(chain))
    chain.rpc.lose_answers = 1
    ask_again(lambda: Rounds(gateway).fund(round_id, BUDGET, "a request"))
    assert chain.deposited(round_id) == 2 * BUDGET


def test_by_the_old_rule_slow_mining_deposits_twice(
    chain: Chain, gateway: GatewayContext, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Errand, "transact", old_rule(chain))
    chain.stop_mining()
    for _ in range(2):
        with pytest.raises(ChainError):
            Rounds(gateway).fund(round_id, BUDGET, "a request")
    chain.mine()
    assert chain.deposited(round_id) == 2 * BUDGET


def test_a_lost_answer_deposits_once(chain: Chain, gateway: GatewayContext, round_id: int) -> None:
    chain.rpc.lose_answers = 1
    first = ask_again(lambda: Rounds(gateway).fund(round_id, BUDGET, "a request"))
    assert Rounds(gateway).fund(round_id, BUDGET, "a request") == first
    assert chain.deposited(round_id) == BUDGET
    Rounds(gateway).fund(round_id, 1, "another request")
    assert chain.deposited(round_id) == BUDGET + 1


@pytest.mark.usefixtures("quick")
def test_without_blocks_one_transaction_waits(
    chain: Chain, gateway: GatewayContext, round_id: int
) -> None:
    """Sent again, the node says `known transaction`: that is no failure, nor a reason for more."""
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
def test_a_stuck_one_is_replaced_under_its_nonce_and_either_may_be_mined(
    chain: Chain,
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
    chain: Chain,
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
        patched.setattr(sending, "_send", stop)
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
def test_lost_is_what_a_final_block_shows_and_not_what_one_replica_does_not(
    chain: Chain, gateway: GatewayContext, round_id: int
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
def test_a_refusal_forgets_nothing_that_another_has_sent_meanwhile(
    chain: Chain,
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
        patched.setattr(sending, "_send", refused)
        with pytest.raises(NotMinedYet):
            Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert said == ["refused"]
    chain.mine()
    Rounds(gateway).fund(round_id, BUDGET, "a request")
    chain.mine()
    assert chain.deposited(round_id) == BUDGET


def test_two_at_once_replace_a_stuck_one_by_the_same(gateway: GatewayContext) -> None:
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


@pytest.mark.usefixtures("quick")
def test_stale_replicas_deposit_once(chain: Chain, gateway: GatewayContext, round_id: int) -> None:
    """Nonce, head, state and receipts each from another replica, of which some are behind."""
    for _ in range(4):
        chain.mine()
    for every in (2, 3, 5):
        before = chain.deposited(round_id)
        chain.rpc.stale_every, chain.rpc.lag = every, 3
        chain.rpc.lose_answers = 1
        ask_again(lambda name=f"request {every}": Rounds(gateway).fund(round_id, 7, name), 20)  # type: ignore[misc]
        chain.rpc.healthy()
        assert chain.deposited(round_id) == before + 7


def test_two_gateways_on_one_database_do_it_once(chain: Chain, url: str, round_id: int) -> None:
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


@pytest.mark.usefixtures("quick")
def test_one_poll_whatever_replicas_say(
    chain: Chain, engine: Engine, gateway: GatewayContext
) -> None:
    before = chain.stack.registry.poll_count()
    plan = Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
    chain.rpc.lose_answers = 1
    chain.rpc.stale_every, chain.rpc.lag = 3, 3
    runners = [PlanRunner(chain.gateway(engine)) for _ in range(2)]
    for turn in range(20):
        leads = runners[turn % 2]
        leads._resting_until_monotonic_s.clear()
        leads._pushed_at_monotonic_s = 0
        leads.tick()
        if turn % 4 == 0:
            chain.mine()
    chain.rpc.healthy()
    runners[0]._resting_until_monotonic_s.clear()
    runners[0].tick()
    assert chain.stack.registry.poll_count() == before + 1
    assert gateway.plans.get(plan.id).poll_id == before + 1


@pytest.mark.usefixtures("quick")
def test_a_poll_that_the_chain_takes_back_comes_back_as_it_was(
    chain: Chain, gateway: GatewayContext
) -> None:
    before = chain.stack.registry.poll_count()
    plan = Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
    snapshot = chain.rpc.direct("evm_snapshot")
    leads = PlanRunner(gateway)
    leads.tick()
    assert gateway.plans.get(plan.id).poll_id == before + 1
    created = chain.stack.registry.created(before + 1)
    assert chain.rpc.direct("evm_revert", snapshot)
    assert chain.stack.registry.poll_count() == before
    leads._resting_until_monotonic_s.clear()
    leads._pushed_at_monotonic_s = 0
    leads.tick()
    assert chain.stack.registry.poll_count() == before + 1
    assert chain.stack.registry.created(before + 1) == created


def test_an_account_low_on_coin_is_said_so(chain: Chain, engine: Engine, round_id: int) -> None:
    gateway = chain.gateway(engine)
    account = gateway.account = Account(SigningKey(), DatabaseJournal(engine))
    for balance in (0, 5):
        chain.rpc.direct("hardhat_setBalance", "0x" + account.address.hex(), hex(balance))
        with pytest.raises(LowOnCoin, match=f"has {balance} of the chain's coin"):
            Rounds(gateway).fund(round_id, BUDGET, "poor")
    assert account.journal.open(account.address, 0) == []


def test_blocks_of_proof_of_authority_are_read(
    chain: Chain, gateway: GatewayContext, round_id: int
) -> None:
    chain.rpc.long_extra_data = True
    assert gateway.registry.head().number > 0
    Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert chain.deposited(round_id) == BUDGET


def test_logs_that_come_late_are_indexed(
    chain: Chain, gateway: GatewayContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_READ_AGAIN_S", 0)
    monkeypatch.setattr(indexing, "_REST_S", 0)
    gateway.indexer.follow()
    chain.rpc.log_lag = 1
    wanted = RoundSpecification.model_validate(round_wanted(chain))
    plan = Rounds(gateway).create(wanted, SigningKey().address.hex())
    number = str(plan.round_id)
    gateway.indexer.follow()
    assert gateway.indexer.events(TREASURY, ["RoundCreated"], number) == []
    chain.rpc.healthy()
    gateway.indexer.follow()
    assert len(gateway.indexer.events(TREASURY, ["RoundCreated"], number)) == 1


def test_a_missing_block_is_not_a_changed_one(chain: Chain, gateway: GatewayContext) -> None:
    gateway.indexer.follow()
    known = gateway.indexer.events(REGISTRY, ["CommitteeRegistered"])
    chain.rpc.null_every = 1
    taken_back = []
    for _ in range(3):
        chain.mine()
        try:
            taken_back.append(gateway.indexer.follow())
        except ChainError:
            taken_back.append(0)
    assert taken_back == [0, 0, 0]
    assert gateway.indexer.events(REGISTRY, ["CommitteeRegistered"]) == known


def test_a_node_finds_a_poll_whose_logs_come_late(
    chain: Chain, gateway: GatewayContext, tmp_path: Path
) -> None:
    async def run() -> None:
        store = NodeStore(open_database(f"sqlite:///{tmp_path / 'node.db'}", Schema.NODE))
        async with httpx.AsyncClient() as client:
            node = NodeService(
                load(),
                store,
                PollSecrets(tmp_path / "secrets", chain.nodes[0]),
                [chain.registry()],
                chain.nodes[0],
                "http://127.0.0.1/0",
                Policy(fellows=frozenset(node.address for node in chain.nodes)),
                ScriptedElectorates(),
                client,
            )
            await node._tick()
            Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
            chain.rpc.log_lag = 1
            PlanRunner(gateway).tick()
            poll_id = chain.stack.registry.poll_count()
            await node._tick()
            assert poll_id not in node._found
            chain.rpc.healthy()
            deadline = time.monotonic() + 60
            while poll_id not in node._found and time.monotonic() < deadline:
                await node._tick()
            assert poll_id in node._found
            # A replica that is behind takes nothing away.
            chain.rpc.stale_every, chain.rpc.lag = 1, 2
            await node._tick()
            assert poll_id in node._found

    asyncio.run(run())


def test_where_the_higher_fee_is_not_affordable_the_lower_one_is_sent(
    chain: Chain, engine: Engine
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


@pytest.mark.usefixtures("quick")
def test_what_reverted_is_over_only_when_its_block_is_final(
    chain: Chain, gateway: GatewayContext, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that hears `refused` asks under another key: the first must be unable to succeed."""
    client, path = Client(gateway), f"/api/v1/rounds/{round_id}/funding"
    chain.stop_mining()
    (waits,) = client.post(path, {"amount": "5"}, "one-that-comes-too-late")
    assert waits.json()["title"] == "Not mined yet"
    before = chain.rpc.direct("evm_snapshot")
    # By then the round is over.
    chain.rpc.direct("evm_setNextBlockTimestamp", hex(chain.now + 20_000))
    chain.mine()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "_final", lambda _: chain.stack.registry.head().number - 1)
        (reverted,) = client.post(path, {"amount": "5"}, "one-that-comes-too-late")
        assert (reverted.status_code, reverted.json()["title"]) == (503, "Not final yet")
        assert chain.rpc.direct("evm_revert", before)
        chain.mine()
        (done,) = client.post(path, {"amount": "5"}, "one-that-comes-too-late")
        assert done.status_code == 200, done.text
    assert chain.deposited(round_id) == 5


class Client:
    """An organizer's client of one gateway."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._api = build_api(gateway, hashlib.sha256(TOKEN.encode()).digest(), httpx.AsyncClient())

    def post(self, path: str, body: object, key: str = "", times: int = 1) -> list[httpx.Response]:
        """Answers to a request that is sent so many times at once."""
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Idempotency-Key": key} if key else {})

        async def all_at_once() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self._api)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                asked = [client.post(path, json=body, headers=headers) for _ in range(times)]
                return await asyncio.gather(*asked)

        return asyncio.run(all_at_once())


def test_a_key_names_one_request(chain: Chain, gateway: GatewayContext, round_id: int) -> None:
    client, path = Client(gateway), f"/api/v1/rounds/{round_id}/funding"
    key = "3f0b6c1e-aaaa-4bbb-8ccc-1234567890ab"
    (without,) = client.post(path, {"amount": "600"})
    assert (without.status_code, without.json()["title"]) == (400, "Idempotency key missing")
    chain.rpc.lose_answers = 1
    (first,) = client.post(path, {"amount": "600"}, key)
    assert first.status_code == 200
    (second,) = client.post(path, {"amount": "600"}, key)
    assert second.json() == first.json()
    (other,) = client.post(path, {"amount": "700"}, key)
    assert (other.status_code, other.json()["title"]) == (422, "Idempotency key reused")
    # After a restart as well.
    (again,) = Client(gateway).post(path, {"amount": "600"}, key)
    assert again.json() == first.json()
    assert chain.deposited(round_id) == 600


def test_one_round_and_one_poll_for_one_request(chain: Chain, gateway: GatewayContext) -> None:
    client = Client(gateway)
    rounds, plans = chain.stack.treasury.round_count(), len(gateway.plans.all())
    chain.rpc.lose_answers = 1
    bodies = {
        "/api/v1/rounds": round_wanted(chain),
        "/api/v1/polls": poll_wanted(chain).model_dump(mode="json", exclude_none=True),
    }
    for path, body in bodies.items():
        key = "the-key-of" + path.replace("/", "-")
        answers = client.post(path, body, key, times=3)
        assert {one.status_code for one in answers} <= {201, 409}, [one.text for one in answers]
        (made,) = client.post(path, body, key)
        assert made.status_code == 201
        good = [one.json() for one in answers if one.status_code == 201]
        assert good
        assert all(one == made.json() for one in good)
    assert chain.stack.treasury.round_count() == rounds + 1
    assert len(gateway.plans.all()) == plans + 2


@pytest.mark.usefixtures("quick")
def test_what_waits_for_a_block_is_said_so_and_asked_again(
    chain: Chain, gateway: GatewayContext, round_id: int
) -> None:
    client, path = Client(gateway), f"/api/v1/rounds/{round_id}/funding"
    chain.stop_mining()
    (waits,) = client.post(path, {"amount": "5"}, "one-that-waits-for-a-block")
    assert (waits.status_code, waits.json()["title"]) == (503, "Not mined yet")
    chain.mine()
    (done,) = client.post(path, {"amount": "5"}, "one-that-waits-for-a-block")
    assert done.status_code == 200
    assert chain.deposited(round_id) == 5
