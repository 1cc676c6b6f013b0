"""Ask peers for the share of a ballot that came without a good one, and help peers to theirs.

Source: docs/protocol.md §9.3.
"""

import asyncio
from collections.abc import Sequence
from itertools import combinations

from ostraka.keys import seal
from ostraka.node.peers import Peer, PeerError
from ostraka.node.poll_state import PollState
from ostraka.node.repair import Contribution, RepairRequest, contribute, repaired_share
from ostraka.wire.problems import Problem
from ostraka_verifier.errors import AuditError
from ostraka_verifier.sharing import BoxContent


class Repairing:
    """Repairs starved shares of one poll."""

    def __init__(self, state: PollState) -> None:
        self._state = state

    async def repair_starved(self) -> None:
        """Get a good share of every candidate that came without one."""
        givers = await asyncio.to_thread(self._state.store.receipt_givers, self._state.poll.poll_id)
        needed = self._state.poll.committee.candidate_receipts
        for version in await asyncio.to_thread(
            self._state.store.versions, self._state.poll.poll_id
        ):
            nodes = sorted(givers.get(version.digest, ()))
            if not version.has_share and len(nodes) >= needed:
                await self._repair(version.digest, nodes)

    async def _repair(self, digest: bytes, nodes: Sequence[int]) -> None:
        """Try sets of helpers until one of them gives the share."""
        stored = self._state.store.ballot(self._state.poll.poll_id, digest)
        if stored is None or self._state.poll_key is None:
            return
        ballot = self._state.poll.layout.decode(
            self._state.curve, stored.record[: self._state.poll.layout.size]
        )
        peers = {peer.number: peer for peer in self._state.peers}
        for helpers in combinations(nodes, self._state.poll.committee.threshold):
            request = RepairRequest(self._state.poll.context, digest, self._state.node, helpers, 0)
            try:
                answers = dict(
                    zip(
                        helpers,
                        await asyncio.gather(
                            *(self._contribution(peers[node], request) for node in helpers)
                        ),
                        strict=True,
                    )
                )
                share = repaired_share(
                    self._state.curve,
                    self._state.admission.key,
                    request,
                    ballot.sharing,
                    answers,
                    self._state.poll_key,
                    [member.address for member in self._state.poll.committee.members],
                    self._state.poll.domain,
                    self._state.poll.slots,
                )
            except (PeerError, AuditError) as error:
                self._state.log.info("repair", helpers=helpers, problem=str(error))
                continue
            content = BoxContent(self._state.poll.context, ballot.voter, digest, share)
            box = seal(self._state.poll_key.public_key, content.encode())
            await asyncio.to_thread(
                self._state.store.give_share, self._state.poll.poll_id, digest, box
            )
            self._state.log.info("repaired", ballot=digest.hex(), helpers=helpers)
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
        opened = self._state.registries[0].opened(poll.poll_id)
        if (
            stored is None
            or stored.share_box is None
            or self._state.poll_key is None
            or opened is None
        ):
            raise Problem(409, "No share", "this node has no good share of that ballot")
        if self._state.node not in request.helpers:
            raise Problem(400, "Malformed", "this node is not among the helpers", "helpers")
        ballot = poll.layout.decode(self._state.curve, stored.record[: poll.layout.size])
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
