"""Nodes of an open poll that sign checkpoints, and a node that shows several logs."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request

from ostraka.node.poll_service import PollService
from ostraka.storage.node_tables import StoredContradiction
from ostraka.wire.records import to_hex
from ostraka_verifier.receipt_log import (
    EMPTY_ROOT,
    Checkpoint,
    ReceiptLog,
    SignedCheckpoint,
)
from ostraka_verifier.units import UnixSeconds
from tests.support.polls import OPENS_AT, SyntheticPoll
from tests.support.village import Village

LIAR = 4
HONEST = (1, 2, 3)
START = OPENS_AT + 1000


@asynccontextmanager
async def voting(
    poll: SyntheticPoll, folder: Path, strangers: dict[int, Any] | None = None
) -> AsyncIterator[Village]:
    """A village whose poll is open."""
    async with Village(poll, folder).run(strangers, seeded=True) as village:
        village.open_seeded()
        await village.tick(2)
        yield village


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


async def cast(village: Village, first: int, end: int, nodes: Sequence[int] = ()) -> None:
    """Hand some of the poll's ballots to nodes, by default to all of them."""
    records = [one.record for one in village.poll.prepared[first:end]]
    for number in nodes or village.nodes:
        for record in records:
            await village.service(number).accepting.submit(record, "voter")


async def minute(village: Village, times: int = 1) -> None:
    """Let a minute pass; nodes sign what is due, and compare it."""
    for _ in range(times):
        village.registry.now += 60
        village.registry.block += 1
        await exchange(village)
        await exchange(village)


async def exchange(village: Village) -> None:
    """Let every node do what is due, and compare checkpoints with every other one."""
    await village.tick()
    for number in village.nodes:
        service = village.service(number)
        # One after the other: on a busy machine, answers would come too late for a tick.
        for peer in service.served.peers:
            await service.served.went_well(peer, service.checkpoints.exchange)


def head(service: PollService, node: int) -> Checkpoint:
    found = service.served.store.checkpoints.latest(1, node)
    assert found is not None
    return found.checkpoint


def accused(service: PollService) -> dict[int, StoredContradiction]:
    return {one.node: one for one in service.served.store.checkpoints.contradictions(1)}


class Liar:
    """Node 4, which shows a log of its own to each other node, and log 0 to anybody else."""

    def __init__(self, poll: SyntheticPoll, logs: dict[int, "Log"]) -> None:
        self.poll = poll
        self.logs = logs
        self.app = FastAPI()

        def shown(request: Request) -> Log:
            name = request.headers.get("ostraka-node", "").split(".")[0]
            return self.logs[poll.committee.index_of(bytes.fromhex(name.removeprefix("0x"))) or 0]

        @self.app.get("/api/v1/polls/1/checkpoints")
        def heads(request: Request) -> Any:
            return shown(request).heads()

        @self.app.get("/api/v1/polls/1/checkpoints/chain")
        def chain(request: Request, node: int, after: int) -> Any:
            log = shown(request)
            return {"checkpoints": [to_hex(one.encode()) for one in log.signed[after:]]}

        @self.app.get("/api/v1/polls/1/checkpoints/consistency")
        def consistency(request: Request) -> Any:
            first, second = (int(request.query_params[name]) for name in ("from", "to"))
            log = shown(request).log
            return {"proof": list(map(to_hex, log.consistency(first, second)))}


class Log:
    """A log of a node, with checkpoints that the test makes."""

    def __init__(self, poll: SyntheticPoll, node: int = LIAR) -> None:
        self.poll, self.node = poll, node
        self.log, self.digests = ReceiptLog(), list[bytes]()
        self.signed: list[SignedCheckpoint] = []

    def grow(self, digests: Sequence[bytes], at: int) -> SignedCheckpoint:
        """Sign the next checkpoint."""
        self.log.append(digests)
        self.digests += digests
        before = self.signed[-1].checkpoint if self.signed else None
        return self.sign(
            Checkpoint(
                self.node,
                len(self.signed) + 1,
                len(self.log),
                self.log.root(),
                before.hash(self.poll.context) if before else EMPTY_ROOT,
                UnixSeconds(at),
            )
        )

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        key, poll = self.poll.node_keys[self.node - 1], self.poll
        signature = key.sign(poll.domain.digest(*checkpoint.statement(poll.context)))
        self.signed.append(SignedCheckpoint(checkpoint, signature))
        return self.signed[-1]

    def heads(self) -> dict[str, Any]:
        head = {"node": self.node, "checkpoint": to_hex(self.signed[-1].encode())}
        heads = [head | {"cosignatures": []}] if self.signed else []
        return {"heads": heads, "contradictions": []}


def digest(number: int) -> bytes:
    return bytes([number]) * 32
