"""Decide which cast ballots a node accepts: cheap checks first, proofs in one batch.

Pure: keys, census and time are arguments. Source: docs/protocol.md §9.1.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ostraka.randomness import system
from ostraka.sealing import PollKey, ballot_info
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka.wire.records import CastRecord
from ostraka.wire.wording import utc_time
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.ballot_batch import BallotBatch
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points
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
from ostraka_verifier.shuffle import verify_state_shares
from ostraka_verifier.signatures import recover, recover_signers
from ostraka_verifier.units import UnixSeconds

CLOCK_TOLERANCE_S = 60
"""Most seconds by which a ballot's cast time may be ahead of the node's head."""


@dataclass(frozen=True)
class Admitted:
    """A ballot that passed every public check.

    Attributes:
        share_is_good: Whether this node's own box contains a good share.
    """

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
        self._batch = BallotBatch(curve, key.generators, poll.layout, poll.context)

    def signed_ones(
        self, records: Sequence[CastRecord], head_unix_s: UnixSeconds
    ) -> list[CastRecord]:
        """Return the records that their voters signed, and may have cast by now.

        Args:
            head_unix_s: Timestamp of the latest block that this node saw.
        """
        allowed = [one for one in records if self._may_be_cast(one, head_unix_s)]
        errors = self.check_signatures(allowed)
        return [one for one, error in zip(allowed, errors, strict=True) if error is None]

    def _may_be_cast(self, record: CastRecord, head_unix_s: UnixSeconds) -> bool:
        try:
            self.check_sizes(record)
            self.check_voter(record)
        except (Malformed, Rejected):
            return False
        return self.time_objection(record, head_unix_s) is None

    def verify(self, records: Sequence[CastRecord]) -> list[Admitted | Problem]:
        """Check signed records: encoding, proof, and this node's box.

        Args:
            records: Each passed all other checks; if one fails here, its signer is to blame.
        """
        sharings = self._batch.sharings([record.ballot for record in records], system.bytes)
        if sharings is not None:
            return self._admitted(list(zip(records, sharings, strict=True)))
        return self._verify_readably(records)

    def _verify_readably(self, records: Sequence[CastRecord]) -> list[Admitted | Problem]:
        """Find out which records fail, and why."""
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
                proven.append((number, ballot.sharing))
        admitted = self._admitted([(records[number], sharing) for number, sharing in proven])
        results |= dict(zip([number for number, _ in proven], admitted, strict=True))
        return [results[number] for number in range(len(records))]

    def _admitted(self, ballots: Sequence[tuple[CastRecord, Points]]) -> list[Admitted | Problem]:
        good = self._good_shares(ballots)
        return [Admitted(record, one) for (record, _), one in zip(ballots, good, strict=True)]

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

    def check_signatures(self, records: Sequence[CastRecord]) -> list[Malformed | Rejected | None]:
        """Check that the voters' keys in the census signed ballots and boxes.

        Args:
            records: Their voters are in the census.

        Returns:
            For each ballot, `Malformed` if its signature cannot be read, `Rejected` if it is
            another key's or of another statement (check B4), and None if it holds.
        """
        statements = [self._statement(record) for record in records]
        signers = recover_signers(statements, [record.signature for record in records])
        return [
            None
            if signer is not None and signer == self._signing_key(record)
            else self._signature_error(record, statement)
            for record, statement, signer in zip(records, statements, signers, strict=True)
        ]

    def _statement(self, record: CastRecord) -> bytes:
        return self._poll.domain.digest(
            typed_data.BALLOT,
            self._poll.context,
            record.voter,
            record.cast_at_unix_s,
            record.ballot_digest,
            record.boxes_hash,
        )

    def _signing_key(self, record: CastRecord) -> bytes:
        return self._census.by_account[record.voter].signing_key

    def _signature_error(self, record: CastRecord, statement: bytes) -> Malformed | Rejected | None:
        try:
            signer = recover(statement, record.signature)
        except Malformed as error:
            return error
        if signer == self._signing_key(record):
            return None
        return Rejected(
            "B4", "signature", "not of this ballot and its boxes by the voter's signing key"
        )

    def _good_shares(self, ballots: Sequence[tuple[CastRecord, Points]]) -> list[bool]:
        """Return for each ballot and its sharing whether this node's own box contains a good
        share."""
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
        self._info = ballot_info(poll.context, node)

    def share(self, ballot: Ballot, box: bytes) -> Share:
        """Return this node's share from a box.

        Raises:
            Malformed: The box cannot be opened, or is of another poll, voter or ballot.
            Rejected: The share is bad (check S0).
        """
        share = self._opened(ballot.voter, ballot.digest, box)
        verify_shares(self._curve, self._key, self._node, [(ballot.sharing, share)])
        return share

    def shares(self, ballots: Sequence[Ballot], boxes: Sequence[bytes]) -> list[Share]:
        """Return this node's shares from a box for each ballot, checked together.

        Raises:
            Malformed, Rejected: As for `share`; the item names the first bad position.
        """
        shares = [
            self._opened(ballot.voter, ballot.digest, box)
            for ballot, box in zip(ballots, boxes, strict=True)
        ]
        sharing = self._curve.concat([ballot.sharing for ballot in ballots])
        verify_state_shares(
            self._curve, self._key, self._node, sharing, shares, secrets.randbits, "S0"
        )
        return shares

    def _opened(self, voter: bytes, ballot_digest: bytes, box: bytes) -> Share:
        content = BoxContent.decode(self._poll_key.open(box, self._info), self._poll.slots)
        expected = (self._poll.context, voter, ballot_digest)
        if (content.poll_context, content.voter, content.ballot_digest) != expected:
            raise Malformed("box", "of another poll, voter or ballot")
        return content.share

    def _good_shares(self, ballots: Sequence[tuple[CastRecord, Points]]) -> list[bool]:
        shares: dict[int, Share] = {}
        for number, (record, _) in enumerate(ballots):
            with suppress(Malformed):
                box = record.boxes[self._node - 1]
                shares[number] = self._opened(record.voter, record.ballot_digest, box)
        commitments = self._key.commit([(one.values, one.blinding) for one in shares.values()])
        good = [False] * len(ballots)
        for position, number in enumerate(shares):
            expected = share_commitment(self._curve, ballots[number][1], self._node)
            good[number] = expected == commitments[position]
        return good
