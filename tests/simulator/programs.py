"""The programs of a simulation: nodes as `node run` composes them, voters, and a courier."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random

import httpx
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import OpenedPoll, Status
from ostraka.gateway.ballots import Ballots
from ostraka.gateway.tallying import is_good, sums_of, tally_of
from ostraka.node.api import describe_api
from ostraka.node.board_files import BoardFiles
from ostraka.node.identity import begin_rebuild, end_rebuild
from ostraka.node.peers import _TIMEOUT
from ostraka.node.policy import Policy
from ostraka.node.rebuild import Outcome, Rebuild
from ostraka.node.service import NodeService
from ostraka.node.store import NodeStore
from ostraka.wire import census_upload
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.certificates import read_certificate
from ostraka.wire.poll_keys import KeyReport
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, strict_json
from ostraka.wire.relay import Nodes
from ostraka_verifier.board import Board, SignedShare
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import AuditError
from ostraka_verifier.parameters import Member
from ostraka_verifier.sharing import Share
from tests.simulator.virtual_chain import POLL, VirtualChain, VirtualRegistry
from tests.simulator.virtual_disk import Disk, VirtualSecrets
from tests.simulator.virtual_network import Answer, Asked, Host, VirtualNetwork
from tests.simulator.virtual_time import Process
from tests.simulator.world import Vote, World
from tests.support.village import CREATOR, ScriptedElectorates

_CHECKPOINT_S = 10
"""Chain time between two checkpoints, as short as may be: polls take less than a minute."""
_OPERATOR_S = 4
"""Until an operator runs a command again."""


class SimulatedNode:
    """One node: its disk, and its program, which may die and be started again."""

    service: NodeService

    def __init__(
        self,
        world: World,
        number: int,
        disk: Disk,
        application: FastAPI,
        registries: Sequence[VirtualRegistry],
        network: VirtualNetwork,
    ) -> None:
        self.number = number
        self.disk = disk
        self.registries = registries
        self.liar = False
        self.lost = False
        """Whether it died for good."""
        self.rebuilt = False
        """Whether it lost its database, and got a new one by a rebuild."""
        self.is_rebuilding = False
        self.skew_s = 0
        self.starts = 0
        self._world = world
        self._network = network
        self._application = application
        self.key = world.poll.node_keys[number - 1]
        self.url = world.poll.committee.members[number - 1].url
        self.host = f"node-{number}.example"
        self.lies: Callable[[Asked, Answer], Answer | None] | None = None
        self.twists: Callable[[str, Asked], Asked] | None = None
        self.process = Process("never started", number)
        self.process.alive = False
        disk.died = self.kill

    def start(self) -> None:
        """Start its program on its disk."""
        self.starts += 1
        self.process = process = Process(self.host, self.number)
        process.skew_s = self.skew_s
        process.run(self._run(process))

    def lose_database(self) -> None:
        """Let its program die and its database vanish; the operator rebuilds it at once."""
        self.kill()
        self.disk.lose_database()
        self.rebuilt = self.is_rebuilding = True
        self.start()

    def kill(self) -> None:
        """Let its program die at once."""
        self.process.kill()

    async def _run(self, process: Process) -> None:
        network, poll = self._network, self._world.poll
        store = NodeStore(self.disk.engine)
        secrets = VirtualSecrets(self.disk, process, self.key)
        async with http_client(network) as client:
            if self.is_rebuilding:
                await self._rebuild(store, secrets, client)
            self.service = NodeService(
                poll.curve,
                store,
                secrets,
                self.registries,  # type: ignore[arg-type]
                self.key,
                self.url,
                Policy(
                    minimum_ballots=1,
                    committees=frozenset({poll.committee.digest}),
                    checkpoint_s=_CHECKPOINT_S,
                ),
                ScriptedElectorates(),  # type: ignore[arg-type]
                client,
                BoardFiles(self.disk.boards, 2**30),
            )
            self._application.state.node = self.service
            network.hosts[self.host] = Host(process, self._application, self.lies, self.twists)
            await self.service.run()

    async def _rebuild(
        self, store: NodeStore, secrets: VirtualSecrets, client: httpx.AsyncClient
    ) -> None:
        """Do what `ostraka node rebuild` does, as often as an operator must run it."""
        while True:
            # A provider or the disk fails, and the command with it.
            with suppress(ChainError, SQLAlchemyError):
                begin_rebuild(store, secrets)
                rebuild = Rebuild(
                    self._world.poll.curve,
                    store,
                    secrets,
                    self.registries,  # type: ignore[arg-type]
                    self.key,
                    ScriptedElectorates(),  # type: ignore[arg-type]
                    client,
                )
                reports = [await rebuild.poll(number) for number in rebuild.polls()]
                if all(one.outcome is not Outcome.NO_CENSUS for one in reports):
                    end_rebuild(store, secrets, rebuild.now())
                    self.is_rebuilding = False
                    return
            await asyncio.sleep(_OPERATOR_S)


def http_client(network: VirtualNetwork) -> httpx.AsyncClient:
    """A client as `peer_client` makes it, on the virtual network."""
    return httpx.AsyncClient(
        transport=network, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
    )


def applications(nodes: int) -> list[FastAPI]:
    """Applications of nodes; each serves whichever service its state names."""
    return [describe_api() for _ in range(nodes)]


class Courier:
    """Carries the census to the nodes, and what nodes sign to the chain; it keeps no state.

    The gateway's own courier waits in threads; this one uses the same readers and checks.
    """

    def __init__(
        self,
        world: World,
        chain: VirtualChain,
        registry: VirtualRegistry,
        network: VirtualNetwork,
        random: Random,
    ) -> None:
        self._poll = world.poll
        self._published = world.poll.published
        self._chain = chain
        self._registry = registry
        self._network = network
        self._random = random
        self._key = CommitmentKey(world.poll.curve, world.poll.rule.width)

    async def run(self) -> None:
        """Do what the poll's status asks for, until the process dies."""
        async with http_client(self._network) as client:
            while True:
                # Answers that lie or break off are asked for again.
                with suppress(ChainError, AuditError, httpx.HTTPError):
                    await self._work(client)
                await asyncio.sleep(2)

    async def _work(self, client: httpx.AsyncClient) -> None:
        registry = self._registry
        head = registry.head()
        view = registry.poll(POLL, head.number)
        if view.status is Status.CREATED:
            await self._open(client)
        elif view.status is Status.CLOSED and head.timestamp >= view.freezes_at:
            await self._anchor(client)
        elif view.status is Status.RELEASABLE:
            await self._tally(client, view.root.sum)

    async def _open(self, client: httpx.AsyncClient) -> None:
        poll, data = self._poll, self._poll.census.encode()
        upload = CensusUpload.sign(CREATOR.sign, poll.domain, poll.context, data)
        headers = {census_upload.HEADER: upload.encode()}
        members = poll.committee.members
        await asyncio.gather(
            *(
                client.put(f"{one.url}/api/v1/polls/{POLL}/census", content=data, headers=headers)
                for one in members
            ),
            return_exceptions=True,
        )
        for body in await self._ask_all(client, "opening"):
            try:
                report = KeyReport.from_json(strict_json(body), poll.nodes)
                opening = report.opening(poll.committee, poll.domain, poll.context)
            except AuditError:
                continue
            if opening is not None:
                keys, signatures = opening
                opened = OpenedPoll(tuple(keys.node_keys), tuple(signatures))
                self._chain.send("open", partial(self._chain.model.open, opening=opened))
                return

    async def _anchor(self, client: httpx.AsyncClient) -> None:
        for body in await self._ask_all(client, "certificate"):
            try:
                anchored = read_certificate(body)
            except AuditError:
                continue
            name = f"anchor {anchored.round}"
            try:
                self._chain.send(name, partial(self._chain.model.anchor, anchored=anchored))
            except ChainError:
                continue
            return

    async def _tally(self, client: httpx.AsyncClient, anchored_sum: bytes) -> None:
        poll, published = self._poll, self._published
        sums = None
        for body in await self._ask_all(client, "board"):
            try:
                board = Board.decode(body, published.layout.size, published.slots)
                census = Census.decode(board.census)
                sums = sums_of(poll.curve, published, board, census, anchored_sum)
                break
            except AuditError:
                continue
        if sums is None:
            return
        good: dict[int, SignedShare] = {}
        for body in await self._ask_all(client, "shares"):
            for share in _shares(body, published.slots):
                if share.node not in good and is_good(poll.curve, self._key, sums, share):
                    good[share.node] = share
        if len(good) < poll.committee.threshold:
            return
        tally = tally_of(self._key, published, sums, list(good.values()))
        self._chain.send("tally", partial(self._chain.model.accept, tally=tally))

    async def _ask_all(self, client: httpx.AsyncClient, path: str) -> list[bytes]:
        members = list(self._poll.committee.members)
        self._random.shuffle(members)

        async def ask(member: Member) -> bytes:
            answer = await client.get(f"{member.url}/api/v1/polls/{POLL}/{path}")
            return answer.content if answer.status_code == 200 else b""

        answers = await asyncio.gather(*map(ask, members), return_exceptions=True)
        return [one for one in answers if isinstance(one, bytes) and one]


def _shares(body: bytes, slots: int) -> list[SignedShare]:
    try:
        listed = strict_json(body)
        shares = []
        for one in listed:
            reader = Reader(from_hex(one["share"], "share"), "share")
            share = Share.read(reader, slots, "share")
            reader.end()
            shares.append(SignedShare(one["node"], share, from_hex(one["signature"], "signature")))
    except (AuditError, KeyError, TypeError):
        return []
    return shares


class Voter:
    """A voter's program: casts ballots until they are recorded or voting is over."""

    def __init__(self, world: World, network: VirtualNetwork, until: Callable[[], bool]) -> None:
        """Args:
        until: Whether voting is over.
        """
        self._published = world.poll.published
        self._network = network
        self._until = until

    async def cast(self, vote: Vote, after_s: float) -> None:
        """Send a ballot to all nodes, as the command line does."""
        await asyncio.sleep(after_s)
        async with http_client(self._network) as client, Nodes(client) as nodes:
            while not self._until():
                (result,) = await nodes.send(self._published, [vote.prepared.record])
                if result.recorded:
                    return
                await asyncio.sleep(2)

    async def cast_at(self, vote: Vote, after_s: float, urls: Sequence[str], times: int) -> None:
        """Send a ballot to some nodes only, all copies at once."""
        await asyncio.sleep(after_s)
        async with http_client(self._network) as client:
            body = vote.prepared.record.encode()
            sent = [
                client.post(f"{url}/api/v1/polls/{POLL}/ballots:batch", content=body)
                for url in urls
                for _ in range(times)
            ]
            await asyncio.gather(*sent, return_exceptions=True)

    async def cast_by(self, gateway: "Gateway", vote: Vote, after_s: float) -> None:
        """Send a ballot through the gateway, as the page does."""
        await asyncio.sleep(after_s)
        while not self._until():
            if await gateway.cast(vote):
                return
            await asyncio.sleep(2)


class Gateway:
    """The gateway's relay of ballots, which may die and be started again."""

    def __init__(self, world: World, network: VirtualNetwork) -> None:
        self._published = world.poll.published
        self._network = network
        self.process = Process("gateway")
        self._ballots = Ballots(http_client(network))

    def start(self) -> None:
        """Start it again without any memory."""
        self.process = Process("gateway")
        self._ballots = Ballots(http_client(self._network))

    async def cast(self, vote: Vote) -> bool:
        """Relay a ballot; return whether it is recorded."""
        if not self.process.alive:
            return False
        answered: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self.process.ends.append(answered)

        async def relay() -> None:
            try:
                answer = await self._ballots.cast(self._published, vote.prepared.record)
            except Problem:
                answer = {"recorded": False}
            if not answered.done():
                answered.set_result(answer["recorded"])

        self.process.run(relay())
        return bool(await answered)
