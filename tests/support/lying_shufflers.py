"""A liar among nodes that shuffle: what the honest ones open beside it."""

import asyncio
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from ostraka_verifier.shuffle import Group, RunRecord
from tests.support.shuffled_village import ShuffledVillage
from tests.support.village import POLL


async def open_by_honest(village: ShuffledVillage, honest: Sequence[int]) -> int:
    """Let turns pass until honest nodes have opened the ballots; return the number of the last."""
    stores, nodes = [village.store(number).shuffle for number in honest], village.poll.nodes
    for turn in range(nodes):
        leader = village.shuffling(turn % nodes + 1)
        while leader._led < turn or leader._leading or any(one.certified(POLL) for one in stores):
            await village.tick()
            if village.opened_at(*honest)():
                return turn
        village.pass_turn()
    raise AssertionError(f"no ballot is opened in {nodes} turns")


@dataclass(frozen=True)
class Opened:
    """What all honest nodes opened.

    Attributes:
        turn: The turn in which they did.
        runs: The run that each of them has.
        log: What all nodes said.
    """

    turn: int
    runs: list[RunRecord]
    log: list[MutableMapping[str, Any]]

    @property
    def groups(self) -> set[Group]:
        """All groups of these runs."""
        return {step.group for run in self.runs for step in run.steps}


def open_beside(
    settled: ShuffledVillage, folder: Path, number: int, lie: Callable[[ShuffledVillage], Any]
) -> Opened:
    """Let all nodes shuffle, one of them a liar; every honest node must open what was cast."""
    honest = [node for node in range(1, settled.poll.nodes + 1) if node != number]

    async def run() -> tuple[int, list[RunRecord]]:
        async with settled.resumed(folder / "disks") as village:
            lie(village)
            turn = await open_by_honest(village, honest)
            runs = []
            for node in honest:
                section = village.shuffling(node).opened()
                assert village.opened_ballots(section) == village.cast_ballots
                runs.append(village.opened(section).run)
            return turn, runs

    with capture_logs() as log:
        return Opened(*asyncio.run(run()), log)
