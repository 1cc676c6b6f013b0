"""Freeze, and agree with the other nodes on one set of ballots under one root.

Source: docs/protocol.md §10.
"""

import asyncio
from collections import Counter
from collections.abc import Collection

from ostraka.node import agreement
from ostraka.node.accepting import Accepting
from ostraka.node.agreement import LeafList
from ostraka.node.peers import Peer
from ostraka.node.poll_state import BACKGROUND_S, PollState, root_statement, split_digests
from ostraka.node.repair_exchange import Repairing
from ostraka.node.store import Conflict, decode_root, encode_root
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


class Settlement:
    """Settles one poll."""

    def __init__(self, state: PollState, accepting: Accepting, repairing: Repairing) -> None:
        self._state = state
        self._accepting = accepting
        self._repairing = repairing
        self._inventories: set[int] = set()

    async def settle(self) -> None:
        """Freeze, catch up, and propose when it is this node's turn."""
        if not self._state.frozen:
            await self._freeze()
        await self.catch_up()
        number = self._state.round()
        if number is None or 1 + number % self._state.poll.nodes != self._state.node:
            return
        quorum = self._state.poll.committee.quorum
        for (known, _), signatures in self._state.store.attestations(
            self._state.poll.poll_id
        ).items():
            if known == number and len(signatures) >= quorum:
                return
        await self._propose(number)

    async def catch_up(self) -> None:
        """Take in the ballots, receipts and shares that peers have and this node misses."""
        await self._accepting.pull_all()
        await self._state.each_peer("inventory", self._read_inventory, BACKGROUND_S)
        await self._repairing.repair_starved()

    async def _freeze(self) -> None:
        async with self._state.lock:
            receipts = await asyncio.to_thread(self._state.store.receipts, self._state.poll.poll_id)
            signature = self._state.sign(
                typed_data.INVENTORY,
                self._state.poll.context,
                agreement.inventory_hash([row[:3] for row in receipts]),
            )
            poll = self._state.poll
            await asyncio.to_thread(self._state.store.freeze, poll.poll_id, poll.context, signature)
            self._state.frozen = True
        self._state.log.info("frozen", ballots=len(receipts))

    def inventory(self) -> bytes:
        """Signed list of the ballots that this node accepted: `signature ‖ (voter ‖ u64 cast time ‖
        digest ‖ receipt)…`.

        Raises:
            Problem: The node is not frozen yet.
        """
        row = self._state.store.poll(self._state.poll.poll_id, self._state.poll.context)
        if row is None or row.inventory_signature is None:
            raise Problem(
                ProblemType.NOT_FROZEN, "the inventory comes after closing", retry_after_s=2
            )
        parts = [row.inventory_signature]
        for voter, cast_at_unix_s, digest, receipt in self._state.store.receipts(
            self._state.poll.poll_id
        ):
            parts += [voter, cast_at_unix_s.to_bytes(8, "big"), digest, receipt]
        return b"".join(parts)

    async def _read_inventory(self, peer: Peer) -> None:
        if peer.number in self._inventories:
            return
        data = await peer.get(self._state.path("inventory"))
        await asyncio.to_thread(self._store_inventory, peer, data)
        self._inventories.add(peer.number)

    def _store_inventory(self, peer: Peer, data: bytes) -> None:
        entry_bytes = 20 + 8 + 32 + SIGNATURE_BYTES
        if len(data) < SIGNATURE_BYTES or (len(data) - SIGNATURE_BYTES) % entry_bytes:
            raise Malformed(f"inventory of node {peer.number}: {len(data)} bytes")
        reader = Reader(data, "inventory")
        signature = reader.take(SIGNATURE_BYTES, "signature")
        entries, receipts = [], []
        versions: Counter[bytes] = Counter()
        for _ in range((len(data) - SIGNATURE_BYTES) // entry_bytes):
            voter, cast_at = reader.take(20, "voter"), reader.unsigned(8, "cast_at")
            digest, receipt = reader.take(32, "digest"), reader.take(SIGNATURE_BYTES, "receipt")
            # Signing costs a liar nothing: without bounds it could fill the disk.
            versions[voter] += 1
            if (
                voter not in self._state.census.by_account
                or versions[voter] > self._accepting.most_versions
            ):
                raise Malformed(f"inventory of node {peer.number}: impossible ballots")
            entries.append((voter, cast_at, digest))
            statement = (self._state.poll.context, voter, cast_at, digest)
            self._state.require_signer(peer.address, receipt, typed_data.RECEIPT, *statement)
            receipts.append(
                PeerReceipt(
                    poll_id=self._state.poll.poll_id,
                    digest=digest,
                    node=peer.number,
                    signature=receipt,
                )
            )
        hashed = agreement.inventory_hash(entries)
        self._state.require_signer(
            peer.address, signature, typed_data.INVENTORY, self._state.poll.context, hashed
        )
        self._state.store.add_peer_receipts(receipts)

    async def _propose(self, number: int) -> None:
        """Draft, take in what peers miss in it, sign the final list and gather signatures."""
        first = await asyncio.to_thread(self._draft, number)

        async def ask(peer: Peer) -> None:
            answer = await peer.post(self._state.path("peer/draft"), first.encode())
            await self._accepting.ingest(self._state.decode_batch(answer))

        answered = 1 + await self._state.each_peer("draft", ask)
        quorum = self._state.poll.committee.quorum
        if answered < quorum:
            self._state.log.info("draft waits", round=number, answered=answered, quorum=quorum)
            return
        async with self._state.lock:
            earlier = await asyncio.to_thread(
                self._state.store.signed_root, self._state.poll.poll_id, number
            )
            if earlier is None:
                proposal = await asyncio.to_thread(self._draft, number)
                root, own = await asyncio.to_thread(self._sign_root, proposal)
            else:
                proposal = await asyncio.to_thread(self._as_list, number, earlier.leaves)
                root, own = await asyncio.to_thread(self._sign_root, proposal)
        signatures = {self._state.node: own}

        async def collect(peer: Peer) -> None:
            answer = await peer.post(self._state.path("peer/proposal"), proposal.encode())
            self._state.require_root_signature(peer.address, answer, number, root)
            signatures[peer.number] = answer

        await self._state.each_peer("proposal", collect)
        self._state.store.add_attestations(
            self._state.poll.poll_id, number, encode_root(root), signatures
        )
        self._state.log.info(
            "proposed", round=number, ballots=root.count, signatures=len(signatures)
        )

        if len(signatures) >= quorum:
            certificate = number.to_bytes(4, "big") + encode_root(root)
            for node in sorted(signatures):
                certificate += bytes([node]) + signatures[node]

            async def spread(peer: Peer) -> None:
                await peer.post(self._state.path("peer/certificate"), certificate)

            await self._state.each_peer("certificate", spread)

    def _draft(self, number: int) -> LeafList:
        poll, store = self._state.poll, self._state.store
        versions = store.versions(poll.poll_id)
        if number < poll.nodes:
            return agreement.draft(number, versions)
        # Nobody got through in a whole rotation: a voter may have given each node another ballot,
        # of which the others hold no good share. Candidates alone can be held by all.
        receipts = store.receipt_counts(poll.poll_id)
        return agreement.draft(number, versions, receipts, poll.committee.candidate_receipts)

    def answer_draft(self, body: bytes) -> bytes:
        """For a proposer: records of ballots that its draft misses."""
        self._state.require_frozen()
        versions = self._state.store.versions(self._state.poll.poll_id)
        absent = agreement.missing(self._leaf_list(body).entries, versions)
        known = self._state.store.known(
            self._state.poll.poll_id, [version.digest for version in absent]
        )
        return self._state.encode_batch(known.values())

    def _leaf_list(self, body: bytes) -> LeafList:
        # One leaf a voter: reading what a liar makes longer would hold up everything else.
        voters = len(self._state.census)
        if len(body) > agreement.list_bytes(voters):
            raise Malformed(f"leaves: {len(body)} bytes for {voters} voters")
        return LeafList.decode(body)

    async def answer_proposal(self, body: bytes, proposer: bytes) -> bytes:
        """For a proposer: this node's signature of the root over its list.

        Raises:
            Problem: Why this node does not sign.
        """
        self._state.require_frozen()
        proposal = self._leaf_list(body)
        number = self._state.round()
        if proposal.round != number:
            raise Problem(ProblemType.WRONG_ROUND, f"this node is in round {number}", "round", 1)
        expected = self._state.poll.committee.members[number % self._state.poll.nodes].address
        if proposer != expected:
            raise Problem(ProblemType.NOT_THE_PROPOSER, f"round {number} has another proposer")
        # Who has not heard q nodes yet cannot know which ballots are candidates.
        heard, quorum = 1 + len(self._inventories), self._state.poll.committee.quorum
        if heard < quorum:
            raise Problem(
                ProblemType.INVENTORIES_MISSING,
                f"those of {heard} nodes are here, not {quorum}",
                "",
                1,
            )
        held = await asyncio.to_thread(self._state.store.versions, self._state.poll.poll_id)
        unknown = {entry.digest for entry in proposal.entries} - {one.digest for one in held}
        for peer in self._state.peers:
            if unknown and peer.address == proposer:
                await self._state.went_well(peer, lambda peer: self._accepting.fetch(peer, unknown))
        given_up = await self._given_up(proposal)
        async with self._state.lock:
            return await asyncio.to_thread(self._sign_if_sound, proposal, given_up)

    async def _given_up(self, proposal: LeafList) -> set[bytes]:
        """Candidates left out of which more than `f` peers can get no good share.

        One of those is honest, and nobody helped it in a whole rotation. `t` honest nodes hold what
        is recorded, and would have: a liar gave a receipt for this one, and no help.
        """
        if proposal.round < self._state.poll.nodes:
            return set()
        wanted = set(await asyncio.to_thread(self._omitted, proposal))
        if not wanted:
            return set()
        body = proposal.round.to_bytes(4, "big") + b"".join(sorted(wanted))
        claims: Counter[bytes] = Counter()

        async def ask(peer: Peer) -> None:
            answer = await peer.post(self._state.path("peer/lacking"), body)
            signature, lacking = answer[:SIGNATURE_BYTES], split_digests(answer[SIGNATURE_BYTES:])
            hashed = agreement.lacking_hash(lacking)
            statement = typed_data.LACKING, self._state.poll.context, proposal.round, hashed
            self._state.require_signer(peer.address, signature, *statement)
            claims.update(wanted.intersection(lacking))

        await self._state.each_peer("lacking", ask)
        return {digest for digest in wanted if claims[digest] > self._state.poll.committee.faults}

    def _omitted(self, proposal: LeafList) -> list[bytes]:
        versions = self._state.store.versions(self._state.poll.poll_id)
        receipts = self._state.store.receipt_counts(self._state.poll.poll_id)
        needed = self._state.poll.committee.candidate_receipts
        return agreement.omitted(proposal.entries, versions, receipts, needed)

    def answer_lacking(self, body: bytes) -> bytes:
        """For a peer that misses candidates in a proposal: of which of them this node has no good
        share, `signature ‖ digests`.

        Raises:
            Problem: The first rotation is not over, or it is another round.
        """
        self._state.require_frozen()
        asked, digests = int.from_bytes(body[:4], "big"), split_digests(body[4:])
        number = self._state.round()
        # Peers' heads differ a little.
        if number is None or number < self._state.poll.nodes or abs(asked - number) > 1:
            raise Problem(ProblemType.WRONG_ROUND, f"this node is in round {number}", "round", 1)
        if len(digests) > self._accepting.most_versions * len(self._state.census):
            raise Malformed(f"digests: {len(digests)}")
        if self._state.poll_key is None:
            # Its shares went with the key, and this node must not say that it never had them.
            raise Problem(ProblemType.POLL_OVER, "this node has destroyed its poll key")
        versions = self._state.store.versions(self._state.poll.poll_id)
        held = {version.digest for version in versions if version.has_share}
        lacking = [digest for digest in digests if digest not in held]
        hashed = agreement.lacking_hash(lacking)
        return self._state.sign(
            typed_data.LACKING, self._state.poll.context, asked, hashed
        ) + b"".join(lacking)

    def _sign_if_sound(self, proposal: LeafList, given_up: Collection[bytes]) -> bytes:
        versions = self._state.store.versions(self._state.poll.poll_id)
        receipts = self._state.store.receipt_counts(self._state.poll.poll_id)
        nodes, needed = self._state.poll.nodes, self._state.poll.committee.candidate_receipts
        if proposal.round < nodes:
            # Those not heard from may have accepted it too: without them a single liar in the
            # proposer's place could leave out a recorded ballot. Whom a whole rotation did not
            # bring forth is gone; then only what is known to be a candidate holds up the rest.
            needed -= nodes - 1 - len(self._inventories)
        problem = agreement.objection(proposal, versions, receipts, needed, given_up)
        if problem:
            raise Problem(ProblemType.ROOT_REJECTED, problem)
        try:
            return self._sign_root(proposal)[1]
        except Conflict as conflict:
            raise Problem(ProblemType.ROOT_SIGNED, str(conflict)) from None

    def _sign_root(self, proposal: LeafList) -> tuple[SumRoot, bytes]:
        root, _ = self._state.root([entry.digest for entry in proposal.entries])
        signature = self._state.sign(
            *root_statement(self._state.poll.context, proposal.round, root)
        )
        signed = self._state.store.sign_root(
            SignedRoot(
                poll_id=self._state.poll.poll_id,
                round=proposal.round,
                root_digest=root.digest,
                leaves=b"".join(entry.digest for entry in proposal.entries),
                signature=signature,
            )
        )
        return root, signed.signature

    def _as_list(self, number: int, leaves: bytes) -> LeafList:
        digests = [leaves[start : start + 32] for start in range(0, len(leaves), 32)]
        known = self._state.store.known(self._state.poll.poll_id, digests)
        return LeafList(
            number, tuple(agreement.Entry(known[digest].voter, digest) for digest in digests)
        )

    def store_certificate(self, body: bytes) -> None:
        """Keep a root with its signatures, as a proposer spreads it."""
        number = int.from_bytes(body[:4], "big")
        root = decode_root(body[4:104])
        size = 1 + SIGNATURE_BYTES
        most = 104 + size * self._state.poll.nodes
        if not 104 <= len(body) <= most or (len(body) - 104) % size:
            raise Malformed(f"certificate: {len(body)} bytes")
        signatures = {}
        for start in range(104, len(body), size):
            node, signature = body[start], body[start + 1 : start + size]
            if not 1 <= node <= self._state.poll.nodes:
                raise Malformed(f"certificate: there is no node {node}")
            address = self._state.poll.committee.members[node - 1].address
            self._state.require_root_signature(address, signature, number, root)
            signatures[node] = signature
        # Less is no certificate; kept, a single liar could fill the disk with roots of its own.
        if len(signatures) < self._state.poll.committee.quorum:
            raise Malformed(f"certificate: {len(signatures)} signatures are no quorum")
        self._state.store.add_attestations(
            self._state.poll.poll_id, number, encode_root(root), signatures
        )

    def certificate(self) -> AnchoredRoot:
        """The latest root that `q` nodes signed and nobody had rejected, for whoever brings it to
        the chain.

        Raises:
            Problem: There is none yet.
        """
        for (number, root), signatures in sorted(
            self._state.store.attestations(self._state.poll.poll_id).items(), reverse=True
        ):
            if number < self._state.clock().first_round:
                # Its root was rejected, or it came to nothing before that.
                break
            if len(signatures) >= self._state.poll.committee.quorum:
                attestations = tuple(
                    Attestation(node, signatures[node]) for node in sorted(signatures)
                )
                return AnchoredRoot(number, decode_root(root), attestations)
        raise Problem(ProblemType.NOT_SETTLED, "no root has enough signatures yet", retry_after_s=2)
