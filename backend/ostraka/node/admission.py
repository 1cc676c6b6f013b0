"""Decide which cast ballots a node accepts: cheap checks first, proofs in one batch.

Pure: keys, census and time come in as arguments. Source: docs/protocol.md §9.1.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ostraka.chain.published import PublishedPoll
from ostraka.sealing import PollKey, ballot_info
from ostraka.wire.problems import Problem, from_audit_error
from ostraka.wire.records import CastRecord
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.proof import RejectedProofs, verify_proofs
from ostraka_verifier.sharing import BoxContent, Share, check_boxes, verify_shares
from ostraka_verifier.typed_data import recover

CLOCK_TOLERANCE_S = 60
"""How far a ballot's cast time may lie ahead of the node's head."""


@dataclass(frozen=True)
class Admitted:
    """A ballot that passed every public check.

    Attributes:
        share_is_good: Whether this node's own box opens to a good share.
    """

    ballot: Ballot
    record: CastRecord
    share_is_good: bool


class Admission:
    """The checks of one poll at one node."""

    def __init__(
        self, curve: Curve, poll: PublishedPoll, census: Census, node: int, poll_key: PollKey | None
    ) -> None:
        """Args:
        node: Committee index, from 1.
        poll_key: This node's key of the poll, None once destroyed.
        """
        self._curve = curve
        self._poll = poll
        self._census = census
        self._node = node
        self._poll_key = poll_key
        self.key = CommitmentKey(curve, poll.rule.width)

    def admit(self, records: Sequence[CastRecord], head_unix_s: int) -> list[Admitted | Problem]:
        """For each record what it is, or why it is refused.

        Args:
            head_unix_s: Timestamp of the latest block that this node saw.
        """
        results: list[Admitted | Problem | None] = [None] * len(records)
        read: list[tuple[int, Ballot]] = []
        for number, record in enumerate(records):
            try:
                read.append((number, self._read(record, head_unix_s)))
            except (Malformed, Rejected) as error:
                results[number] = from_audit_error(error)
        proofs = [ballot.proof for _, ballot in read]
        failed: dict[int, str] = {}
        try:
            verify_proofs(
                self._curve,
                self.key.generators,
                self._poll.shape,
                self._poll.context,
                proofs,
                secrets.randbits,
            )
        except RejectedProofs as error:
            failed = dict(error.failures)
        for position, (number, ballot) in enumerate(read):
            if position in failed:
                results[number] = Problem(
                    422, "Check failed", f"B6: the proof is wrong: {failed[position]}", "ballot"
                )
            else:
                good = self._has_good_share(ballot, records[number])
                results[number] = Admitted(ballot, records[number], good)
        return [result for result in results if result is not None]

    def share(self, ballot: Ballot, box: bytes) -> Share:
        """This node's share out of a box.

        Raises:
            Malformed: The box does not open, or holds something else.
            Rejected: The share is not good (check S0).
        """
        if self._poll_key is None:
            raise Malformed("box: this node's poll key is destroyed")
        info = ballot_info(self._poll.context, self._node)
        content = BoxContent.decode(self._poll_key.open(box, info), self._poll.slots)
        expected = (self._poll.context, ballot.voter, ballot.digest)
        if (content.poll_context, content.voter, content.ballot_digest) != expected:
            raise Malformed("box: of another poll, voter or ballot")
        verify_shares(self._curve, self.key, self._node, [(ballot.sharing, content.share)])
        return content.share

    def _read(self, record: CastRecord, head_unix_s: int) -> Ballot:
        poll, parameters = self._poll, self._poll.parameters
        # Length first: nothing is decoded of what cannot be a ballot.
        if len(record.ballot) != poll.layout.size:
            raise Malformed(f"ballot: {len(record.ballot)} bytes, expected {poll.layout.size}")
        check_boxes(record.boxes, record.boxes_hash, poll.nodes, poll.slots)
        voter, cast_at_unix_s = record.ballot[:20], int.from_bytes(record.ballot[20:28], "big")
        if cast_at_unix_s < parameters.opens_at:
            raise Rejected(
                "B5", "ballot.cast_at", f"before the poll opens at {parameters.opens_at}"
            )
        if cast_at_unix_s >= parameters.closes_at:
            raise Rejected("B5", "ballot.cast_at", f"the poll closed at {parameters.closes_at}")
        if cast_at_unix_s > head_unix_s + CLOCK_TOLERANCE_S:
            raise Rejected("B5", "ballot.cast_at", "more than 60 s ahead of the chain")
        entry = self._census.by_account.get(voter)
        if entry is None:
            raise Rejected("B3", "ballot.voter", f"0x{voter.hex()} is not in the census")
        try:
            ballot = poll.layout.decode(self._curve, record.ballot)
        except Malformed as error:
            raise Malformed(str(error).replace("ballots[0]", "ballot", 1)) from None
        digest = poll.domain.digest(
            typed_data.BALLOT,
            poll.context,
            voter,
            cast_at_unix_s,
            ballot.digest,
            record.boxes_hash,
        )
        if recover(digest, record.signature) != entry.signing_key:
            raise Rejected(
                "B4", "signature", "not of this ballot and its boxes by the voter's signing key"
            )
        return ballot

    def _has_good_share(self, ballot: Ballot, record: CastRecord) -> bool:
        try:
            self.share(ballot, record.boxes[self._node - 1])
        except (Malformed, Rejected):
            return False
        return True
