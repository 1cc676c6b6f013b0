"""Counts of polls: chain and nodes are asked once, however many watch."""

import asyncio

import pytest

from ostraka.gateway import progress as module
from ostraka.gateway.progress import Counts, Progress
from ostraka.wire.problems import Problem


class Nodes:
    """Answer after a moment, and count how often they are asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def __call__(self, poll_id: int) -> Counts:
        self.asked.append(poll_id)
        await asyncio.sleep(0.01)
        if poll_id > 9:
            raise Problem(404, "No such poll", "none", "poll")
        return {"poll": str(poll_id), "voted": len(self.asked)}


async def never() -> bool:
    return False


def test_many_watchers_are_one_question() -> None:
    async def run() -> None:
        nodes = Nodes()
        progress = Progress(nodes)
        streams = [progress.watch(1, never, True) for _ in range(200)]
        events = await asyncio.gather(*(anext(stream) for stream in streams))
        assert {event.data for event in events} == {'{"poll": "1", "voted": 1}'}
        assert nodes.asked == [1]
        assert (await progress.of(2))["voted"] == 2
        for poll_id in range(10, 200):
            with pytest.raises(Problem, match="No such poll"):
                await progress.of(poll_id)
        assert not progress._turns
        assert set(progress._known) == {1, 2}

    asyncio.run(run())


def test_streams_are_bounded_and_give_their_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WATCHERS", 2)

    async def run() -> None:
        progress = Progress(Nodes())
        streams = [progress.watch(1, never, False) for _ in range(2)]
        for stream in streams:
            await anext(stream)
        with pytest.raises(Problem, match="2 streams are open already"):
            progress.check_room()
        # As a client that goes away.
        await streams[0].aclose()  # type: ignore[attr-defined]
        progress.check_room()
        await streams[1].aclose()  # type: ignore[attr-defined]

    asyncio.run(run())
