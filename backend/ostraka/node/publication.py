"""What everybody may read of a poll at a node: its board and its counts.

Source: docs/protocol.md §16.
"""

from typing import Any

from ostraka.node.accepting import PULL_LIMIT
from ostraka.node.poll_state import PollState, split_digests
from ostraka.node.release import Release
from ostraka.storage.node_tables import (
    StoredBallot,
)
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.board import (
    Board,
    PollKeyAnnouncement,
    SignedBallot,
    SignedShare,
)
from ostraka_verifier.encoding import Reader, tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.sharing import Share
from ostraka_verifier.typed_data import recover


class Publication:
    """Publishes one poll."""

    def __init__(self, state: PollState, release: Release) -> None:
        self._state = state
        self._release = release
        self._board: tuple[tuple[bytes, int], bytes] | None = None

    def board(self) -> bytes:
        """The poll's bulletin board (§16)."""
        poll, view = self._state.poll, self._state.view
        anchored = None
        leaves: list[SignedBallot] = []
        shares = self._state.store.shares(poll.poll_id)
        if view is not None and view.anchored_at:
            cache_key = (view.root.digest, len(shares))
            if self._board is not None and self._board[0] == cache_key:
                return self._board[1]
            anchored = self._state.registries[0].anchored(poll.poll_id)
            leaves = [
                self._signed_ballot(stored)
                for _, stored in self._state.root(split_digests(self._release.leaves()))[1]
            ]
        opened = self._state.registries[0].opened(poll.poll_id)
        keys = () if opened is None else zip(opened.public_keys, opened.signatures, strict=True)
        encoded = Board(
            poll=poll.identity.encode(),
            parameters=poll.parameters.encode(),
            rule=poll.rule.encode(),
            outcome_rule=poll.outcome_rule.encode(),
            description=poll.description.encoded,
            committee=poll.committee.encode(),
            poll_keys=tuple(PollKeyAnnouncement(key, signature) for key, signature in keys),
            census=self._state.census.encode(),
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
        (record,) = self._state.decode_batch(stored.record)
        return SignedBallot(record.ballot, record.boxes_hash, record.signature)

    def summary(self) -> dict[str, Any]:
        """State of the poll at this node: counts only, nothing about any choice."""
        status = self._state.view.status.name.lower() if self._state.view else "unknown"
        return {
            "poll": str(self._state.poll.poll_id),
            "poll_context": to_hex(self._state.poll.context),
            "node": self._state.node,
            "status": status,
            "voters": len(self._state.census),
            "voted": self._state.store.voters(self._state.poll.poll_id),
            "opens_at": self._state.poll.parameters.opens_at,
            "closes_at": self._state.poll.parameters.closes_at,
            "frozen": self._state.frozen,
            "key_destroyed": self._state.poll_key is None,
        }

    def recheck(self) -> int:
        """At start: drop ballots whose stored bytes changed; peers have them. How many."""
        damaged = 0
        after = 0
        while stored := self._state.store.ballots_after(
            self._state.poll.poll_id, after, PULL_LIMIT
        ):
            for one in stored:
                size = self._state.poll.layout.size
                intact = (
                    len(one.record) == self._state.poll.record_bytes
                    and tagged_hash("ballot", one.record[:size]) == one.digest
                    and self._voter_signed(one)
                )
                if not intact:
                    self._state.store.remove_ballot(self._state.poll.poll_id, one.digest)
                    damaged += 1
            after = stored[-1].id or after
        if damaged:
            self._state.log.error("damaged ballots dropped, to be pulled again", ballots=damaged)
        return damaged

    def _voter_signed(self, stored: StoredBallot) -> bool:
        record = self._state.decode_batch(stored.record)[0]
        digest = self._state.poll.domain.digest(
            typed_data.BALLOT,
            self._state.poll.context,
            stored.voter,
            stored.cast_at_unix_s,
            stored.digest,
            record.boxes_hash,
        )
        try:
            signer = recover(digest, record.signature)
        except Malformed:
            return False
        entry = self._state.census.by_account.get(stored.voter)
        return entry is not None and signer == entry.signing_key
