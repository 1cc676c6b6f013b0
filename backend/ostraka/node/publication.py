"""Public data of a poll at a node: its board and its counts.

Source: docs/protocol.md §16.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ostraka.node.accepting import PULL_LIMIT
from ostraka.node.checkpoints import Checkpoints
from ostraka.node.peers import Peer
from ostraka.node.phases import Anchoring, Destroyed, Keyed
from ostraka.node.poll_progress import PollProgress
from ostraka.node.release import Release
from ostraka.node.served_poll import BACKGROUND_S, ServedPoll, split_digests
from ostraka.node.shuffle.shuffling import Shuffling
from ostraka.storage.node_tables import ReleasedShare, StoredBallot
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import claimed_cast_time, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.board import (
    AnchoredRoot,
    Board,
    BoardLeaf,
    PollKeyAnnouncement,
    SignedShare,
)
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    HASH_BYTES,
    SIGNATURE_BYTES,
    Reader,
    tagged_hash,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share, boxes_hash
from ostraka_verifier.signatures import recover, recover_key

_LEAVES_AT_ONCE = 500


@dataclass(frozen=True)
class BoardState:
    """What a board is made of, except its ballots, which follow from the root."""

    context: bytes
    poll_keys: tuple[PollKeyAnnouncement, ...]
    anchoring: Anchoring | None
    anchored_at: int
    shares: tuple[ReleasedShare, ...]
    opened: bool
    """Whether the ballots are open (section 14)."""

    @property
    def name(self) -> str:
        """Name of the state: two states with one name have the same board."""
        hashed = hashlib.sha256(self.context)
        for key in self.poll_keys:
            hashed.update(key.public_key + key.signature)
        if self.anchoring is not None:
            hashed.update(b"%d.%d." % (self.anchored_at, self.anchoring.round))
            hashed.update(self.anchoring.root.digest)
        for share in self.shares:
            hashed.update(b"%d." % share.node + share.share + share.signature)
        if self.opened:
            # A node opens the ballots of a poll once.
            hashed.update(b"opened")
        return hashed.hexdigest()


class Publication:
    """Publishes the data of one poll."""

    def __init__(
        self,
        served: ServedPoll,
        progress: PollProgress,
        release: Release,
        checkpoints: Checkpoints,
        shuffling: Shuffling,
    ) -> None:
        self._served = served
        self._progress = progress
        self._release = release
        self._checkpoints = checkpoints
        self._shuffling = shuffling

    def state(self) -> "BoardState":
        """Return what the poll's bulletin board (§16) is made of now, without its ballots.

        Raises:
            Problem: This node does not have all poll keys yet.
        """
        view = self._progress.observed.view
        return BoardState(
            self._served.poll.context,
            self._poll_keys(),
            self._progress.anchoring_if_any(),
            view.anchored_at,
            tuple(self._served.store.shares(self._served.poll_id)),
            self._served.store.shuffle.is_open(self._served.poll_id),
        )

    def pieces(self, state: "BoardState") -> Iterator[bytes]:
        """Yield the board of a state, piece by piece.

        Raises:
            Problem: Some ballots or their bytes are missing.
        """
        poll, anchored = self._served.poll, None
        digests: list[bytes] = []
        if state.anchoring is not None:
            digests = split_digests(self._release.leaves(state.anchoring))
            anchored = self._served.registries[0].anchored(poll.poll_id)
        opened = self._served.store.shuffle.opened(poll.poll_id) if state.opened else None
        frame = self._board_with((), anchored, state.shares, opened)
        before, after = frame.around_leaves(len(digests), poll.layout.size)
        yield before
        for start in range(0, len(digests), _LEAVES_AT_ONCE):
            yield self._records(digests[start : start + _LEAVES_AT_ONCE])
        yield after

    def _records(self, digests: Sequence[bytes]) -> bytes:
        """Return leaves as section 9 has them."""
        signed = self._served.store.signed_parts(self._served.poll_id, digests)
        whole = {
            digest: one
            for digest, one in signed.items()
            if tagged_hash("ballot", self._parts(one)[0]) == digest
        }
        if len(whole) < len(digests):
            raise self._served.incomplete(len(digests) - len(whole))
        leaves = [self._signed_ballot(whole[digest]) for digest in digests]
        return b"".join(
            part
            for leaf in leaves
            for part in (leaf.ballot, leaf.public_key, leaf.boxes_hash, leaf.signature)
        )

    def board(self) -> bytes:
        """Return the poll's bulletin board (§16), whole; `pieces` takes less memory."""
        return b"".join(self.pieces(self.state()))

    def board_of(self, digests: Sequence[bytes]) -> Board:
        """Return a board, without a root, of ballots in leaf order.

        Raises:
            Problem: Some ballots or their bytes are missing, or the poll keys.
        """
        _, counted = self._served.root(digests)
        leaves = [self._signed_ballot(stored.signed) for _, stored in counted]
        return self._board_with(leaves, None, self._served.store.shares(self._served.poll_id))

    def _board_with(
        self,
        leaves: Sequence[BoardLeaf],
        anchored: AnchoredRoot | None,
        shares: Sequence[ReleasedShare],
        opened: bytes | None = None,
    ) -> Board:
        poll = self._served.poll
        return Board(
            poll=poll.identity.encode(),
            parameters=poll.parameters.encode(),
            rule=poll.rule.encode(),
            outcome_rule=poll.outcome_rule.encode(),
            description=poll.description.encoded,
            committee=poll.committee.encode(),
            poll_keys=self._poll_keys(),
            census=self._served.census.encode(),
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
            redemptions=self._served.redemptions,
            opened=opened,
        )

    def _poll_keys(self) -> tuple[PollKeyAnnouncement, ...]:
        opened = self._served.opened(self._progress.observed.view)
        if opened is None:
            return ()
        pinned = self._served.pinned
        if pinned is None:
            detail = "this node is still fetching the poll's keys from the other nodes"
            raise Problem(ProblemType.NODE_INCOMPLETE, detail, retry_after_s=2)
        return tuple(
            PollKeyAnnouncement(key, signature)
            for key, signature in zip(pinned.public_keys, opened.signatures, strict=True)
        )

    def _signed_ballot(self, signed: bytes) -> BoardLeaf:
        ballot, hashed, signature = self._parts(signed)
        key = recover_key(self._statement(ballot, hashed), signature)
        return BoardLeaf(ballot, key, hashed, signature)

    def _statement(self, ballot: bytes, hashed: bytes) -> bytes:
        """Return the statement that a ballot's voter signed."""
        return self._served.poll.domain.digest(
            typed_data.BALLOT,
            self._served.poll.context,
            ballot[:ADDRESS_BYTES],
            claimed_cast_time(ballot),
            tagged_hash("ballot", ballot),
            hashed,
        )

    def summary(self) -> dict[str, Any]:
        """Return the state of the poll at this node: counts only, nothing about any choice."""
        phase, view = self._progress.phase, self._progress.observed.view
        return {
            "poll": str(self._served.poll_id),
            "poll_context": to_hex(self._served.poll.context),
            "node": self._served.node,
            "status": view.status.name.lower(),
            "voters": len(self._served.census),
            "voted": self._served.store.voters(self._served.poll_id),
            "opens_at": self._served.poll.parameters.opens_at,
            "closes_at": self._served.poll.parameters.closes_at,
            "frozen": self._progress.is_frozen,
            "key_destroyed": isinstance(phase, Destroyed),
            "repairs_asked": {
                str(node): count
                for node, count in sorted(
                    self._served.store.asked_repair_counts(self._served.poll_id).items()
                )
            },
            "suspects": {
                str(self._served.poll.committee.index_of(address)): kind
                for address, kind in self._checkpoints.suspects.items()
            },
            "shuffle": self._shuffling.report(),
        }

    def recheck(self) -> None:
        """At start: find ballots whose stored bytes changed, and repair or delete them."""
        damaged = 0
        after = 0
        while stored := self._served.store.ballots_after(self._served.poll_id, after, PULL_LIMIT):
            damaged += sum(self._mended(one) for one in stored)
            after = stored[-1].id or after
        if damaged:
            self._served.log.error("damaged ballots found; peers have them", ballots=damaged)

    def _mended(self, stored: StoredBallot) -> bool:
        """Repair a damaged ballot; return whether anything of it was damaged.

        This node's receipt and inventory promise the ballot, so the row of a damaged ballot is
        kept, and filled again from peers.
        """
        found = _columns(stored)
        if self._voter_signed(stored.signed) and self._boxes_are_whole(stored):
            stored.voter = stored.signed[:ADDRESS_BYTES]
            stored.cast_at_unix_s = claimed_cast_time(stored.signed)
            stored.digest = tagged_hash("ballot", self._parts(stored.signed)[0])
            if isinstance(self._progress.phase, Destroyed):
                stored.boxes = b""
            if stored.receipt is not None:
                stored.receipt = self._receipt(stored)
            stored.share_box = self._share_box(stored)
        elif stored.receipt is None or stored.receipt == self._receipt(stored):
            stored.signed, stored.boxes, stored.share_box = b"", b"", None
        else:
            self._served.store.remove_ballot(stored)
            return True
        if _columns(stored) == found:
            return False
        self._served.store.mend_ballot(stored)
        return True

    def _share_box(self, stored: StoredBallot) -> bytes | None:
        """Return the box with this node's good share; None without one."""
        phase = self._progress.phase
        if not isinstance(phase, Keyed):
            return None
        size = self._served.poll.box_bytes
        own = stored.boxes[(self._served.node - 1) * size : self._served.node * size]
        # The voter's own box was checked on arrival; a repaired box looks like a damaged one.
        if stored.share_box in (None, own):
            return stored.share_box
        encoded, _, _ = self._parts(stored.signed)
        ballot = self._served.poll.layout.decode(self._served.curve, encoded)
        for box in (stored.share_box, own):
            try:
                phase.admission.share(ballot, box or b"")
            except (Malformed, Rejected):
                continue
            return box
        return None

    def _receipt(self, stored: StoredBallot) -> bytes:
        return self._served.sign_receipt(stored.voter, stored.cast_at_unix_s, stored.digest)

    async def mend_signed(self) -> None:
        """Refill damaged ballots from peers that have deleted the boxes."""
        gaps = {one.digest: one for one in self._served.store.gaps(self._served.poll_id)}

        async def read(peer: Peer) -> None:
            answer = await peer.post(self._served.path("peer/signed"), b"".join(sorted(gaps)))
            for start in range(0, len(answer), self._signed_bytes):
                signed = answer[start : start + self._signed_bytes]
                gap = gaps.get(tagged_hash("ballot", signed[: self._served.poll.layout.size]))
                if gap is not None and self._voter_signed(signed):
                    gap.signed = signed
                    await asyncio.to_thread(self._served.store.mend_ballot, gap)

        await self._served.each_peer("signed", read, BACKGROUND_S)

    def signed_of(self, digests: Sequence[bytes]) -> bytes:
        """For a peer: return the signed parts of some ballots, without boxes, end to end."""
        known = self._served.store.known(self._served.poll_id, digests)
        return b"".join(stored.signed for stored in known.values())

    @property
    def _signed_bytes(self) -> int:
        return self._served.poll.layout.size + HASH_BYTES + SIGNATURE_BYTES

    def _parts(self, signed: bytes) -> tuple[bytes, bytes, bytes]:
        """Split into ballot, hash of the boxes and signature."""
        size = self._served.poll.layout.size
        return signed[:size], signed[size : size + HASH_BYTES], signed[size + HASH_BYTES :]

    def _boxes_are_whole(self, stored: StoredBallot) -> bool:
        """Whether the boxes are those that the voter signed; True once the key is destroyed."""
        if isinstance(self._progress.phase, Destroyed):
            return True
        poll = self._served.poll
        if len(stored.boxes) != poll.nodes * poll.box_bytes:
            return False
        starts = range(0, len(stored.boxes), poll.box_bytes)
        boxes = [stored.boxes[start : start + poll.box_bytes] for start in starts]
        return boxes_hash(boxes) == self._parts(stored.signed)[1]

    def _voter_signed(self, data: bytes) -> bool:
        """Whether these are exactly the bytes that a voter signed for this poll."""
        if len(data) != self._signed_bytes:
            return False
        ballot, hashed, signature = self._parts(data)
        try:
            signer = recover(self._statement(ballot, hashed), signature)
        except Malformed:
            return False
        entry = self._served.census.by_account.get(ballot[:ADDRESS_BYTES])
        return entry is not None and signer == entry.signing_key


def _columns(stored: StoredBallot) -> tuple[object, ...]:
    return (
        stored.voter,
        stored.cast_at_unix_s,
        stored.digest,
        stored.signed,
        stored.boxes,
        stored.receipt,
        stored.share_box,
    )
