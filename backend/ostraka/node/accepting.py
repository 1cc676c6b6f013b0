"""Accept ballots from voters and peers; sign receipts once the ballots are on the disk.

Source: docs/protocol.md §9.
"""

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ostraka.node.admission import Admitted
from ostraka.node.failures import Failures
from ostraka.node.fair_queue import FairQueue
from ostraka.node.peers import Peer
from ostraka.node.phases import Accepting, Phase
from ostraka.node.poll_progress import PollProgress
from ostraka.node.pulled_versions import PulledVersions
from ostraka.node.receipts import Receipt
from ostraka.node.served_poll import BACKGROUND_S, ServedPoll, split_digests
from ostraka.node.store import NewBallot
from ostraka.storage.node_tables import StoredBallot
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka.wire.records import CastRecord
from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.units import UnixSeconds

MAX_VERSIONS = 64
"""Most ballots that one voter may cast at a node; more would be a flood."""
PULL_LIMIT = 500
PULL_PAGES = 40
"""Most pages pulled from one peer at a time: a lying peer can always offer one more."""
QUEUE_LIMIT = 4096
"""Most ballots that wait for the check of their signatures, and also of their proofs."""
QUEUE_BYTES = 2**26
"""Most bytes of the ballots in each of the two queues."""
BATCH_LIMIT = 256
FULL_TURN = 32
GATHER_S = 0.02
"""A turn starts this late, unless so many ballots wait: each turn costs some milliseconds, for two
statements, a commit and its equations, and each further ballot a fraction of that."""
LAST_LIMIT = 8
"""Most ballots of provably malicious voters that are checked in one turn, and that wait for
each such voter."""
UNDER_WAY_S = 1
"""Longest wait for ballots that voters sent here, before they are fetched from a peer: those of
malicious voters may wait for long."""
_CURSOR_BYTES = 8


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A ballot whose sender waits for an answer."""

    record: CastRecord
    client: str
    answer: asyncio.Future[Receipt | Problem]

    def give(self, answer: Receipt | Problem) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class BallotIntake:
    """Accepts the ballots of one poll.

    The queue of signature checks is fair between clients and, for one client, between the voters
    named in ballots, as anybody can name a voter. The queue of proof checks is fair between voters,
    as only the voter can have signed. A voter who signed several false ballots comes last in both,
    one ballot at a time.
    """

    def __init__(self, served: ServedPoll, progress: PollProgress) -> None:
        self._served = served
        self._progress = progress
        most = max(BATCH_LIMIT, min(QUEUE_LIMIT, QUEUE_BYTES // served.poll.record_bytes))
        self._unchecked: FairQueue[_Waiting] = FairQueue(most, most // 2, MAX_VERSIONS)
        self._unchecked_last: FairQueue[_Waiting] = FairQueue(most // 4, most // 8, MAX_VERSIONS)
        # Grouped by voter; each group has one line.
        self._signed: FairQueue[_Waiting] = FairQueue(most, MAX_VERSIONS, MAX_VERSIONS)
        self._signed_last: FairQueue[_Waiting] = FairQueue(most // 4, LAST_LIMIT, LAST_LIMIT)
        self._failures = Failures()
        self._arrived = asyncio.Event()
        self._under_way: dict[bytes, asyncio.Future[Receipt | Problem]] = {}
        """The answers to ballots that voters sent, by digest, until they are known."""
        self._cursors: dict[int, int] = {}
        self._pulled = PulledVersions(served.census)
        self.receipted = 0
        """Ballots of voters that got a receipt since the start."""

    async def submit(self, record: CastRecord, client: str) -> Receipt | Problem:
        """Accept a ballot from its voter.

        Args:
            client: The sender, for limits of each client.

        Returns:
            The receipt, signed after the ballot is on the disk, or the problem.
        """
        try:
            self._served.admission.check_sizes(record)
            # A closed poll still returns the receipts that it gave.
            if isinstance(self._progress.accepting(), Accepting):
                objection = self._voter_objection(record)
                if objection is not None:
                    return objection
        except Malformed as error:
            return from_audit_error(error)
        failure = self._failures.of(record, record.ballot_digest)
        if failure is not None:
            return failure
        future: asyncio.Future[Receipt | Problem] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(record, client, future)
        queues = self._unchecked, self._unchecked_last
        queue = queues[self._failures.suspected(record.voter)]
        digest = record.ballot_digest
        self._under_way[digest] = future
        _put(queue, client, waiting)
        self._arrived.set()
        try:
            return await future
        finally:
            if self._under_way.get(digest) is future:
                del self._under_way[digest]

    @property
    def queued(self) -> int:
        """Ballots that wait for their check."""
        queues = self._unchecked, self._unchecked_last, self._signed, self._signed_last
        return sum(map(len, queues))

    async def work(self) -> None:
        """Accept queued ballots forever, all waiting ones at once."""
        queues = self._unchecked, self._unchecked_last, self._signed, self._signed_last
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while any(map(len, queues)):
                    # Ballots whose signatures are checked have waited before.
                    if not len(self._signed) and len(self._unchecked) < FULL_TURN:
                        await asyncio.sleep(GATHER_S)
                    await self._turn()
        finally:
            for queue in queues:
                for waiting in queue.take(len(queue)):
                    waiting.give(Problem(ProblemType.UNAVAILABLE, "the poll has ended here", "", 5))

    async def _turn(self) -> None:
        unchecked = self._unchecked.take(BATCH_LIMIT) + self._unchecked_last.take(LAST_LIMIT)
        if unchecked:
            await self._answer(unchecked, self._check_signed)
            for waiting in unchecked:
                if not waiting.answer.done():
                    self._put_signed(waiting)
        # One ballot of each voter: a false proof is known before the voter's next one.
        signed = self._signed.take(min(BATCH_LIMIT, self._signed.groups))
        await self._accept_those([one for one in signed if not self._is_suspected(one)])
        for waiting in filter(self._is_suspected, signed):
            self._put_signed(waiting)
        # Separately: a false proof in a batch would force a second check of honest ballots.
        await self._accept_those(self._signed_last.take(1))

    def _is_suspected(self, waiting: _Waiting) -> bool:
        return self._failures.suspected(waiting.record.voter)

    def _put_signed(self, waiting: _Waiting) -> None:
        queue = self._signed_last if self._is_suspected(waiting) else self._signed
        _put(queue, waiting.record.voter, waiting)

    async def _accept_those(self, waiting: Sequence[_Waiting]) -> None:
        if waiting:
            async with self._progress.lock:
                await self._answer(waiting, self._accept)

    async def _answer(
        self,
        waiting: Sequence[_Waiting],
        judge: Callable[[Sequence[CastRecord]], Sequence[Receipt | Problem | None]],
    ) -> None:
        """Give each waiting ballot its verdict, if there is one."""
        try:
            answers = await asyncio.to_thread(judge, [one.record for one in waiting])
        except Exception as error:
            # A full disk or a lost database: nobody gets a receipt, and the node keeps running.
            self._served.log.error("accepting failed", error=repr(error))
            problem = Problem(ProblemType.UNAVAILABLE, "the node cannot store ballots now", "", 5)
            answers = [problem] * len(waiting)
        for one, answer in zip(waiting, answers, strict=True):
            if answer is not None:
                one.give(answer)

    def _known(self, records: Sequence[CastRecord]) -> dict[bytes, Receipt]:
        """Return earlier receipts by digest: a repeated ballot gets the same receipt."""
        digests = {record.ballot_digest for record in records}
        known = self._served.store.receipts_of(self._served.poll_id, digests) if digests else []
        return {row[2]: Receipt(self._served.node, *row) for row in known}

    def _check_signed(self, records: Sequence[CastRecord]) -> list[Receipt | Problem | None]:
        """For each ballot, return its earlier receipt or its refusal; None if its voter signed
        it: `_accept` finds an earlier receipt of such a ballot."""
        accepting = self._progress.accepting()
        if isinstance(accepting, Problem):
            refusals: list[Problem | None] = [accepting] * len(records)
        else:
            refusals = self._objections(records)
        refused = [one for one, refusal in zip(records, refusals, strict=True) if refusal]
        receipts = self._known(refused)
        return [
            refusal and (receipts.get(record.ballot_digest) or refusal)
            for record, refusal in zip(records, refusals, strict=True)
        ]

    def _objections(self, records: Sequence[CastRecord]) -> list[Problem | None]:
        """Return for each ballot why it is refused; None if its voter signed it in time."""
        # Checked again, as the poll may have closed since the ballot arrived.
        found = [
            self._failures.of(record, record.ballot_digest) or self._voter_objection(record)
            for record in records
        ]
        open_ = [number for number, problem in enumerate(found) if problem is None]
        errors = self._served.admission.check_signatures([records[number] for number in open_])
        for number, error in zip(open_, errors, strict=True):
            if error is not None:
                problem = from_audit_error(error)
                self._failures.forged(records[number], problem)
                found[number] = problem
        return found

    def _voter_objection(self, record: CastRecord) -> Problem | None:
        """Return why this voter may not cast this ballot now; None if they may."""
        admission = self._served.admission
        try:
            admission.check_voter(record)
        except Rejected as error:
            return from_audit_error(error)
        return admission.time_objection(record, self._head_unix_s)

    def _accept(self, records: Sequence[CastRecord]) -> list[Receipt | Problem]:
        """Return receipts or problems for records that their voters signed."""
        receipts, held = self._held(records)
        # By record, not by digest: somebody else's copy with other boxes or another signature
        # must not replace the honest record.
        fresh = [one for one in dict.fromkeys(records) if one.ballot_digest not in receipts]
        phase = self._progress.accepting()
        answers: dict[CastRecord, Receipt | Problem]
        if isinstance(phase, Problem):
            answers = dict.fromkeys(fresh, phase)
        else:
            answers = self._accept_fresh(phase, fresh, held)
        return [receipts.get(record.ballot_digest) or answers[record] for record in records]

    def _held(self, records: Sequence[CastRecord]) -> tuple[dict[bytes, Receipt], dict[bytes, int]]:
        """Return earlier receipts of these ballots by digest, and the number of stored versions of
        each voter. Those of the current batch are added to it, as peers reject inventories with
        more versions than the limit."""
        digests = {record.ballot_digest for record in records}
        held = dict.fromkeys((record.voter for record in records), 0)
        receipts = {}
        for row in self._served.store.receipts_by(self._served.poll_id, held):
            voter, _, digest, receipt = row
            held[voter] += 1
            if digest in digests and receipt is not None:
                receipts[digest] = Receipt(self._served.node, voter, row[1], digest, receipt)
        return receipts, held

    def _accept_fresh(
        self, phase: Accepting, records: Sequence[CastRecord], held: dict[bytes, int]
    ) -> dict[CastRecord, Receipt | Problem]:
        answers: dict[CastRecord, Receipt | Problem] = {}
        for record in records:
            problem = self._failures.of(record, record.ballot_digest)
            if problem is None and held[record.voter] >= MAX_VERSIONS:
                problem = _too_many_versions()
            if problem is not None:
                answers[record] = problem
        fresh = [record for record in records if record not in answers]
        accepted: dict[bytes, NewBallot] = {}
        results = phase.admission.verify(fresh)
        for record, result in zip(fresh, results, strict=True):
            outcome = self._judge(phase, record, result, held)
            if isinstance(outcome, NewBallot):
                stored = accepted.setdefault(outcome.digest, outcome)
                held[outcome.voter] += 1
                answers[record] = self._receipt_of(stored)
            else:
                answers[record] = outcome
        # On the disk before this method returns any receipt.
        self._served.store.add_ballots(list(accepted.values()))
        self.receipted += len(accepted)
        return answers

    def _versions_of(self, voters: Iterable[bytes]) -> dict[bytes, int]:
        """Return the number of stored versions of each voter."""
        return self._served.store.versions_of(self._served.poll_id, voters)

    @property
    def _head_unix_s(self) -> UnixSeconds:
        return self._progress.observed.head.timestamp

    def _judge(
        self,
        phase: Accepting,
        record: CastRecord,
        result: Admitted | Problem,
        held: Mapping[bytes, int],
    ) -> NewBallot | Problem:
        if isinstance(result, Problem):
            self._failures.false_ballot(record.voter, record.ballot_digest, result)
            return result
        if not result.share_is_good:
            box = f"boxes[{self._served.node - 1}]"
            problem = Problem(ProblemType.CHECK_FAILED, "it does not contain a good share", box)
            self._failures.false_box(record.voter, record, problem)
            return problem
        if held[record.voter] >= MAX_VERSIONS:
            return _too_many_versions()
        return self._stored(phase, result, receipted=True)

    def _stored(self, phase: Phase, admitted: Admitted, *, receipted: bool) -> NewBallot:
        record, served = admitted.record, self._served
        good, own = admitted.share_is_good, record.boxes[served.node - 1]
        named = record.voter, record.cast_at_unix_s, record.ballot_digest
        return NewBallot(
            poll_id=served.poll_id,
            voter=record.voter,
            cast_at_unix_s=record.cast_at_unix_s,
            digest=record.ballot_digest,
            signed=b"".join((record.ballot, record.boxes_hash, record.signature)),
            boxes=phase.boxes_to_keep(record),
            receipt=served.sign_receipt(*named) if receipted and good else None,
            share_box=own if good else None,
        )

    def _receipt_of(self, stored: NewBallot | StoredBallot) -> Receipt:
        return Receipt(
            self._served.node,
            stored.voter,
            stored.cast_at_unix_s,
            stored.digest,
            stored.receipt or b"",
        )

    def receipt(self, digest: bytes) -> Receipt:
        """Return this node's receipt of a ballot.

        Raises:
            Problem: It never gave one.
        """
        stored = self._served.store.ballot(self._served.poll_id, digest)
        if stored is None or stored.receipt is None:
            raise Problem(
                ProblemType.NOT_FOUND, "this node gave no receipt for that ballot", "digest"
            )
        return self._receipt_of(stored)

    def digests_after(self, after: int) -> bytes:
        """For a peer: return `u64 last row ‖ digests` of ballots stored after a row."""
        stored = self._served.store.digests_after(self._served.poll_id, after, PULL_LIMIT)
        last = stored[-1][0] if stored else after
        return last.to_bytes(_CURSOR_BYTES, "big") + b"".join(digest for _, digest in stored)

    async def pull_all(self) -> None:
        """Store the ballots of peers that this node misses; slow peers continue in the
        background."""
        await self._served.each_peer("ballots", self.pull, BACKGROUND_S)

    @property
    def pulled_to(self) -> dict[int, int]:
        """Last row pulled from each peer; unchanged while peers have no other ballots."""
        return dict(self._cursors)

    async def pull(self, peer: Peer) -> None:
        """Store a peer's ballots that this node misses; a limited number at a time."""
        for _ in range(PULL_PAGES):
            after = self._cursors.get(peer.number, 0)
            body = after.to_bytes(_CURSOR_BYTES, "big")
            answer = await peer.post(self._served.path("peer/ballots"), body)
            reader = Reader(answer[:_CURSOR_BYTES], "answer")
            last = reader.unsigned(_CURSOR_BYTES, "cursor")
            digests = split_digests(answer[_CURSOR_BYTES:])
            if len(digests) > PULL_LIMIT:
                # While the ballots are checked, no voter gets a receipt.
                raise Malformed("ballots", f"{len(digests)} in a page of {PULL_LIMIT}")
            missing = await self._missing(digests)
            if missing:
                answer = await peer.post(
                    self._served.path("peer/records"), b"".join(sorted(missing))
                )
                records = self._asked(answer, missing)
                await self.ingest([one for one in records if self._within_bounds(peer, one)])
            self._cursors[peer.number] = last
            if len(digests) < PULL_LIMIT or last <= after:
                return

    async def _missing(self, digests: Collection[bytes]) -> set[bytes]:
        """Return those of a peer's ballots that this node misses, and that are not on their way."""
        missing = await asyncio.to_thread(self._not_held, digests)
        # Voters send their ballots to all nodes: most of these will be stored in a moment.
        if under_way := [self._under_way[one] for one in missing if one in self._under_way]:
            await asyncio.wait(under_way, timeout=UNDER_WAY_S)
            missing = await asyncio.to_thread(self._not_held, missing)
        return missing

    def _not_held(self, digests: Collection[bytes]) -> set[bytes]:
        whole = self._served.store.whole(self._served.poll_id, digests)
        return {
            one for one in digests if one not in whole and self._failures.of_ballot(one) is None
        }

    def _within_bounds(self, peer: Peer, record: CastRecord) -> bool:
        # A voter and a lying node together must not fill the disk. A ballot left out here still
        # comes with a draft or a proposal that needs it.
        return self._pulled.add(peer.number, record.voter) <= self.most_versions

    @property
    def most_versions(self) -> int:
        """Most versions of one voter's ballot, if each node accepted its maximum."""
        return MAX_VERSIONS * self._served.poll.nodes

    def records_of(self, digests: Sequence[bytes]) -> bytes:
        """For a peer: return the records of the requested ballots that this node has.

        Raises:
            Malformed: It asks for more ballots than a root or a page can have.
        """
        most = max(len(self._served.census), PULL_LIMIT)
        if len(digests) > most:
            raise Malformed("digests", f"{len(digests)}, at most {most}")
        known = self._served.store.known(self._served.poll_id, digests)
        return self._served.encode_batch((one.signed, one.boxes) for one in known.values())

    async def fetch(self, peer: Peer, digests: Collection[bytes]) -> None:
        """Store certain ballots of a peer."""
        answer = await peer.post(self._served.path("peer/records"), b"".join(sorted(digests)))
        await self.ingest(self._asked(answer, digests))

    def _asked(self, answer: bytes, digests: Collection[bytes]) -> list[CastRecord]:
        """Return the ballots of an answer that this node asked for, each once."""
        asked = set(digests)
        found = {}
        for record in self._served.decode_batch(answer):
            if record.ballot_digest in asked:
                found[record.ballot_digest] = record
        return list(found.values())

    async def ingest(self, records: Sequence[CastRecord]) -> None:
        """Store valid ballots that came from peers, with a receipt unless frozen."""
        async with self._progress.lock:
            await asyncio.to_thread(self._store_from_peers, records)

    def _store_from_peers(self, records: Sequence[CastRecord]) -> None:
        digests = [record.ballot_digest for record in records]
        whole = self._served.store.whole(self._served.poll_id, digests)
        unknown = [
            record
            for digest, record in zip(digests, records, strict=True)
            if digest not in whole and self._failures.of_ballot(digest) is None
        ]
        signed = self._served.admission.signed_ones(unknown, self._head_unix_s)
        fresh = {record.ballot_digest: record for record in signed}
        if not fresh:
            return
        phase = self._progress.phase
        accepting = isinstance(self._progress.accepting(), Accepting)
        admitted = []
        results = phase.admission.verify(list(fresh.values()))
        for (digest, record), result in zip(fresh.items(), results, strict=True):
            if isinstance(result, Admitted):
                admitted.append(result)
            else:
                self._failures.false_ballot(record.voter, digest, result)
        stored = []
        held = self._versions_of(one.record.voter for one in admitted)
        for one in admitted:
            few = held[one.record.voter] < self.most_versions
            stored.append(self._stored(phase, one, receipted=accepting and few))
            held[one.record.voter] += 1
        self._served.store.add_ballots(stored)
        starved = sum(not one.share_is_good for one in admitted)
        self._served.log.info("pulled", ballots=len(admitted), starved=starved)


def _put(queue: FairQueue[_Waiting], group: Hashable, waiting: _Waiting) -> None:
    """Queue a ballot; answer the ballot for which there is no room."""
    left_over = queue.put(group, waiting.record.voter, waiting)
    if left_over is not None:
        left_over.give(
            Problem(ProblemType.QUEUE_FULL, "too many ballots are waiting", retry_after_s=1)
        )


def _too_many_versions() -> Problem:
    return Problem(
        ProblemType.TOO_MANY_VERSIONS, f"a voter may change a vote {MAX_VERSIONS - 1} times"
    )
