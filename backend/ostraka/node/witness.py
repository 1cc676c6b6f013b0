"""What a node can witness about an anchored root: the ballots that it holds, and those left out.

Source: docs/protocol.md §10, §11.3; docs/decisions/0080-watchtower.md.
"""

import time
from collections.abc import Iterable

from ostraka.chain.disputes import ReceiptedBallot
from ostraka.guard.receipts import Recorded, recorded
from ostraka.node.poll_progress import PollProgress
from ostraka.node.publication import Publication
from ostraka.node.release import Release
from ostraka.node.served_poll import ServedPoll, split_digests
from ostraka.node.store import BallotVersion
from ostraka.wire.problems import Problem
from ostraka_verifier.board import Board

MAX_OMITTED = 200
"""Ballots that a node lists as left out: one is enough for a dispute."""
_KEPT_S = 30
"""How long a list is kept, as anybody may ask for it."""


class Witness:
    """One poll as this node saw it, whatever root is anchored."""

    def __init__(
        self,
        served: ServedPoll,
        progress: PollProgress,
        release: Release,
        publication: Publication,
    ) -> None:
        self._served = served
        self._progress = progress
        self._release = release
        self._publication = publication
        self._kept: tuple[bytes, float, list[Recorded]] | None = None

    def published_board(self) -> Board:
        """Return the board that this node publishes; Problem while it has not all of it."""
        poll = self._served.poll
        return Board.decode(self._publication.board(), poll.layout.size, poll.slots)

    def own_board(self) -> Board:
        """Return the board as this node would have it: the latest ballot of each voter."""
        return self._publication.board_of([one.digest for one in _latest(self._versions())])

    def omitted(self) -> list[Recorded]:
        """Return recorded ballots that the anchored root leaves out, as far as this node knows.

        Empty before anchoring. At most `MAX_OMITTED`; all are of different voters.
        """
        anchoring = self._progress.anchoring_if_any()
        if anchoring is None:
            return []
        digest, now_monotonic_s = anchoring.root.digest, time.monotonic()
        kept = self._kept
        if kept is not None and kept[0] == digest and now_monotonic_s < kept[1] + _KEPT_S:
            return kept[2]
        try:
            counted = set(split_digests(self._release.leaves(anchoring)))
        except Problem:
            # This node knows no leaves of that root, so anything may be missing.
            counted = set()
        receipts = self._served.store.receipt_counts(self._served.poll_id)
        quorum = self._served.poll.committee.quorum
        whole = [one for one in self._versions() if receipts.get(one.digest, 0) >= quorum]
        found: list[Recorded] = []
        for version in _latest(whole):
            if version.digest not in counted and len(found) < MAX_OMITTED:
                one = self._recorded(version)
                found += [] if one is None else [one]
        self._kept = digest, now_monotonic_s, found
        return found

    def _versions(self) -> list[BallotVersion]:
        return self._served.store.versions(self._served.poll_id)

    def _recorded(self, version: BallotVersion) -> Recorded | None:
        store, poll = self._served.store, self._served.poll
        signatures = store.peer_receipts(poll.poll_id, version.digest)
        for *_, receipt in store.receipts_of(poll.poll_id, [version.digest]):
            signatures[self._served.node] = receipt
        ballot = ReceiptedBallot(version.voter, version.cast_at_unix_s, version.digest)
        return recorded(poll, ballot, signatures)


def _latest(versions: Iterable[BallotVersion]) -> list[BallotVersion]:
    """Return each voter's latest version, by voter."""
    latest: dict[bytes, BallotVersion] = {}
    for one in versions:
        known = latest.get(one.voter)
        if known is None or (known.cast_at_unix_s, known.digest) < (
            one.cast_at_unix_s,
            one.digest,
        ):
            latest[one.voter] = one
    return [latest[voter] for voter in sorted(latest)]
