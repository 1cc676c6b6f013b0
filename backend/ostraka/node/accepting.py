"""Accept ballots from voters and peers; sign receipts after they are on the disk.

Source: docs/protocol.md §9.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ostraka.chain.registry import Status
from ostraka.node.admission import Admitted
from ostraka.node.peers import Peer
from ostraka.node.poll_state import BACKGROUND_S, PollState
from ostraka.storage.node_tables import (
    StoredBallot,
)
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, tagged_hash
from ostraka_verifier.errors import Malformed

MAX_VERSIONS = 64
"""Ballots that one voter may cast at a node; more is a flood, not a change of mind."""
PULL_LIMIT = 500
PULL_PAGES = 40
"""Pages pulled from one peer at a time; a liar that always has one more must not stop the clock."""
QUEUE_LIMIT = 4096
BATCH_LIMIT = 256
_CURSOR_BYTES = 8


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


class Accepting:
    """Accepts the ballots of one poll."""

    def __init__(self, state: PollState) -> None:
        self._state = state
        self._queue: asyncio.Queue[tuple[CastRecord, asyncio.Future[Receipt | Problem]]] = (
            asyncio.Queue(QUEUE_LIMIT)
        )
        self._cursors: dict[int, int] = {}
        self._pulled: Counter[tuple[int, bytes]] = Counter()

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
        try:
            await self._work()
        finally:
            while not self._queue.empty():
                _, future = self._queue.get_nowait()
                if not future.done():
                    future.set_result(Problem(503, "Unavailable", "the poll is gone", "", 5))

    async def _work(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < BATCH_LIMIT and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            records = [record for record, _ in waiting]
            try:
                async with self._state.lock:
                    results = await asyncio.to_thread(self._accept, records)
            except Exception as error:
                # A full disk or a lost database: nobody gets a receipt, and the node lives on.
                self._state.log.error("accepting failed", error=repr(error))
                results = [
                    Problem(503, "Unavailable", "the node cannot store ballots now", "", 5)
                ] * len(waiting)
            for (_, future), result in zip(waiting, results, strict=True):
                if not future.done():
                    future.set_result(result)

    def _accept(self, records: Sequence[CastRecord]) -> list[Receipt | Problem]:
        digests = [tagged_hash("ballot", record.ballot) for record in records]
        known = self._state.store.known(self._state.poll.poll_id, digests)
        receipts = {
            digest: self._receipt_of(stored)
            for digest, stored in known.items()
            # The same ballot again gives the same receipt, also after freezing.
            if stored.receipt is not None
        }
        # By record, not by digest: a copy with other boxes or another signature, sent along by
        # somebody else, must not take the honest one's place.
        fresh = list(
            dict.fromkeys(
                record
                for digest, record in zip(digests, records, strict=True)
                if digest not in receipts
            )
        )
        answers: dict[CastRecord, Receipt | Problem] = {}
        refusal = self._closed()
        if refusal is not None:
            answers = dict.fromkeys(fresh, refusal)
        else:
            results = self._state.admission.admit(fresh, self._state.head.timestamp)
            accepted: dict[bytes, StoredBallot] = {}
            held = _Versions(self._state)
            for record, result in zip(fresh, results, strict=True):
                outcome = self._judge(result, held)
                if isinstance(outcome, StoredBallot):
                    stored = accepted.setdefault(outcome.digest, outcome)
                    held.add(outcome.voter)
                    answers[record] = self._receipt_of(stored)
                else:
                    answers[record] = outcome
            # On the disk before any receipt leaves this method.
            self._state.store.add_ballots(list(accepted.values()))
        return [
            receipts[digest] if digest in receipts else answers[record]
            for digest, record in zip(digests, records, strict=True)
        ]

    def _closed(self) -> Problem | None:
        view = self._state.view
        if (
            self._state.frozen
            or self._state.head.timestamp >= self._state.poll.parameters.freezes_at
        ):
            closed = self._state.poll.parameters.closes_at
            return Problem(409, "Poll closed", f"it closed at {closed}; nothing was counted")
        if (
            self._state.poll_key is None
            or view is None
            or view.status not in (Status.OPEN, Status.CLOSED)
        ):
            return Problem(409, "Poll not open", "the chain does not show this poll as open", "", 2)
        return None

    def _judge(self, result: Admitted | Problem, held: "_Versions") -> StoredBallot | Problem:
        if isinstance(result, Problem):
            return result
        if not result.share_is_good:
            return Problem(
                422,
                "Check failed",
                "it does not open to a good share",
                f"boxes[{self._state.node - 1}]",
            )
        if held.of(result.ballot.voter) >= MAX_VERSIONS:
            return Problem(
                429, "Too many versions", f"a voter may change a vote {MAX_VERSIONS - 1} times"
            )
        return self._stored(result, receipted=True)

    def _stored(self, admitted: Admitted, *, receipted: bool) -> StoredBallot:
        ballot, record = admitted.ballot, admitted.record
        receipt = None
        if receipted and admitted.share_is_good:
            receipt = self._state.sign(
                typed_data.RECEIPT,
                self._state.poll.context,
                ballot.voter,
                ballot.cast_at_unix_s,
                ballot.digest,
            )
        return StoredBallot(
            poll_id=self._state.poll.poll_id,
            voter=ballot.voter,
            cast_at_unix_s=ballot.cast_at_unix_s,
            digest=ballot.digest,
            signed=b"".join((record.ballot, record.boxes_hash, record.signature)),
            # Boxes that came when the poll key was gone would outlive it.
            boxes=b"".join(record.boxes) if self._state.poll_key is not None else b"",
            receipt=receipt,
            share_box=record.boxes[self._state.node - 1] if admitted.share_is_good else None,
        )

    def _receipt_of(self, stored: StoredBallot) -> Receipt:
        return Receipt(
            self._state.node,
            stored.voter,
            stored.cast_at_unix_s,
            stored.digest,
            stored.receipt or b"",
        )

    def receipt(self, digest: bytes) -> Receipt:
        """This node's receipt of a ballot.

        Raises:
            Problem: It never gave one.
        """
        stored = self._state.store.ballot(self._state.poll.poll_id, digest)
        if stored is None or stored.receipt is None:
            raise Problem(404, "Not found", "this node gave no receipt for that ballot", "digest")
        return self._receipt_of(stored)

    def records_after(self, after: int) -> bytes:
        """For a peer: `u64 last row ‖ records` of ballots stored after a row.

        None of those whose boxes are deleted: by then the tally is final.
        """
        stored = self._state.store.ballots_after(self._state.poll.poll_id, after, PULL_LIMIT)
        last = (stored[-1].id or after) if stored else after
        return last.to_bytes(_CURSOR_BYTES, "big") + self._state.encode_batch(stored)

    async def pull_all(self) -> None:
        """Store what the peers have and this node misses; what takes long goes on by itself."""
        await self._state.each_peer("ballots", self.pull, BACKGROUND_S)

    async def pull(self, peer: Peer) -> None:
        """Store what a peer has and this node misses; the rest, if it is much, the next time."""
        for _ in range(PULL_PAGES):
            after = self._cursors.get(peer.number, 0)
            body = after.to_bytes(_CURSOR_BYTES, "big")
            answer = await peer.post(self._state.path("peer/ballots"), body)
            reader = Reader(answer[:_CURSOR_BYTES], "answer")
            last = reader.unsigned(_CURSOR_BYTES, "cursor")
            records = self._state.decode_batch(answer[_CURSOR_BYTES:])
            if len(records) > PULL_LIMIT:
                # While they are judged, no voter gets a receipt.
                raise Malformed(f"ballots: {len(records)} in a page of {PULL_LIMIT}")
            await self.ingest([one for one in records if self._within_bounds(peer, one)])
            self._cursors[peer.number] = last
            if len(records) < PULL_LIMIT or last <= after:
                return

    def _within_bounds(self, peer: Peer, record: CastRecord) -> bool:
        # What a voter and a lying node make together must not fill the disk. A ballot left out
        # here still comes with a draft or a proposal that needs it.
        key = peer.number, record.ballot[:ADDRESS_BYTES]
        self._pulled[key] += record.ballot[:ADDRESS_BYTES] in self._state.census.by_account
        return self._pulled[key] <= self.most_versions

    @property
    def most_versions(self) -> int:
        """Of one voter, if each node took as many as it may."""
        return MAX_VERSIONS * self._state.poll.nodes

    def records_of(self, digests: Sequence[bytes]) -> bytes:
        """For a peer: records of those of the ballots that this node holds.

        Raises:
            Malformed: It asks for more than a root can hold.
        """
        if len(digests) > len(self._state.census):
            raise Malformed(f"digests: {len(digests)}, one a voter at most")
        known = self._state.store.known(self._state.poll.poll_id, digests)
        return self._state.encode_batch(known.values())

    async def fetch(self, peer: Peer, digests: Collection[bytes]) -> None:
        """Store some ballots that a peer has."""
        answer = await peer.post(self._state.path("peer/records"), b"".join(sorted(digests)))
        records = self._state.decode_batch(answer)
        await self.ingest([one for one in records if tagged_hash("ballot", one.ballot) in digests])

    async def ingest(self, records: Sequence[CastRecord]) -> None:
        """Store valid ballots that came from peers, with a receipt unless frozen."""
        async with self._state.lock:
            await asyncio.to_thread(self._store_from_peers, records)

    def _store_from_peers(self, records: Sequence[CastRecord]) -> None:
        digests = [tagged_hash("ballot", record.ballot) for record in records]
        known = self._state.store.known(self._state.poll.poll_id, digests)
        whole = {digest for digest, stored in known.items() if stored.signed}
        fresh = {
            digest: record
            for digest, record in zip(digests, records, strict=True)
            if digest not in whole
        }
        if not fresh:
            return
        accepting = self._closed() is None
        admitted = [
            result
            for result in self._state.admission.admit(
                list(fresh.values()), self._state.head.timestamp
            )
            if isinstance(result, Admitted)
        ]
        stored = []
        held = _Versions(self._state)
        for one in admitted:
            few = held.of(one.ballot.voter) < self.most_versions
            stored.append(self._stored(one, receipted=accepting and few))
            held.add(one.ballot.voter)
        self._state.store.add_ballots(stored)
        starved = sum(not one.share_is_good for one in admitted)
        self._state.log.info("pulled", ballots=len(admitted), starved=starved)


class _Versions:
    """Versions of each voter: those stored, and those of the batch at hand.

    A batch must not outgrow the bounds: peers refuse the inventory of whoever promised more.
    """

    def __init__(self, state: PollState) -> None:
        self._state = state
        self._counts: dict[bytes, int] = {}

    def of(self, voter: bytes) -> int:
        """How many there are."""
        if voter not in self._counts:
            poll_id = self._state.poll.poll_id
            self._counts[voter] = self._state.store.versions_of(poll_id, voter)
        return self._counts[voter]

    def add(self, voter: bytes) -> None:
        """Count one more."""
        self._counts[voter] = self.of(voter) + 1
