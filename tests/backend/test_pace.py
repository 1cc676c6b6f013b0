"""When the newest block is asked for (`ostraka.chain.pace`)."""

from collections.abc import Sequence

import pytest

from ostraka.chain.contract import Head
from ostraka.chain.pace import QUICK_S, REST_S, BlockPace
from ostraka_verifier.units import UnixSeconds

START = 1_800_000_000


class Observer:
    """Looks at a chain every half second whether it is time to ask, and asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5000.0
        self.pace = BlockPace()
        self.asked: list[float] = []
        self.delays: list[float] = []
        monkeypatch.setattr("time.monotonic", lambda: self.now)

    def watch(
        self, blocks: Sequence[float], seconds: float, *, waiting: bool, skip: int = 0
    ) -> None:
        """Let time pass on a chain with blocks at these times from now.

        Args:
            skip: Seconds that block timestamps are ahead of real time from the third block on.
        """
        start, number = self.now, 0
        while self.now < start + seconds:
            if self.pace.is_due(waiting=waiting):
                self.pace.asked()
                self.asked.append(self.now)
                number = sum(start + at <= self.now for at in blocks)
                made = blocks[number - 1] if number else 0
                ahead = skip if number > 2 else 0
                stamp = UnixSeconds(int(START + start + made + ahead))
                if self.pace.saw(Head(number, bytes([number % 256]), stamp)) and number:
                    self.delays.append(self.now - start - made)
            self.now += QUICK_S


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Observer:
    return Observer(monkeypatch)


def test_who_waits_for_nothing_asks_once_in_twelve_seconds(observer: Observer) -> None:
    observer.watch(range(1, 600), 600, waiting=False)
    assert len(observer.asked) == 600 / REST_S


def test_steady_blocks_are_asked_for_when_they_are_due(observer: Observer) -> None:
    blocks = [3.2 + 12 * number for number in range(100)]
    observer.watch(blocks, 1200, waiting=True)
    steady = [at for at in observer.asked if at > observer.asked[0] + 120]
    # Two or three questions a block, and each block is seen within a second.
    assert len(steady) <= 3 * 90
    assert max(observer.delays) <= 1.2
    assert observer.pace.interval_s() == 12


def test_empty_slots_leave_the_interval_known(observer: Observer) -> None:
    blocks = [12 * slot for slot in range(1, 100) if slot % 5]
    observer.watch(blocks, 1200, waiting=True)
    assert observer.pace.interval_s() == 12
    assert max(observer.delays) <= 1.2


def test_fast_blocks_are_seen_as_fast_as_before(observer: Observer) -> None:
    observer.watch(range(1, 300), 300, waiting=True)
    assert max(observer.delays) <= 2 * QUICK_S


def test_blocks_on_demand_are_asked_for_often(observer: Observer) -> None:
    observer.watch([1, 1, 1, 2, 9, 30, 31, 55, 56, 80], 90, waiting=True)
    assert observer.pace.interval_s() is None
    assert max(observer.delays) <= QUICK_S
    # And more rarely on a chain that stands still.
    before = len(observer.asked)
    observer.watch([], 3600, waiting=True)
    assert len(observer.asked) - before <= 3600 / 2.5


def test_a_chain_that_skips_time_is_not_steady(observer: Observer) -> None:
    observer.watch([12 * number for number in range(1, 8)], 90, waiting=True, skip=86_400)
    assert observer.pace.interval_s() is None
    assert max(observer.delays) <= QUICK_S


def test_a_late_sight_delays_no_later_one(observer: Observer) -> None:
    blocks = [12 * number for number in range(1, 60)]
    observer.watch(blocks[:20], 243, waiting=False)
    observer.delays.clear()
    observer.watch([9 + 12 * number for number in range(40)], 480, waiting=True)
    assert max(observer.delays[8:]) <= 1.2
