"""What goes wrong in a simulation, and when: a plan that follows from the seed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulator import liars
from tests.simulator.programs import SimulatedNode, Voter
from tests.simulator.virtual_chain import ProviderFaults
from tests.simulator.virtual_network import NetworkFaults
from tests.simulator.virtual_time import Process
from tests.simulator.world import CLOSES_S, World

if TYPE_CHECKING:
    from tests.simulator.simulation import Simulation

_OPENED_S = 16
"""By then an undisturbed poll is open."""
_LIARS, _LOST, _REBUILT = 0.6, 0.15, 0.2
"""Probabilities that a node that may be bad lies, dies for good, or loses its database."""
_FORKS = 0.2
"""Probability that a liar shows two logs as well."""


@dataclass(frozen=True)
class Episode:
    """One fault for some time.

    Attributes:
        kind: A key of `KINDS`.
        choice: Decides the details.
    """

    start_s: float
    end_s: float
    kind: str
    choice: int

    def __str__(self) -> str:
        return f"{self.start_s:5.1f} to {self.end_s:5.1f} s: {self.kind} ({self.choice})"


Begin = Callable[["Simulation", Random, float], Any]


def _network(name: str, least: float, most: float) -> Begin:
    def begin(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
        faults = simulation.network.faults
        setattr(faults, name, random.uniform(least, most))
        return lambda: setattr(simulation.network.faults, name, 0.0)

    return begin


def _cut(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    names = [node.host for node in simulation.nodes] + ["courier"]
    cut = frozenset(random.sample(names, random.choice((1, 1, 2))))
    simulation.network.faults.cut |= cut
    return lambda: setattr(simulation.network.faults, "cut", simulation.network.faults.cut - cut)


def _slow(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    node = random.choice(simulation.nodes)
    simulation.network.faults.slow[node.host] = random.uniform(0.3, 3)
    node.process.work_s = random.uniform(0.1, 1.0)

    def end() -> None:
        simulation.network.faults.slow.pop(node.host, None)
        node.process.work_s = 0.002

    return end


def _kill(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    node = random.choice(simulation.nodes)
    node.kill()
    return lambda: _start(node)


def _kill_all(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    for node in simulation.nodes:
        node.kill()

    def end() -> None:
        for node in simulation.nodes:
            _start(node)

    return end


def _crash(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    node = random.choice(simulation.nodes)
    node.disk.crash_at = random.randint(0, 9)

    def end() -> None:
        node.disk.crash_at = None
        _start(node)

    return end


def _start(node: SimulatedNode) -> None:
    if not node.process.alive and not node.lost:
        node.start()


def _full_disk(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    node = random.choice(simulation.nodes)
    node.disk.failing = random.choice((0.3, 1.0))
    return lambda: setattr(node.disk, "failing", 0.0)


def _wrong_clock(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    node = random.choice(simulation.nodes)
    node.skew_s = node.process.skew_s = random.choice((-90, -20, -4, 3, 20, 90))

    def end() -> None:
        node.skew_s = node.process.skew_s = 0

    return end


def _reorganize(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    simulation.chain.reorganize(random.randint(1, 3), forget=random.random() < 0.5)
    return lambda: None


def _provider(name: str, values: Sequence[Any]) -> Begin:
    def begin(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
        nodes = random.sample(simulation.nodes, random.randint(1, len(simulation.nodes)))
        for node in nodes:
            for registry in node.registries:
                setattr(registry.faults, name, random.choice(values))
        usual = getattr(ProviderFaults(), name)

        def end() -> None:
            for node in nodes:
                for registry in node.registries:
                    setattr(registry.faults, name, usual)

        return end

    return begin


def _kill_gateway(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    simulation.gateway.process.kill()
    return simulation.gateway.start


def _kill_courier(simulation: "Simulation", random: Random, _: float) -> Callable[[], None]:
    simulation.courier_process.kill()
    return simulation.start_courier


KINDS: dict[str, Begin] = {
    "requests are lost": _network("lost_requests", 0.05, 0.4),
    "answers are lost": _network("lost_answers", 0.05, 0.4),
    "messages are repeated": _network("repeated", 0.1, 0.6),
    "messages are late and out of order": _network("late", 0.1, 0.6),
    "connections break in the middle of answers": _network("broken", 0.05, 0.4),
    "programs are cut off": _cut,
    "a node is slow": _slow,
    "a node dies": _kill,
    "all nodes die": _kill_all,
    "a node dies at a commit": _crash,
    "a node's disk is full": _full_disk,
    "a node's clock is wrong": _wrong_clock,
    "the chain reorganizes": _reorganize,
    "providers lag behind": _provider("lag", (1, 2, 4, 8)),
    "providers lose events": _provider("lost_events", (0.3, 0.6)),
    "providers do not find blocks": _provider("null_blocks", (0.2, 0.5)),
    "providers are down": _provider("down", (True,)),
    "the gateway dies": _kill_gateway,
    "the courier dies": _kill_courier,
}
"""Faults of the network, the machines and the chain. Liars and odd voters come on top."""

VOTERS = (
    "casts at all nodes",
    "casts at all nodes",
    "casts through the gateway",
    "changes the vote",
    "casts at a quorum only",
    "casts at one node only",
    "starves a node of its share",
    "casts two ballots at once",
    "floods with copies",
    "casts in the last second",
)
"""What a voter does."""


@dataclass
class Plan:
    """All that goes wrong in one simulation."""

    episodes: list[Episode] = field(default_factory=list)
    voters: list[tuple[str, float]] = field(default_factory=list)
    """What each voter does, and when."""
    lies: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Lies of lying nodes."""
    lost: dict[int, float] = field(default_factory=dict)
    """Nodes that die for good, and when; with the liars at most `f`."""
    rebuilt: dict[int, float] = field(default_factory=dict)
    """Nodes that lose their databases, and when; with the other bad ones at most `f`."""
    providers: int = 1

    @classmethod
    def of(cls, random: Random, world: World) -> "Plan":
        """Draw a plan."""
        episodes = []
        for _ in range(random.choice((0, 1, 2, 3, 3, 4, 4, 5, 6))):
            start_s = random.uniform(0, 90)
            end_s = start_s + random.choice((2, 5, 10, 20))
            kind = random.choice(list(KINDS))
            episodes.append(Episode(start_s, end_s, kind, random.randrange(1000)))
        voters = [
            (random.choice(VOTERS), random.uniform(_OPENED_S - 2, CLOSES_S - 6))
            for _ in range(len(world.first))
        ]
        bad = random.sample(range(1, world.poll.nodes + 1), world.poll.committee.faults)
        lies: dict[int, tuple[str, ...]] = {}
        lost: dict[int, float] = {}
        rebuilt: dict[int, float] = {}
        for node in bad:
            how = random.random()
            if how < _LIARS:
                others = [lie for lie in liars.LIES if lie != liars.FORK]
                lies[node] = tuple(random.sample(others, random.choice((1, 1, 2, 3))))
                # Drawn apart, so that seeds that once found a bug keep their faults.
                if Random(f"fork {how}").random() < _FORKS:
                    lies[node] += (liars.FORK,)
            elif how < _LIARS + _LOST:
                lost[node] = random.uniform(_OPENED_S, 80)
            elif how < _LIARS + _LOST + _REBUILT:
                rebuilt[node] = Random(f"rebuilt {how}").uniform(2, 90)
        episodes.sort(key=lambda one: one.start_s)
        return cls(episodes, voters, lies, lost, rebuilt, random.choice((1, 1, 2)))

    @property
    def disturbs_opening(self) -> bool:
        """Whether something goes wrong before the poll is open."""
        starts = [*(one.start_s for one in self.episodes), *self.rebuilt.values()]
        return any(start_s < CLOSES_S for start_s in starts)

    def describe(self) -> list[str]:
        """In words."""
        return [
            *(str(one) for one in self.episodes),
            *(f"voter {n} {what} at {at:.1f} s" for n, (what, at) in enumerate(self.voters)),
            *(f"node {node} lies: {', '.join(lies)}" for node, lies in self.lies.items()),
            *(f"node {node} dies for good at {at:.1f} s" for node, at in self.lost.items()),
            *(f"node {node} loses its database at {at:.1f} s" for node, at in self.rebuilt.items()),
        ]

    def prepare(self, node: SimulatedNode) -> None:
        """Make a node a liar if it is to be one."""
        lies = self.lies.get(node.number)
        node.liar = lies is not None
        if lies:
            node.lies, node.twists = liars.answers(node, lies), liars.requests(node, lies)

    def start_voters(self, simulation: "Simulation", voter: Voter) -> None:
        """Start each voter's program."""
        for number, (what, at_s) in enumerate(self.voters):
            process = Process(f"10.0.0.{number + 1}")
            random = Random(f"{number} {at_s}")
            for work in self._work(simulation, voter, number, what, at_s - 2, random):
                process.run(work)

    def _work(
        self,
        simulation: "Simulation",
        voter: Voter,
        number: int,
        what: str,
        at_s: float,
        random: Random,
    ) -> list[Any]:
        world = simulation.world
        urls = [member.url for member in world.poll.committee.members]
        first, second = world.first[number], world.second[number]
        random.shuffle(urls)
        quorum = world.poll.committee.quorum
        match what:
            case "casts through the gateway":
                return [voter.cast_by(simulation.gateway, first, at_s)]
            case "changes the vote":
                return [voter.cast(first, at_s), voter.cast(second, max(at_s + 4, 18))]
            case "casts at a quorum only":
                return [voter.cast_at(first, at_s + 3 * n, urls[:quorum], 1) for n in range(3)]
            case "casts at one node only":
                return [voter.cast_at(first, at_s, urls[:1], 1)]
            case "starves a node of its share":
                return [voter.cast(world.starving[number], at_s)]
            case "casts two ballots at once":
                half = len(urls) // 2
                return [
                    voter.cast_at(first, at_s, urls[:half], 1),
                    voter.cast_at(world.twin[number], at_s, urls[half:], 1),
                ]
            case "floods with copies":
                return [voter.cast_at(first, at_s + n, urls, 12) for n in range(2)]
            case "casts in the last second":
                return [voter.cast(first, CLOSES_S + 1.5 + at_s / 20)]
        return [voter.cast(first, at_s)]

    async def play(self, simulation: "Simulation") -> None:
        """Let everything happen."""
        turns: list[tuple[float, int, Episode, bool]] = []
        for order, one in enumerate(self.episodes):
            turns += [(one.start_s, order, one, True), (one.end_s, order, one, False)]
        ends: dict[int, Callable[[], None]] = {}
        for number, at_s in self.lost.items():
            asyncio.get_running_loop().call_later(
                at_s - simulation.now_s, self._lose, simulation, number
            )
        for number, at_s in self.rebuilt.items():
            asyncio.get_running_loop().call_later(
                at_s - simulation.now_s, self._rebuild, simulation, number
            )
        for at_s, order, episode, begins in sorted(turns, key=lambda turn: turn[:2]):
            while at_s - simulation.now_s > 0.001:
                await asyncio.sleep(min(3, at_s - simulation.now_s))
                if simulation.promises.is_over():
                    return
            simulation.log("fault", "begins" if begins else "ends", episode.kind)
            if begins:
                random = Random(episode.choice)
                ends[order] = KINDS[episode.kind](simulation, random, at_s)
            else:
                ends[order]()

    @staticmethod
    def _lose(simulation: "Simulation", number: int) -> None:
        """Let a node die for good; before the poll is open it would only prevent the opening."""
        node = simulation.nodes[number - 1]
        if simulation.chain.final.state.opening is None:
            return
        simulation.log("lost for good", node.host)
        node.lost = True
        node.kill()

    @staticmethod
    def _rebuild(simulation: "Simulation", number: int) -> None:
        """Let a node lose its database."""
        node = simulation.nodes[number - 1]
        simulation.log("database lost", node.host)
        node.lose_database()

    def heal(self, simulation: "Simulation") -> None:
        """End everything that is wrong."""
        simulation.network.faults = NetworkFaults()
        for node in simulation.nodes:
            node.disk.crash_at, node.disk.failing = None, 0.0
            for registry in node.registries:
                registry.faults = ProviderFaults()
            _start(node)
