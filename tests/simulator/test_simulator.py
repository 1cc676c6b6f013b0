"""Whole polls under faults and lies, each from a seed; and bugs that the simulator must find.

docs/simulator.md says how to read a failure and how to repeat it.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ostraka.chain.registry import Status
from ostraka.node.store import NodeStore
from ostraka_verifier import typed_data
from ostraka_verifier.receipt_log import SignedCheckpoint, contradiction
from tests.simulator.faults import KINDS, VOTERS, Plan
from tests.simulator.liars import FORK, LIES
from tests.simulator.planted import PLANTED
from tests.simulator.simulation import Machines, Simulation, machines, simulate
from tests.simulator.virtual_chain import POLL
from tests.simulator.world import world

SEEDS = 300
_GROUP = 10
_LEAST_TALLIED = 0.6
"""Most seeds must end with a tally: a void poll says little."""
FOUND_BY = {
    "receipts before the ballots are on the disk": 0,
    "releasing before the root is final": 0,
    "signing lists that leave ballots out": 27,
    "counting a replaced ballot": 0,
    "no repairs": 1,
    "keeping the secret of a poll": 0,
    "forgetting that the database was lost": 40,
}
"""One of the seeds that find each planted bug."""
REGRESSIONS = {
    168: "a rebuilt node kept the secret of a poll for ever that opened only after the rebuild",
    153: "after a failed commit, a node read ballots as stored that were not, and gave receipts",
}
"""Seeds that found a bug of the nodes."""


@pytest.fixture(scope="module")
def on() -> Iterator[Machines]:
    with machines() as ready:
        yield ready


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, SEEDS, _GROUP))
def test_every_promise_holds_under_faults_and_lies(on: Machines, first: int) -> None:
    ends: Counter[Status | None] = Counter()
    for seed in range(first, first + _GROUP):
        outcome = simulate(seed, on)
        assert not outcome.broken, outcome.report()
        ends[outcome.status] += 1
    assert ends[Status.TALLIED] >= _LEAST_TALLIED * _GROUP, ends


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_seeds_that_once_found_a_bug(on: Machines, seed: int) -> None:
    outcome = simulate(seed, on)
    assert not outcome.broken, outcome.report()


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bugs_are_found(on: Machines, name: str) -> None:
    seed = FOUND_BY[name]
    assert seed < SEEDS
    with PLANTED[name]():
        found = simulate(seed, on)
    assert found.broken
    # The bug alone breaks the promise, not the seed.
    assert not simulate(seed, on).broken


def test_a_node_that_shows_two_logs_is_caught_by_the_others(on: Machines) -> None:
    """Nobody else is accused, and the poll is tallied."""
    voters = [("casts at all nodes", 20.0 + 6 * number) for number in range(len(world().first))]
    plan = Plan(voters=voters, lies={2: (FORK,)})
    simulation = Simulation(0, on, plan)
    outcome = simulation.run()
    assert not outcome.broken, outcome.report()
    assert outcome.status is Status.TALLIED
    context = simulation.world.poll.context
    for node in simulation.nodes:
        if node.liar:
            continue
        (found,) = NodeStore(node.disk.engine).checkpoints.contradictions(POLL)
        assert found.node == 2
        first, second = (SignedCheckpoint.decode(one) for one in (found.first, found.second))
        assert contradiction(context, first.checkpoint, second.checkpoint)


def test_the_promises_see_each_statement_and_its_contradiction(on: Machines) -> None:
    """Otherwise they would hold because nothing is watched."""
    simulation = Simulation(0, on)
    assert not simulation.run().broken
    promises = simulation.promises
    assert promises.receipts
    shown = dict(promises._shown)
    kinds = {kind for _, kind, _ in shown}
    assert kinds == {
        typed_data.CHECKPOINT,
        typed_data.INVENTORY,
        typed_data.ROOT,
        typed_data.FINAL,
        typed_data.AGGREGATE_SHARE,
    }
    for (node, kind, _), values in shown.items():
        promises.broken.clear()
        promises._publish(node, kind, (*values[:-1], "something else"))
        name = kind.partition("(")[0]
        assert promises.broken[-1] == f"node {node} signed two conflicting {name} statements"


def test_the_seeds_cover_every_fault_voter_and_lie() -> None:
    plans = [Plan.of(Random(f"faults {seed}"), world()) for seed in range(SEEDS)]
    kinds = Counter(one.kind for plan in plans for one in plan.episodes)
    lies = Counter(lie for plan in plans for told in plan.lies.values() for lie in told)
    voters = Counter(what for plan in plans for what, _ in plan.voters)
    assert len(KINDS) >= 12
    assert kinds.keys() == set(KINDS)
    assert lies.keys() == set(LIES)
    assert voters.keys() == set(VOTERS)
    bad = [len(plan.lies) + len(plan.lost) + len(plan.rebuilt) for plan in plans]
    assert max(bad) == world().poll.committee.faults
    assert any(plan.lost for plan in plans)
    assert any(plan.rebuilt for plan in plans)


def test_a_seed_determines_everything_that_happens(on: Machines) -> None:
    here = simulate(3, on)
    again = simulate(3, on)
    assert again.trace == here.trace
    # Another process, and another order of sets in it.
    environment = os.environ | {"PYTHONHASHSEED": "17"}
    command = [sys.executable, "-m", "tests.simulator", "3", "3"]
    root = Path(__file__).parents[2]
    said = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert here.trace_hash[:12] in said.stdout.splitlines()[-1]


def test_other_seeds_give_other_events(on: Machines) -> None:
    assert simulate(3, on).trace_hash != simulate(4, on).trace_hash
