"""Readings for the metrics are repeated rarely, and never delay an answer for long."""

import asyncio
import time
from types import SimpleNamespace
from typing import cast

from prometheus_client.core import Metric

from ostraka.node.load import NodeLoad
from ostraka.node.phases import Destroyed, Settling
from ostraka.node.poll_service import PollService
from ostraka.services import metrics
from ostraka.services.metrics import Kept, value
from ostraka.services.node_metrics import of_load


class Source:
    """What a reading asks."""

    def __init__(self) -> None:
        self.asked = 0
        self.hangs_s = 0.0

    async def read(self) -> list[Metric]:
        self.asked += 1
        await asyncio.sleep(self.hangs_s)
        if self.hangs_s < 0:
            raise OSError("no connection")
        return [value("ostraka_asked", "How often.", self.asked)]


def shown(found: list[Metric]) -> list[float]:
    return [sample.value for metric in found for sample in metric.samples]


def test_a_reading_is_kept_for_a_while() -> None:
    async def readings() -> list[list[float]]:
        kept = Kept(Source().read, 30)
        return [shown(await kept.at(now)) for now in (100, 101, 129.9, 130, 131)]

    assert asyncio.run(readings()) == [[1], [1], [1], [2], [2]]


def test_a_reading_that_hangs_leaves_the_one_before() -> None:
    async def readings() -> tuple[list[float], float]:
        source = Source()
        kept = Kept(source.read, 30)
        await kept.at(100)
        source.hangs_s = 60
        started = time.monotonic()
        for now in (130, 160, 190):
            found = shown(await kept.at(now))
        assert source.asked == 2, "asked again while it waits"
        return found, time.monotonic() - started

    found, took_s = asyncio.run(readings())
    assert found == [1]
    assert took_s < 3 * metrics._PATIENCE_S + 2


def test_a_reading_that_fails_shows_nothing() -> None:
    async def readings() -> list[list[float]]:
        source = Source()
        kept = Kept(source.read, 30)
        found = [shown(await kept.at(100))]
        source.hangs_s = -1
        found.append(shown(await kept.at(130)))
        source.hangs_s = 0
        return [*found, shown(await kept.at(160))]

    assert asyncio.run(readings()) == [[1], [], [3]]


def poll_of(phase: type, *, rebuilt: bool) -> PollService:
    """As much of a poll as a node's load looks at."""
    accepting = SimpleNamespace(queued=0, receipted=0)
    peers = [SimpleNamespace(address=b"peer", is_away=False)]
    served = SimpleNamespace(rebuilt=rebuilt, peers=peers, own_log=SimpleNamespace(halted="reason"))
    one = SimpleNamespace(
        phase=phase.__new__(phase),
        accepting=accepting,
        served=served,
        checkpoints=SimpleNamespace(suspects={b"peer": "contradiction"}),
    )
    return cast(PollService, one)


def test_polls_that_a_rebuilt_node_sits_out_are_counted_until_they_end() -> None:
    polls = [
        poll_of(Settling, rebuilt=True),
        poll_of(Settling, rebuilt=False),
        poll_of(Destroyed, rebuilt=True),
    ]
    found = {metric.name: metric for metric in of_load(NodeLoad.of(polls, 0))}
    assert shown([found["ostraka_node_polls_sat_out"]]) == [1]
    assert shown([found["ostraka_node_polls_without_checkpoints"]]) == [2]
    # What a node did is no less true once the poll has ended.
    assert shown([found["ostraka_node_peer_contradicting"]]) == [3]
