"""Counts of polls: chain and nodes are asked once, however many watch."""

import asyncio

import pytest
from starlette.types import Message

from ostraka.gateway import progress as module
from ostraka.gateway.progress import Counts, Progress
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem


class Nodes:
    """Answer after a moment, and count how often they are asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def __call__(self, poll_id: int) -> Counts:
        self.asked.append(poll_id)
        await asyncio.sleep(0.01)
        if poll_id > 9:
            raise Problem(ProblemType.NO_SUCH_POLL, "none", "poll")
        return {"poll": str(poll_id), "voted": len(self.asked)}


GET = {"type": "http", "method": "GET"}


async def never() -> bool:
    return False


class Client:
    """Listens to a stream until it goes away."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.heard = asyncio.Event()
        self.leaves = asyncio.Event()

    async def receive(self) -> Message:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message.get("body"):
            self.events.append(message["body"])
            self.heard.set()


def test_many_watchers_share_one_request() -> None:
    async def run() -> None:
        nodes = Nodes()
        progress = Progress(nodes)
        clients = [Client() for _ in range(200)]
        await asyncio.gather(
            *(progress.watch(1, never, True)(GET, one.receive, one.send) for one in clients)
        )
        for client in clients:
            assert b'{"poll": "1", "voted": 1}' in client.events[0]
        assert nodes.asked == [1]
        assert (await progress.of(2))["voted"] == 2
        for poll_id in range(10, 200):
            with pytest.raises(Problem, match="No such poll"):
                await progress.of(poll_id)
        assert not progress._turns
        assert set(progress._known) == {1, 2}

    asyncio.run(run())


def test_streams_are_limited_and_freed_when_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WATCHERS", 2)

    async def run() -> None:
        progress = Progress(Nodes())
        clients = [Client() for _ in range(2)]
        streams = [
            asyncio.create_task(
                progress.watch(1, never, False)(GET, one.receive, one.send)  # type: ignore[arg-type]
            )
            for one in clients
        ]
        await asyncio.gather(*(client.heard.wait() for client in clients))
        with pytest.raises(Problem, match="2 streams are open already"):
            progress.watch(1, never, False)
        clients[0].leaves.set()
        await streams[0]
        progress.watch(1, never, False)
        clients[1].leaves.set()
        await streams[1]

    asyncio.run(run())
