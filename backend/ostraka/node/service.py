"""A whole node: finds the polls that it should serve, and runs each of them."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.published import read_published
from ostraka.chain.registry import PollView, Registry, Status
from ostraka.chain.threads import in_chain_thread
from ostraka.clock import unix_now
from ostraka.keys import SigningKey
from ostraka.node.announcing import announced_poll
from ostraka.node.board_files import BoardFiles
from ostraka.node.census_uploads import CensusUploads
from ostraka.node.electorate import ElectorateReader, check_size
from ostraka.node.head_watch import HeadWatch
from ostraka.node.late_polls import LatePolls
from ostraka.node.load import NodeLoad
from ostraka.node.observation import Observation
from ostraka.node.peers import peers_of
from ostraka.node.phases import Destroyed, resume
from ostraka.node.policy import Policy
from ostraka.node.poll_secrets import LostSecret, PollSecrets
from ostraka.node.poll_service import PollService, Sighting
from ostraka.node.rebuild import Rebuild, may_be_final, may_have_ballots
from ostraka.node.served_poll import ServedPoll
from ostraka.node.store import Conflict, NodeStore
from ostraka.randomness import system
from ostraka.sealing import SEED_BYTES, PollKey
from ostraka.storage.node_tables import NodePoll
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.health import Sight
from ostraka.wire.peer_auth import PeerRequests
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError
from ostraka_verifier.parameters import Committee
from ostraka_verifier.published import PublishedPoll

log = structlog.get_logger()

TICK_S = 0.5
_LATEST_AGAIN_S = 60
_FAILED_AGAIN_S = 3


@dataclass(frozen=True)
class _Again:
    """When to check a poll again, in seconds of the monotonic clock."""

    at_monotonic_s: float = 0
    pause_s: float = 1

    def later(self) -> "_Again":
        """Double the pause each time, as strangers create polls, too."""
        pause_s = min(2 * self.pause_s, _LATEST_AGAIN_S)
        return _Again(time.monotonic() + self.pause_s, pause_s)


class NodeService:
    """One tallying node with all its polls."""

    def __init__(
        self,
        curve: Curve,
        store: NodeStore,
        secrets: PollSecrets,
        registries: Sequence[Registry],
        key: SigningKey,
        url: str,
        policy: Policy,
        electorates: ElectorateReader,
        client: httpx.AsyncClient,
        boards: BoardFiles,
    ) -> None:
        """Args:
        registries: The same registry through independent providers: the first for everything,
            all of them for facts that must be final.
            url: This node's URL, as registered with its committees.
            electorates: Reads electorates from the chain.
        """
        self.boards = boards
        self.key = key
        self.url = url
        self._curve = curve
        self._store = store
        self._secrets = secrets
        self._registries = registries
        self._policy = policy
        self._uploads = CensusUploads(registries[0], policy, electorates)
        self._client = client
        rebuild = Rebuild(curve, store, secrets, registries, key, electorates, client)
        self._late = LatePolls(rebuild, store, secrets, registries)
        self.requests = PeerRequests(registries[0].domain, key.address, unix_now())
        self._found: dict[int, PublishedPoll] = {}
        self._polls: dict[int, PollService] = {}
        self._lost: set[int] = set()
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._ticking: dict[int, asyncio.Task[None]] = {}
        self._seen = 0
        self._highest = 0
        self._again: dict[int, _Again] = {}
        # Two services of one poll would have two locks, and could announce two poll keys.
        self._starting = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        self._looked_at_monotonic_s = 0.0
        self._watch = HeadWatch(registries[0], self._see)
        self._news = asyncio.Event()
        self._discovering: asyncio.Task[None] | None = None
        self._discover_at_monotonic_s = 0.0
        self.head: Head | None = None

    async def run(self) -> None:
        """Run all polls until cancelled. A call that hangs delays only what needs its answer."""
        while True:
            # Otherwise the node is at rest. A census that arrives makes it look for its poll.
            waiting = self.head is None or any(one.needs_blocks for one in self._polls.values())
            self._watch.ask_if_due(waiting=waiting)
            self._discover_if_due()
            self._work()
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), TICK_S)

    async def tick(self) -> None:
        """See the newest block and its polls, and let each poll do what is due.

        Raises:
            ChainError: The chain cannot be reached.
        """
        head = await self._watch.ask()
        if self._has_news(head):
            await self._discover(head)
        self.head = head
        self._work()

    def _see(self, head: Head) -> None:
        for service in self._polls.values():
            service.see(head)
        self._news.set()

    def _work(self) -> None:
        """Let each poll do what is due."""
        for poll_id, service in self._polls.items():
            # Concurrently: a poll that waits for its peers must not delay the others.
            if poll_id not in self._ticking and not service.is_over:
                self._ticking[poll_id] = asyncio.create_task(self._tick_poll(service))

    def _has_news(self, head: Head) -> bool:
        """Whether there may be polls to find: the same block has nothing new."""
        return self.head is None or head.hash != self.head.hash or bool(self._due())

    def _discover_if_due(self) -> None:
        head = self._watch.newest
        if (
            head is not None
            and self._discovering is None
            and time.monotonic() >= self._discover_at_monotonic_s
            and self._has_news(head)
        ):
            self._discovering = asyncio.create_task(self._discover_and_log(head))

    async def _discover_and_log(self, head: Head) -> None:
        try:
            await self._discover(head)
            # Set only now: from here on the node answers for every poll that it serves.
            self.head = head
            return
        except ChainError as error:
            log.warning("chain unreachable", problem=str(error))
        except Exception:
            log.exception("polls not looked for")
        finally:
            self._discovering = None
        self._discover_at_monotonic_s = time.monotonic() + _FAILED_AGAIN_S

    async def _tick_poll(self, service: PollService) -> None:
        try:
            if await service.tick() is Sighting.ANOTHER_POLL:
                self._forget(service.served.poll_id)
        except (AuditError, Problem, Conflict, ChainError) as error:
            service.served.log.warning("tick", problem=str(error))
        except Exception:
            # One poll's failure must not stop the others, or the receipts of this one.
            service.served.log.exception("tick failed")
        finally:
            del self._ticking[service.served.poll_id]

    async def _discover(self, head: Head) -> None:
        async with self._starting:
            await self._discover_next(head)

    async def _discover_next(self, head: Head) -> None:
        # At that block: a replica that has not seen it fails instead of giving an older number.
        count = await in_chain_thread(self._registries[0].poll_count, head.number)
        if head.number >= self._highest:
            # Before finality, a reorganization may remove or replace a poll. But a head below an
            # earlier one is most likely of a replica that lags behind.
            self._highest = head.number
            for poll_id in range(count + 1, self._seen + 1):
                self._forget(poll_id)
            self._seen = min(self._seen, count)
        asked = [*self._due(), *range(self._seen + 1, count + 1)]
        final = await in_chain_thread(self._final_count) if asked else 0
        for poll_id in asked:
            answered = await self._look_at(poll_id)
            if answered and (poll_id in self._found or poll_id <= final):
                self._again.pop(poll_id, None)
            else:
                # Missing data may still arrive, and a poll that is not final may be replaced.
                self._again[poll_id] = self._again.get(poll_id, _Again()).later()
            self._seen = max(self._seen, poll_id)

    async def _look_at(self, poll_id: int) -> bool:
        """Serve a poll if it is this node's; return False if it is to be looked at again."""
        try:
            poll = await in_chain_thread(read_published, self._registries[0], poll_id)
        except AuditError as error:
            log.warning("poll refused", poll=poll_id, problem=str(error))
            return True
        if poll is None:
            log.warning("poll not shown", poll=poll_id)
            return False
        row = await self._late.row(poll)
        if self._joins(poll.committee) or (row is not None and await self._is_begun(poll_id)):
            self._found[poll_id] = poll
            if row is not None and poll_id not in self._polls:
                await self._start_again(poll, row)
        return not self._late.is_late(poll)

    def _due(self) -> list[int]:
        """Return the polls that are due for another check."""
        now_monotonic_s = time.monotonic()
        return sorted(
            poll_id
            for poll_id, again in self._again.items()
            if poll_id <= self._seen and again.at_monotonic_s <= now_monotonic_s
        )

    def _final_count(self) -> int:
        """Return the number of final polls; 0 if the provider knows no final block."""
        try:
            return self._registries[0].poll_count(self._registries[0].head("finalized").number)
        except ChainError as error:
            log.debug("no final block", problem=str(error))
            return 0

    def _joins(self, committee: Committee) -> bool:
        """Whether the operator allows this node to join a poll's committee."""
        if committee.index_of(self.key.address) is None:
            return False
        objection = self._policy.committee_objection(committee, self.key.address, self.url)
        if objection:
            log.warning("committee refused", committee=to_hex(committee.digest), problem=objection)
        return objection is None

    async def _is_begun(self, poll_id: int) -> bool:
        """Whether voters may have sealed shares to this node: it serves such a poll to the end, and
        destroys its key, even if the operator would not allow the committee now."""
        view = await in_chain_thread(self._registries[0].poll, poll_id)
        return view.status not in (Status.NONE, Status.CREATED)

    def sign_committee(self, committee: Committee) -> bytes:
        """Return this node's `Committee` statement: it joins these nodes, with these bounds.

        Raises:
            Problem: The operator does not allow this committee; states why.
        """
        objection = self._policy.committee_objection(committee, self.key.address, self.url)
        if objection:
            raise Problem(ProblemType.COMMITTEE_REJECTED, objection)
        domain = self._registries[0].domain
        return self.key.sign(domain.digest(typed_data.COMMITTEE, committee.digest))

    def _forget(self, poll_id: int) -> None:
        """Start over with an id for which the chain shows no poll, or another one."""
        self._again[poll_id] = _Again()
        self._found.pop(poll_id, None)
        self._lost.discard(poll_id)
        if self._polls.pop(poll_id, None) is not None:
            self._workers.pop(poll_id).cancel()
        log.warning("poll removed or replaced", poll=poll_id)

    async def _start_again(self, poll: PublishedPoll, row: NodePoll) -> None:
        """Start a stored poll; if its secret is lost, log that, and do not serve it."""
        try:
            service = await self._start(poll, row)
        except LostSecret as error:
            self._lose(poll.poll_id, error)
            return
        if isinstance(service.phase, Destroyed):
            # In case the node stopped while it destroyed the key.
            await asyncio.to_thread(service.phase.erase)

    async def _start(self, poll: PublishedPoll, row: NodePoll) -> PollService:
        # This reads the census again.
        served = await asyncio.to_thread(
            ServedPoll,
            self._curve,
            self._store,
            self._secrets,
            self._registries,
            poll,
            row,
            self.key,
            peers_of(self._client, self.key, poll),
        )
        observed = await self._observe(poll)
        phase = await asyncio.to_thread(resume, served, row, observed)
        service = PollService(served, phase, observed, self._policy.checkpoint_s)
        await asyncio.to_thread(service.recheck)
        self._polls[poll.poll_id] = service
        self._workers[poll.poll_id] = asyncio.create_task(service.accepting.work())
        service.served.log.info("serving")
        return service

    async def _observe(self, poll: PublishedPoll) -> Observation:
        """Return the current observation of the chain.

        Raises:
            ChainError: The provider does not show the poll; a retry may help.
        """
        registry = self._registries[0]
        head = await in_chain_thread(registry.head)
        view = await in_chain_thread(registry.poll, poll.poll_id, head.number)
        if view.poll_context != poll.context:
            raise ChainError(f"poll {poll.poll_id}: not shown at block {head.number}")
        return Observation(head, view)

    async def check_census(self, poll_id: int, header: str, size: int) -> None:
        """Check that a census may be uploaded, before its bytes are read.

        Args:
            header: The uploader's header (`census_upload`).
            size: Declared length; 0 if none is declared.

        Raises:
            Problem: It may not; states why.
        """
        if poll_id in self._polls:
            return
        # Strangers must not cause requests to the chain.
        CensusUpload.decode(header)
        poll, view = await self._awaiting_census(poll_id)
        await self._uploads.check(poll, view, header)
        if size:
            check_size(poll, size)

    async def _awaiting_census(self, poll_id: int) -> tuple[PublishedPoll, PollView]:
        """Return a poll that waits for its census, and its state."""
        self._require_secret(poll_id)
        if poll_id not in self._found and (poll_id > self._seen or poll_id in self._again):
            await self._look_together()
        poll = self._found.get(poll_id)
        if poll is None:
            detail = f"this node is not to serve poll {poll_id}"
            raise Problem(ProblemType.NO_SUCH_POLL, detail, "poll")
        view = await in_chain_thread(self._registries[0].poll, poll_id)
        if view.poll_context != poll.context:
            self._forget(poll_id)
            raise Problem(ProblemType.POLL_REPLACED, "the chain shows another poll now", "", 1)
        if view.status != Status.CREATED:
            raise Problem(ProblemType.TOO_LATE, f"the poll is {view.status.name.lower()}")
        return poll, view

    async def _look_together(self) -> None:
        """Share one look at the chain between concurrent requests, as strangers can ask, too."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_soon())
        await asyncio.shield(self._looking)

    async def _look_soon(self) -> None:
        await asyncio.sleep(max(0, self._looked_at_monotonic_s + TICK_S - time.monotonic()))
        self._looked_at_monotonic_s = time.monotonic()
        # Later requests may concern blocks that are mined only now.
        self._looking = None
        await self._discover(await in_chain_thread(self._registries[0].head))

    async def take_census(self, poll_id: int, header: str, data: bytes) -> PollService:
        """Accept a poll's census, check everything, and announce a poll key.

        Args:
            header: The uploader's header (`census_upload`).
            data: The census, followed by the redemptions if the voters are invited.

        Raises:
            Problem: The poll does not exist, or this node does not serve it; states why.
        """
        if poll_id in self._polls:
            return self._polls[poll_id]
        poll, view = await self._awaiting_census(poll_id)
        upload = await self._uploads.check(poll, view, header)
        await self._uploads.judge(poll, view, upload, data)
        async with self._starting:
            if poll_id in self._polls:
                return self._polls[poll_id]
            if poll_id not in self._found:
                raise Problem(ProblemType.POLL_REPLACED, "the chain shows another poll now", "", 1)
            try:
                row = await asyncio.to_thread(self._announced, poll, data)
                return await self._start(poll, row)
            except LostSecret as error:
                self._lose(poll_id, error)
                raise self._no_secret() from None

    def _announced(self, poll: PublishedPoll, upload: bytes) -> NodePoll:
        """Store a poll with this node's announcement of its key, and return it.

        Raises:
            LostSecret: An earlier secret of the poll exists, and cannot be decrypted.
        """
        known = self._store.poll(poll.poll_id, poll.context)
        if known is not None:
            return known
        announced_before = poll.context in self._secrets.contexts()
        # On the disk before the announcement is signed: voters seal to the announced key.
        # Secret of the poll key, and secret from which seeds of repairs are derived (§4.3).
        secret = self._secrets.keep(poll.context, system.bytes(2 * SEED_BYTES))
        poll_key = PollKey(secret[:SEED_BYTES])
        row = announced_poll(poll, upload, poll_key.public_key, self.key)
        identity = self._store.identity()
        lost_at = None if identity is None else identity.rebuilt_at_unix_s
        if announced_before and lost_at is not None:
            # The chain's view alone, which may lag behind, must not allow new statements.
            row.rebuilt = may_have_ballots(poll, lost_at)
            row.may_have_stated_final = may_be_final(poll, lost_at)
        self._store.add_poll(row)
        return row

    def _lose(self, poll_id: int, error: LostSecret) -> None:
        self._lost.add(poll_id)
        log.error("poll not served", poll=poll_id, problem=str(error))

    def _require_secret(self, poll_id: int) -> None:
        if poll_id in self._lost:
            raise self._no_secret()

    def _no_secret(self) -> Problem:
        detail = "this node has lost its secret of the poll, and cannot replace it"
        return Problem(ProblemType.POLL_SECRET_LOST, detail)

    def poll(self, poll_id: int) -> PollService:
        """Return a served poll.

        Raises:
            Problem: This node does not serve it.
        """
        service = self._polls.get(poll_id)
        if service is not None:
            return service
        self._require_secret(poll_id)
        if poll_id in self._found:
            raise Problem(
                ProblemType.CENSUS_UNKNOWN, "this poll's census was not uploaded to this node"
            )
        raise Problem(ProblemType.NO_SUCH_POLL, f"this node does not serve poll {poll_id}", "poll")

    def polls(self) -> list[dict[str, Any]]:
        """Return summaries of all served polls."""
        return [service.publication.summary() for _, service in sorted(self._polls.items())]

    @property
    def sight(self) -> Sight | None:
        """The chain as this node has read it last; None before the first time."""
        head, read_at_monotonic_s = self.head, time.monotonic() - self._watch.age_s
        return Sight(head.number, head.timestamp, read_at_monotonic_s) if head else None

    def ping(self) -> None:
        """Ask the database for something; raises an exception if it does not answer."""
        self._store.ping()

    def load(self) -> NodeLoad:
        """Return what this node is doing now, as numbers."""
        return NodeLoad.of(self._polls.values(), len(self._lost))

    def config(self) -> dict[str, Any]:
        """Return chain, registry, and this node's address and registration."""
        domain = self._registries[0].domain
        return {
            "chain_id": domain.chain_id,
            "registry": to_hex(domain.registry),
            "node": self.key.address_hex,
            "url": self.url,
            "engine": self._curve.name,
            "head": self.head.number if self.head else None,
            "head_age_s": round(self._watch.age_s),
        }
