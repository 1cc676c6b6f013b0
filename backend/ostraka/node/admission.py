"""Decide which cast ballots a node accepts: cheap checks first, proofs in one batch.

Pure: keys, census and time are arguments. Source: docs/protocol.md §9.1.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ostraka.sealing import PollKey, ballot_info
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka.wire.records import CastRecord
from ostraka.wire.wording import utc_time
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import SIGNATURE_BYTES
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.proof import RejectedProofs, verify_proofs
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.sharing import (
    BoxContent,
    Share,
    check_boxes,
    share_commitment,
    verify_shares,
)
from ostraka_verifier.typed_data import recover
from ostraka_verifier.units import UnixSeconds

CLOCK_TOLERANCE_S = 60
"""Most seconds by which a ballot's cast time may be ahead of the node's head."""


@dataclass(frozen=True)
class Admitted:
    """A ballot that passed every public check.

    Attributes:
        share_is_good: Whether this node's own box contains a good share.
    """

    ballot: Ballot
    record: CastRecord
    share_is_good: bool


class Admission:
    """The checks of one poll that need no secret; boxes are not opened."""

    def __init__(
        self, curve: Curve, poll: PublishedPoll, census: Census, key: CommitmentKey
    ) -> None:
        """Args:
        key: Key of the poll's commitments.
        """
        self._curve = curve
        self._poll = poll
        self._census = census
        self._key = key

    def is_signed(self, record: CastRecord, head_unix_s: UnixSeconds) -> bool:
        """Check that a voter signed a record, and may have cast it by now.

        Args:
            head_unix_s: Timestamp of the latest block that this node saw.
        """
        try:
            self.check_sizes(record)
            self.check_voter(record)
            self.check_signature(record)
        except (Malformed, Rejected):
            return False
        return self.time_objection(record, head_unix_s) is None

    def verify(self, records: Sequence[CastRecord]) -> list[Admitted | Problem]:
        """Check signed records: encoding, proof, and this node's box.

        Args:
            records: Each passed all other checks; if one fails here, its signer is to blame.
        """
        ballots, results = self._decode(records)
        failed: dict[int, str] = {}
        try:
            verify_proofs(
                self._curve,
                self._key.generators,
                self._poll.shape,
                self._poll.context,
                [ballot.proof for ballot in ballots.values()],
                secrets.randbits,
            )
        except RejectedProofs as error:
            failed = dict(error.failures)
        proven = []
        for position, (number, ballot) in enumerate(ballots.items()):
            if position in failed:
                results[number] = Problem(
                    ProblemType.CHECK_FAILED,
                    f"the proof is wrong: {failed[position]}",
                    "ballot",
                    check="B6",
                )
            else:
                proven.append((number, ballot))
        good = self._good_shares([(ballot, records[number]) for number, ballot in proven])
        for (number, ballot), one in zip(proven, good, strict=True):
            results[number] = Admitted(ballot, records[number], one)
        return [results[number] for number in range(len(records))]

    def _decode(
        self, records: Sequence[CastRecord]
    ) -> tuple[dict[int, Ballot], dict[int, Admitted | Problem]]:
        """Return the ballots, and the problems of those that cannot be read, by position."""
        layout, problems = self._poll.layout, dict[int, Admitted | Problem]()
        try:
            # All points at once.
            decoded = layout.decode_many(self._curve, [record.ballot for record in records])
            return dict(enumerate(decoded)), problems
        except Malformed:
            ballots = {}
        for number, record in enumerate(records):
            try:
                ballots[number] = layout.decode(self._curve, record.ballot)
            except Malformed as error:
                item = error.item.replace("ballots[0]", "ballot", 1)
                problems[number] = from_audit_error(Malformed(item, error.reason))
        return ballots, problems

    def check_sizes(self, record: CastRecord) -> None:
        """Check lengths first, so that nothing is decoded or stored that cannot be a ballot.

        Raises:
            Malformed: A part has the wrong length for the poll.
        """
        poll = self._poll
        if len(record.ballot) != poll.layout.size:
            raise Malformed("ballot", f"{len(record.ballot)} bytes, expected {poll.layout.size}")
        check_boxes(record.boxes, poll.nodes, poll.slots)
        if len(record.signature) != SIGNATURE_BYTES:
            size = len(record.signature)
            raise Malformed("signature", f"{size} bytes, expected {SIGNATURE_BYTES}")

    def time_objection(self, record: CastRecord, head_unix_s: UnixSeconds) -> Problem | None:
        """Return why a ballot's cast time is outside the voting period; None if it is inside (B5).

        Args:
            head_unix_s: Timestamp of the latest block that this node saw.
        """
        times, cast_at, field = self._poll.parameters, record.cast_at_unix_s, "ballot.cast_at"
        if cast_at < times.opens_at:
            detail = f"voting opens at {utc_time(times.opens_at)}"
            return Problem(ProblemType.POLL_NOT_OPEN, detail, field)
        if cast_at >= times.closes_at:
            detail = f"voting closes at {utc_time(times.closes_at)}"
            return Problem(ProblemType.POLL_CLOSED, detail, field)
        if cast_at > head_unix_s + CLOCK_TOLERANCE_S:
            detail = f"more than {CLOCK_TOLERANCE_S} s ahead of the chain"
            return Problem(ProblemType.CAST_AHEAD, detail, field, 5)
        return None

    def check_voter(self, record: CastRecord) -> None:
        """Check that the census has the voter.

        Raises:
            Rejected: Check B3.
        """
        if record.voter not in self._census.by_account:
            raise Rejected("B3", "ballot.voter", f"0x{record.voter.hex()} is not in the census")

    def check_signature(self, record: CastRecord) -> None:
        """Check that the voter's key in the census signed the ballot and its boxes.

        Raises:
            Malformed: The signature cannot be read.
            Rejected: Check B4.
        """
        statement = self._poll.domain.digest(
            typed_data.BALLOT,
            self._poll.context,
            record.voter,
            record.cast_at_unix_s,
            record.ballot_digest,
            record.boxes_hash,
        )
        signing_key = self._census.by_account[record.voter].signing_key
        if recover(statement, record.signature) != signing_key:
            raise Rejected(
                "B4", "signature", "not of this ballot and its boxes by the voter's signing key"
            )

    def _good_shares(self, ballots: Sequence[tuple[Ballot, CastRecord]]) -> list[bool]:
        """Return for each ballot whether this node's own box contains a good share."""
        return [False] * len(ballots)


class BoxAdmission(Admission):
    """All checks of one poll by a node that has its poll key, and opens its own boxes."""

    def __init__(
        self,
        curve: Curve,
        poll: PublishedPoll,
        census: Census,
        key: CommitmentKey,
        node: int,
        poll_key: PollKey,
    ) -> None:
        """Args:
        key: Of the poll's commitments.
        node: Committee index, from 1.
        poll_key: This node's key of the poll.
        """
        super().__init__(curve, poll, census, key)
        self._node = node
        self._poll_key = poll_key

    def share(self, ballot: Ballot, box: bytes) -> Share:
        """Return this node's share from a box.

        Raises:
            Malformed: The box cannot be opened, or is of another poll, voter or ballot.
            Rejected: The share is bad (check S0).
        """
        share = self._opened(ballot, box)
        verify_shares(self._curve, self._key, self._node, [(ballot.sharing, share)])
        return share

    def _opened(self, ballot: Ballot, box: bytes) -> Share:
        info = ballot_info(self._poll.context, self._node)
        content = BoxContent.decode(self._poll_key.open(box, info), self._poll.slots)
        expected = (self._poll.context, ballot.voter, ballot.digest)
        if (content.poll_context, content.voter, content.ballot_digest) != expected:
            raise Malformed("box", "of another poll, voter or ballot")
        return content.share

    def _good_shares(self, ballots: Sequence[tuple[Ballot, CastRecord]]) -> list[bool]:
        shares: dict[int, Share] = {}
        for number, (ballot, record) in enumerate(ballots):
            with suppress(Malformed):
                shares[number] = self._opened(ballot, record.boxes[self._node - 1])
        sharings = [ballots[number][0].sharing for number in shares]
        commitments = self._key.commit([(one.values, one.blinding) for one in shares.values()])
        good = [False] * len(ballots)
        for position, (number, sharing) in enumerate(zip(shares, sharings, strict=True)):
            expected = share_commitment(self._curve, sharing, self._node)
            good[number] = expected == commitments[position]
        return good
