"""How often one poll at a node asks the chain: once a block, and never after its end."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import Head
from ostraka.chain.registry import OpenedPoll, PollView, Status
from ostraka.node import poll_service
from ostraka.node.phases import Accepting, Destroyed, Settling
from ostraka.node.poll_service import PollService
from tests.support.node_polls import accepting_service
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import ScriptedRegistry


class CountingRegistry(ScriptedRegistry):
    """A provider that counts what it is asked."""

    def __init__(self, poll: SyntheticPoll) -> None:
        super().__init__(poll)
        self.asked: Counter[str] = Counter()

    def head(self, block: str = "latest") -> Head:
        """See `ScriptedRegistry`."""
        self.asked[block] += 1
        return super().head(block)

    def poll(self, poll_id: int, block: object = "latest") -> PollView:
        """See `ScriptedRegistry`."""
        self.asked["poll"] += 1
        return super().poll(poll_id, block)

    def opened(self, poll_id: int) -> OpenedPoll | None:
        """See `ScriptedRegistry`."""
        self.asked["opened"] += 1
        return super().opened(poll_id)

    def tick(self, service: PollService) -> None:
        """Let a node see the newest block, and do what is due."""
        service.see(super().head())
        asyncio.run(service.tick())


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


@pytest.fixture
def chain(poll: SyntheticPoll) -> CountingRegistry:
    return CountingRegistry(poll)


@pytest.fixture
def service(poll: SyntheticPoll, chain: CountingRegistry, tmp_path: Path) -> PollService:
    service = accepting_service(poll, tmp_path)
    served: Any = service.served
    served.registries = [chain]
    # Its keys cannot be read here, as no peer answers.
    chain.show(status=Status.OPEN, poll_keys=bytes(32))
    return service


def test_the_state_is_read_once_at_each_block(
    chain: CountingRegistry, service: PollService
) -> None:
    for block in range(1, 4):
        chain.block += 1
        for _ in range(5):
            chain.tick(service)
        assert chain.asked == {"poll": block}
    assert isinstance(service.phase, Accepting)


def test_work_goes_on_without_a_new_block(chain: CountingRegistry, service: PollService) -> None:
    chain.close()
    chain.tick(service)
    assert isinstance(service.phase, Settling)
    rounds = []
    settle: Any = service.settling

    async def catch_up(_: object) -> None:
        rounds.append(1)

    settle.catch_up = catch_up
    for _ in range(3):
        chain.tick(service)
    assert len(rounds) == 3
    assert chain.asked == {"poll": 1}


def test_finality_is_asked_once_at_each_block(
    chain: CountingRegistry, service: PollService
) -> None:
    chain.show(status=Status.TALLIED, tally_deadline=chain.now + 100)
    for _ in range(5):
        chain.tick(service)
    # Before freezing, a poll ends for this node only if it is void.
    chain.show(status=Status.VOID)
    chain.asked.clear()
    finalized: Any = service.served
    finalized.registries = [chain, lagging := CountingRegistry(chain.poll_made)]
    lagging.show(status=Status.OPEN)
    for _ in range(5):
        chain.tick(service)
    assert not isinstance(service.phase, Destroyed)
    assert (chain.asked["finalized"], lagging.asked["finalized"]) == (1, 1)
    lagging.show(status=Status.VOID)
    chain.block += 1
    chain.tick(service)
    assert isinstance(service.phase, Destroyed)


def test_an_ended_poll_asks_nothing(chain: CountingRegistry, service: PollService) -> None:
    chain.show(status=Status.VOID)
    chain.tick(service)
    assert isinstance(service.phase, Destroyed)
    chain.asked.clear()
    for _ in range(5):
        chain.block += 1
        chain.tick(service)
    assert not service.needs_blocks
    assert service.is_over
    assert chain.asked == {}
    assert service.publication.summary()["status"] == "void"
    assert service.publication.board()
    assert chain.asked == {}


def test_a_slow_answer_holds_up_no_work(
    chain: CountingRegistry, service: PollService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever needs no newer state goes on with the last one; the answer is used when it comes."""
    monkeypatch.setattr(poll_service, "_PATIENCE_S", 0.01)
    pulls = []
    intake: Any = service.accepting

    async def pull_all() -> None:
        pulls.append(1)

    intake.pull_all = pull_all

    async def run() -> None:
        release = asyncio.Event()
        honest = service._view

        async def slow(head: Head) -> Any:
            await release.wait()
            return await honest(head)

        hanging: Any = service
        hanging._view = slow
        chain.close()
        chain.now -= 1
        service.see(chain.head())
        await service.tick()
        assert pulls
        assert service.progress.observed.view.status is Status.OPEN
        chain.now += 1
        service.see(chain.head())
        await service.tick()
        assert isinstance(service.phase, Accepting)
        release.set()
        await asyncio.sleep(0.05)
        for _ in range(2):
            await service.tick()
        assert isinstance(service.phase, Settling)

    asyncio.run(run())
