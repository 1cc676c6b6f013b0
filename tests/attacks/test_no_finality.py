"""Nothing is released on a state that can still change, also where a provider shows no final block.

Providers of chains without finality, and those that do not keep the state of the final block, on
Hardhat's node behind `FaultyRpc`. The old rule asked for state at the final block alone: there, it
never came, and the poll died without a reason.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.errors import NoFinality
from ostraka.chain.final_view import FinalViews
from ostraka.chain.registry import PollView, Registry
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.polls import Polls
from ostraka.key_files import create_key
from ostraka.keys import SigningKey
from tests.support.faulty_chain import FaultyChain, poll_wanted

LAG, KEPT = 8, 4


@pytest.fixture
def poll_id(chain: FaultyChain, gateway: GatewayContext) -> int:
    chain.rpc.direct("evm_setIntervalMining", 0)
    Polls(gateway).create(poll_wanted(chain), SigningKey().address.hex())
    PlanRunner(gateway).tick()
    return chain.stack.registry.poll_count()


@pytest.fixture
def pruned(chain: FaultyChain, poll_id: int) -> FaultyChain:
    """Old enough that no state of the final block is kept."""
    for _ in range(LAG + 1):
        chain.mine()
    chain.rpc.final_lag, chain.rpc.kept_states = LAG, KEPT
    return chain


def test_the_old_rule_never_gets_an_answer(pruned: FaultyChain, poll_id: int) -> None:
    registry = pruned.registry()
    for _ in range(3):
        pruned.mine()
        with pytest.raises(ChainError, match="not available"):
            registry.poll(poll_id, registry.head("finalized").number)


def test_a_state_counts_once_its_block_is_final(pruned: FaultyChain, poll_id: int) -> None:
    views, registry = FinalViews(poll_id), pruned.registry()
    for _ in range(LAG):
        assert views.read([registry]) is None
        pruned.mine()
    found = views.read([registry])
    assert found is not None
    (one,) = found
    assert one.view == pruned.stack.registry.poll(poll_id)
    assert one.head == pruned.stack.registry.head(pruned.stack.registry.head().number - LAG)


def test_a_state_that_a_reorganization_removed_is_not_final(
    pruned: FaultyChain, poll_id: int
) -> None:
    views, registry = FinalViews(poll_id), pruned.registry()
    snapshot = pruned.rpc.direct("evm_snapshot")
    pruned.mine()
    assert views.read([registry]) is None
    assert pruned.rpc.direct("evm_revert", snapshot)
    # Another block of that number, in which the state is the same.
    pruned.rpc.direct("evm_increaseTime", 50)
    for _ in range(LAG + 1):
        pruned.mine()
    for _ in range(LAG):
        assert views.read([registry]) is None
        pruned.mine()
    assert views.read([registry]) is not None


class Forked(Registry):
    """A provider whose replicas are on two branches: the first state is of the other one."""

    states = 0

    def poll(self, poll_id: int, block: int | str = "latest") -> PollView:
        # Reads at the final block fail, as its state is not kept.
        view = super().poll(poll_id, block)
        self.states += 1
        return view

    def head(self, block: int | str = "latest") -> Head:
        found = super().head(block)
        other = self.states == 1 and isinstance(block, int)
        return replace(found, hash=bytes(32)) if other else found


def test_a_state_of_another_branch_does_not_count(pruned: FaultyChain, poll_id: int) -> None:
    """The old rule took it for the newest block's, and released once that block was final."""
    stack = pruned.stack
    registry = Forked(pruned.rpc.url, stack.registry.address, stack.deployment.block)
    views = FinalViews(poll_id)
    for _ in range(LAG + 1):
        assert views.read([registry]) is None
        pruned.mine()
    assert views.read([registry]) is not None


class Contested(Registry):
    """A registry whose poll changes: the root becomes contested after it was seen uncontested."""

    change: Callable[[PollView], PollView] = staticmethod(lambda view: view)

    def poll(self, poll_id: int, block: int | str = "latest") -> PollView:
        return self.change(super().poll(poll_id, block))


def test_a_state_that_changed_since_is_not_final(pruned: FaultyChain, poll_id: int) -> None:
    stack = pruned.stack
    registry = Contested(pruned.rpc.url, stack.registry.address, stack.deployment.block)
    views = FinalViews(poll_id)
    assert views.read([registry]) is None
    for _ in range(LAG):
        pruned.mine()
    registry.change = lambda view: replace(view, contested=True)
    # The uncontested state is in a final block by now, the contest is not.
    assert views.read([registry]) is None
    for _ in range(LAG):
        pruned.mine()
    found = views.read([registry])
    assert found is not None
    assert found[0].view.contested


def test_every_provider_has_to_show_it(pruned: FaultyChain, poll_id: int) -> None:
    """One with all states answers at once; the other one is waited for."""
    views, registries = FinalViews(poll_id), [pruned.stack.registry, pruned.registry()]
    for _ in range(LAG):
        assert views.read(registries) is None
        pruned.mine()
    found = views.read(registries)
    assert found is not None
    assert found[0].view == found[1].view


def test_without_finality_there_is_no_final_block(chain: FaultyChain) -> None:
    chain.rpc.no_finality = True
    with pytest.raises(NoFinality, match="shows no final block"):
        chain.registry().head("finalized")


def test_confirmations_stand_in_for_finality(chain: FaultyChain) -> None:
    chain.rpc.direct("evm_setIntervalMining", 0)
    chain.rpc.no_finality = True
    stack = chain.stack
    for depth in (1, 5, 10_000):
        registry = Registry(chain.rpc.url, stack.registry.address, stack.deployment.block, depth)
        assert registry.head("finalized").number == max(0, stack.registry.head().number - depth)


@pytest.mark.parametrize("service", ["node", "gateway"])
def test_services_refuse_to_start_without_finality(
    chain: FaultyChain, tmp_path: Path, service: str
) -> None:
    chain.rpc.no_finality = True
    create_key(tmp_path / service / "key", None)
    settings = _settings(chain, service) | {
        "KEY_FILE": str(tmp_path / service / "key"),
        "DATABASE_URL": f"sqlite:///{tmp_path / service / 'database'}",
        "REGISTRY": "0x" + chain.stack.registry.address.hex(),
        "PLAIN_KEY": "true",
    }
    prefix = f"OSTRAKA_{service.upper()}_"
    done = subprocess.run(
        [sys.executable, "-m", "ostraka", service, "run"],
        env=os.environ | {prefix + name: value for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ostraka: 127.0.0.1: the provider shows no final block" in done.stderr
    assert "set `confirmations`" in done.stderr


def _settings(chain: FaultyChain, service: str) -> dict[str, str]:
    """Return what only one kind of service asks for."""
    if service == "node":
        return {"URL": "http://127.0.0.1:9", "RPC_URLS": json.dumps([chain.rpc.url])}
    treasury = "0x" + chain.stack.treasury.address.hex()
    return {
        "RPC_URL": chain.rpc.url,
        "TREASURY": treasury,
        "ORGANIZER_TOKEN_SHA256": "0" * 64,
    }
