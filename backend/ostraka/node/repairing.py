"""Ask peers for the share of a ballot that came without a good one, and help peers to theirs.

Source: docs/protocol.md §9.3.
"""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from secrets import SystemRandom

from ostraka.keys import seal
from ostraka.node.peers import Peer, PeerError
from ostraka.node.poll_state import PollState
from ostraka.node.repair import Contribution, RepairRequest, contribute, repaired_share
from ostraka.wire.problems import Problem
from ostraka_verifier.errors import AuditError
from ostraka_verifier.sharing import BoxContent

ATTEMPTS = 8
"""Sets of helpers tried for a share before the next tick tries again."""
AT_ONCE = 8
"""Shares repaired at the same time."""
PATIENCE_S = 2
"""How long a tick waits for repairs, which then go on by themselves."""


class Repairing:
    """Repairs starved shares of one poll."""

    def __init__(self, state: PollState) -> None:
        self._state = state
        self._running: dict[bytes, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)

    async def repair_starved(self) -> None:
        """Get a good share of every candidate that came without one."""
        givers = await asyncio.to_thread(self._state.store.receipt_givers, self._state.poll.poll_id)
        versions = await asyncio.to_thread(self._state.store.versions, self._state.poll.poll_id)
        needed = self._state.poll.committee.candidate_receipts
        starved = {one.digest for one in versions if not one.has_share}
        await self._repair(
            {digest: givers[digest] for digest in starved if len(givers.get(digest, ())) >= needed}
        )

    async def repair_leaves(self, digests: Collection[bytes]) -> bool:
        """Whether this node holds a good share of each leaf of a root, after asking for the rest.

        Whoever signed the root holds one, with a receipt or without.
        """
        lacking = await asyncio.to_thread(self._lacking, digests)
        if lacking:
            nodes = [peer.number for peer in self._state.peers]
            await self._repair(dict.fromkeys(lacking, nodes))
            lacking = await asyncio.to_thread(self._lacking, digests)
        return not lacking

    def _lacking(self, digests: Collection[bytes]) -> set[bytes]:
        versions = self._state.store.versions(self._state.poll.poll_id)
        return set(digests) - {one.digest for one in versions if one.has_share}

    async def _repair(self, wanted: Mapping[bytes, Collection[int]]) -> None:
        """Ask for shares, each of some of the nodes named for it, and wait a little."""
        for digest, nodes in wanted.items():
            if digest not in self._running:
                task = asyncio.create_task(self._repair_one(digest, nodes))
                task.add_done_callback(partial(self._done, digest))
                self._running[digest] = task
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=PATIENCE_S)

    def _done(self, digest: bytes, _: asyncio.Task[None]) -> None:
        del self._running[digest]

    async def _repair_one(self, digest: bytes, nodes: Collection[int]) -> None:
        async with self._free:
            try:
                await self._try_helpers(digest, nodes)
            except Exception as error:
                self._state.log.error("repair failed", ballot=digest.hex(), error=repr(error))

    async def _try_helpers(self, digest: bytes, nodes: Collection[int]) -> None:
        """Try sets of helpers until one of them gives the share."""
        stored = await asyncio.to_thread(self._state.store.ballot, self._state.poll.poll_id, digest)
        if stored is None or not stored.boxes or self._state.poll_key is None:
            return
        ballot = self._state.poll.layout.decode(
            self._state.curve, stored.signed[: self._state.poll.layout.size]
        )
        peers = {peer.number: peer for peer in self._state.peers}
        threshold = self._state.poll.committee.threshold
        if len(nodes) < threshold:
            return
        # The quickest first. Then by lot: who lies is not always plain, and of all sets there may
        # be more than can be tried.
        helpers = sorted(nodes, key=lambda node: peers[node].answered_in_s)[:threshold]
        for _ in range(ATTEMPTS):
            request = RepairRequest(
                self._state.poll.context, digest, self._state.node, tuple(sorted(helpers)), 0
            )
            try:
                contributions = await asyncio.gather(
                    *(self._contribution(peers[node], request) for node in request.helpers)
                )
                share = repaired_share(
                    self._state.curve,
                    self._state.admission.key,
                    request,
                    ballot.sharing,
                    dict(zip(request.helpers, contributions, strict=True)),
                    self._state.poll_key,
                    [member.address for member in self._state.poll.committee.members],
                    self._state.poll.domain,
                    self._state.poll.slots,
                )
            except (PeerError, AuditError) as error:
                self._state.log.info("repair", helpers=request.helpers, problem=str(error))
                helpers = SystemRandom().sample(sorted(nodes), threshold)
                continue
            content = BoxContent(self._state.poll.context, ballot.voter, digest, share)
            box = seal(self._state.poll_key.public_key, content.encode())
            await asyncio.to_thread(
                self._state.store.give_share, self._state.poll.poll_id, digest, box
            )
            self._state.log.info("repaired", ballot=digest.hex(), helpers=request.helpers)
            return

    async def _contribution(self, peer: Peer, request: RepairRequest) -> Contribution:
        answer = await peer.post(self._state.path("peer/repair"), request.encode())
        return Contribution.decode(
            answer, self._state.poll.slots, self._state.poll.committee.threshold
        )

    def answer_repair(self, body: bytes, asker: bytes) -> bytes:
        """For a starved node: this node's masked share of a ballot.

        Raises:
            Problem: This node is not frozen, or has no good share to help with.
        """
        self._state.require_frozen()
        committee, poll = self._state.poll.committee, self._state.poll
        target = committee.index_of(asker)
        if target is None:
            raise Problem(403, "Not a peer", "not in this poll's committee")
        request = RepairRequest.decode(body, poll.context, target, poll.nodes, committee.threshold)
        stored = self._state.store.ballot(poll.poll_id, request.ballot_digest)
        opened = self._state.opened()
        if (
            stored is None
            or stored.share_box is None
            or self._state.poll_key is None
            or opened is None
        ):
            raise Problem(409, "No share", "this node has no good share of that ballot")
        if self._state.node not in request.helpers:
            raise Problem(400, "Malformed", "this node is not among the helpers", "helpers")
        ballot = poll.layout.decode(self._state.curve, stored.signed[: poll.layout.size])
        share = self._state.admission.share(ballot, stored.share_box)
        return contribute(
            request,
            self._state.node,
            share,
            self._state.admission.key,
            self._state.poll_key,
            opened.public_keys,
            self._state.key,
            poll.domain,
        ).encode()
