"""Data of a served poll that is the same in every phase, shared by all its parts.

These are the poll's data, stored ballots, signatures, peers, and the other nodes' public keys. Only
the node's own signing key is secret here; `phases` has the data of each phase.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import Any

import structlog

from ostraka.chain.final_view import FinalViews
from ostraka.chain.registry import OpenedPoll, PollView, Registry
from ostraka.keys import SigningKey
from ostraka.node.admission import Admission
from ostraka.node.own_log import OwnLog
from ostraka.node.peers import Peer, PeerError
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.repair_shares import RepairCommittee
from ostraka.node.store import Conflict, NodeStore
from ostraka.storage.node_tables import (
    NodePoll,
    SignedRoot,
    StoredBallot,
)
from ostraka.wire.poll_keys import Announcement, PollKeyList
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, decode_records
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import SIGNATURE_BYTES
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.merkle_sum import Leaf, SumRoot, sum_root
from ostraka_verifier.poll_key import node_keys_hash
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.sharing import Share
from ostraka_verifier.signatures import recover
from ostraka_verifier.tally_proof import aggregate_share_hash
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted

_LOST_STATEMENTS = frozenset(
    {
        typed_data.RECEIPT,
        typed_data.CHECKPOINT,
        typed_data.COSIGNATURE,
        typed_data.INVENTORY,
        typed_data.ROOT,
        typed_data.LACKING,
    }
)
"""What a node may have signed about a poll's ballots, with other content than it would today."""
GRACE_S = 0.25
MAX_GRACE_S = 1
"""Shortest and longest time for the other peers, once a quorum has answered."""
BACKGROUND_S = 1
"""How long a tick waits for requests that may continue in the background."""


class ServedPoll:
    """One poll at one node."""

    def __init__(
        self,
        curve: Curve,
        store: NodeStore,
        secrets: PollSecrets,
        registries: Sequence[Registry],
        poll: PublishedPoll,
        row: NodePoll,
        key: SigningKey,
        peers: Sequence[Peer],
    ) -> None:
        """Args:
        registries: The same registry seen through independent providers.
        row: The stored poll.
        peers: The other nodes of the committee.
        """
        index = poll.committee.index_of(key.address)
        if index is None:
            raise ValueError("this node is not in the poll's committee")
        self.curve = curve
        self.store = store
        self.secrets = secrets
        self.registries = registries
        self.final_views = FinalViews(poll.poll_id)
        self.poll = poll
        self.poll_id = poll.poll_id
        self.node = index
        self.census = Census.decode(row.census)
        self.redemptions = row.redemptions
        self.rebuilt = row.rebuilt
        """Whether this node lost its store while the poll was open."""
        self.may_have_stated_final = row.may_have_stated_final
        """Whether it lost it when the root could be final."""
        self.announcements = {
            one.node: Announcement(one.public_key, one.signature)
            for one in store.announced(poll.poll_id, poll.context)
        } | {index: Announcement(row.public_key, row.announcement)}
        """Poll keys by node, this node's own among them."""
        self.pinned: PollKeyList | None = None
        """All poll keys as pinned on chain; None until this node has them."""
        self.key = key
        self.peers = peers
        self.commitment_key = CommitmentKey(curve, poll.rule.width)
        self.admission = Admission(curve, poll, self.census, self.commitment_key)
        """Checks of ballots that need no secret."""
        self.own_log = OwnLog(store.checkpoints, self.poll_id, poll.context, index, self.sign)
        self._opened: OpenedPoll | None = None
        self._asked: dict[tuple[str, int], asyncio.Task[bool]] = {}
        self.log = structlog.get_logger().bind(poll=poll.poll_id, node=index)

    def opened(self, view: PollView) -> OpenedPoll | None:
        """The poll's opening, None before; read from the chain only once."""
        if not any(view.poll_keys):
            return None
        # One reading: requests ask in several threads.
        opened = self._opened
        if opened is None or node_keys_hash(opened.node_keys) != view.poll_keys:
            if opened is not None:
                # Before finality the chain may pin other keys.
                self.pinned = None
            self._opened = opened = self.registries[0].opened(self.poll_id)
        return opened

    def repair_committee(self) -> RepairCommittee | None:
        """Public data of all nodes for repairs; None until this node has the pinned keys."""
        pinned = self.pinned
        if pinned is None:
            return None
        return RepairCommittee(
            self.curve,
            self.commitment_key,
            self.poll.domain,
            tuple(member.address for member in self.poll.committee.members),
            pinned.public_keys,
            self.poll.slots,
        )

    def has_released(self) -> bool:
        """Whether this node's aggregate share is released."""
        return any(one.node == self.node for one in self.store.shares(self.poll_id))

    async def each_peer(
        self,
        what: str,
        action: Callable[[Peer], Awaitable[None]],
        patience_s: float | None = None,
    ) -> int:
        """Make a request to every peer at once; return the number of successes.

        Once a quorum including this node is done, the others get the same time again, at most
        `MAX_GRACE_S`, and then continue in the background: a peer that answers at the last moment
        must not make each step outlast its round. A peer whose previous request of this kind is
        still pending is skipped.

        Args:
            what: Kind of request.
            patience_s: Longest wait, for requests that may finish after the return.
        """
        started = time.monotonic()
        waiting = set()
        for peer in self.peers:
            key = what, peer.number
            if key not in self._asked:
                task = asyncio.create_task(self.went_well(peer, action))
                task.add_done_callback(partial(self._answered, key))
                self._asked[key] = task
                waiting.add(task)
        good = 0
        while waiting and 1 + good < self.poll.committee.quorum:
            done, waiting = await asyncio.wait(
                waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
            )
            good += sum(task.result() for task in done)
            if not done:
                return good
        if waiting:
            grace_s = min(max(GRACE_S, time.monotonic() - started), MAX_GRACE_S)
            done, _ = await asyncio.wait(waiting, timeout=grace_s)
            good += sum(task.result() for task in done)
        return good

    def _answered(self, key: tuple[str, int], _: asyncio.Task[bool]) -> None:
        del self._asked[key]

    async def went_well(self, peer: Peer, action: Callable[[Peer], Awaitable[None]]) -> bool:
        """Make a request to a peer; log a failure."""
        try:
            await action(peer)
        except (PeerError, AuditError, Conflict) as error:
            self.log.debug("peer", peer=peer.number, problem=str(error))
        except Exception as error:
            # No answer of a peer may prevent the requests to the others.
            self.log.error("peer", peer=peer.number, problem=repr(error))
        else:
            return True
        return False

    def decode_batch(self, data: bytes) -> list[CastRecord]:
        """Split a batch of this poll's records; Malformed if it is invalid."""
        poll = self.poll
        return decode_records(data, poll.layout.size, poll.nodes, poll.box_bytes)

    def encode_batch(self, stored: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Encode records for a peer, of those ballots whose boxes this node has.

        Args:
            stored: Signed parts and boxes of each ballot.
        """
        size = self.poll.layout.size
        return b"".join(
            signed[:size] + boxes + signed[-SIGNATURE_BYTES:] for signed, boxes in stored if boxes
        )

    def root(self, digests: Sequence[bytes]) -> tuple[SumRoot, list[tuple[Ballot, StoredBallot]]]:
        """Compute the root over stored ballots in leaf order.

        Raises:
            Problem: Some ballots or their bytes are missing.
        """
        stored = self.store.known(self.poll_id, digests)
        ordered = [stored[digest] for digest in digests if digest in stored]
        missing = len(digests) - sum(bool(one.signed) for one in ordered)
        if missing:
            raise self.incomplete(missing)
        size = self.poll.layout.size
        ballots = self.poll.layout.decode_many(self.curve, [one.signed[:size] for one in ordered])
        weights = self.weights(ballots)
        leaves = [
            Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
            for ballot, weight in zip(ballots, weights, strict=True)
        ]
        values = self.curve.concat([ballot.sharing[0] for ballot in ballots])
        return sum_root(self.curve, leaves, values), list(zip(ballots, ordered, strict=True))

    @staticmethod
    def incomplete(missing: int) -> Problem:
        """Return the answer while ballots are missing that others have.

        Args:
            missing: How many.
        """
        lacking = counted(missing, "ballot is missing and is", "ballots are missing and are")
        detail = f"{lacking} fetched from the other nodes"
        return Problem(ProblemType.NODE_INCOMPLETE, detail, retry_after_s=5)

    def weights(self, ballots: Sequence[Ballot]) -> list[int]:
        return [self.census.by_account[ballot.voter].weight for ballot in ballots]

    def signed_root(self, root: SumRoot) -> SignedRoot | None:
        for signed in self.store.signed_roots(self.poll_id):
            if signed.root_digest == root.digest:
                return signed
        return None

    def sign(self, type_string: str, *values: int | bytes) -> bytes:
        """Sign a statement about this poll; all come through here but its key's announcement.

        Raises:
            Problem: This node lost its store, and may have signed a contradicting statement.
        """
        if (self.rebuilt and type_string in _LOST_STATEMENTS) or (
            self.may_have_stated_final and type_string in (typed_data.FINAL, typed_data.SHUFFLED)
        ):
            raise self.lost_store()
        return self.key.sign(self.poll.domain.digest(type_string, *values))

    @staticmethod
    def lost_store() -> Problem:
        """Return why this node signs no statement about this poll's ballots."""
        detail = "this node lost its database while the poll was open, and signs no ballots of it"
        return Problem(ProblemType.POLL_NOT_SERVED, detail, "poll")

    def sign_receipt(self, voter: bytes, cast_at_unix_s: UnixSeconds, digest: bytes) -> bytes:
        """Return this node's `Receipt` statement, which is always the same."""
        statement = self.poll.context, voter, cast_at_unix_s, digest
        return self.sign(typed_data.RECEIPT, *statement)

    def require_signer(
        self, address: bytes, signature: bytes, type_string: str, *values: int | bytes
    ) -> None:
        if recover(self.poll.domain.digest(type_string, *values), signature) != address:
            raise Malformed(type_string.partition("(")[0], f"not signed by 0x{address.hex()}")

    def require_root_signature(
        self, address: bytes, signature: bytes, number: int, root: SumRoot
    ) -> None:
        self.require_signer(address, signature, *root.statement(self.poll.context, number))

    def share_statement(
        self, root: SumRoot, node: int, share: Share
    ) -> tuple[str, bytes, bytes, int, bytes]:
        return (
            typed_data.AGGREGATE_SHARE,
            self.poll.context,
            root.digest,
            node,
            aggregate_share_hash(share),
        )

    def member(self, one: Any) -> tuple[int, bytes]:
        node = one.get("node") if isinstance(one, dict) else None
        if not isinstance(node, int) or not 1 <= node <= self.poll.nodes:
            raise Malformed("node", "not one of the committee")
        return node, self.poll.committee.members[node - 1].address

    @cached_property
    def member_addresses(self) -> frozenset[bytes]:
        """Return the addresses of all nodes of the committee."""
        return frozenset(member.address for member in self.poll.committee.members)

    def path(self, rest: str) -> str:
        return f"/api/v1/polls/{self.poll_id}/{rest}"


def split_digests(leaves: bytes) -> list[bytes]:
    """Split digests that are end to end; Malformed if the length does not fit."""
    if len(leaves) % 32:
        raise Malformed("leaves", f"{len(leaves)} bytes")
    return [leaves[start : start + 32] for start in range(0, len(leaves), 32)]
