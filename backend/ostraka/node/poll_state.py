"""What all parts of one poll at one node share: data, signatures, peers, the agreed root.

A lock keeps accepting, freezing and signing apart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from ostraka.chain.contract import Head
from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import PollView, Registry
from ostraka.keys import PollKey, SigningKey
from ostraka.node.admission import Admission
from ostraka.node.peers import Peer, PeerError
from ostraka.node.store import Conflict, NodeStore
from ostraka.storage.node_tables import (
    NodePoll,
    SignedRoot,
    StoredBallot,
)
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, decode_records
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.board import (
    PollKeyAnnouncement,
)
from ostraka_verifier.census import Census
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.merkle_sum import Leaf, SumRoot, sum_root
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import aggregate_share_hash
from ostraka_verifier.typed_data import recover


class PollState:
    """One poll at one node."""

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
        row: The stored poll; its key is None once destroyed.
        peers: The other nodes of the committee.
        """
        index = poll.committee.index_of(key.address)
        if index is None:
            raise ValueError("this node is not in the poll's committee")
        self.curve = curve
        self.store = store
        self.registries = registries
        self.poll = poll
        self.node = index
        self.census = Census.decode(row.census)
        self.announcement = PollKeyAnnouncement(row.public_key, row.announcement)
        self.key = key
        self.peers = peers
        self.poll_key = PollKey(row.secret_key) if row.secret_key else None
        self.admission = Admission(curve, poll, self.census, index, self.poll_key)
        self.frozen = row.inventory_signature is not None
        self.head = Head(0, b"", 0)
        self.view: PollView | None = None
        self.lock = asyncio.Lock()
        self.log = structlog.get_logger().bind(poll=poll.poll_id, node=index)

    def destroy_key(self) -> None:
        """Forget the poll key, on the disk and here."""
        self.store.destroy_key(self.poll.poll_id)
        self.poll_key = None
        self.admission = Admission(self.curve, self.poll, self.census, self.node, None)

    async def each_peer(self, action: Callable[[Peer], Awaitable[None]]) -> int:
        """Do something with every peer at once; how many went well."""
        results = await asyncio.gather(
            *(action(peer) for peer in self.peers), return_exceptions=True
        )
        good = 0
        for peer, result in zip(self.peers, results, strict=True):
            if result is None:
                good += 1
            elif isinstance(result, PeerError | AuditError | Conflict):
                self.log.debug("peer", peer=peer.number, problem=str(result))
            elif isinstance(result, Exception):
                # Whatever a peer says, it must not keep this node from hearing the others.
                self.log.error("peer", peer=peer.number, problem=repr(result))
            else:
                raise result
        return good

    def decode_batch(self, data: bytes) -> list[CastRecord]:
        """Split a batch of this poll's records; Malformed when it is none."""
        poll = self.poll
        return decode_records(data, poll.layout.size, poll.nodes, poll.box_bytes)

    def root(self, digests: Sequence[bytes]) -> tuple[SumRoot, list[tuple[Ballot, StoredBallot]]]:
        """Root over stored ballots in leaf order; KeyError when one is not here."""
        stored = self.store.known(self.poll.poll_id, digests)
        ordered = [stored[digest] for digest in digests]
        size = self.poll.layout.size
        ballots = self.poll.layout.decode_many(self.curve, [one.record[:size] for one in ordered])
        weights = self.weights(ballots)
        leaves = [
            Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
            for ballot, weight in zip(ballots, weights, strict=True)
        ]
        values = self.curve.concat([ballot.sharing[0] for ballot in ballots])
        return sum_root(self.curve, leaves, values), list(zip(ballots, ordered, strict=True))

    def weights(self, ballots: Sequence[Ballot]) -> list[int]:
        return [self.census.by_account[ballot.voter].weight for ballot in ballots]

    def signed_root(self, root: SumRoot) -> SignedRoot | None:
        for signed in self.store.signed_roots(self.poll.poll_id):
            if signed.root_digest == root.digest:
                return signed
        return None

    def sign(self, type_string: str, *values: int | bytes) -> bytes:
        return self.key.sign(self.poll.domain.digest(type_string, *values))

    def require_signer(
        self, address: bytes, signature: bytes, type_string: str, *values: int | bytes
    ) -> None:
        if recover(self.poll.domain.digest(type_string, *values), signature) != address:
            raise Malformed(f"{type_string.partition('(')[0]}: not signed by 0x{address.hex()}")

    def require_root_signature(
        self, address: bytes, signature: bytes, number: int, root: SumRoot
    ) -> None:
        self.require_signer(address, signature, *root_statement(self.poll.context, number, root))

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
            raise Malformed("node: not one of the committee")
        return node, self.poll.committee.members[node - 1].address

    def require_frozen(self) -> None:
        if not self.frozen:
            raise Problem(409, "Not frozen", "this node is still accepting ballots", "", 1)

    def path(self, rest: str) -> str:
        return f"/api/v1/polls/{self.poll.poll_id}/{rest}"


def root_statement(
    context: bytes, number: int, root: SumRoot
) -> tuple[str, bytes, int, bytes, bytes, bytes, int]:
    """Type and members of a `Root` statement."""
    return typed_data.ROOT, context, number, root.hash, root.sum[:32], root.sum[32:], root.count


def split_digests(leaves: bytes) -> list[bytes]:
    """Digests that stand end to end; Malformed when they do not."""
    if len(leaves) % 32:
        raise Malformed(f"leaves: {len(leaves)} bytes")
    return [leaves[start : start + 32] for start in range(0, len(leaves), 32)]
