"""A committee of whole nodes in one process: real services, real HTTP interfaces, a scripted chain.

Nodes reach one another by their URLs through httpx's ASGI transport. Some of them may be other
applications: those of attackers.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from ostraka.chain.contract import Head
from ostraka.chain.registry import CreatedPoll, OpenedPoll, PollView, Status
from ostraka.keys import SigningKey
from ostraka.node import repair_exchange, served_poll
from ostraka.node.api import build_api
from ostraka.node.board_files import BoardFiles
from ostraka.node.electorate import RoundElectorate
from ostraka.node.policy import Policy
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.poll_service import PollService
from ostraka.node.service import NodeService
from ostraka.node.store import NodeStore
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import NodePoll
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.peer_auth import PeerRequests
from ostraka.wire.poll_keys import PollKeyList
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot
from ostraka_verifier.census import Census
from ostraka_verifier.description import RoundReference
from ostraka_verifier.parameters import Committee
from ostraka_verifier.poll_key import node_key, node_keys_hash
from ostraka_verifier.snapshot import CensusSource
from tests.support.polls import OPENS_AT, REGISTRY, SyntheticPoll, open_view

POLL = 1
CREATOR = SigningKey(b"creator of polls".ljust(32, b"."))
LONG_S = 60
"""How long nodes of whole committees wait: a busy machine must not make honest nodes late."""


class ScriptedRegistry:
    """A poll as every provider shows it, in the state that the test defines."""

    def __init__(self, poll: SyntheticPoll) -> None:
        self.poll_made = poll
        self.domain = poll.domain
        self.address = REGISTRY
        self.now = OPENS_AT + 1000
        self.block = 1
        self.view = replace(
            open_view(poll), status=Status.CREATED, poll_keys=bytes(32), creator=CREATOR.address
        )
        self.opening: OpenedPoll | None = None
        self.anchoring: AnchoredRoot | None = None

    def head(self, _: str = "latest") -> Head:
        """A block whose hash follows from its number."""
        return Head(self.block, hashlib.sha256(bytes([self.block])).digest(), self.now)

    def poll_count(self, _: object = "latest") -> int:
        """One."""
        return 1

    def poll(self, _: int, __: object = "latest") -> PollView:
        """Its state."""
        return self.view

    def created(self, poll_id: int) -> CreatedPoll:
        """Its creation."""
        poll = self.poll_made
        return CreatedPoll(
            poll_id,
            poll.context,
            poll.parameters,
            poll.rule.encode(),
            poll.outcome.encode(),
            poll.description,
        )

    def committee(self, _: bytes) -> Committee:
        """Its committee."""
        return self.poll_made.committee

    def opened(self, _: int) -> OpenedPoll | None:
        """Its opening."""
        return self.opening

    def anchored(self, _: int) -> AnchoredRoot | None:
        """Its root."""
        return self.anchoring

    def open_poll(self, node_keys: tuple[bytes, ...], signatures: tuple[bytes, ...]) -> None:
        """Pin poll keys."""
        self.opening = OpenedPoll(node_keys, signatures)
        self.show(status=Status.OPEN, poll_keys=node_keys_hash(node_keys))

    def show(self, **changes: object) -> None:
        """Another state, in another block."""
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self.block += 1

    def close(self) -> None:
        """Let time pass to where nodes freeze."""
        self.now = self.poll_made.parameters.freezes_at
        self.show(status=Status.CLOSED)


class ScriptedElectorates:
    """Electorates that the test defines."""

    def __init__(self) -> None:
        self.treasuries: set[bytes] = set()
        self.posters: dict[bytes, set[bytes]] = {}
        self.rounds: dict[RoundReference, RoundElectorate] = {}
        self.censuses: dict[CensusSource, Census] = {}
        self.timestamps: dict[int, int] = {}
        self.keys = bytes([0x77]) * 20

    def takes_polls(self, account: bytes) -> bool:
        """Whether a test called it a treasury."""
        return account in self.treasuries

    def is_contract(self, account: bytes) -> bool:
        """Whether a test called it a Governor."""
        return account in self.posters

    def may_upload(self, governor: bytes, _: int, account: bytes) -> bool:
        """Whether a test called it one of the Governor's posters."""
        return account in self.posters[governor]

    def round(self, reference: RoundReference) -> RoundElectorate:
        """Return the value that the test defines."""
        return self.rounds[reference]

    def voting_keys(self) -> bytes:
        """Return the value that the test defines."""
        return self.keys

    def census(self, source: CensusSource) -> Census:
        """Return the value that the test defines."""
        return self.censuses[source]

    def timestamp(self, block: int) -> int:
        """Return the value that the test defines."""
        return self.timestamps[block]


class Village:
    """All nodes of a synthetic poll's committee."""

    def __init__(self, poll: SyntheticPoll, folder: Path) -> None:
        self.poll = poll
        self.registry = ScriptedRegistry(poll)
        self.electorates = ScriptedElectorates()
        self.creator = CREATOR
        self.nodes: dict[int, NodeService] = {}
        self.client: httpx.AsyncClient
        self._folder = folder
        self._apps: dict[int, Any] = {}

    @asynccontextmanager
    async def run(
        self, strangers: Mapping[int, Any] | None = None, *, seeded: bool = False
    ) -> AsyncIterator["Village"]:
        """Start all nodes.

        Args:
            strangers: Applications in place of honest nodes.
            seeded: Whether nodes serve the poll already, under the synthetic poll's keys.
        """
        strangers = strangers or {}
        self._apps = apps = dict(strangers)
        mounts = {
            member.url: httpx.ASGITransport(app=lambda *call, n=number: apps[n](*call))
            for number, member in enumerate(self.poll.committee.members, start=1)
        }
        async with httpx.AsyncClient(mounts=mounts) as self.client:
            with ExitStack() as waiting:
                if not strangers:
                    patience = {"GRACE_S": LONG_S, "MAX_GRACE_S": LONG_S}
                    waiting.enter_context(patch.multiple(served_poll, **patience))
                    waiting.enter_context(patch.object(repair_exchange, "PATIENCE_S", LONG_S))
                for number in range(1, self.poll.nodes + 1):
                    if number not in strangers:
                        self.nodes[number] = self.node(number, seeded=seeded)
                        apps[number] = build_api(self.nodes[number])
                yield self
                for node in self.nodes.values():
                    await self.stop(node)

    async def restart(self, number: int, disk: Callable[[], None] = lambda: None) -> None:
        """Stop a node, change its disk, and start it again.

        Args:
            disk: What happens to its disk in between.
        """
        await self.stop(self.nodes[number])
        self.nodes[number]._store._engine.dispose()
        disk()
        self.nodes[number] = self.node(number, seeded=False)
        self._apps[number] = build_api(self.nodes[number])
        await self.nodes[number].tick()
        await self.tick()

    @staticmethod
    async def stop(node: NodeService) -> None:
        """Let a node finish what it has begun, and do nothing more."""
        await asyncio.gather(*node._ticking.values())
        for worker in node._workers.values():
            worker.cancel()

    def node(self, number: int, *, seeded: bool, policy: Policy | None = None) -> NodeService:
        """A node, as if it had just started.

        Args:
            seeded: Whether it serves the poll already, under the synthetic poll's key.
            policy: Its operator's; by default that of a node that allows the poll's committee.
        """
        poll, key = self.poll, self.poll.node_keys[number - 1]
        secrets = PollSecrets(self._folder / f"secrets-{number}", key)
        url = f"sqlite:///{self._folder / f'node-{number}.db'}"
        store = NodeStore(open_database(url, Schema.NODE))
        if seeded:
            secret = poll.poll_keys[number - 1].secret() + bytes([number]) * 32
            secrets.keep(poll.context, secret)
            store.add_poll(self.row(number))
        service = NodeService(
            poll.curve,
            store,
            secrets,
            [self.registry],  # type: ignore[list-item]
            key,
            poll.committee.members[number - 1].url,
            policy or Policy(minimum_ballots=1, committees=frozenset({poll.committee.digest})),
            self.electorates,
            self.client,
            BoardFiles(self._folder / f"boards-{number}", 2**30),
        )
        # As if it had started long ago: nothing that it may have forgotten can come again.
        service.requests = PeerRequests(poll.domain, key.address, 0)
        return service

    def row(self, number: int) -> NodePoll:
        """The poll as a node stores it, under the synthetic poll's keys."""
        poll_key = self.poll.poll_keys[number - 1]
        statement = typed_data.POLL_KEY, self.poll.context, node_key(poll_key.public_key)
        return NodePoll(
            poll_id=POLL,
            poll_context=self.poll.context,
            census=self.poll.census.encode(),
            public_key=poll_key.public_key,
            announcement=self.poll.node_keys[number - 1].sign(self.poll.domain.digest(*statement)),
        )

    def open_seeded(self) -> None:
        """Pin the synthetic poll's keys."""
        keys = tuple(node_key(one.public_key) for one in self.poll.poll_keys)
        statement = typed_data.POLL_KEYS, self.poll.context, node_keys_hash(keys)
        digest = self.poll.domain.digest(*statement)
        self.registry.open_poll(keys, tuple(key.sign(digest) for key in self.poll.node_keys))

    def service(self, number: int) -> PollService:
        """The poll at a node."""
        return self.nodes[number].poll(POLL)

    async def give_census(self) -> None:
        """Hand the census to every honest node."""
        for node in self.nodes.values():
            await node.take_census(POLL, self.census_header(), self.poll.census.encode())

    def census_header(self) -> str:
        """By which the creator vouches for the census."""
        poll = self.poll
        data = poll.census.encode()
        return CensusUpload.sign(self.creator.sign, poll.domain, poll.context, data).encode()

    async def tick(self, times: int = 1) -> None:
        """Let every node do what is to be done, so often."""
        for _ in range(times):
            for node in self.nodes.values():
                await node.tick()
                for service in node._polls.values():
                    service.keys._next_at_monotonic_s = 0.0
            tasks = [task for node in self.nodes.values() for task in node._ticking.values()]
            await asyncio.gather(*tasks)

    async def tick_until(self, met: Callable[[], bool]) -> None:
        """Let every node act until something holds.

        A node goes on without a peer that answers late, so a busy machine needs more turns.
        """
        for _ in range(100):
            if met():
                return
            await self.tick()
        raise AssertionError("it does not come to hold")

    def list_signed_by_all(self, before: PollKeyList | None = None) -> bool:
        """Whether every node has every signature of its list of poll keys, another than before."""
        return all(
            len(keys._signatures) == self.poll.nodes and keys._keys != before
            for keys in (self.service(number).keys for number in self.nodes)
        )

    def url(self, number: int, path: str = "") -> str:
        """Where a node serves something of the poll."""
        base = self.poll.committee.members[number - 1].url
        return f"{base}/api/v1/polls/{POLL}{path}"

    async def get(self, number: int, path: str = "") -> Any:
        """What a node shows of the poll."""
        answer = await self.client.get(self.url(number, path))
        assert answer.status_code == 200, answer.text
        return answer.json()
