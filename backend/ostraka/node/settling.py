"""Agree with the other nodes on one set of ballots under one root.

Source: docs/protocol.md §10.
"""

import asyncio
from collections import Counter
from collections.abc import Collection

from ostraka.node import agreement
from ostraka.node.accepting import BallotIntake
from ostraka.node.agreement import LeafList
from ostraka.node.checkpoints import Checkpoints
from ostraka.node.peers import Peer
from ostraka.node.phases import Anchored, Frozen, Settling
from ostraka.node.poll_progress import PollProgress
from ostraka.node.repair_exchange import RepairExchange
from ostraka.node.served_poll import BACKGROUND_S, ServedPoll, split_digests
from ostraka.node.store import Conflict
from ostraka.storage.node_tables import (
    PeerReceipt,
    SignedRoot,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.board import (
    AnchoredRoot,
    Attestation,
)
from ostraka_verifier.encoding import SIGNATURE_BYTES, Reader
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted


class SettlingRounds:
    """The settling rounds of one poll."""

    def __init__(
        self,
        served: ServedPoll,
        progress: PollProgress,
        intake: BallotIntake,
        repairs: RepairExchange,
        checkpoints: Checkpoints,
    ) -> None:
        self._served = served
        self._progress = progress
        self._intake = intake
        self._repairs = repairs
        self._checkpoints = checkpoints

    async def catch_up(self, phase: Settling | Anchored) -> None:
        """Fetch missing ballots, receipts and shares from peers."""
        await self._intake.pull_all()

        async def read(peer: Peer) -> None:
            if peer.number not in phase.inventories:
                data = await peer.get(self._served.path("inventory"))
                await asyncio.to_thread(self.store_inventory, peer, data)
                phase.inventories.add(peer.number)

        await self._served.each_peer("inventory", read, BACKGROUND_S)
        await self._repairs.repair_starved(phase)

    async def propose_if_due(self, phase: Settling) -> None:
        """Propose if it is this node's turn, unless the round has its root."""
        poll = self._served.poll
        number = self._progress.observed.round(poll.parameters)
        if self._served.rebuilt:
            return
        if number is None or 1 + number % poll.nodes != self._served.node:
            return
        known = await asyncio.to_thread(self._served.store.attested_roots, poll.poll_id)
        quorum = poll.committee.quorum
        if not any(one.round == number and len(one.attestations) >= quorum for one in known):
            await self._propose(phase, number)

    def inventory(self, signature: bytes) -> bytes:
        """Return the accepted ballots: `signature ‖ (voter ‖ u64 cast time ‖ digest ‖ receipt)…`.

        Args:
            signature: This node's signature of the inventory.
        """
        parts = [signature]
        entries = self._served.store.checkpoints.entries(self._served.poll_id)
        for voter, cast_at_unix_s, digest, receipt in entries:
            parts += [voter, cast_at_unix_s.to_bytes(8, "big"), digest, receipt]
        return b"".join(parts)

    def store_inventory(self, peer: Peer, data: bytes) -> None:
        """Store the receipts of a peer's inventory; Malformed if it is invalid."""
        entry_bytes = 20 + 8 + 32 + SIGNATURE_BYTES
        if len(data) < SIGNATURE_BYTES or (len(data) - SIGNATURE_BYTES) % entry_bytes:
            raise Malformed(f"inventory of node {peer.number}", f"{len(data)} bytes")
        reader = Reader(data, "inventory")
        signature = reader.take(SIGNATURE_BYTES, "signature")
        entries, receipts = [], []
        versions: Counter[bytes] = Counter()
        for _ in range((len(data) - SIGNATURE_BYTES) // entry_bytes):
            voter = reader.take(20, "voter")
            cast_at = UnixSeconds(reader.unsigned(8, "cast_at"))
            digest, receipt = reader.take(32, "digest"), reader.take(SIGNATURE_BYTES, "receipt")
            # Signing is free for a lying peer: without bounds it could fill the disk.
            versions[voter] += 1
            if (
                voter not in self._served.census.by_account
                or versions[voter] > self._intake.most_versions
            ):
                raise Malformed(f"inventory of node {peer.number}", "impossible ballots")
            entries.append((voter, cast_at, digest))
            statement = (self._served.poll.context, voter, cast_at, digest)
            self._served.require_signer(peer.address, receipt, typed_data.RECEIPT, *statement)
            receipts.append(
                PeerReceipt(
                    poll_id=self._served.poll_id,
                    digest=digest,
                    node=peer.number,
                    signature=receipt,
                )
            )
        hashed = agreement.inventory_hash(entries)
        self._served.require_signer(
            peer.address, signature, typed_data.INVENTORY, self._served.poll.context, hashed
        )
        digests = [digest for *_, digest in entries]
        self._checkpoints.check_inventory(peer.number, digests, hashed, signature)
        self._served.store.add_peer_receipts(receipts)

    async def _propose(self, phase: Settling, number: int) -> None:
        """Send a draft, store the ballots that peers add, sign the list, and gather signatures."""
        served, poll = self._served, self._served.poll
        first = await asyncio.to_thread(self._draft, number)

        async def ask(peer: Peer) -> None:
            answer = await peer.post(served.path("peer/draft"), first.encode())
            await self._intake.ingest(served.decode_batch(answer))

        answered = 1 + await served.each_peer("draft", ask)
        quorum = poll.committee.quorum
        if answered < quorum:
            served.log.info("draft waits", round=number, answered=answered, quorum=quorum)
            return
        try:
            proposal, root, own = await self._sign_own(phase, number)
        except Problem as problem:
            # A node proposes only what it would sign for others.
            served.log.info("no proposal", round=number, problem=str(problem))
            return
        signatures = {served.node: own}

        async def collect(peer: Peer) -> None:
            answer = await peer.post(served.path("peer/proposal"), proposal.encode())
            served.require_root_signature(peer.address, answer, number, root)
            signatures[peer.number] = answer

        await served.each_peer("proposal", collect)
        served.store.add_attestations(poll.poll_id, number, root, signatures)
        served.log.info("proposed", round=number, ballots=root.count, signatures=len(signatures))

        if len(signatures) >= quorum:
            attestations = [Attestation(node, signatures[node]) for node in sorted(signatures)]
            certificate = AnchoredRoot(number, root, tuple(attestations)).encode()

            async def spread(peer: Peer) -> None:
                await peer.post(served.path("peer/certificate"), certificate)

            await served.each_peer("certificate", spread)

    async def _sign_own(self, phase: Settling, number: int) -> tuple[LeafList, SumRoot, bytes]:
        """Return this node's list of a round, its root, and the signature.

        Raises:
            Problem: This node does not sign its own list; states why.
        """
        store, poll_id = self._served.store, self._served.poll_id
        earlier = await asyncio.to_thread(store.signed_root, poll_id, number)
        if earlier is None:
            proposal = await asyncio.to_thread(self._draft, number)
            return proposal, *await self._sign_checked(phase, proposal)
        proposal = await asyncio.to_thread(self._as_list, number, earlier.leaves)
        async with self._progress.lock:
            return proposal, *await asyncio.to_thread(self._sign_root, proposal)

    def _draft(self, number: int) -> LeafList:
        poll, store = self._served.poll, self._served.store
        versions = store.versions(poll.poll_id)
        if number < poll.nodes:
            return agreement.draft(number, versions)
        # No proposal succeeded in a full rotation: a voter may have given each node a different
        # ballot without good shares for the others. Only candidates can be held by all nodes.
        receipts = store.receipt_counts(poll.poll_id)
        return agreement.draft(number, versions, receipts, poll.committee.candidate_receipts)

    def answer_draft(self, _: Frozen, body: bytes) -> bytes:
        """For a proposer: return records of ballots that its draft misses.

        Raises:
            Problem: This node does not know which ballots it accepted.
        """
        if self._served.rebuilt:
            # An answer would count to the quorum that has added all its ballots.
            raise self._served.lost_store()
        versions = self._served.store.versions(self._served.poll_id)
        absent = agreement.missing(self._leaf_list(body).entries, versions)
        known = self._served.store.known(
            self._served.poll_id, [version.digest for version in absent]
        )
        return self._served.encode_batch((one.signed, one.boxes) for one in known.values())

    def _leaf_list(self, body: bytes) -> LeafList:
        # One leaf for each voter: reading a liar's longer list would delay everything else.
        voters = len(self._served.census)
        if len(body) > agreement.list_bytes(voters):
            raise Malformed("leaves", f"{len(body)} bytes for {voters} voters")
        return LeafList.decode(body)

    async def answer_proposal(
        self, phase: Settling | Anchored, body: bytes, proposer: bytes
    ) -> bytes:
        """For a proposer: return this node's signature of the root over its list.

        Raises:
            Problem: This node does not sign; states why.
        """
        if self._served.rebuilt:
            raise self._served.lost_store()
        proposal = self._leaf_list(body)
        number = self._round
        if proposal.round != number:
            raise Problem(ProblemType.WRONG_ROUND, f"this node is in round {number}", "round", 1)
        expected = self._served.poll.committee.members[number % self._served.poll.nodes].address
        if proposer != expected:
            raise Problem(ProblemType.NOT_THE_PROPOSER, f"round {number} has another proposer")
        self._require_inventories(phase)
        held = await asyncio.to_thread(self._served.store.versions, self._served.poll_id)
        unknown = {entry.digest for entry in proposal.entries} - {one.digest for one in held}
        for peer in self._served.peers:
            if unknown and peer.address == proposer:
                await self._served.went_well(peer, lambda peer: self._intake.fetch(peer, unknown))
        return (await self._sign_checked(phase, proposal))[1]

    @property
    def _round(self) -> int | None:
        return self._progress.observed.round(self._served.poll.parameters)

    def _require_inventories(self, phase: Settling | Anchored) -> None:
        # Without the inventories of q nodes, a node cannot know which ballots are candidates.
        heard, quorum = 1 + len(phase.inventories), self._served.poll.committee.quorum
        if heard < quorum:
            detail = f"this node has those of {counted(heard, 'node', 'nodes')}; {quorum} needed"
            raise Problem(ProblemType.INVENTORIES_MISSING, detail, "", 1)

    async def _sign_checked(
        self, phase: Settling | Anchored, proposal: LeafList
    ) -> tuple[SumRoot, bytes]:
        """Check a list of this or another node; return its root and this node's signature (§10.3).

        Raises:
            Problem: This node does not sign; states why.
        """
        self._require_inventories(phase)
        given_up = await self._given_up(proposal)
        async with self._progress.lock:
            return await asyncio.to_thread(self._sign_if_sound, phase, proposal, given_up)

    async def _given_up(self, proposal: LeafList) -> set[bytes]:
        """Return omitted candidates of which more than `f` peers can get no good share.

        One of these peers is honest, and nobody helped it in a full rotation. `t` honest nodes have
        shares of every recorded ballot, and would have helped. So this ballot was not recorded: a
        lying node gave a receipt, but no help.
        """
        if proposal.round < self._served.poll.nodes:
            return set()
        wanted = set(await asyncio.to_thread(self._omitted, proposal))
        if not wanted:
            return set()
        body = proposal.round.to_bytes(4, "big") + b"".join(sorted(wanted))
        claims: Counter[bytes] = Counter()

        async def ask(peer: Peer) -> None:
            answer = await peer.post(self._served.path("peer/lacking"), body)
            signature, lacking = answer[:SIGNATURE_BYTES], split_digests(answer[SIGNATURE_BYTES:])
            hashed = agreement.lacking_hash(lacking)
            statement = typed_data.LACKING, self._served.poll.context, proposal.round, hashed
            self._served.require_signer(peer.address, signature, *statement)
            claims.update(wanted.intersection(lacking))

        await self._served.each_peer("lacking", ask)
        return {digest for digest in wanted if claims[digest] > self._served.poll.committee.faults}

    def _omitted(self, proposal: LeafList) -> list[bytes]:
        versions = self._served.store.versions(self._served.poll_id)
        receipts = self._served.store.receipt_counts(self._served.poll_id)
        needed = self._served.poll.committee.candidate_receipts
        return agreement.omitted(proposal.entries, versions, receipts, needed)

    def answer_lacking(self, _: Frozen, body: bytes) -> bytes:
        """For a peer that misses candidates in a proposal: return those of which this node lacks a
        valid share, `signature ‖ digests`.

        Raises:
            Problem: The first rotation is not over, or it is another round.
        """
        asked, digests = int.from_bytes(body[:4], "big"), split_digests(body[4:])
        number = self._round
        # Peers' heads differ a little.
        if number is None or number < self._served.poll.nodes or abs(asked - number) > 1:
            raise Problem(ProblemType.WRONG_ROUND, f"this node is in round {number}", "round", 1)
        if len(digests) > self._intake.most_versions * len(self._served.census):
            raise Malformed("digests", f"{len(digests)}")
        versions = self._served.store.versions(self._served.poll_id)
        held = {version.digest for version in versions if version.has_share}
        lacking = [digest for digest in digests if digest not in held]
        hashed = agreement.lacking_hash(lacking)
        return self._served.sign(
            typed_data.LACKING, self._served.poll.context, asked, hashed
        ) + b"".join(lacking)

    def _sign_if_sound(
        self, phase: Settling | Anchored, proposal: LeafList, given_up: Collection[bytes]
    ) -> tuple[SumRoot, bytes]:
        versions = self._served.store.versions(self._served.poll_id)
        receipts = self._served.store.receipt_counts(self._served.poll_id)
        nodes, needed = self._served.poll.nodes, self._served.poll.committee.candidate_receipts
        if proposal.round < nodes:
            # Silent nodes may have accepted it, too: without them, a single lying proposer could
            # leave out a recorded ballot. After a full rotation a silent node counts as gone; from
            # then on only known candidates can block a proposal.
            needed -= nodes - 1 - len(phase.inventories)
        problem = agreement.objection(proposal, versions, receipts, needed, given_up)
        if problem:
            raise Problem(ProblemType.ROOT_REJECTED, problem)
        try:
            return self._sign_root(proposal)
        except Conflict as conflict:
            raise Problem(ProblemType.ROOT_SIGNED, str(conflict)) from None

    def _sign_root(self, proposal: LeafList) -> tuple[SumRoot, bytes]:
        root, _ = self._served.root([entry.digest for entry in proposal.entries])
        signature = self._served.sign(*root.statement(self._served.poll.context, proposal.round))
        signed = self._served.store.sign_root(
            SignedRoot(
                poll_id=self._served.poll_id,
                round=proposal.round,
                root_digest=root.digest,
                leaves=b"".join(entry.digest for entry in proposal.entries),
                signature=signature,
            )
        )
        return root, signed.signature

    def _as_list(self, number: int, leaves: bytes) -> LeafList:
        digests = [leaves[start : start + 32] for start in range(0, len(leaves), 32)]
        known = self._served.store.known(self._served.poll_id, digests)
        return LeafList(
            number, tuple(agreement.Entry(known[digest].voter, digest) for digest in digests)
        )

    def store_certificate(self, body: bytes) -> None:
        """Store a root with its signatures, sent by a proposer.

        Args:
            body: `AnchoredRoot.encode`.

        Raises:
            Malformed: It is invalid, or has fewer than `q` signatures.
        """
        poll, certified = self._served.poll, AnchoredRoot.decode(body)
        signatures = {one.node: one.signature for one in certified.attestations}
        for node, signature in signatures.items():
            if not 1 <= node <= poll.nodes:
                raise Malformed("certificate", f"there is no node {node}")
            address = poll.committee.members[node - 1].address
            self._served.require_root_signature(address, signature, certified.round, certified.root)
        # Storing roots without a quorum would let a single liar fill the disk.
        if len(signatures) < poll.committee.quorum:
            reason = counted(len(signatures), "signature is", "signatures are")
            raise Malformed("certificate", f"{reason} not a quorum")
        self._served.store.add_attestations(
            poll.poll_id, certified.round, certified.root, signatures
        )

    def certificate(self) -> AnchoredRoot:
        """Return the latest root that `q` nodes signed and that was not rejected, to be anchored.

        Raises:
            Problem: There is no such root yet.
        """
        poll = self._served.poll
        # Earlier roots were rejected or not anchored.
        first = self._progress.observed.clock(poll.parameters).first_round
        for known in reversed(self._served.store.attested_roots(poll.poll_id)):
            if known.round >= first and len(known.attestations) >= poll.committee.quorum:
                return known
        raise Problem(ProblemType.NOT_SETTLED, "no root has enough signatures yet", retry_after_s=2)
