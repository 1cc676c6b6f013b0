"""State once which root is final, release one aggregate share, destroy the poll key.

Source: docs/protocol.md §12.
"""

import asyncio
from typing import Any

from ostraka.chain.registry import PollView, Status
from ostraka.node import agreement
from ostraka.node.peers import Peer
from ostraka.node.poll_state import BACKGROUND_S, PollState, split_digests
from ostraka.node.repair_exchange import Repairing
from ostraka.node.settling import Settlement
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
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import AggregateCommitments, aggregate


class Release:
    """Releases the aggregate share of one poll."""

    def __init__(self, state: PollState, settlement: Settlement, repairing: Repairing) -> None:
        self._state = state
        self._settlement = settlement
        self._repairing = repairing
        self._sums: tuple[bytes, AggregateCommitments] | None = None

    async def release(self, view: PollView) -> None:
        final = await asyncio.to_thread(self._finalized_root)
        if final is None or final != view.root:
            return
        if self._own_final() is None:
            digests = await self._leaves_of(view, final)
            if digests is None:
                return
            await self._state_final(final)
        await self._state.each_peer("finals", self._read_final)
        agreeing = [
            one
            for one in self._state.store.finals(self._state.poll.poll_id)
            if one.root_digest == final.digest
        ]
        mine = self._own_final()
        quorum = self._state.poll.committee.quorum
        if mine is not None and mine.root_digest == final.digest and len(agreeing) >= quorum:
            released = {one.node for one in self._state.store.shares(self._state.poll.poll_id)}
            if self._state.node not in released and await self._repairing.repair_leaves(
                split_digests(self.leaves())
            ):
                await asyncio.to_thread(self._release_share, final)
        await self.gather_shares(view)

    def _finalized_root(self) -> SumRoot | None:
        """The anchored root, if every provider shows it as releasable on a finalized block."""
        roots = set()
        for registry in self._state.registries:
            block = registry.head("finalized").number
            view = registry.poll(self._state.poll.poll_id, block)
            # A contested root may still be rejected, and `Final` is said once.
            if view.contested or view.status not in (Status.RELEASABLE, Status.TALLIED):
                return None
            roots.add(view.root)
        if len(roots) != 1:
            self._state.log.error("providers disagree about the anchored root")
            return None
        return roots.pop()

    async def _leaves_of(self, view: PollView, root: SumRoot) -> list[bytes] | None:
        """Ballot digests of an anchored root in leaf order, once this node can stand for it."""
        signed = self._state.signed_root(root)
        if signed is not None:
            return split_digests(signed.leaves)
        # Not asked or not there when it was settled: take the list from a peer, believe the root.
        await self._settlement.catch_up()
        offers: list[list[bytes]] = []

        async def read(peer: Peer) -> None:
            digests = split_digests(await peer.get(self._state.path("leaves")))
            if len(digests) != root.count:
                raise Malformed(f"leaves: {len(digests)} for a root over {root.count}")
            offers.append(digests)

        await self._state.each_peer("leaves", read)
        for digests in offers:
            await self._repairing.repair_leaves(digests)
            async with self._state.lock:
                if await asyncio.to_thread(self._adopt, view.round, root, digests):
                    return digests
        return None

    def _adopt(self, number: int, root: SumRoot, digests: list[bytes]) -> bool:
        versions = {one.digest: one for one in self._state.store.versions(self._state.poll.poll_id)}
        if any(digest not in versions or not versions[digest].has_share for digest in digests):
            return False
        if self._state.root(digests)[0] != root:
            return False
        entries = [agreement.Entry(versions[digest].voter, digest) for digest in digests]
        receipts = self._state.store.receipt_counts(self._state.poll.poll_id)
        for version in agreement.missing(entries, list(versions.values())):
            if receipts.get(version.digest, 0) >= self._state.poll.committee.quorum:
                self._state.log.error(
                    "anchored root omits a recorded ballot", ballot=version.digest.hex()
                )
                return False
        # Recorded under a number of its own, below 0: this node signed no root in that round.
        self._state.store.sign_root(
            SignedRoot(
                poll_id=self._state.poll.poll_id,
                round=-1 - number,
                root_digest=root.digest,
                leaves=b"".join(digests),
                signature=b"",
            )
        )
        return True

    def leaves(self) -> bytes:
        """Ballot digests of the anchored root in leaf order.

        Raises:
            Problem: There is no anchored root, or this node does not hold all of it.
        """
        view = self._state.view
        signed = (
            self._state.signed_root(view.root) if view is not None and view.anchored_at else None
        )
        if signed is None:
            raise Problem(
                ProblemType.NOT_SETTLED, "this node holds no anchored root", retry_after_s=2
            )
        return signed.leaves

    def _own_final(self) -> FinalStatement | None:
        return next(
            (
                one
                for one in self._state.store.finals(self._state.poll.poll_id)
                if one.node == self._state.node
            ),
            None,
        )

    async def _state_final(self, root: SumRoot) -> None:
        """Sign this node's one and only `Final`, unless it may have signed another before."""
        # A database restored from a backup forgets; peers do not. In doubt, keep silent.
        answered = 1 + await self._state.each_peer("finals", self._read_final)
        if answered < self._state.poll.committee.quorum or self._own_final() is not None:
            return
        signature = self._state.sign(typed_data.FINAL, self._state.poll.context, root.digest)
        await asyncio.to_thread(
            self._state.store.add_final,
            FinalStatement(
                poll_id=self._state.poll.poll_id,
                node=self._state.node,
                root_digest=root.digest,
                signature=signature,
            ),
        )
        self._state.log.info("final", root=root.digest.hex())

    def finals(self) -> list[dict[str, Any]]:
        """All known `Final` statements."""
        return [
            {
                "node": one.node,
                "root_digest": to_hex(one.root_digest),
                "signature": to_hex(one.signature),
            }
            for one in self._state.store.finals(self._state.poll.poll_id)
        ]

    async def _read_final(self, peer: Peer) -> None:
        answer = await peer.get_json(self._state.path("finals"))
        if not isinstance(answer, list):
            raise Malformed("finals: not a list")
        for one in answer[: self._state.poll.nodes]:
            node, member = self._state.member(one)
            digest = from_hex(one.get("root_digest"), "root_digest")
            signature = from_hex(one.get("signature"), "signature")
            self._state.require_signer(
                member, signature, typed_data.FINAL, self._state.poll.context, digest
            )
            statement = FinalStatement(
                poll_id=self._state.poll.poll_id,
                node=node,
                root_digest=digest,
                signature=signature,
            )
            try:
                await asyncio.to_thread(self._state.store.add_final, statement)
            except Conflict as conflict:
                # The liar is the node that signed both, not the peer that shows one of them.
                self._state.log.error("two finals of one node", problem=str(conflict))

    def _release_share(self, root: SumRoot) -> None:
        signed = self._state.signed_root(root)
        if signed is None:
            return
        _, pairs = self._state.root(split_digests(signed.leaves))
        shares = [
            self._state.admission.share(ballot, stored.share_box or b"") for ballot, stored in pairs
        ]
        total = aggregate(
            shares, self._state.weights([ballot for ballot, _ in pairs]), self._state.poll.slots
        )
        self._state.store.add_share(
            ReleasedShare(
                poll_id=self._state.poll.poll_id,
                node=self._state.node,
                share=total.encode(),
                signature=self._state.sign(
                    *self._state.share_statement(root, self._state.node, total)
                ),
            )
        )
        self._state.log.info("released", ballots=len(shares))

    def shares(self) -> list[dict[str, Any]]:
        """All known aggregate shares; empty before release."""
        return [
            {"node": one.node, "share": to_hex(one.share), "signature": to_hex(one.signature)}
            for one in self._state.store.shares(self._state.poll.poll_id)
        ]

    async def gather_shares(self, view: PollView) -> None:
        known = {one.node for one in self._state.store.shares(self._state.poll.poll_id)}
        signed = self._state.signed_root(view.root)
        if len(known) == self._state.poll.nodes or signed is None:
            return
        sums = await asyncio.to_thread(self._sums_of, signed)

        async def read(peer: Peer) -> None:
            if peer.number in known:
                return
            listed = await peer.get_json(self._state.path("shares"))
            if not isinstance(listed, list):
                raise Malformed("shares: not a list")
            for one in listed[: self._state.poll.nodes]:
                node, member = self._state.member(one)
                if node != peer.number:
                    continue
                reader = Reader(from_hex(one.get("share"), "share"), "share")
                share = Share.read(reader, self._state.poll.slots, f"node {node}")
                reader.end()
                signature = from_hex(one.get("signature"), "signature")
                self._state.require_signer(
                    member, signature, *self._state.share_statement(view.root, node, share)
                )
                sums.verify_share(self._state.curve, self._state.admission.key, node, share)
                self._state.store.add_share(
                    ReleasedShare(
                        poll_id=self._state.poll.poll_id,
                        node=node,
                        share=share.encode(),
                        signature=signature,
                    )
                )

        await self._state.each_peer("shares", read, BACKGROUND_S)

    def _sums_of(self, signed: SignedRoot) -> AggregateCommitments:
        """What the shares of a root open; of the last one asked for, as a peer may stay away."""
        if self._sums is None or self._sums[0] != signed.root_digest:
            _, pairs = self._state.root(split_digests(signed.leaves))
            ballots = [ballot for ballot, _ in pairs]
            weights = self._state.weights(ballots)
            threshold = self._state.poll.committee.threshold
            sums = AggregateCommitments.of(self._state.curve, ballots, weights, threshold)
            self._sums = signed.root_digest, sums
        return self._sums[1]

    async def destroy_if_final(self) -> None:
        """Destroy the poll key once nothing can need it; that is never undone, so ask everybody.

        After a tally this node releases its own share first, unless that takes it longer than the
        chain would have waited for it.
        """
        statuses, late = await asyncio.to_thread(self._final_statuses)
        released = {one.node for one in self._state.store.shares(self._state.poll.poll_id)}
        if statuses == {Status.VOID} or (
            statuses == {Status.TALLIED} and (self._state.node in released or late)
        ):
            # Nobody is storing a box meanwhile.
            async with self._state.lock:
                await asyncio.to_thread(self._state.destroy_key)
            self._state.log.info("poll key destroyed", status=statuses.pop().name)

    def _final_statuses(self) -> tuple[set[Status], bool]:
        """The poll's status on a finalized block, as each provider shows it.

        Also whether all of them show one after the deadline of the tally.
        """
        statuses, late = set(), True
        for registry in self._state.registries:
            head = registry.head("finalized")
            view = registry.poll(self._state.poll.poll_id, head.number)
            statuses.add(view.status)
            late = late and head.timestamp > view.tally_deadline
        return statuses, late
