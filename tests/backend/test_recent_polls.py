"""Ballots share a reading of their poll that is at most two seconds old."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ostraka.gateway import recent_polls as module
from ostraka.gateway.recent_polls import RecentPolls
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem


class Chain:
    """Counts readings; each gives another poll."""

    def __init__(self) -> None:
        self.readings = 0
        self.answers = threading.Event()
        self.answers.set()
        self.problem: Problem | None = None

    def read(self, poll_id: int) -> Any:
        self.readings += 1
        self.answers.wait(5)
        if self.problem is not None:
            raise self.problem
        return (poll_id, self.readings), None


def test_ballots_at_once_share_one_reading() -> None:
    async def run() -> None:
        chain = Chain()
        polls = RecentPolls(chain.read)
        assert set(await asyncio.gather(*(polls.served(1) for _ in range(20)))) == {(1, 1)}
        assert await polls.served(1) == (1, 1)  # type: ignore[comparison-overlap]
        assert await polls.served(2) == (2, 2)  # type: ignore[comparison-overlap]

    asyncio.run(run())


def test_an_old_reading_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        chain = Chain()
        polls = RecentPolls(chain.read)
        await polls.served(1)
        monkeypatch.setattr(module, "FRESH_S", 0)
        assert await polls.served(1) == (1, 2)  # type: ignore[comparison-overlap]
        # Nor is it if the chain now refuses the poll, and a refusal is not remembered.
        chain.problem = Problem(ProblemType.NO_SUCH_POLL, "gone")
        for readings in (3, 4):
            with pytest.raises(Problem, match="gone"):
                await polls.served(1)
            assert chain.readings == readings

    asyncio.run(run())


def test_a_client_that_goes_away_does_not_stop_the_others() -> None:
    async def run() -> None:
        chain = Chain()
        chain.answers.clear()
        polls = RecentPolls(chain.read)
        first, second = (asyncio.create_task(polls.served(1)) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        chain.answers.set()
        assert await second == (1, 1)  # type: ignore[comparison-overlap]
        assert chain.readings == 1

    asyncio.run(run())


def test_ballots_do_not_wait_for_other_requests_to_a_slow_provider() -> None:
    async def run() -> None:
        chain, goes_on = Chain(), threading.Event()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        other = asyncio.create_task(asyncio.to_thread(goes_on.wait, 5))
        await asyncio.sleep(0)
        try:
            assert await asyncio.wait_for(RecentPolls(chain.read).served(1), 2) == (1, 1)
        finally:
            goes_on.set()
            await other

    asyncio.run(run())


def test_polls_that_nobody_votes_in_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        polls = RecentPolls(Chain().read)
        monkeypatch.setattr(module, "FRESH_S", 0)
        for number in range(100):
            await polls.served(number)
        assert len(polls._seen) == 1

    asyncio.run(run())
