"""Readings for the metrics are repeated rarely, and never delay an answer for long."""

import asyncio
import time

from prometheus_client.core import Metric

from ostraka.services import metrics
from ostraka.services.metrics import Kept, value


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
