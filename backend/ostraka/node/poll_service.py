"""One poll at one node, from announcing a key to destroying it.

Source: docs/protocol.md §9 to §12.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import structlog

from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import Head, PollView, Registry, Status
from ostraka.keys import PollKey, SigningKey, seal
from ostraka.node import settling
from ostraka.node.admission import Admission, Admitted
from ostraka.node.peers import Peer, PeerError
from ostraka.node.repair import Contribution, RepairRequest, contribute, repaired_share
from ostraka.node.settling import LeafList
from ostraka.node.store import Conflict, NodeStore, decode_root, encode_root
from ostraka.storage.node_tables import (
    FinalStatement,
    NodePoll,
    PeerReceipt,
    ReleasedShare,
    SignedRoot,
    StoredBallot,
)
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, decode_records, from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.board import (
    AnchoredRoot,
    Attestation,
    Board,
    PollKeyAnnouncement,
    SignedBallot,
    SignedShare,
)
from ostraka_verifier.census import Census
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import SIGNATURE_BYTES, Reader, tagged_hash
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.merkle_sum import Leaf, SumRoot, sum_root
from ostraka_verifier.sharing import BoxContent, Share
from ostraka_verifier.tally_proof import AggregateCommitments, aggregate, aggregate_share_hash
from ostraka_verifier.typed_data import recover

log = structlog.get_logger()

MAX_VERSIONS = 64
"""Ballots that one voter may have stored; more is a flood, not a change of mind."""
PULL_LIMIT = 500
QUEUE_LIMIT = 4096
BATCH_LIMIT = 256
_CURSOR_BYTES = 8
PEER_PATIENCE_S = 5
"""How long one step waits for a peer."""
PEER_PAUSE_S = 30
"""How long a peer that took longer is left alone."""


@dataclass(frozen=True)
class Receipt:
    """A node's promise that it holds a ballot."""

    node: int
    voter: bytes
    cast_at_unix_s: int
    ballot_digest: bytes
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """Members as sent to the voter."""
        return {
            "node": self.node,
            "voter": to_hex(self.voter),
            "cast_at": self.cast_at_unix_s,
            "ballot_digest": to_hex(self.ballot_digest),
            "signature": to_hex(self.signature),
        }


class PollService:
    """What a node does for one poll.

    All methods but those marked may be called at any time; a lock keeps accepting, freezing and
    signing apart.
    """

    def __init__(
        self,
        curve: Curve,
        store: NodeStore,
        registries: Sequence[Registry],
        poll: PublishedPoll,
        row: NodePoll,
        key: SigningKey,
        peers: Sequence[Peer],
    ) -> None:
        """Args:
        registries: The same registry seen through independent providers.
        row: The stored poll with its key, which must not be destroyed yet for most of this.
        peers: The other nodes of the committee.
        """
        index = poll.committee.index_of(key.address)
        if index is None:
            raise ValueError("this node is not in the poll's committee")
        self.poll = poll
        self.node = index
        self.census = Census.decode(row.census)
        self.announcement = PollKeyAnnouncement(row.public_key, row.announcement)
        self.log = log.bind(poll=poll.poll_id, node=index)
        self._curve = curve
        self._store = store
        self._registries = registries
        self._key = key
        self._peers = peers
        self._poll_key = PollKey(row.secret_key) if row.secret_key else None
        self._admission = Admission(curve, poll, self.census, index, self._poll_key)
        self._frozen = row.inventory_signature is not None
        self._lock = asyncio.Lock()
        self._queue: asyncio.Queue[tuple[CastRecord, asyncio.Future[Receipt | Problem]]] = (
            asyncio.Queue(QUEUE_LIMIT)
        )
        self._head = Head(0, b"", 0)
        self._view: PollView | None = None
        self._cursors: dict[int, int] = {}
        self._muted: dict[int, float] = {}
        self._inventories: set[int] = set()
        self._board: tuple[tuple[bytes, int], bytes] | None = None

    # Accepting (§9)

    async def submit(self, record: CastRecord) -> Receipt | Problem:
        """Accept a ballot from its voter.

        Returns the receipt, signed after the ballot is on the disk, or why there is none.
        """
        future: asyncio.Future[Receipt | Problem] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((record, future))
        except asyncio.QueueFull:
            return Problem(429, "Busy", "too many ballots are waiting", retry_after_s=1)
        return await future

    async def work(self) -> None:
        """Accept queued ballots for ever, as many at once as are waiting."""
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < BATCH_LIMIT and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            records = [record for record, _ in waiting]
            try:
                async with self._lock:
                    results = await asyncio.to_thread(self._accept, records)
            except Exception as error:
                # A full disk or a lost database: nobody gets a receipt, and the node lives on.
                self.log.error("accepting failed", error=repr(error))
                results = [
                    Problem(503, "Unavailable", "the node cannot store ballots now", "", 5)
                ] * len(waiting)
            for (_, future), result in zip(waiting, results, strict=True):
                if not future.done():
                    future.set_result(result)

    def _accept(self, records: Sequence[CastRecord]) -> list[Receipt | Problem]:
        digests = [tagged_hash("ballot", record.ballot) for record in records]
        known = self._store.known(self.poll.poll_id, digests)
        receipts: dict[bytes, Receipt | Problem] = {
            digest: self._receipt_of(stored)
            for digest, stored in known.items()
            # The same ballot again gives the same receipt, also after freezing.
            if stored.receipt is not None
        }
        fresh = {
            digest: record
            for digest, record in zip(digests, records, strict=True)
            if digest not in receipts
        }
        refusal = self._closed()
        if refusal is not None:
            receipts |= dict.fromkeys(fresh, refusal)
        else:
            results = self._admission.admit(list(fresh.values()), self._head.timestamp)
            accepted = []
            for digest, result in zip(fresh, results, strict=True):
                outcome = self._judge(result)
                if isinstance(outcome, StoredBallot):
                    accepted.append(outcome)
                    receipts[digest] = self._receipt_of(outcome)
                else:
                    receipts[digest] = outcome
            # On the disk before any receipt leaves this method.
            self._store.add_ballots(accepted)
        return [receipts[digest] for digest in digests]

    def _closed(self) -> Problem | None:
        view = self._view
        if self._frozen or self._head.timestamp >= self.poll.parameters.freezes_at:
            closed = self.poll.parameters.closes_at
            return Problem(409, "Poll closed", f"it closed at {closed}; nothing was counted")
        if (
            self._poll_key is None
            or view is None
            or view.status not in (Status.OPEN, Status.CLOSED)
        ):
            return Problem(409, "Poll not open", "the chain does not show this poll as open", "", 2)
        return None

    def _judge(self, result: Admitted | Problem) -> StoredBallot | Problem:
        if isinstance(result, Problem):
            return result
        if not result.share_is_good:
            return Problem(
                422, "Check failed", "it does not open to a good share", f"boxes[{self.node - 1}]"
            )
        if self._store.versions_of(self.poll.poll_id, result.ballot.voter) >= MAX_VERSIONS:
            return Problem(
                429, "Too many versions", f"a voter may change a vote {MAX_VERSIONS - 1} times"
            )
        return self._stored(result, receipted=True)

    def _stored(self, admitted: Admitted, *, receipted: bool) -> StoredBallot:
        ballot, record = admitted.ballot, admitted.record
        receipt = None
        if receipted and admitted.share_is_good:
            receipt = self._sign(
                typed_data.RECEIPT,
                self.poll.context,
                ballot.voter,
                ballot.cast_at_unix_s,
                ballot.digest,
            )
        return StoredBallot(
            poll_id=self.poll.poll_id,
            voter=ballot.voter,
            cast_at_unix_s=ballot.cast_at_unix_s,
            digest=ballot.digest,
            record=record.encode(),
            receipt=receipt,
            share_box=record.boxes[self.node - 1] if admitted.share_is_good else None,
        )

    def _receipt_of(self, stored: StoredBallot) -> Receipt:
        return Receipt(
            self.node, stored.voter, stored.cast_at_unix_s, stored.digest, stored.receipt or b""
        )

    def receipt(self, digest: bytes) -> Receipt:
        """This node's receipt of a ballot.

        Raises:
            Problem: It never gave one.
        """
        stored = self._store.ballot(self.poll.poll_id, digest)
        if stored is None or stored.receipt is None:
            raise Problem(404, "Not found", "this node gave no receipt for that ballot", "digest")
        return self._receipt_of(stored)

    # Pulling from peers (§9.2)

    def records_after(self, after: int) -> bytes:
        """For a peer: `u64 last row ‖ records` of ballots stored after a row."""
        stored = self._store.ballots_after(self.poll.poll_id, after, PULL_LIMIT)
        last = (stored[-1].id or after) if stored else after
        return last.to_bytes(_CURSOR_BYTES, "big") + b"".join(one.record for one in stored)

    async def _pull(self, peer: Peer) -> None:
        while True:
            after = self._cursors.get(peer.number, 0)
            body = after.to_bytes(_CURSOR_BYTES, "big")
            answer = await peer.post(self._path("peer/ballots"), body)
            reader = Reader(answer[:_CURSOR_BYTES], "answer")
            last = reader.unsigned(_CURSOR_BYTES, "cursor")
            records = self.decode_batch(answer[_CURSOR_BYTES:])
            await self._ingest(records)
            self._cursors[peer.number] = last
            if len(records) < PULL_LIMIT or last <= after:
                return

    async def _ingest(self, records: Sequence[CastRecord]) -> None:
        """Store valid ballots that came from peers, with a receipt unless frozen."""
        async with self._lock:
            await asyncio.to_thread(self._store_from_peers, records)

    def _store_from_peers(self, records: Sequence[CastRecord]) -> None:
        digests = [tagged_hash("ballot", record.ballot) for record in records]
        known = self._store.known(self.poll.poll_id, digests)
        fresh = {
            digest: record
            for digest, record in zip(digests, records, strict=True)
            if digest not in known
        }
        if not fresh:
            return
        receipted = self._closed() is None
        admitted = [
            result
            for result in self._admission.admit(list(fresh.values()), self._head.timestamp)
            if isinstance(result, Admitted)
        ]
        self._store.add_ballots([self._stored(one, receipted=receipted) for one in admitted])
        starved = sum(not one.share_is_good for one in admitted)
        self.log.info("pulled", ballots=len(admitted), starved=starved)

    def decode_batch(self, data: bytes) -> list[CastRecord]:
        """Split a batch of this poll's records; Malformed when it is none."""
        poll = self.poll
        return decode_records(data, poll.layout.size, poll.nodes, poll.box_bytes)

    # The clock

    async def tick(self, head: Head) -> None:
        """Do what this moment of chain time asks for."""
        self._head = head
        view = self._view = await asyncio.to_thread(self._registries[0].poll, self.poll.poll_id)
        if self._poll_key is None:
            if view.status in (Status.RELEASABLE, Status.TALLIED):
                await self._gather_shares(view)
            return
        if view.status == Status.VOID:
            await self._destroy_if_final()
        elif view.status == Status.OPEN or (
            view.status == Status.CLOSED and head.timestamp < view.freezes_at
        ):
            await self._each_peer(self._pull)
        elif view.status == Status.CLOSED:
            await self._settle(head)
        elif view.status in (Status.RELEASABLE, Status.TALLIED):
            await self._release(view)
            if view.status == Status.TALLIED:
                await self._destroy_if_final()

    async def _each_peer(self, action: Callable[[Peer], Awaitable[None]]) -> int:
        """Do something with every peer at once; how many went well.

        A peer that keeps this node waiting is left alone for a while: otherwise one liar could
        make every step outlast its settling round.
        """
        now = time.monotonic()
        asked = [peer for peer in self._peers if self._muted.get(peer.number, 0) <= now]
        results = await asyncio.gather(
            *(asyncio.wait_for(action(peer), PEER_PATIENCE_S) for peer in asked),
            return_exceptions=True,
        )
        good = 0
        for peer, result in zip(asked, results, strict=True):
            if result is None:
                good += 1
            elif isinstance(result, TimeoutError):
                self._muted[peer.number] = now + PEER_PATIENCE_S + PEER_PAUSE_S
                self.log.warning("peer keeps us waiting", peer=peer.number)
            elif isinstance(result, PeerError | AuditError | Conflict):
                self.log.debug("peer", peer=peer.number, problem=str(result))
            elif isinstance(result, Exception):
                # Whatever a peer says, it must not keep this node from hearing the others.
                self.log.error("peer", peer=peer.number, problem=repr(result))
            else:
                raise result
        return good

    # Settling (§10)

    async def _settle(self, head: Head) -> None:
        if not self._frozen:
            await self._freeze()
        await self._each_peer(self._pull)
        await self._each_peer(self._read_inventory)
        await self._repair_starved()
        number = self.poll.parameters.round_at(head.timestamp)
        if number is None or 1 + number % self.poll.nodes != self.node:
            return
        quorum = self.poll.committee.quorum
        for (known, _), signatures in self._store.attestations(self.poll.poll_id).items():
            if known == number and len(signatures) >= quorum:
                return
        await self._propose(number)

    async def _freeze(self) -> None:
        async with self._lock:
            receipts = await asyncio.to_thread(self._store.receipts, self.poll.poll_id)
            signature = self._sign(
                typed_data.INVENTORY,
                self.poll.context,
                settling.inventory_hash([row[:3] for row in receipts]),
            )
            await asyncio.to_thread(self._store.freeze, self.poll.poll_id, signature)
            self._frozen = True
        self.log.info("frozen", ballots=len(receipts))

    def inventory(self) -> bytes:
        """Signed list of the ballots that this node accepted: `signature ‖ (voter ‖ u64 cast time ‖
        digest ‖ receipt)…`.

        Raises:
            Problem: The node is not frozen yet.
        """
        row = self._store.poll(self.poll.poll_id)
        if row is None or row.inventory_signature is None:
            raise Problem(409, "Not frozen", "the inventory comes after closing", retry_after_s=2)
        parts = [row.inventory_signature]
        for voter, cast_at_unix_s, digest, receipt in self._store.receipts(self.poll.poll_id):
            parts += [voter, cast_at_unix_s.to_bytes(8, "big"), digest, receipt]
        return b"".join(parts)

    async def _read_inventory(self, peer: Peer) -> None:
        if peer.number in self._inventories:
            return
        data = await peer.get(self._path("inventory"))
        await asyncio.to_thread(self._store_inventory, peer, data)
        self._inventories.add(peer.number)

    def _store_inventory(self, peer: Peer, data: bytes) -> None:
        entry_bytes = 20 + 8 + 32 + SIGNATURE_BYTES
        if len(data) < SIGNATURE_BYTES or (len(data) - SIGNATURE_BYTES) % entry_bytes:
            raise Malformed(f"inventory of node {peer.number}: {len(data)} bytes")
        reader = Reader(data, "inventory")
        signature = reader.take(SIGNATURE_BYTES, "signature")
        entries, receipts = [], []
        for _ in range((len(data) - SIGNATURE_BYTES) // entry_bytes):
            voter, cast_at = reader.take(20, "voter"), reader.unsigned(8, "cast_at")
            digest, receipt = reader.take(32, "digest"), reader.take(SIGNATURE_BYTES, "receipt")
            entries.append((voter, cast_at, digest))
            statement = (self.poll.context, voter, cast_at, digest)
            self._require_signer(peer.address, receipt, typed_data.RECEIPT, *statement)
            receipts.append(
                PeerReceipt(
                    poll_id=self.poll.poll_id,
                    digest=digest,
                    node=peer.number,
                    signature=receipt,
                )
            )
        hashed = settling.inventory_hash(entries)
        self._require_signer(
            peer.address, signature, typed_data.INVENTORY, self.poll.context, hashed
        )
        self._store.add_peer_receipts(receipts)

    # Repair (§9.3)

    async def _repair_starved(self) -> None:
        """Get a good share of every candidate that came without one."""
        givers = await asyncio.to_thread(self._store.receipt_givers, self.poll.poll_id)
        needed = self.poll.committee.candidate_receipts
        for version in await asyncio.to_thread(self._store.versions, self.poll.poll_id):
            nodes = sorted(givers.get(version.digest, ()))
            if not version.has_share and len(nodes) >= needed:
                await self._repair(version.digest, nodes)

    async def _repair(self, digest: bytes, nodes: Sequence[int]) -> None:
        """Try sets of helpers until one of them gives the share."""
        stored = self._store.ballot(self.poll.poll_id, digest)
        if stored is None or self._poll_key is None:
            return
        ballot = self.poll.layout.decode(self._curve, stored.record[: self.poll.layout.size])
        peers = {peer.number: peer for peer in self._peers}
        for helpers in combinations(nodes, self.poll.committee.threshold):
            request = RepairRequest(self.poll.context, digest, self.node, helpers, 0)
            try:
                answers = dict(
                    zip(
                        helpers,
                        await asyncio.wait_for(
                            asyncio.gather(
                                *(self._contribution(peers[node], request) for node in helpers)
                            ),
                            PEER_PATIENCE_S,
                        ),
                        strict=True,
                    )
                )
                share = repaired_share(
                    self._curve,
                    self._admission.key,
                    request,
                    ballot.sharing,
                    answers,
                    self._poll_key,
                    [member.address for member in self.poll.committee.members],
                    self.poll.domain,
                    self.poll.slots,
                )
            except (PeerError, AuditError, TimeoutError) as error:
                self.log.info("repair", helpers=helpers, problem=str(error))
                continue
            content = BoxContent(self.poll.context, ballot.voter, digest, share)
            box = seal(self._poll_key.public_key, content.encode())
            await asyncio.to_thread(self._store.give_share, self.poll.poll_id, digest, box)
            self.log.info("repaired", ballot=digest.hex(), helpers=helpers)
            return

    async def _contribution(self, peer: Peer, request: RepairRequest) -> Contribution:
        answer = await peer.post(self._path("peer/repair"), request.encode())
        return Contribution.decode(answer, self.poll.slots, self.poll.committee.threshold)

    def answer_repair(self, body: bytes, asker: bytes) -> bytes:
        """For a starved node: this node's masked share of a ballot.

        Raises:
            Problem: This node is not frozen, or has no good share to help with.
        """
        self._require_frozen()
        committee, poll = self.poll.committee, self.poll
        target = committee.index_of(asker)
        if target is None:
            raise Problem(403, "Not a peer", "not in this poll's committee")
        request = RepairRequest.decode(body, poll.context, target, poll.nodes, committee.threshold)
        stored = self._store.ballot(poll.poll_id, request.ballot_digest)
        opened = self._registries[0].opened(poll.poll_id)
        if stored is None or stored.share_box is None or self._poll_key is None or opened is None:
            raise Problem(409, "No share", "this node has no good share of that ballot")
        if self.node not in request.helpers:
            raise Problem(400, "Malformed", "this node is not among the helpers", "helpers")
        ballot = poll.layout.decode(self._curve, stored.record[: poll.layout.size])
        share = self._admission.share(ballot, stored.share_box)
        return contribute(
            request,
            self.node,
            share,
            self._admission.key,
            self._poll_key,
            opened.public_keys,
            self._key,
            poll.domain,
        ).encode()

    async def _propose(self, number: int) -> None:
        """Draft, take in what peers miss in it, sign the final list and gather signatures."""
        first = await asyncio.to_thread(self._draft, number)

        async def ask(peer: Peer) -> None:
            answer = await peer.post(self._path("peer/draft"), first.encode())
            await self._ingest(self.decode_batch(answer))

        answered = 1 + await self._each_peer(ask)
        quorum = self.poll.committee.quorum
        if answered < quorum:
            self.log.info("draft waits", round=number, answered=answered, quorum=quorum)
            return
        async with self._lock:
            earlier = await asyncio.to_thread(self._store.signed_root, self.poll.poll_id, number)
            if earlier is None:
                proposal = await asyncio.to_thread(self._draft, number)
                root, own = await asyncio.to_thread(self._sign_root, proposal)
            else:
                proposal = await asyncio.to_thread(self._as_list, number, earlier.leaves)
                root, own = await asyncio.to_thread(self._sign_root, proposal)
        signatures = {self.node: own}

        async def collect(peer: Peer) -> None:
            answer = await peer.post(self._path("peer/proposal"), proposal.encode())
            self._require_root_signature(peer.address, answer, number, root)
            signatures[peer.number] = answer

        await self._each_peer(collect)
        self._store.add_attestations(self.poll.poll_id, number, encode_root(root), signatures)
        self.log.info("proposed", round=number, ballots=root.count, signatures=len(signatures))

        if len(signatures) >= quorum:
            certificate = number.to_bytes(4, "big") + encode_root(root)
            for node in sorted(signatures):
                certificate += bytes([node]) + signatures[node]

            async def spread(peer: Peer) -> None:
                await peer.post(self._path("peer/certificate"), certificate)

            await self._each_peer(spread)

    def _draft(self, number: int) -> LeafList:
        return settling.draft(number, self._store.versions(self.poll.poll_id))

    def answer_draft(self, body: bytes) -> bytes:
        """For a proposer: records of ballots that its draft misses."""
        self._require_frozen()
        versions = self._store.versions(self.poll.poll_id)
        absent = settling.missing(LeafList.decode(body).entries, versions)
        known = self._store.known(self.poll.poll_id, [version.digest for version in absent])
        return b"".join(stored.record for stored in known.values())

    async def answer_proposal(self, body: bytes, proposer: bytes) -> bytes:
        """For a proposer: this node's signature of the root over its list.

        Raises:
            Problem: Why this node does not sign.
        """
        self._require_frozen()
        proposal = LeafList.decode(body)
        number = self.poll.parameters.round_at(self._head.timestamp)
        if proposal.round != number:
            raise Problem(409, "Wrong round", f"this node is in round {number}", "round", 1)
        expected = self.poll.committee.members[number % self.poll.nodes].address
        if proposer != expected:
            raise Problem(403, "Not the proposer", f"round {number} has another proposer")
        unknown = {entry.digest for entry in proposal.entries} - {
            version.digest for version in self._store.versions(self.poll.poll_id)
        }
        if unknown:
            await self._each_peer(
                lambda peer: self._pull(peer) if peer.address == proposer else _nothing()
            )
        async with self._lock:
            return await asyncio.to_thread(self._sign_if_sound, proposal)

    def _sign_if_sound(self, proposal: LeafList) -> bytes:
        versions = self._store.versions(self.poll.poll_id)
        receipts = self._store.receipt_counts(self.poll.poll_id)
        problem = settling.objection(
            proposal, versions, receipts, self.poll.committee.candidate_receipts
        )
        if problem:
            raise Problem(409, "Objection", problem)
        try:
            return self._sign_root(proposal)[1]
        except Conflict as conflict:
            raise Problem(409, "Already signed", str(conflict)) from None

    def _sign_root(self, proposal: LeafList) -> tuple[SumRoot, bytes]:
        root, _ = self._root([entry.digest for entry in proposal.entries])
        signature = self._sign(*_root_statement(self.poll.context, proposal.round, root))
        signed = self._store.sign_root(
            SignedRoot(
                poll_id=self.poll.poll_id,
                round=proposal.round,
                root_digest=root.digest,
                leaves=b"".join(entry.digest for entry in proposal.entries),
                signature=signature,
            )
        )
        return root, signed.signature

    def _as_list(self, number: int, leaves: bytes) -> LeafList:
        digests = [leaves[start : start + 32] for start in range(0, len(leaves), 32)]
        known = self._store.known(self.poll.poll_id, digests)
        return LeafList(
            number, tuple(settling.Entry(known[digest].voter, digest) for digest in digests)
        )

    def _root(self, digests: Sequence[bytes]) -> tuple[SumRoot, list[tuple[Ballot, StoredBallot]]]:
        """Root over stored ballots in leaf order; KeyError when one is not here."""
        stored = self._store.known(self.poll.poll_id, digests)
        ordered = [stored[digest] for digest in digests]
        size = self.poll.layout.size
        ballots = self.poll.layout.decode_many(self._curve, [one.record[:size] for one in ordered])
        weights = self._weights(ballots)
        leaves = [
            Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
            for ballot, weight in zip(ballots, weights, strict=True)
        ]
        values = self._curve.concat([ballot.sharing[0] for ballot in ballots])
        return sum_root(self._curve, leaves, values), list(zip(ballots, ordered, strict=True))

    def _weights(self, ballots: Sequence[Ballot]) -> list[int]:
        return [self.census.by_account[ballot.voter].weight for ballot in ballots]

    def store_certificate(self, body: bytes) -> None:
        """Keep a root with its signatures, as a proposer spreads it."""
        number = int.from_bytes(body[:4], "big")
        root = decode_root(body[4:104])
        size = 1 + SIGNATURE_BYTES
        if len(body) < 104 or (len(body) - 104) % size:
            raise Malformed(f"certificate: {len(body)} bytes")
        signatures = {}
        for start in range(104, len(body), size):
            node, signature = body[start], body[start + 1 : start + size]
            if not 1 <= node <= self.poll.nodes:
                raise Malformed(f"certificate: there is no node {node}")
            address = self.poll.committee.members[node - 1].address
            self._require_root_signature(address, signature, number, root)
            signatures[node] = signature
        self._store.add_attestations(self.poll.poll_id, number, encode_root(root), signatures)

    def certificate(self) -> AnchoredRoot:
        """The latest root that `q` nodes signed, for whoever brings it to the chain.

        Raises:
            Problem: There is none yet.
        """
        for (number, root), signatures in sorted(
            self._store.attestations(self.poll.poll_id).items(), reverse=True
        ):
            if len(signatures) >= self.poll.committee.quorum:
                attestations = tuple(
                    Attestation(node, signatures[node]) for node in sorted(signatures)
                )
                return AnchoredRoot(number, decode_root(root), attestations)
        raise Problem(409, "Not settled", "no root has enough signatures yet", retry_after_s=2)

    # Release (§12)

    async def _release(self, view: PollView) -> None:
        final = await asyncio.to_thread(self._finalized_root)
        if final is None or final != view.root:
            return
        if self._own_final() is None:
            digests = await self._leaves_of(final)
            if digests is None:
                return
            await self._state_final(final)
        await self._each_peer(self._read_final)
        agreeing = [
            one for one in self._store.finals(self.poll.poll_id) if one.root_digest == final.digest
        ]
        mine = self._own_final()
        quorum = self.poll.committee.quorum
        if mine is not None and mine.root_digest == final.digest and len(agreeing) >= quorum:
            released = {one.node for one in self._store.shares(self.poll.poll_id)}
            if self.node not in released:
                await asyncio.to_thread(self._release_share, final)
        await self._gather_shares(view)

    def _finalized_root(self) -> SumRoot | None:
        """The anchored root, if every provider shows it as releasable on a finalized block."""
        roots = set()
        for registry in self._registries:
            block = registry.head("finalized").number
            view = registry.poll(self.poll.poll_id, block)
            if view.status not in (Status.RELEASABLE, Status.TALLIED):
                return None
            roots.add(view.root)
        if len(roots) != 1:
            self.log.error("providers disagree about the anchored root")
            return None
        return roots.pop()

    async def _leaves_of(self, root: SumRoot) -> list[bytes] | None:
        """Ballot digests of an anchored root in leaf order, once this node can stand for it."""
        signed = self._signed(root)
        if signed is not None:
            return _split_digests(signed.leaves)
        # Not asked or not there when it was settled: take the list from a peer, believe the root.
        offers: list[list[bytes]] = []

        async def read(peer: Peer) -> None:
            await self._pull(peer)
            offers.append(_split_digests(await peer.get(self._path("leaves"))))

        await self._each_peer(read)
        for digests in offers:
            async with self._lock:
                if await asyncio.to_thread(self._adopt, root, digests):
                    return digests
        return None

    def _adopt(self, root: SumRoot, digests: list[bytes]) -> bool:
        versions = {one.digest: one for one in self._store.versions(self.poll.poll_id)}
        if any(digest not in versions or not versions[digest].has_share for digest in digests):
            return False
        if self._root(digests)[0] != root:
            return False
        entries = [settling.Entry(versions[digest].voter, digest) for digest in digests]
        receipts = self._store.receipt_counts(self.poll.poll_id)
        for version in settling.missing(entries, list(versions.values())):
            if receipts.get(version.digest, 0) >= self.poll.committee.quorum:
                self.log.error("anchored root omits a recorded ballot", ballot=version.digest.hex())
                return False
        # Recorded under a round of its own: this node signed no root in it.
        self._store.sign_root(
            SignedRoot(
                poll_id=self.poll.poll_id,
                round=-1,
                root_digest=root.digest,
                leaves=b"".join(digests),
                signature=b"",
            )
        )
        return True

    def _signed(self, root: SumRoot) -> SignedRoot | None:
        for signed in self._store.signed_roots(self.poll.poll_id):
            if signed.root_digest == root.digest:
                return signed
        return None

    def leaves(self) -> bytes:
        """Ballot digests of the anchored root in leaf order.

        Raises:
            Problem: There is no anchored root, or this node does not hold all of it.
        """
        view = self._view
        signed = self._signed(view.root) if view is not None and view.anchored_at else None
        if signed is None:
            raise Problem(409, "Not settled", "this node holds no anchored root", retry_after_s=2)
        return signed.leaves

    def _own_final(self) -> FinalStatement | None:
        return next(
            (one for one in self._store.finals(self.poll.poll_id) if one.node == self.node), None
        )

    async def _state_final(self, root: SumRoot) -> None:
        """Sign this node's one and only `Final`, unless it may have signed another before."""
        # A database restored from a backup forgets; peers do not. In doubt, keep silent.
        answered = 1 + await self._each_peer(self._read_final)
        if answered < self.poll.committee.quorum or self._own_final() is not None:
            return
        signature = self._sign(typed_data.FINAL, self.poll.context, root.digest)
        await asyncio.to_thread(
            self._store.add_final,
            FinalStatement(
                poll_id=self.poll.poll_id,
                node=self.node,
                root_digest=root.digest,
                signature=signature,
            ),
        )
        self.log.info("final", root=root.digest.hex())

    def finals(self) -> list[dict[str, Any]]:
        """All known `Final` statements."""
        return [
            {
                "node": one.node,
                "root_digest": to_hex(one.root_digest),
                "signature": to_hex(one.signature),
            }
            for one in self._store.finals(self.poll.poll_id)
        ]

    async def _read_final(self, peer: Peer) -> None:
        answer = await peer.get_json(self._path("finals"))
        if not isinstance(answer, list):
            raise Malformed("finals: not a list")
        for one in answer[: self.poll.nodes]:
            node, member = self._member(one)
            digest = from_hex(one.get("root_digest"), "root_digest")
            signature = from_hex(one.get("signature"), "signature")
            self._require_signer(member, signature, typed_data.FINAL, self.poll.context, digest)
            await asyncio.to_thread(
                self._store.add_final,
                FinalStatement(
                    poll_id=self.poll.poll_id, node=node, root_digest=digest, signature=signature
                ),
            )

    def _release_share(self, root: SumRoot) -> None:
        signed = self._signed(root)
        if signed is None:
            return
        _, pairs = self._root(_split_digests(signed.leaves))
        shares = [
            self._admission.share(ballot, stored.share_box or b"") for ballot, stored in pairs
        ]
        total = aggregate(shares, self._weights([ballot for ballot, _ in pairs]), self.poll.slots)
        self._store.add_share(
            ReleasedShare(
                poll_id=self.poll.poll_id,
                node=self.node,
                share=total.encode(),
                signature=self._sign(*self._share_statement(root, self.node, total)),
            )
        )
        self.log.info("released", ballots=len(shares))

    def shares(self) -> list[dict[str, Any]]:
        """All known aggregate shares; empty before release."""
        return [
            {"node": one.node, "share": to_hex(one.share), "signature": to_hex(one.signature)}
            for one in self._store.shares(self.poll.poll_id)
        ]

    async def _gather_shares(self, view: PollView) -> None:
        known = {one.node for one in self._store.shares(self.poll.poll_id)}
        signed = self._signed(view.root)
        if len(known) == self.poll.nodes or signed is None:
            return
        _, pairs = await asyncio.to_thread(self._root, _split_digests(signed.leaves))
        ballots = [ballot for ballot, _ in pairs]
        sums = AggregateCommitments.of(
            self._curve, ballots, self._weights(ballots), self.poll.committee.threshold
        )

        async def read(peer: Peer) -> None:
            if peer.number in known:
                return
            listed = await peer.get_json(self._path("shares"))
            if not isinstance(listed, list):
                raise Malformed("shares: not a list")
            for one in listed[: self.poll.nodes]:
                node, member = self._member(one)
                if node != peer.number:
                    continue
                reader = Reader(from_hex(one.get("share"), "share"), "share")
                share = Share.read(reader, self.poll.slots, f"node {node}")
                reader.end()
                signature = from_hex(one.get("signature"), "signature")
                self._require_signer(
                    member, signature, *self._share_statement(view.root, node, share)
                )
                sums.verify_share(self._curve, self._admission.key, node, share)
                self._store.add_share(
                    ReleasedShare(
                        poll_id=self.poll.poll_id,
                        node=node,
                        share=share.encode(),
                        signature=signature,
                    )
                )

        await self._each_peer(read)

    async def _destroy_if_final(self) -> None:
        block = (await asyncio.to_thread(self._registries[0].head, "finalized")).number
        view = await asyncio.to_thread(self._registries[0].poll, self.poll.poll_id, block)
        released = {one.node for one in self._store.shares(self.poll.poll_id)}
        if view.status == Status.VOID or (view.status == Status.TALLIED and self.node in released):
            await asyncio.to_thread(self._store.destroy_key, self.poll.poll_id)
            self._poll_key = None
            self._admission = Admission(self._curve, self.poll, self.census, self.node, None)
            self.log.info("poll key destroyed", status=view.status.name)

    # What everybody may read

    def board(self) -> bytes:
        """The poll's bulletin board (§16)."""
        poll, view = self.poll, self._view
        anchored = None
        leaves: list[SignedBallot] = []
        shares = self._store.shares(poll.poll_id)
        if view is not None and view.anchored_at:
            cache_key = (view.root.digest, len(shares))
            if self._board is not None and self._board[0] == cache_key:
                return self._board[1]
            anchored = self._registries[0].anchored(poll.poll_id)
            leaves = [
                self._signed_ballot(stored)
                for _, stored in self._root(_split_digests(self.leaves()))[1]
            ]
        opened = self._registries[0].opened(poll.poll_id)
        keys = () if opened is None else zip(opened.public_keys, opened.signatures, strict=True)
        encoded = Board(
            poll=poll.identity.encode(),
            parameters=poll.parameters.encode(),
            rule=poll.rule.encode(),
            outcome_rule=poll.outcome_rule.encode(),
            description=poll.description.encoded,
            committee=poll.committee.encode(),
            poll_keys=tuple(PollKeyAnnouncement(key, signature) for key, signature in keys),
            census=self.census.encode(),
            leaves=tuple(leaves),
            root=anchored,
            shares=tuple(
                SignedShare(
                    one.node,
                    Share.read(Reader(one.share, "share"), poll.slots, "share"),
                    one.signature,
                )
                for one in shares
            ),
        ).encode()
        if anchored is not None and view is not None:
            self._board = ((view.root.digest, len(shares)), encoded)
        return encoded

    def _signed_ballot(self, stored: StoredBallot) -> SignedBallot:
        (record,) = self.decode_batch(stored.record)
        return SignedBallot(record.ballot, record.boxes_hash, record.signature)

    def summary(self) -> dict[str, Any]:
        """State of the poll at this node: counts only, nothing about any choice."""
        status = self._view.status.name.lower() if self._view else "unknown"
        return {
            "poll": str(self.poll.poll_id),
            "poll_context": to_hex(self.poll.context),
            "node": self.node,
            "status": status,
            "voters": len(self.census),
            "voted": self._store.voters(self.poll.poll_id),
            "opens_at": self.poll.parameters.opens_at,
            "closes_at": self.poll.parameters.closes_at,
            "frozen": self._frozen,
            "key_destroyed": self._poll_key is None,
        }

    def recheck(self) -> int:
        """At start: drop ballots whose stored bytes changed; peers have them. How many."""
        damaged = 0
        after = 0
        while stored := self._store.ballots_after(self.poll.poll_id, after, PULL_LIMIT):
            for one in stored:
                size = self.poll.layout.size
                intact = (
                    len(one.record) == self.poll.record_bytes
                    and tagged_hash("ballot", one.record[:size]) == one.digest
                    and self._voter_signed(one)
                )
                if not intact:
                    self._store.remove_ballot(self.poll.poll_id, one.digest)
                    damaged += 1
            after = stored[-1].id or after
        if damaged:
            self.log.error("damaged ballots dropped, to be pulled again", ballots=damaged)
        return damaged

    def _voter_signed(self, stored: StoredBallot) -> bool:
        record = self.decode_batch(stored.record)[0]
        digest = self.poll.domain.digest(
            typed_data.BALLOT,
            self.poll.context,
            stored.voter,
            stored.cast_at_unix_s,
            stored.digest,
            record.boxes_hash,
        )
        try:
            signer = recover(digest, record.signature)
        except Malformed:
            return False
        entry = self.census.by_account.get(stored.voter)
        return entry is not None and signer == entry.signing_key

    # Signatures

    def _sign(self, type_string: str, *values: int | bytes) -> bytes:
        return self._key.sign(self.poll.domain.digest(type_string, *values))

    def _require_signer(
        self, address: bytes, signature: bytes, type_string: str, *values: int | bytes
    ) -> None:
        if recover(self.poll.domain.digest(type_string, *values), signature) != address:
            raise Malformed(f"{type_string.partition('(')[0]}: not signed by 0x{address.hex()}")

    def _require_root_signature(
        self, address: bytes, signature: bytes, number: int, root: SumRoot
    ) -> None:
        self._require_signer(address, signature, *_root_statement(self.poll.context, number, root))

    def _share_statement(
        self, root: SumRoot, node: int, share: Share
    ) -> tuple[str, bytes, bytes, int, bytes]:
        return (
            typed_data.AGGREGATE_SHARE,
            self.poll.context,
            root.digest,
            node,
            aggregate_share_hash(share),
        )

    def _member(self, one: Any) -> tuple[int, bytes]:
        node = one.get("node") if isinstance(one, dict) else None
        if not isinstance(node, int) or not 1 <= node <= self.poll.nodes:
            raise Malformed("node: not one of the committee")
        return node, self.poll.committee.members[node - 1].address

    def _require_frozen(self) -> None:
        if not self._frozen:
            raise Problem(409, "Not frozen", "this node is still accepting ballots", "", 1)

    def _path(self, rest: str) -> str:
        return f"/api/v1/polls/{self.poll.poll_id}/{rest}"


def _root_statement(
    context: bytes, number: int, root: SumRoot
) -> tuple[str, bytes, int, bytes, bytes, bytes, int]:
    return typed_data.ROOT, context, number, root.hash, root.sum[:32], root.sum[32:], root.count


async def _nothing() -> None:
    return


def _split_digests(leaves: bytes) -> list[bytes]:
    if len(leaves) % 32:
        raise Malformed(f"leaves: {len(leaves)} bytes")
    return [leaves[start : start + 32] for start in range(0, len(leaves), 32)]
