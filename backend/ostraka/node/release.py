"""State the final root once, release one aggregate share, and gather those of peers.

Source: docs/protocol.md §12.
"""

import asyncio
from typing import Any

from ostraka.node import agreement
from ostraka.node.finality import FinalizedRoot
from ostraka.node.peers import Peer
from ostraka.node.phases import Anchored, Anchoring, Releasing
from ostraka.node.poll_progress import PollProgress
from ostraka.node.repair_exchange import RepairExchange
from ostraka.node.served_poll import BACKGROUND_S, ServedPoll, split_digests
from ostraka.node.settling import SettlingRounds
from ostraka.node.shuffle.shuffling import Shuffling
from ostraka.node.store import Conflict
from ostraka.storage.node_tables import (
    FinalStatement,
    ReleasedShare,
    SignedRoot,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import Malformed
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import AggregateCommitments


class Release:
    """States the final root of one poll, and releases and gathers aggregate shares."""

    def __init__(
        self,
        served: ServedPoll,
        progress: PollProgress,
        settling: SettlingRounds,
        repairs: RepairExchange,
        shuffling: Shuffling,
    ) -> None:
        self._served = served
        self._progress = progress
        self._settling = settling
        self._repairs = repairs
        self._shuffling = shuffling
        self._sums: tuple[bytes, AggregateCommitments] | None = None

    async def release(self, phase: Releasing, final: FinalizedRoot) -> None:
        """State the root as final; once `q` nodes did, release this node's share (§12.1, §12.2).

        If ballots are to be opened, nodes shuffle and open them before (§19.2).
        """
        await self.state_final(phase, final)
        await self._served.each_peer("finals", self._read_final)
        if await asyncio.to_thread(phase.is_agreed):
            released = await asyncio.to_thread(self._served.has_released)
            whole = released or await self._repairs.repair_leaves(phase, phase.leaves)
            await self._shuffling.work(phase)
            if (
                whole
                and not released
                and not await asyncio.to_thread(self._shuffling.holds_back, phase)
            ):
                await asyncio.to_thread(phase.release_share, final)
        await self.gather_shares(phase.anchoring)

    async def find_leaves(self, phase: Anchored) -> list[bytes] | None:
        """Return the ballot digests of the anchored root in leaf order, once it has been
        checked."""
        root = phase.anchoring.root
        signed = self._served.signed_root(root)
        if signed is not None:
            return split_digests(signed.leaves)
        # This node did not sign it: get the list from a peer, and check it against the root.
        await self._settling.catch_up(phase)
        offers: list[list[bytes]] = []

        async def read(peer: Peer) -> None:
            digests = split_digests(await peer.get(self._served.path("leaves")))
            if len(digests) != root.count:
                raise Malformed("leaves", f"{len(digests)} for a root over {root.count}")
            offers.append(digests)

        await self._served.each_peer("leaves", read)
        for digests in offers:
            await self._repairs.repair_leaves(phase, digests)
            async with self._progress.lock:
                if await asyncio.to_thread(self._adopt, phase.anchoring, digests):
                    return digests
        return None

    def _adopt(self, anchoring: Anchoring, digests: list[bytes]) -> bool:
        versions = {one.digest: one for one in self._served.store.versions(self._served.poll_id)}
        if any(digest not in versions or not versions[digest].has_share for digest in digests):
            return False
        if self._served.root(digests)[0] != anchoring.root:
            return False
        entries = [agreement.Entry(versions[digest].voter, digest) for digest in digests]
        receipts = self._served.store.receipt_counts(self._served.poll_id)
        for version in agreement.missing(entries, list(versions.values())):
            if receipts.get(version.digest, 0) >= self._served.poll.committee.quorum:
                self._served.log.error(
                    "anchored root omits a recorded ballot", ballot=version.digest.hex()
                )
                return False
        # Stored under a number below 0, as this node signed no root in that round.
        self._served.store.sign_root(
            SignedRoot(
                poll_id=self._served.poll_id,
                round=-1 - anchoring.round,
                root_digest=anchoring.root.digest,
                leaves=b"".join(digests),
                signature=b"",
            )
        )
        return True

    def leaves(self, anchoring: Anchoring) -> bytes:
        """Return the ballot digests of the anchored root in leaf order.

        Raises:
            Problem: This node does not have all of it.
        """
        signed = self._served.signed_root(anchoring.root)
        if signed is None:
            raise Problem(
                ProblemType.NOT_SETTLED, "this node has no anchored root", retry_after_s=2
            )
        return signed.leaves

    async def state_final(self, phase: Releasing, final: FinalizedRoot) -> None:
        """Sign this node's only `Final`, unless it may have signed another one before."""
        if phase.own_final() is not None:
            return
        # A database restored from a backup may lack an earlier `Final`; peers have it. Without
        # the answers of enough peers, sign nothing.
        answered = 1 + await self._served.each_peer("finals", self._read_final)
        if self._served.may_have_stated_final:
            return
        if answered >= self._served.poll.committee.quorum and phase.own_final() is None:
            await asyncio.to_thread(phase.sign_final, final)

    def finals(self) -> list[dict[str, Any]]:
        """Return all known `Final` statements."""
        return [
            {
                "node": one.node,
                "root_digest": to_hex(one.root_digest),
                "signature": to_hex(one.signature),
            }
            for one in self._served.store.finals(self._served.poll_id)
        ]

    async def _read_final(self, peer: Peer) -> None:
        answer = await peer.get_json(self._served.path("finals"))
        if not isinstance(answer, list):
            raise Malformed("finals", "not a list")
        for one in answer[: self._served.poll.nodes]:
            node, member = self._served.member(one)
            digest = from_hex(one.get("root_digest"), "root_digest")
            signature = from_hex(one.get("signature"), "signature")
            self._served.require_signer(
                member, signature, typed_data.FINAL, self._served.poll.context, digest
            )
            statement = FinalStatement(
                poll_id=self._served.poll_id,
                node=node,
                root_digest=digest,
                signature=signature,
            )
            try:
                await asyncio.to_thread(self._served.store.add_final, statement)
            except Conflict as conflict:
                # The node that signed both lies, not the peer that shows one of them.
                self._served.log.error("two finals of one node", problem=str(conflict))

    def shares(self) -> list[dict[str, Any]]:
        """Return all known aggregate shares; empty before release."""
        return [
            {"node": one.node, "share": to_hex(one.share), "signature": to_hex(one.signature)}
            for one in self._served.store.shares(self._served.poll_id)
        ]

    def has_all_shares(self, anchoring: Anchoring) -> bool:
        """Whether no peer has a share that this node could still gather."""
        known = self._served.store.shares(self._served.poll_id)
        signed = self._served.signed_root(anchoring.root)
        return len(known) == self._served.poll.nodes or signed is None

    async def gather_shares(self, anchoring: Anchoring) -> None:
        """Store the good shares of peers, if this node knows the leaves."""
        root = anchoring.root
        known = {one.node for one in self._served.store.shares(self._served.poll_id)}
        signed = self._served.signed_root(root)
        if len(known) == self._served.poll.nodes or signed is None:
            return
        sums = await asyncio.to_thread(self._sums_of, signed)

        async def read(peer: Peer) -> None:
            if peer.number in known:
                return
            listed = await peer.get_json(self._served.path("shares"))
            if not isinstance(listed, list):
                raise Malformed("shares", "not a list")
            for one in listed[: self._served.poll.nodes]:
                node, member = self._served.member(one)
                if node != peer.number:
                    continue
                reader = Reader(from_hex(one.get("share"), "share"), "share")
                share = Share.read(reader, self._served.poll.slots, f"node {node}")
                reader.end()
                signature = from_hex(one.get("signature"), "signature")
                self._served.require_signer(
                    member, signature, *self._served.share_statement(root, node, share)
                )
                sums.verify_share(self._served.curve, self._served.commitment_key, node, share)
                self._served.store.add_share(
                    ReleasedShare(
                        poll_id=self._served.poll_id,
                        node=node,
                        share=share.encode(),
                        signature=signature,
                    )
                )

        await self._served.each_peer("shares", read, BACKGROUND_S)

    def _sums_of(self, signed: SignedRoot) -> AggregateCommitments:
        """Return the sums that the shares of a root open; cached for the latest root."""
        if self._sums is None or self._sums[0] != signed.root_digest:
            _, pairs = self._served.root(split_digests(signed.leaves))
            ballots = [ballot for ballot, _ in pairs]
            weights = self._served.weights(ballots)
            threshold = self._served.poll.committee.threshold
            sums = AggregateCommitments.of(self._served.curve, ballots, weights, threshold)
            self._sums = signed.root_digest, sums
        return self._sums[1]
