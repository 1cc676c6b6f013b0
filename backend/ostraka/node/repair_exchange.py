"""Ask peers for missing good shares of ballots, and help peers to get theirs.

Source: docs/protocol.md §9.3.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import comb
from typing import Any

from ostraka.node.peers import PeerError
from ostraka.node.phases import Anchored, Frozen, Releasing
from ostraka.node.repair_shares import (
    Contribution,
    Helper,
    Pair,
    RepairCommittee,
    RepairRequest,
    SignedSeed,
    decode_seeds,
    encode_seeds,
    repair_subject,
    repaired_share,
)
from ostraka.node.served_poll import ServedPoll, split_digests
from ostraka.node.store import Conflict
from ostraka.randomness import system
from ostraka.sealing import ballot_info
from ostraka.storage.node_tables import AskedRepair, StoredBallot
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.encoding import HASH_BYTES, SIGNATURE_BYTES, Reader, keccak256, unsigned
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.sharing import BoxContent
from ostraka_verifier.wording import counted

ATTEMPTS = 8
"""Most sets of helpers tried for a share in one tick."""
AT_ONCE = 8
"""Most shares repaired at the same time."""
PATIENCE_S = 2
"""How long a tick waits for repairs; they then continue in the background."""
MOST_SETS = 64
"""Most repairs of one subject for one target that a helper answers; each can be repeated."""
ASKED_PAGE = 500


@dataclass(frozen=True)
class RepairCall:
    """Request of a target to a helper.

    Attributes:
        signature: The target's `Repair` statement.
        receipts: The ballot's receipts by node; not needed for a leaf of the anchored root.
        seeds: In the second step, the seeds for this helper, in order.
    """

    ballot_digest: bytes
    helpers: tuple[int, ...]
    attempt: int
    signature: bytes
    receipts: Mapping[int, bytes]
    seeds: tuple[SignedSeed, ...] = ()

    def encode(self) -> bytes:
        """Encode digest, attempt, helpers, signature, receipts and seeds."""
        parts = [self.ballot_digest, unsigned(self.attempt, 4), bytes([len(self.helpers)])]
        parts += [bytes(self.helpers), self.signature, bytes([len(self.receipts)])]
        for node, receipt in sorted(self.receipts.items()):
            parts += [bytes([node]), receipt]
        return b"".join(parts) + encode_seeds(self.seeds)

    @classmethod
    def decode(cls, data: bytes, helper: int, *, with_seeds: bool) -> "RepairCall":
        """Read a request; Malformed if it is invalid."""
        reader = Reader(data, "repair")
        digest, attempt = reader.take(HASH_BYTES, "digest"), reader.unsigned(4, "attempt")
        helpers = tuple(reader.take(reader.unsigned(1, "helpers"), "helpers"))
        signature = reader.take(SIGNATURE_BYTES, "signature")
        receipts = {}
        for _ in range(reader.unsigned(1, "receipts")):
            node = reader.unsigned(1, "receipts")
            receipts[node] = reader.take(SIGNATURE_BYTES, "receipts")
        lower = sum(other < helper for other in helpers) if with_seeds else 0
        seeds = decode_seeds(reader.take(reader.left, "seeds"), lower)
        return cls(digest, helpers, attempt, signature, receipts, seeds)


class RepairExchange:
    """Repairs missing shares of one poll."""

    def __init__(self, served: ServedPoll) -> None:
        self._served = served
        self._running: dict[bytes, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self._leaves: tuple[bytes, frozenset[bytes]] = (b"", frozenset())

    async def repair_starved(self, phase: Frozen) -> None:
        """Get a good share of every candidate that arrived without one."""
        givers = await asyncio.to_thread(self._served.store.receipt_givers, self._served.poll_id)
        versions = await asyncio.to_thread(self._served.store.versions, self._served.poll_id)
        needed = self._served.poll.committee.candidate_receipts
        # In one order in every process.
        starved = sorted(one.digest for one in versions if not one.has_share)
        await self._repair(
            phase,
            {digest: givers[digest] for digest in starved if len(givers.get(digest, ())) >= needed},
        )

    async def repair_leaves(self, phase: Frozen, digests: Collection[bytes]) -> bool:
        """Request missing shares of a root's leaves; return whether this node has all of them.

        Every node that signed the root has them, with or without receipts.
        """
        lacking = await asyncio.to_thread(self._lacking, digests)
        if lacking:
            nodes = [peer.number for peer in self._served.peers]
            await self._repair(phase, dict.fromkeys(sorted(lacking), nodes))
            lacking = await asyncio.to_thread(self._lacking, digests)
        return not lacking

    def _lacking(self, digests: Collection[bytes]) -> set[bytes]:
        versions = self._served.store.versions(self._served.poll_id)
        return set(digests) - {one.digest for one in versions if one.has_share}

    async def _repair(self, phase: Frozen, wanted: Mapping[bytes, Collection[int]]) -> None:
        """Request shares, each from some of its possible helpers, and wait a little."""
        for digest, nodes in wanted.items():
            if digest not in self._running:
                task = asyncio.create_task(self._repair_one(phase, digest, nodes))
                task.add_done_callback(partial(self._done, digest))
                self._running[digest] = task
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=PATIENCE_S)

    def _done(self, digest: bytes, _: asyncio.Task[None]) -> None:
        del self._running[digest]

    async def _repair_one(self, phase: Frozen, digest: bytes, nodes: Collection[int]) -> None:
        async with self._free:
            try:
                await self._try_helpers(phase, digest, nodes)
            except Exception as error:
                self._served.log.error("repair failed", ballot=digest.hex(), error=repr(error))

    async def _try_helpers(self, phase: Frozen, digest: bytes, nodes: Collection[int]) -> None:
        """Try sets of helpers until one of them provides the share."""
        served, poll_key = self._served, phase.secret.poll_key
        stored = await asyncio.to_thread(served.store.ballot, served.poll_id, digest)
        committee = served.repair_committee()
        if stored is None or not stored.boxes or committee is None:
            return
        ballot = served.poll.layout.decode(served.curve, stored.signed[: served.poll.layout.size])
        receipts = await asyncio.to_thread(served.store.peer_receipts, served.poll_id, digest)
        subject = repair_subject(digest)
        for helpers in self._sets_to_try(subject, nodes):
            request = RepairRequest(served.poll.context, subject, served.node, helpers, 0)
            call = RepairCall(digest, helpers, 0, served.sign(*request.statement), receipts)
            try:
                answers = await self._ask(committee, request, call)
                share = repaired_share(committee, request, ballot.sharing, answers, poll_key)
            except (PeerError, AuditError) as error:
                # The liar cannot always be identified: blame nobody, and try another set.
                served.log.info("repair", helpers=helpers, problem=str(error))
                continue
            content = BoxContent(served.poll.context, ballot.voter, digest, share)
            info = ballot_info(served.poll.context, served.node)
            box = committee.seal(served.node, content.encode(), info)
            await asyncio.to_thread(served.store.give_share, served.poll_id, digest, box)
            served.log.info("repaired", ballot=digest.hex(), helpers=helpers)
            return

    def _sets_to_try(self, subject: bytes, nodes: Collection[int]) -> list[tuple[int, ...]]:
        """Return the sets of helpers for this attempt: the fastest first, then random ones."""
        threshold = self._served.poll.committee.threshold
        sets = helper_sets(subject, nodes, threshold)
        if not sets:
            return []
        waits = {peer.number: peer.slowness_s for peer in self._served.peers}
        quickest = min(sets, key=lambda helpers: max(waits[node] for node in helpers))
        others = sorted(sets, key=lambda _: system.bytes(16))[:ATTEMPTS]
        return [quickest, *(one for one in others if one != quickest)][:ATTEMPTS]

    async def _ask(
        self, committee: RepairCommittee, request: RepairRequest, call: RepairCall
    ) -> dict[int, Contribution]:
        """Do both steps: get the seeds of all pairs, then each helper's contribution."""
        peers = {peer.number: peer for peer in self._served.peers}
        threshold, slots = len(request.helpers), self._served.poll.slots

        async def seeds(node: int) -> dict[Pair, SignedSeed]:
            answer = await peers[node].post(self._served.path("peer/repair/seeds"), call.encode())
            given = decode_seeds(answer, len(request.seeds_from(node)))
            return committee.check_seeds(request, node, given)

        all_seeds: dict[Pair, SignedSeed] = {}
        # The highest helper makes no seeds.
        for some in await asyncio.gather(*(seeds(node) for node in request.helpers[:-1])):
            all_seeds |= some

        async def contribution(node: int) -> Contribution:
            to_it = tuple(all_seeds[pair] for pair in request.seeds_to(node))
            body = RepairCall(
                call.ballot_digest, call.helpers, call.attempt, call.signature, call.receipts, to_it
            ).encode()
            answer = await peers[node].post(self._served.path("peer/repair/share"), body)
            return Contribution.decode(answer, slots, threshold)

        answers = await asyncio.gather(*(contribution(node) for node in request.helpers))
        return dict(zip(request.helpers, answers, strict=True))

    def answer_seeds(self, phase: Frozen, body: bytes, asker: bytes) -> bytes:
        """First step for a target: return the seeds that this node makes.

        Raises:
            Problem: The sender is not entitled to this repair, or this node cannot help.
            AuditError: The request is invalid.
        """
        call = RepairCall.decode(body, self._served.node, with_seeds=False)
        request, helper, _, _ = self._entitled(phase, call, asker)
        return encode_seeds(helper.seeds(request))

    def answer_share(self, phase: Frozen, body: bytes, asker: bytes) -> bytes:
        """Second step for a target: return this node's masked share of a ballot.

        Raises:
            Problem, AuditError: As `answer_seeds`.
        """
        call = RepairCall.decode(body, self._served.node, with_seeds=True)
        request, helper, ballot, stored = self._entitled(phase, call, asker)
        share = phase.admission.share(ballot, stored.share_box or b"")
        return helper.contribute(request, ballot.sharing, share, call.seeds).encode()

    def _entitled(
        self, phase: Frozen, call: RepairCall, asker: bytes
    ) -> tuple[RepairRequest, Helper, Ballot, StoredBallot]:
        """Check a request and store it on the disk; return all data that the repair needs."""
        served, poll = self._served, self._served.poll
        committee = poll.committee
        target = committee.index_of(asker)
        if target is None:
            raise Problem(ProblemType.NOT_A_PEER, "not in this poll's committee")
        subject = repair_subject(call.ballot_digest)
        request = RepairRequest(poll.context, subject, target, call.helpers, call.attempt)
        request.check(poll.nodes, committee.threshold)
        if served.node not in request.helpers:
            raise Problem(ProblemType.MALFORMED, "this node is not among the helpers", "helpers")
        served.require_signer(asker, call.signature, *request.statement)
        stored = served.store.ballot(poll.poll_id, call.ballot_digest)
        helper = phase.helper()
        if stored is None or stored.share_box is None or not stored.signed or helper is None:
            raise Problem(ProblemType.NO_SHARE, "this node has no good share of that ballot")
        ballot = poll.layout.decode(served.curve, stored.signed[: poll.layout.size])
        if not self._is_leaf(phase, ballot.digest):
            self._require_candidate(call, ballot)
        asked = AskedRepair(
            poll_id=poll.poll_id,
            target=target,
            subject=subject,
            ballot_digest=ballot.digest,
            helpers=bytes(request.helpers),
            attempt=request.attempt,
            repair_hash=request.hash,
            signature=call.signature,
        )
        limit = min(comb(poll.nodes - 1, committee.threshold), MOST_SETS)
        try:
            served.store.ask_repair(asked, limit)
        except Conflict as conflict:
            raise Problem(ProblemType.TOO_MANY_REPAIRS, str(conflict)) from None
        return request, helper, ballot, stored

    def _require_candidate(self, call: RepairCall, ballot: Ballot) -> None:
        """Refuse unless its receipts, including the helpers', make a ballot a candidate."""
        poll, committee = self._served.poll, self._served.poll.committee
        for node, receipt in call.receipts.items():
            if not 1 <= node <= poll.nodes:
                raise Malformed("repair.receipts", f"there is no node {node}")
            self._served.require_signer(
                committee.members[node - 1].address,
                receipt,
                typed_data.RECEIPT,
                poll.context,
                ballot.voter,
                ballot.cast_at_unix_s,
                ballot.digest,
            )
        if len(call.receipts) < committee.candidate_receipts:
            receipts = counted(len(call.receipts), "receipt does", "receipts do")
            detail = f"{receipts} not make that ballot a candidate"
            raise Problem(ProblemType.NOT_ENTITLED, detail, "receipts")
        if not set(call.helpers) <= call.receipts.keys():
            detail = "a helper's receipt is missing, and the ballot is not an anchored leaf"
            raise Problem(ProblemType.NOT_ENTITLED, detail, "helpers")

    def _is_leaf(self, phase: Frozen, digest: bytes) -> bool:
        """Whether a ballot is known to be a leaf of the anchored root."""
        if not isinstance(phase, Anchored | Releasing):
            return False
        root = phase.anchoring.root
        if self._leaves[0] != root.digest:
            signed = self._served.signed_root(root)
            if signed is None:
                return False
            self._leaves = root.digest, frozenset(split_digests(signed.leaves))
        return digest in self._leaves[1]

    def asked(self, after: int) -> list[dict[str, Any]]:
        """Return a page of the repairs that other nodes requested from this one, after a number."""
        return [
            {
                "number": one.id,
                "target": one.target,
                "helpers": list(one.helpers),
                "attempt": one.attempt,
                "ballot_digest": to_hex(one.ballot_digest),
                "repair_hash": to_hex(one.repair_hash),
                "signature": to_hex(one.signature),
            }
            for one in self._served.store.asked_repairs(self._served.poll_id, after, ASKED_PAGE)
        ]


def helper_sets(
    subject: bytes, nodes: Collection[int], threshold: int
) -> Sequence[tuple[int, ...]]:
    """Return the sets of helpers that a target may ask, at most as many as helpers answer.

    If there are more, the subject determines the choice, so that a restarted target asks the same.
    """
    if comb(len(nodes), threshold) <= MOST_SETS:
        return list(combinations(sorted(nodes), threshold))
    sets: set[tuple[int, ...]] = set()
    number = 0
    while len(sets) < MOST_SETS:
        order = {node: keccak256(subject, unsigned(number, 4), bytes([node])) for node in nodes}
        sets.add(tuple(sorted(sorted(nodes, key=order.__getitem__)[:threshold])))
        number += 1
    return sorted(sets)
