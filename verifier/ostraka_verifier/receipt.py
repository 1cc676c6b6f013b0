"""A voter's file of ballots and receipts, checked against the chain and the counted ballots.

Source: docs/protocol.md §9.2, §9.5.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ostraka_verifier import typed_data
from ostraka_verifier.ballot import CAST_AT_BYTES
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    SIGNATURE_BYTES,
    parse_json,
    read_bytes,
    tagged_hash,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds

_FORMAT = "ostraka/votes/v2"
_MAX_BALLOTS = 10_000


@dataclass(frozen=True)
class Receipted:
    """One ballot of the file.

    Attributes:
        ballot: Canonical ballot.
        receipts: Signatures in the file by node, from 1.
    """

    ballot: bytes
    receipts: dict[int, bytes]

    @property
    def voter(self) -> bytes:
        """The voter's account, 20 bytes."""
        return self.ballot[:ADDRESS_BYTES]

    @property
    def cast_at_unix_s(self) -> UnixSeconds:
        """Chain time at which it was cast."""
        encoded = self.ballot[ADDRESS_BYTES:][:CAST_AT_BYTES]
        return UnixSeconds(int.from_bytes(encoded, "big"))

    @property
    def digest(self) -> bytes:
        """Digest of the ballot, 32 bytes."""
        return tagged_hash("ballot", self.ballot)

    @property
    def order_key(self) -> tuple[UnixSeconds, bytes]:
        """Order of a voter's ballots: the greatest counts (§8.7)."""
        return self.cast_at_unix_s, self.digest


def read_votes(data: bytes) -> list[Receipted]:
    """Read the ballots of a voter's file, oldest first. Only their voter is checked.

    Raises:
        Malformed: The file is invalid, or has a ballot of a different voter than it names.
    """
    content = parse_json(data, "votes")
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise Malformed("votes.format", f"not {_FORMAT}")
    listed = content.get("ballots")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_BALLOTS:
        raise Malformed("votes.ballots", "not a list of ballots")
    voter = read_bytes(content.get("voter"), "votes.voter")
    ballots = []
    for number, one in enumerate(listed):
        subject = f"votes.ballots[{number}]"
        ballots.append(_ballot(one, subject))
        # A program could show one voter's receipts to many voters.
        if ballots[-1].voter != voter:
            raise Malformed(subject, "of a different voter than the file")
    return sorted(ballots, key=lambda ballot: ballot.order_key)


def check_receipts(poll: PublishedPoll, ballot: Receipted) -> tuple[int, ...]:
    """Return the nodes whose receipts hold (check V5), ascending. `q` receipts record a ballot.

    Raises:
        Malformed: The ballot has the wrong length for this poll.
        Rejected: A receipt is not its node's.
    """
    if len(ballot.ballot) != poll.layout.size:
        raise Malformed("ballot", f"{len(ballot.ballot)} bytes, expected {poll.layout.size}")
    nodes = tuple(sorted(ballot.receipts))
    for node in nodes:
        _check_receipt(poll, ballot, node)
    return nodes


def is_recorded(poll: PublishedPoll, ballot: Receipted) -> bool:
    """Return whether `q` nodes recorded a ballot. Invalid receipts do not count."""
    if len(ballot.ballot) != poll.layout.size:
        return False
    good = 0
    for node in ballot.receipts:
        with suppress(Rejected):
            _check_receipt(poll, ballot, node)
            good += 1
    return good >= poll.committee.quorum


def _check_receipt(poll: PublishedPoll, ballot: Receipted, node: int) -> None:
    members, item = poll.committee.members, f"receipt of node {node}"
    if not 1 <= node <= len(members):
        raise Rejected("V5", item, "not in the committee")
    statement = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )
    try:
        signer = recover(statement, ballot.receipts[node])
    except Malformed as error:
        raise Rejected("V5", item, str(error)) from None
    if signer != members[node - 1].address:
        raise Rejected("V5", item, "not signed by it for this ballot")


def _ballot(content: Any, subject: str) -> Receipted:
    if not isinstance(content, dict) or not isinstance(content.get("receipts"), list):
        raise Malformed(subject, "not a ballot with receipts")
    ballot = read_bytes(content.get("ballot"), f"{subject}.ballot")
    if len(ballot) < ADDRESS_BYTES + CAST_AT_BYTES:
        raise Malformed(f"{subject}.ballot", "too short")
    receipts: dict[int, bytes] = {}
    for one in content["receipts"]:
        node = one.get("node") if isinstance(one, dict) else None
        if type(node) is not int or node in receipts:
            raise Malformed(f"{subject}.receipts", "not one for each node")
        signature = read_bytes(one.get("signature"), f"{subject}.receipts")
        if len(signature) != SIGNATURE_BYTES:
            raise Malformed(f"{subject}.receipts", f"a signature of {len(signature)} bytes")
        receipts[node] = signature
    return Receipted(ballot, receipts)
