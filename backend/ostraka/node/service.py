"""A whole node: finds the polls that it should serve, and keeps each of them going."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx
import structlog

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import Registry, Status
from ostraka.keys import SigningKey
from ostraka.node.electorate import ElectorateReader, split_upload
from ostraka.node.peers import Peer
from ostraka.node.policy import Policy
from ostraka.node.poll_service import PollService
from ostraka.node.poll_state import PollState
from ostraka.node.store import Conflict, NodeStore
from ostraka.randomness import system
from ostraka.sealing import SEED_BYTES, PollKey
from ostraka.storage.node_tables import NodePoll
from ostraka.wire.peer_auth import PeerRequests
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError
from ostraka_verifier.parameters import Committee
from ostraka_verifier.poll_key import node_key

log = structlog.get_logger()

TICK_S = 0.5


class NodeService:
    """One tallying node with all its polls."""

    def __init__(
        self,
        curve: Curve,
        store: NodeStore,
        registries: Sequence[Registry],
        key: SigningKey,
        url: str,
        policy: Policy,
        electorates: ElectorateReader,
        client: httpx.AsyncClient,
    ) -> None:
        """Args:
        registries: The same registry seen through independent providers, the first for
            everything, all of them for what must be final.
        url: Where this node serves, as registered with its committees.
        electorates: Reads from the chain who may vote.
        """
        self.key = key
        self.url = url
        self._curve = curve
        self._store = store
        self._registries = registries
        self._policy = policy
        self._electorates = electorates
        self._client = client
        self.requests = PeerRequests(registries[0].domain, key.address, int(time.time()))
        self._found: dict[int, PublishedPoll] = {}
        self._polls: dict[int, PollService] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._ticking: dict[int, asyncio.Task[None]] = {}
        self._seen = 0
        self._again: set[int] = set()
        # Two services of one poll would have two locks, and two announcements two poll keys.
        self._starting = asyncio.Lock()
        self.head: Head | None = None

    async def run(self) -> None:
        """Keep all polls going until cancelled."""
        while True:
            try:
                await self._tick()
            except ChainError as error:
                # A provider that fails is asked again; nothing is decided meanwhile.
                log.warning("chain out of reach", problem=str(error))
            except Exception:
                log.exception("tick failed")
            await asyncio.sleep(TICK_S)

    async def _tick(self) -> None:
        head = await asyncio.to_thread(self._registries[0].head)
        # The same block says the same again.
        if self.head is None or head.hash != self.head.hash:
            await self._discover()
        # Shown only now: from here on the node answers for every poll that it serves.
        self.head = head
        for poll_id, service in self._polls.items():
            service.state.head = head
            # Each at its own pace: a poll that waits for its peers must not hold up the others,
            # nor what this node knows of the time.
            if poll_id not in self._ticking:
                self._ticking[poll_id] = asyncio.create_task(self._tick_poll(service))

    async def _tick_poll(self, service: PollService) -> None:
        try:
            await service.tick()
            if service.state.replaced:
                self._forget(service.state.poll.poll_id)
        except (AuditError, Problem, Conflict, ChainError) as error:
            service.state.log.warning("tick", problem=str(error))
        except Exception:
            # One poll's trouble must not stop the others, nor the receipts of this one.
            service.state.log.exception("tick failed")
        finally:
            del self._ticking[service.state.poll.poll_id]

    async def _discover(self) -> None:
        async with self._starting:
            await self._discover_next()

    async def _discover_next(self) -> None:
        count = await asyncio.to_thread(self._registries[0].poll_count)
        # Before finality the chain may take a poll back, or put another one in its place.
        for poll_id in range(count + 1, self._seen + 1):
            self._forget(poll_id)
        self._seen = min(self._seen, count)
        anew = sorted(known for known in self._again if known <= self._seen)
        for poll_id in [*anew, *range(self._seen + 1, count + 1)]:
            try:
                poll = await asyncio.to_thread(PublishedPoll.read, self._registries[0], poll_id)
            except AuditError as error:
                log.warning("poll refused", poll=poll_id, problem=str(error))
                poll = None
            if poll is not None and self._joins(poll.committee):
                self._found[poll_id] = poll
                row = self._store.poll(poll_id, poll.context)
                if row is not None:
                    await self._start(poll, row)
            self._again.discard(poll_id)
            self._seen = max(self._seen, poll_id)

    def _joins(self, committee: Committee) -> bool:
        """Whether a poll's committee is one in which the operator lets this node be."""
        if committee.index_of(self.key.address) is None:
            return False
        objection = self._policy.committee_objection(committee, self.key.address, self.url)
        if objection:
            log.warning("committee refused", committee=to_hex(committee.digest), problem=objection)
        return objection is None

    def sign_committee(self, committee: Committee) -> bytes:
        """This node's `Committee` statement: that it is one of these nodes, on these terms.

        Raises:
            Problem: The operator does not allow this committee; says why.
        """
        objection = self._policy.committee_objection(committee, self.key.address, self.url)
        if objection:
            raise Problem(403, "Committee refused", objection)
        domain = self._registries[0].domain
        return self.key.sign(domain.digest(typed_data.COMMITTEE, committee.digest))

    def _forget(self, poll_id: int) -> None:
        """Look at a poll anew: the chain shows none, or another one, under its id."""
        self._again.add(poll_id)
        self._found.pop(poll_id, None)
        if self._polls.pop(poll_id, None) is not None:
            self._workers.pop(poll_id).cancel()
        log.warning("another poll, or none, in this one's place", poll=poll_id)

    async def _start(self, poll: PublishedPoll, row: NodePoll) -> PollService:
        peers = [
            Peer(self._client, self.key, poll.domain, number, member)
            for number, member in enumerate(poll.committee.members, start=1)
            if member.address != self.key.address
        ]
        state = PollState(self._curve, self._store, self._registries, poll, row, self.key, peers)
        service = PollService(state)
        await asyncio.to_thread(service.publication.recheck)
        self._polls[poll.poll_id] = service
        self._workers[poll.poll_id] = asyncio.create_task(service.accepting.work())
        service.state.log.info("serving")
        return service

    async def take_census(self, poll_id: int, data: bytes) -> PollService:
        """Take a poll's census from anyone, check everything, and announce a poll key.

        Args:
            data: The census, followed by the redemptions where the voters are invited.

        Raises:
            Problem: There is no such poll, or this node does not serve it; says why.
        """
        if poll_id in self._polls:
            return self._polls[poll_id]
        await self._discover()
        if poll_id in self._polls:
            return self._polls[poll_id]
        poll = self._found.get(poll_id)
        if poll is None:
            raise Problem(404, "No such poll", f"this node knows no poll {poll_id} of its own")
        view = await asyncio.to_thread(self._registries[0].poll, poll_id)
        if view.poll_context != poll.context:
            self._forget(poll_id)
            raise Problem(409, "Poll replaced", "the chain shows another poll now", "", 1)
        if view.status != Status.CREATED:
            raise Problem(409, "Too late", f"the poll is {view.status.name.lower()}")
        given, redemptions = split_upload(poll, data)
        census = await asyncio.to_thread(Census.decode, given)
        objection = await asyncio.to_thread(
            self._policy.objection, poll, view.creator, census, redemptions, self._electorates
        )
        if objection:
            raise Problem(422, "Poll refused", objection)
        poll_key = PollKey()
        row = NodePoll(
            poll_id=poll_id,
            poll_context=poll.context,
            census=given,
            redemptions=redemptions,
            public_key=poll_key.public_key,
            announcement=self.key.sign(
                poll.domain.digest(typed_data.POLL_KEY, poll.context, node_key(poll_key.public_key))
            ),
            secret_key=poll_key.secret() + system.bytes(SEED_BYTES),
        )
        async with self._starting:
            if poll_id in self._polls:
                return self._polls[poll_id]
            if poll_id not in self._found:
                raise Problem(409, "Poll replaced", "the chain shows another poll now", "", 1)
            known = self._store.poll(poll_id, poll.context)
            if known is None:
                self._store.add_poll(row)
            return await self._start(poll, known or row)

    def poll(self, poll_id: int) -> PollService:
        """A served poll.

        Raises:
            Problem: This node does not serve it.
        """
        service = self._polls.get(poll_id)
        if service is not None:
            return service
        if poll_id in self._found:
            raise Problem(409, "Census missing", "this poll's census was not given to this node")
        raise Problem(404, "No such poll", f"this node serves no poll {poll_id}")

    def polls(self) -> list[dict[str, Any]]:
        """Summaries of all served polls."""
        return [service.publication.summary() for _, service in sorted(self._polls.items())]

    def config(self) -> dict[str, Any]:
        """What a client needs to talk to this node."""
        domain = self._registries[0].domain
        return {
            "chain_id": domain.chain_id,
            "registry": to_hex(domain.registry),
            "node": self.key.address_hex,
            "url": self.url,
            "engine": self._curve.name,
            "head": self.head.number if self.head else None,
        }
