"""Build a node's store again from its secrets, the chain, and the other nodes' boards.

What comes back: each poll whose secret this node still has, its census and, while peers keep them,
its ballots with this node's own shares. What does not: receipts, inventories, roots and `Final`
statements that the node signed. It therefore takes no part in settling a poll that was open, and
states no `Final` where it may have stated one: to these polls it is one of the `f` nodes that may
fail. It still helps with shares of an anchored root.

Every step can be repeated, so an interrupted rebuild continues.

Source: docs/protocol.md §4.3, §10, §12.1.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import httpx

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.published import read_published
from ostraka.chain.registry import PollView, Registry, Status
from ostraka.clock import unix_now
from ostraka.keys import SigningKey
from ostraka.node.announcing import announced_poll
from ostraka.node.electorate import ElectorateReader, electorate_objection
from ostraka.node.observation import Observation
from ostraka.node.peers import PeerError, peers_of
from ostraka.node.phases import resume
from ostraka.node.poll_secrets import LostSecret, PollSecrets
from ostraka.node.poll_service import PollService
from ostraka.node.served_poll import ServedPoll
from ostraka.node.store import NodeStore
from ostraka.sealing import SEED_BYTES, PollKey
from ostraka.storage.node_tables import NodePoll
from ostraka.wire.problems import Problem
from ostraka_verifier.board import Board
from ostraka_verifier.census import Census
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.units import UnixSeconds

MARGIN_S = 3600
"""A poll counts as open, and a root as final, this much before it can be: clocks and providers may
be late."""


class Outcome(Enum):
    """What a rebuild did about a poll."""

    BUILT = auto()
    """It is in the store again."""
    NOT_OPEN = auto()
    """Its creator sends its census again. If ballots were possible by time alone, the node still
    counts it as a poll that was open (`NodeService`)."""
    NO_SECRET = auto()
    """Its secret cannot be read; the node never serves it again."""
    NO_CENSUS = auto()
    """No other node gave its census; to be tried again."""
    LEFT_OUT = auto()
    """The operator wants it so."""


@dataclass(frozen=True)
class PollReport:
    """What a rebuild did about one poll.

    Attributes:
        ballots: Ballots in the store.
        detail: Reasons, one line.
    """

    poll_id: int
    outcome: Outcome
    ballots: int = 0
    detail: str = ""


class Rebuild:
    """Rebuilds the store of one node."""

    def __init__(
        self,
        curve: Curve,
        store: NodeStore,
        secrets: PollSecrets,
        registries: Sequence[Registry],
        key: SigningKey,
        electorates: ElectorateReader,
        client: httpx.AsyncClient,
    ) -> None:
        self._curve = curve
        self._store = store
        self._secrets = secrets
        self._registries = registries
        self._key = key
        self._electorates = electorates
        self._client = client

    def polls(self) -> list[int]:
        """Return the polls of which this node has a secret, as far as the provider shows them.

        Raises:
            ChainError: The chain cannot be reached.
        """
        registry, contexts = self._registries[0], set(self._secrets.contexts())
        count = registry.poll_count() if contexts else 0
        return [
            poll_id
            for poll_id in range(1, count + 1)
            if registry.poll(poll_id).poll_context in contexts
        ]

    def now(self) -> UnixSeconds:
        """Return the time by the latest of the clocks of this machine and the chain.

        Raises:
            ChainError: The chain cannot be reached.
        """
        return latest([registry.head() for registry in self._registries])

    async def poll(self, poll_id: int) -> PollReport:
        """Build one poll again.

        Raises:
            ChainError: The chain cannot be reached, or its providers disagree.
        """
        published = await asyncio.to_thread(read_published, self._registries[0], poll_id)
        if published is None:
            raise ChainError(f"poll {poll_id}: the provider does not show all of it")
        heads, views = await asyncio.to_thread(self._look, published)
        if all(view.status is Status.CREATED for view in views):
            return PollReport(poll_id, Outcome.NOT_OPEN)
        row = self._store.poll(poll_id, published.context)
        if row is None:
            try:
                secret = self._secrets.read(published.context)
            except LostSecret as error:
                return PollReport(poll_id, Outcome.NO_SECRET, detail=str(error))
            public_key = PollKey(secret[:SEED_BYTES]).public_key
            row, detail = await self._row(published, views[0], public_key)
            if row is None:
                return PollReport(poll_id, Outcome.NO_CENSUS, detail=detail)
            row.rebuilt = True
            row.may_have_stated_final = may_be_final(published, latest(heads))
            self._store.restore_poll(row)
        ballots, detail = await self._pull(published, row, Observation(heads[0], views[0]))
        return PollReport(poll_id, Outcome.BUILT, ballots, detail)

    def _look(self, poll: PublishedPoll) -> tuple[list[Head], list[PollView]]:
        heads = [registry.head() for registry in self._registries]
        views = [
            registry.poll(poll.poll_id, head.number)
            for registry, head in zip(self._registries, heads, strict=True)
        ]
        if any(view.poll_context != poll.context for view in views):
            raise ChainError(f"poll {poll.poll_id}: the providers show different polls")
        return heads, views

    async def _row(
        self, poll: PublishedPoll, view: PollView, public_key: bytes
    ) -> tuple[NodePoll | None, str]:
        """Return the poll's row with a census from a peer's board; or None, and why."""
        problems = []
        for peer in peers_of(self._client, self._key, poll):
            try:
                content = await peer.get(f"/api/v1/polls/{poll.poll_id}/board")
                board = Board.decode(content, poll.layout.size, poll.slots)
                census = Census.decode(board.census)
                # A lying peer must not choose who may vote.
                if census.root != poll.parameters.census_root:
                    raise PeerError(f"node {peer.number}: its board has another census")
                objection = await asyncio.to_thread(
                    electorate_objection,
                    poll,
                    view.creator,
                    census,
                    board.redemptions,
                    self._electorates,
                )
                if objection is not None:
                    raise PeerError(f"node {peer.number}: {objection}")
                upload = board.census + (board.redemptions or b"")
                return announced_poll(poll, upload, public_key, self._key), ""
            except (PeerError, AuditError, Problem) as error:
                problems.append(str(error))
        return None, "; ".join(problems)

    async def _pull(
        self, poll: PublishedPoll, row: NodePoll, observed: Observation
    ) -> tuple[int, str]:
        """Fetch all ballots of all peers; return the number of stored ones, and what failed."""
        served = ServedPoll(
            self._curve,
            self._store,
            self._secrets,
            self._registries,
            poll,
            row,
            self._key,
            peers_of(self._client, self._key, poll),
        )
        service = PollService(served, resume(served, row, observed), observed)
        problems = []
        for peer in served.peers:
            try:
                before = -1
                # Each time at most some pages.
                while (held := len(self._store.versions(poll.poll_id))) > before:
                    before = held
                    await service.accepting.pull(peer)
            except (PeerError, AuditError) as error:
                problems.append(str(error))
        return len(self._store.versions(poll.poll_id)), "; ".join(problems)


def latest(heads: Sequence[Head]) -> UnixSeconds:
    """Return the time by the latest of all clocks."""
    return max(unix_now(), *(head.timestamp for head in heads))


def may_have_ballots(poll: PublishedPoll, now: UnixSeconds) -> bool:
    """Whether a node may have signed receipts of a poll, by time alone.

    No provider is asked for the poll's state, as it may lag behind, or a reorganization may have
    undone the opening.
    """
    return now + MARGIN_S >= poll.parameters.opens_at


def may_be_final(poll: PublishedPoll, now: UnixSeconds) -> bool:
    """Whether a node may have stated a poll's root as final, by time alone, too."""
    parameters = poll.parameters
    return now + MARGIN_S >= parameters.freezes_at + parameters.dispute_window
