"""One simulation: a seed decides what happens to one poll, from its census to its audit."""

import asyncio
import gc
import hashlib
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from fastapi import FastAPI

from ostraka.chain.registry import Status
from ostraka.node import rebuild
from ostraka.node import service as node_service
from ostraka.randomness import system
from tests.simulator.faults import Plan
from tests.simulator.programs import Courier, Gateway, SimulatedNode, Voter, applications
from tests.simulator.promises import Promises
from tests.simulator.virtual_chain import PollModel, VirtualChain, VirtualRegistry
from tests.simulator.virtual_disk import Disk
from tests.simulator.virtual_network import VirtualNetwork
from tests.simulator.virtual_time import EPOCH_UNIX_S, Process, VirtualLoop, current, virtual_time
from tests.simulator.world import LARGE, World, world
from tests.support.village import CREATOR

TICK_S = 3.0
"""Between two looks of a node at the chain: longer than in production, to save time."""
REBUILD_MARGIN_S = 20
"""How much before it can be final a root counts as final for a rebuild: an hour in production, and
here more than a provider lags behind."""
PATIENCE_S = 240
"""Within this time after the last fault every poll must be over."""


@dataclass
class Outcome:
    """What one simulation gave."""

    seed: int
    faults: list[str]
    status: Status | None = None
    broken: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    ended_s: float = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def trace_hash(self) -> str:
        """Hash of everything that happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    def report(self, lines: int = 60) -> str:
        """In words: what broke, the faults, the last events, and how to repeat it."""
        again = f"PYTHONHASHSEED=0 python -m tests.simulator {self.seed}"
        parts = [f"seed {self.seed}: {'; '.join(self.broken) or 'holds'}", "faults:"]
        parts += [f"  {one}" for one in self.faults]
        parts += [f"the last of {len(self.trace)} events:", *self.trace[-lines:]]
        return "\n".join([*parts, f"run it again alone: {again}"])


class Machines:
    """What simulations reuse: disks, applications and a folder."""

    def __init__(self, nodes: int, folder: Path) -> None:
        self.disks = [Disk(folder / f"node-{n}") for n in range(1, nodes + 1)]
        self.applications: list[FastAPI] = applications(nodes)


@contextmanager
def machines(nodes: int = LARGE[0]) -> Iterator[Machines]:
    """Provide machines for simulations, one after another."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Machines(nodes, Path(folder))


class Simulation:
    """All programs of one simulation."""

    def __init__(self, seed: int, on: Machines, plan: Plan | None = None) -> None:
        self.world: World = world(seed)
        self.random = Random(seed)
        self.plan = Plan.of(Random(f"faults {seed}"), self.world) if plan is None else plan
        self.outcome = Outcome(seed, self.plan.describe())
        self.loop = VirtualLoop(self.random)
        model = PollModel(self.world.poll, CREATOR.address)
        self.chain = VirtualChain(model, self.random, self._unix_s)
        self.chain.log = self.log
        self.network = VirtualNetwork(self.random, self.log)
        self.nodes = [self._node(number, on) for number in range(1, self.world.poll.nodes + 1)]
        self.promises = Promises(self.world, self.chain, self.nodes, self.log)
        self.network.watch = self.promises.watch
        self.gateway = Gateway(self.world, self.network)
        self.courier_process = Process("courier")
        self._drawn: Counter[str] = Counter()
        self._seed = seed

    def _node(self, number: int, on: Machines) -> SimulatedNode:
        disk = on.disks[number - 1]
        disk.wipe(self.random)
        registries = [
            VirtualRegistry(self.chain, self.world.poll, self.random)
            for _ in range(self.plan.providers)
        ]
        application = on.applications[number - 1]
        return SimulatedNode(self.world, number, disk, application, registries, self.network)

    def _unix_s(self) -> int:
        return EPOCH_UNIX_S + int(self.now_s)

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return self.loop.time() - 1000

    def log(self, *what: object) -> None:
        """Add an event to the trace."""
        self.outcome.counts[str(what[0])] += 1
        self.outcome.trace.append(f"{self.now_s:8.3f} " + " ".join(map(str, what)))

    def start_courier(self) -> None:
        """Start the courier's program, which keeps no state."""
        self.courier_process = Process("courier")
        registry = VirtualRegistry(self.chain, self.world.poll, self.random)
        courier = Courier(self.world, self.chain, registry, self.network, self.random)
        self.courier_process.run(courier.run())

    def voting_is_over(self) -> bool:
        """Whether no node takes ballots any more."""
        return self._unix_s() >= self.world.poll.parameters.freezes_at + 4

    def run(self) -> Outcome:
        """Run to the end; promises that broke are in the outcome."""
        asyncio.set_event_loop(None)
        gc_was_on = gc.isenabled()
        gc.disable()
        try:
            with (
                virtual_time(self.loop),
                mock.patch.object(node_service, "TICK_S", TICK_S),
                mock.patch.object(rebuild, "MARGIN_S", REBUILD_MARGIN_S),
                self._known_randomness(),
                self.promises.watching(),
            ):
                self.loop.finish(self._main())
        except Exception:
            self.promises.break_(f"the simulation failed: {traceback.format_exc()}")
        finally:
            if gc_was_on:
                gc.enable()
        for problem in self.loop.problems:
            if "Crash" not in problem:
                self.promises.break_(problem)
        self.outcome.broken = self.promises.broken
        return self.outcome

    async def _main(self) -> None:
        for node in self.nodes:
            self.plan.prepare(node)
            node.start()
        # Blocks and faults belong to no program.
        mining = asyncio.create_task(self.chain.mine_forever())
        await asyncio.sleep(2)
        self.start_courier()
        self.plan.start_voters(self, Voter(self.world, self.network, self.voting_is_over))
        await self.plan.play(self)
        self.plan.heal(self)
        self.log("healed")
        deadline_s = self.now_s + PATIENCE_S
        while not self.promises.is_over():
            if self.now_s > deadline_s:
                view = self.chain.model.view(self.chain.head.state, self.chain.head.timestamp)
                phases = [
                    f"{node.number}: {type(service.phase).__name__}"
                    for node in self.nodes
                    for service in node.service._polls.values()
                ]
                stuck = f"the poll is {view.status.name} long after all faults; {phases}"
                self.promises.break_(stuck)
                return
            await asyncio.sleep(TICK_S)
        mining.cancel()
        self.outcome.ended_s = self.now_s
        self.outcome.status = self.promises.check_end(opening_disturbed=self.plan.disturbs_opening)
        self.log("end", self.outcome.status.name)

    @contextmanager
    def _known_randomness(self) -> Iterator[None]:
        """Draw all randomness from the seed; the secrets of poll keys are the known ones."""

        def drawn(size: int) -> bytes:
            owner = current()
            name = owner.name if owner else ""
            self._drawn[name] += 1
            if size == 64 and owner is not None and owner.node is not None:
                poll_key = self.world.poll.poll_keys[owner.node - 1]
                return poll_key.secret() + bytes([owner.node]) * 32
            stream = f"{self._seed} {name} {self._drawn[name]}".encode()
            return hashlib.shake_256(stream).digest(size)

        def forbidden(*_: Any) -> int:
            raise AssertionError("no program of the simulation draws scalars")

        with (
            mock.patch.object(system, "bytes", drawn),
            mock.patch.object(system, "scalar", forbidden),
        ):
            yield


def simulate(seed: int, on: Machines, plan: Plan | None = None) -> Outcome:
    """Run one simulation."""
    return Simulation(seed, on, plan).run()
