"""A provider that lags behind or answers with gaps loses nothing (docs/operations.md).

On Hardhat's node behind `FaultyRpc`: what one replica does not show proves nothing. Gateways and
nodes read it again later, create nothing twice, and forget nothing.
"""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from ostraka.chain.contract import ChainError
from ostraka.gateway import indexer as indexing
from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.polls import Polls
from ostraka.gateway.rounds import Rounds
from ostraka.keys import SigningKey
from ostraka.node.board_files import BoardFiles
from ostraka.node.policy import Policy
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.service import NodeService
from ostraka.node.store import NodeStore
from ostraka.planning.specification import RoundSpecification
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.curve import load
from tests.support.faulty_chain import BUDGET, FaultyChain, ask_again, poll_wanted, round_wanted
from tests.support.village import ScriptedElectorates


@pytest.mark.usefixtures("quick")
def test_stale_replicas_deposit_once(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
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


@pytest.mark.usefixtures("quick")
def test_stale_replicas_cause_no_second_poll(
    chain: FaultyChain, engine: Engine, gateway: GatewayContext
) -> None:
    before = chain.stack.registry.poll_count()
    plan = Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
    chain.rpc.lose_answers = 1
    chain.rpc.stale_every, chain.rpc.lag = 3, 3
    gateways = [chain.gateway(engine) for _ in range(2)]
    for turn in range(20):
        # A fresh one: it does not rest after what failed before.
        PlanRunner(gateways[turn % 2]).tick()
        if turn % 4 == 0:
            chain.mine()
    chain.rpc.healthy()
    PlanRunner(gateways[0]).tick()
    assert chain.stack.registry.poll_count() == before + 1
    assert gateway.plans.get(plan.id).poll_id == before + 1


@pytest.mark.usefixtures("quick")
def test_a_poll_removed_by_a_reorganization_is_created_again(
    chain: FaultyChain, gateway: GatewayContext
) -> None:
    before = chain.stack.registry.poll_count()
    plan = Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
    snapshot = chain.rpc.direct("evm_snapshot")
    PlanRunner(gateway).tick()
    assert gateway.plans.get(plan.id).poll_id == before + 1
    created = chain.stack.registry.created(before + 1)
    assert chain.rpc.direct("evm_revert", snapshot)
    assert chain.stack.registry.poll_count() == before
    PlanRunner(gateway).tick()
    assert chain.stack.registry.poll_count() == before + 1
    assert chain.stack.registry.created(before + 1) == created


def test_blocks_of_proof_of_authority_are_read(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    chain.rpc.long_extra_data = True
    assert gateway.registry.head().number > 0
    Rounds(gateway).fund(round_id, BUDGET, "a request")
    assert chain.deposited(round_id) == BUDGET


def test_late_logs_are_indexed(
    chain: FaultyChain, gateway: GatewayContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_READ_AGAIN_S", 0)
    monkeypatch.setattr(indexing, "_REST_S", 0)
    gateway.indexer.follow()
    # A block of the clock would be newer than the round's, whose logs would no longer be late.
    chain.rpc.direct("evm_setIntervalMining", 0)
    chain.rpc.log_lag = 1
    wanted = RoundSpecification.model_validate(round_wanted(chain))
    plan = Rounds(gateway).create(wanted, SigningKey().address.hex())
    number = str(plan.round_id)
    gateway.indexer.follow()
    assert gateway.indexer.events(TREASURY, ["RoundCreated"], number) == []
    chain.rpc.healthy()
    gateway.indexer.follow()
    assert len(gateway.indexer.events(TREASURY, ["RoundCreated"], number)) == 1


def test_a_missing_block_is_not_a_changed_one(chain: FaultyChain, gateway: GatewayContext) -> None:
    gateway.indexer.follow()
    known = gateway.indexer.events(REGISTRY, ["CommitteeRegistered"])
    chain.rpc.null_every = 1
    taken_back = []
    for _ in range(3):
        # After a single block, its parent alone shows that nothing changed.
        chain.mine()
        chain.mine()
        try:
            taken_back.append(gateway.indexer.follow())
        except ChainError:
            taken_back.append(0)
    assert taken_back == [0, 0, 0]
    assert gateway.indexer.events(REGISTRY, ["CommitteeRegistered"]) == known


def _finds(node: NodeService, poll_id: int) -> bool:
    """Whether a node knows a poll, whose census it was not given yet."""
    with pytest.raises(Problem) as raised:
        node.poll(poll_id)
    return raised.value.kind is ProblemType.CENSUS_UNKNOWN


def test_a_node_finds_a_poll_with_late_logs(
    chain: FaultyChain, gateway: GatewayContext, tmp_path: Path
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
                BoardFiles(tmp_path / "boards", 2**30),
            )
            await node.tick()
            Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
            # More blocks than this machine makes until the node looks.
            chain.rpc.log_lag = 30
            PlanRunner(gateway).tick()
            poll_id = chain.stack.registry.poll_count()
            await node.tick()
            assert not _finds(node, poll_id)
            chain.rpc.healthy()
            deadline = time.monotonic() + 60
            while not _finds(node, poll_id) and time.monotonic() < deadline:
                await node.tick()
            assert _finds(node, poll_id)
            # A replica that is behind takes nothing away.
            chain.rpc.stale_every, chain.rpc.lag = 1, 2
            await node.tick()
            assert _finds(node, poll_id)

    asyncio.run(run())
