"""Checkpoints of the nodes' logs of receipts: sign, exchange, prove, cosign, and find forks.

A node that shows different logs to different nodes is found as soon as two honest nodes compare
what they saw, while voting goes on.

Source: docs/protocol.md §9.6.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from ostraka.node.checkpoint_store import LogHead
from ostraka.node.peers import Peer
from ostraka.node.poll_progress import PollProgress
from ostraka.node.served_poll import BACKGROUND_S, ServedPoll
from ostraka.storage.node_tables import StoredContradiction
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import HASH_BYTES, SIGNATURE_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.receipt_log import (
    EMPTY_ROOT,
    Checkpoint,
    ReceiptLog,
    SignedCheckpoint,
    contradiction,
    proves_consistency,
    successor_objection,
)
from ostraka_verifier.units import UnixSeconds

PAGE = 500
"""Most checkpoints in one answer."""
_PAGES = 40
"""Most pages fetched at a time: a lying peer can always offer one more."""
_AHEAD_S = 60
"""How far a peer's chain time may be ahead of this node's."""
_EXCHANGES = 3
"""Exchanges in the time between two checkpoints."""
_MOST_PROOF = 64
INVENTORY_PROOF_BYTES = HASH_BYTES + SIGNATURE_BYTES


class Checkpoints:
    """Checkpoints of all nodes of one poll, as this node knows them."""

    def __init__(self, served: ServedPoll, progress: PollProgress, interval_s: int) -> None:
        """Args:
        interval_s: Chain time between two checkpoints of this node.
        """
        self._served = served
        self._progress = progress
        self._interval_s = interval_s
        self._store = served.store.checkpoints
        self._exchange_at_monotonic_s = 0.0
        self._unproven: dict[int, str] = {}
        self._heard = {served.node}
        self._accused = {one.node for one in self._store.contradictions(served.poll_id)}

    @property
    def suspects(self) -> dict[bytes, str]:
        """Other nodes that contradicted their checkpoints, or last failed to prove that their log
        only grew, by address, with the kind: "contradiction" or "unproven"."""
        kinds = dict.fromkeys(self._unproven, "unproven")
        kinds |= dict.fromkeys(self._accused, "contradiction")
        members = self._served.poll.committee.members
        return {members[node - 1].address: kind for node, kind in sorted(kinds.items())}

    async def exchange_if_due(self) -> None:
        """Compare with peers what all nodes have signed, a few times for each checkpoint."""
        now_monotonic_s = time.monotonic()
        if now_monotonic_s >= self._exchange_at_monotonic_s:
            self._exchange_at_monotonic_s = now_monotonic_s + self._interval_s / _EXCHANGES
            await self._served.each_peer("checkpoints", self.exchange, BACKGROUND_S)

    async def sign_if_due(self) -> None:
        """While receipts are given: sign a checkpoint if there are new ones, and it is time."""
        served, head = self._served, self._progress.observed.head.timestamp
        if served.rebuilt or served.own_log.halted:
            return
        parameters = served.poll.parameters
        latest = await asyncio.to_thread(served.own_log.latest)
        since = latest.checkpoint.signed_at if latest else parameters.opens_at
        if since + self._interval_s <= head < parameters.freezes_at:
            await asyncio.to_thread(self._sign, head)

    def _sign(self, at: UnixSeconds) -> None:
        served = self._served
        with served.own_log.next(at) as found:
            if found is not None and found.digests:
                self._store.extend(served.poll_id, found.start, found.digests, found.signed)
        if served.own_log.halted:
            served.log.error("no more checkpoints", reason=served.own_log.halted)

    async def exchange(self, peer: Peer) -> None:
        """Take in what a peer knows of all checkpoints, and let it prove its own log.

        Raises:
            Malformed: Its answer is invalid.
            PeerError: It gave none.
        """
        answer = await peer.get_json(self._served.path("checkpoints"))
        heads, proofs = _lists(answer, "heads", "contradictions")
        for one in proofs[: self._served.poll.nodes]:
            await asyncio.to_thread(self._take_proof, one)
        known = await asyncio.to_thread(self._store.heads, self._served.poll_id)
        for one in heads[: self._served.poll.nodes]:
            await self._take_head(peer, one, known)
        self._heard.add(peer.number)
        # At least one of so many is honest, and has what this node showed before it restarted.
        if len(self._heard) >= self._served.poll.committee.quorum:
            self._served.own_log.compared = True
        await self._require_proof(peer)

    def _take_proof(self, one: Any) -> None:
        node, _ = self._served.member(one)
        second = from_hex(one.get("second"), "second")
        if len(second) == INVENTORY_PROOF_BYTES:
            # Checked by each node itself, with the inventory.
            return
        first = self._signed(node, from_hex(one.get("first"), "first"))
        if not self._compare(first, self._signed(node, second)):
            raise Malformed("contradiction", "two checkpoints that do not contradict each other")

    async def _take_head(self, peer: Peer, one: Any, heads: dict[int, LogHead]) -> None:
        """Take in a checkpoint with cosignatures, as a peer shows it.

        Args:
            heads: What this node had a moment ago. Most answers hold nothing beyond it.
        """
        node, _ = self._served.member(one)
        data, listed = from_hex(one.get("checkpoint"), "checkpoint"), one.get("cosignatures")
        head = heads.get(node)
        if head is not None and data == head.signed.encode():
            if not self._witnesses(listed) <= head.cosignatures.keys() | {node}:
                await asyncio.to_thread(self._take_cosignatures, head.signed, listed)
            return
        signed = self._signed(node, data)
        known = head.signed if head else None
        if node == self._served.node:
            await asyncio.to_thread(self._compare_own, signed)
        elif known is None or signed.checkpoint.number > known.checkpoint.number:
            await self._follow(peer, node, known, signed)
        else:
            await asyncio.to_thread(self._compare_stored, signed)
        await asyncio.to_thread(self._take_cosignatures, signed, listed)

    def _witnesses(self, listed: Any) -> set[int]:
        cosignatures = listed if isinstance(listed, list) else []
        return {self._served.member(one)[0] for one in cosignatures[: self._served.poll.nodes]}

    def _signed(self, node: int, data: bytes) -> SignedCheckpoint:
        """Read a checkpoint of a node; Malformed if the node did not sign it."""
        signed, poll = SignedCheckpoint.decode(data), self._served.poll
        if signed.checkpoint.node != node:
            raise Malformed("checkpoint", f"not of node {node}")
        address = poll.committee.members[node - 1].address
        statement = signed.checkpoint.statement(poll.context)
        self._served.require_signer(address, signed.signature, *statement)
        return signed

    def _compare(self, one: SignedCheckpoint, other: SignedCheckpoint) -> bool:
        """Store the proof if two checkpoints contradict each other; return whether they do."""
        reason = contradiction(self._served.poll.context, one.checkpoint, other.checkpoint)
        if reason is None:
            return False
        self._accuse(one.checkpoint.node, one.encode(), other.encode(), reason)
        return True

    def _accuse(self, node: int, first: bytes, second: bytes, reason: str) -> None:
        found = StoredContradiction(
            poll_id=self._served.poll_id, node=node, first=first, second=second
        )
        if self._store.contradict(found):
            self._accused.add(node)
            self._served.log.error("a node contradicts itself", peer=node, reason=reason)

    def _compare_stored(self, signed: SignedCheckpoint) -> bool:
        """Compare with the checkpoint of the same number, if there is one."""
        checkpoint = signed.checkpoint
        stored = self._store.chain(self._served.poll_id, checkpoint.node, checkpoint.number - 1, 1)
        return bool(stored) and self._compare(stored[0], signed)

    def _compare_own(self, signed: SignedCheckpoint) -> None:
        """Stop signing checkpoints if others have one of this node that it does not know."""
        own, checkpoint = self._served.own_log, signed.checkpoint
        if self._served.rebuilt:
            # It signs none anyway.
            return
        stored = self._store.chain(self._served.poll_id, checkpoint.node, checkpoint.number - 1, 1)
        if not own.halted and (not stored or stored[0].checkpoint != checkpoint):
            own.halted = "other nodes have a checkpoint of it that its database lacks"
            self._served.log.error("no more checkpoints", reason=own.halted)

    async def _follow(
        self, peer: Peer, node: int, known: SignedCheckpoint | None, head: SignedCheckpoint
    ) -> None:
        """Store a node's checkpoints up to a new one, as a peer has them.

        Raises:
            Malformed: They do not follow one another, or do not lead to the new one.
        """
        for _ in range(_PAGES):
            number = known.checkpoint.number if known else 0
            # Again with the last known one: the peer may have another of this number.
            path = f"checkpoints/chain?node={node}&after={max(0, number - 1)}"
            (listed,) = _lists(await peer.get_json(self._served.path(path)), "checkpoints")
            page = [
                await asyncio.to_thread(self._signed, node, from_hex(one, "checkpoint"))
                for one in listed[:PAGE]
            ]
            last = await asyncio.to_thread(self._extend, node, known, page)
            if last is None or last == known:
                break
            known = last
            if known.checkpoint.number >= head.checkpoint.number:
                break
        await asyncio.to_thread(self._compare_stored, head)

    def _extend(
        self, node: int, known: SignedCheckpoint | None, page: list[SignedCheckpoint]
    ) -> SignedCheckpoint | None:
        """Store those of a page that follow the last known one; return the last one then.

        Returns None if the node contradicts itself.
        """
        poll, fresh = self._served.poll, []
        latest = self._progress.observed.head.timestamp + _AHEAD_S
        for signed in page:
            checkpoint = signed.checkpoint
            if known is not None and checkpoint.number <= known.checkpoint.number:
                if self._compare_stored(signed):
                    return None
                continue
            if checkpoint.signed_at > latest:
                # This node's chain is behind, or the time is wrong: later, or never.
                break
            before = known.checkpoint if known else None
            objection = successor_objection(
                poll.context,
                before,
                checkpoint,
                poll.parameters.opens_at,
                poll.parameters.freezes_at,
            )
            if known is not None and self._compare(known, signed):
                return None
            if objection is not None:
                raise Malformed(f"checkpoint of node {node}", objection)
            fresh.append(signed)
            known = signed
        if fresh:
            self._store.add(self._served.poll_id, fresh)
        return known

    def _take_cosignatures(self, signed: SignedCheckpoint, listed: Any) -> None:
        """Store valid cosignatures of a checkpoint that this node has, too."""
        served, checkpoint = self._served, signed.checkpoint
        stored = self._store.chain(served.poll_id, checkpoint.node, checkpoint.number - 1, 1)
        if not stored or stored[0].checkpoint != checkpoint or not isinstance(listed, list):
            return
        known = self._store.cosignatures(served.poll_id, checkpoint.node, checkpoint.number)
        for one in listed[: served.poll.nodes]:
            witness, address = served.member(one)
            if witness in known or witness == checkpoint.node:
                continue
            signature = from_hex(one.get("signature"), "signature")
            served.require_signer(address, signature, *self._cosignature(checkpoint))
            self._store.cosign(
                served.poll_id, checkpoint.node, checkpoint.number, witness, signature
            )

    def _cosignature(self, checkpoint: Checkpoint) -> tuple[str, bytes, bytes]:
        context = self._served.poll.context
        return typed_data.COSIGNATURE, context, checkpoint.hash(context)

    async def _require_proof(self, peer: Peer) -> None:
        """Let a peer prove that its log only grew since the last proof, and cosign."""
        poll_id, node = self._served.poll_id, peer.number
        latest = await asyncio.to_thread(self._store.latest, poll_id, node)
        proven = await asyncio.to_thread(self._store.latest, poll_id, node, proven=True)
        if latest is None or latest == proven:
            return
        before = proven.checkpoint if proven else None
        first, first_root = (before.count, before.root) if before else (0, EMPTY_ROOT)
        count, root = latest.checkpoint.count, latest.checkpoint.root
        path = f"checkpoints/consistency?from={first}&to={count}"
        answer = await peer.get_json(self._served.path(path))
        (listed,) = _lists(answer, "proof")
        proof = [from_hex(one, "proof") for one in listed[:_MOST_PROOF]]
        if not proves_consistency(first, first_root, count, root, proof):
            reason = f"no proof that {count} receipts begin with the {first} before"
            if node not in self._unproven:
                self._served.log.error("a node's log did not only grow", peer=node, reason=reason)
            self._unproven[node] = reason
            return
        self._unproven.pop(node, None)
        await asyncio.to_thread(self._cosign, latest.checkpoint)

    def _cosign(self, checkpoint: Checkpoint) -> None:
        served = self._served
        self._store.prove(served.poll_id, checkpoint.node, checkpoint.number)
        if served.rebuilt or checkpoint.node in self._accused:
            return
        signature = served.sign(*self._cosignature(checkpoint))
        self._store.cosign(
            served.poll_id, checkpoint.node, checkpoint.number, served.node, signature
        )

    def check_inventory(
        self, node: int, digests: list[bytes], inventory_hash: bytes, signature: bytes
    ) -> None:
        """Store the proof if an inventory is not what its node's latest checkpoint promised.

        Args:
            digests: Of its ballots, in its order, which is that of the node's log.
        """
        latest = self._store.latest(self._served.poll_id, node)
        if latest is None:
            return
        checkpoint = latest.checkpoint
        log = ReceiptLog(digests[: checkpoint.count])
        if len(log) < checkpoint.count or log.root() != checkpoint.root:
            reason = f"its inventory is not what its checkpoint {checkpoint.number} promised"
            self._accuse(node, latest.encode(), inventory_hash + signature, reason)

    def known(self) -> dict[str, Any]:
        """Return the latest checkpoint of every node, and all proofs of contradictions."""
        poll_id = self._served.poll_id
        return {
            "heads": [
                _to_json(one.signed, one.cosignatures)
                for one in self._store.heads(poll_id).values()
            ],
            "contradictions": [
                {"node": one.node, "first": to_hex(one.first), "second": to_hex(one.second)}
                for one in self._store.contradictions(poll_id)
            ],
        }

    def latest(self) -> dict[str, Any]:
        """Return this node's latest checkpoint.

        Raises:
            Problem: There is none.
        """
        return self._shown(self._latest())

    def _shown(self, signed: SignedCheckpoint) -> dict[str, Any]:
        checkpoint = signed.checkpoint
        cosigned = self._store.cosignatures(
            self._served.poll_id, checkpoint.node, checkpoint.number
        )
        return _to_json(signed, cosigned)

    def _latest(self) -> SignedCheckpoint:
        latest = self._served.own_log.latest()
        if latest is None:
            raise Problem(ProblemType.NOT_FOUND, "this node has signed no checkpoint yet")
        return latest

    def chain(self, node: int, after: int) -> list[str]:
        """Return a page of a node's checkpoints with numbers above one.

        Raises:
            Problem: There is no such node.
        """
        if not 1 <= node <= self._served.poll.nodes:
            raise Problem(ProblemType.NOT_FOUND, f"there is no node {node}", "node")
        found = self._store.chain(self._served.poll_id, node, after, PAGE)
        return [to_hex(one.encode()) for one in found]

    def consistency(self, first: int, second: int) -> list[str]:
        """Return the proof that the log of `second` receipts begins with that of `first`.

        Raises:
            Problem: The latest checkpoint has fewer receipts.
        """
        count = self._latest().checkpoint.count
        if not first <= second <= count:
            detail = f"from and to ascend up to {count}, the receipts in the latest checkpoint"
            raise Problem(ProblemType.INVALID_REQUEST, detail, "to")
        try:
            return [to_hex(one) for one in self._served.own_log.consistency(first, second)]
        except ValueError:
            raise self._damaged() from None

    @staticmethod
    def _damaged() -> Problem:
        detail = "the log on this node's disk is shorter than its latest checkpoint states"
        return Problem(ProblemType.NODE_INCOMPLETE, detail)

    def inclusion(self, digest: bytes) -> dict[str, Any]:
        """Return the proof that this node's latest checkpoint contains its receipt of a ballot.

        Raises:
            Problem: It does not.
        """
        latest = self._latest()
        index = self._store.position(self._served.poll_id, digest)
        if index is None or index >= latest.checkpoint.count:
            detail = "this node's latest checkpoint does not have that ballot"
            raise Problem(ProblemType.NOT_FOUND, detail, "digest")
        try:
            proof = self._served.own_log.inclusion(index, latest.checkpoint.count)
        except ValueError:
            raise self._damaged() from None
        return {
            "ballot_digest": to_hex(digest),
            "index": index,
            "proof": [to_hex(one) for one in proof],
            "checkpoint": self._shown(latest),
        }


def _to_json(signed: SignedCheckpoint, cosigned: Mapping[int, bytes]) -> dict[str, Any]:
    checkpoint = signed.checkpoint
    return {
        "node": checkpoint.node,
        "number": checkpoint.number,
        "count": checkpoint.count,
        "root": to_hex(checkpoint.root),
        "signed_at": checkpoint.signed_at,
        "checkpoint": to_hex(signed.encode()),
        "cosignatures": [
            {"node": witness, "signature": to_hex(signature)}
            for witness, signature in cosigned.items()
        ],
    }


def _lists(answer: Any, *names: str) -> list[list[Any]]:
    """Return lists of an answer by their names; Malformed if one of them is missing."""
    found = [answer.get(name) if isinstance(answer, dict) else None for name in names]
    if not all(isinstance(one, list) for one in found):
        raise Malformed("checkpoints", f"without {' or '.join(names)}")
    return [one for one in found if isinstance(one, list)]
