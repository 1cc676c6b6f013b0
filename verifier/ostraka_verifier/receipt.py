"""A voter's file of ballots and receipts, held against the chain and the counted ballots.

Source: docs/protocol.md §9.2, §9.5.
"""

from dataclasses import dataclass
from typing import Any

from ostraka_verifier import typed_data
from ostraka_verifier.ballot import CAST_AT_BYTES
from ostraka_verifier.encoding import ADDRESS_BYTES, SIGNATURE_BYTES, parse_json, tagged_hash
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rpc import read_bytes
from ostraka_verifier.typed_data import recover

_FORMAT = "ostraka/votes/v1"
_MAX_BALLOTS = 10_000


@dataclass(frozen=True)
class Receipted:
    """One ballot of the file.

    Attributes:
        ballot: Canonical ballot.
        receipts: Signatures by node, from 1, as the file has them.
    """

    ballot: bytes
    receipts: dict[int, bytes]

    @property
    def voter(self) -> bytes:
        """20-byte account."""
        return self.ballot[:ADDRESS_BYTES]

    @property
    def cast_at_unix_s(self) -> int:
        """Chain time at which it was cast."""
        return int.from_bytes(self.ballot[ADDRESS_BYTES:][:CAST_AT_BYTES], "big")

    @property
    def digest(self) -> bytes:
        """Digest of the ballot, 32 bytes."""
        return tagged_hash("ballot", self.ballot)

    @property
    def order_key(self) -> tuple[int, bytes]:
        """Orders a voter's ballots: the greatest counts (§8.7)."""
        return self.cast_at_unix_s, self.digest


def read_votes(data: bytes) -> list[Receipted]:
    """Ballots of a voter's file, oldest first, not checked; Malformed when it is none."""
    content = parse_json(data, "votes")
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise Malformed(f"votes.format: not {_FORMAT}")
    listed = content.get("ballots")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_BALLOTS:
        raise Malformed("votes.ballots: not a list of ballots")
    return sorted(
        (_ballot(one, f"votes.ballots[{number}]") for number, one in enumerate(listed)),
        key=lambda ballot: ballot.order_key,
    )


def check_receipts(poll: PublishedPoll, ballot: Receipted) -> tuple[int, ...]:
    """The nodes whose receipts hold (check V5), ascending; `q` of them record the ballot.

    Raises:
        Malformed: The ballot has not the length of one of this poll.
        Rejected: A receipt is not its node's.
    """
    if len(ballot.ballot) != poll.layout.size:
        raise Malformed(f"ballot: {len(ballot.ballot)} bytes, expected {poll.layout.size}")
    statement = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )
    members = poll.committee.members
    for node, signature in sorted(ballot.receipts.items()):
        if not 1 <= node <= len(members):
            raise Rejected("V5", f"receipt of node {node}", "not in the committee")
        try:
            signer = recover(statement, signature)
        except Malformed as error:
            raise Rejected("V5", f"receipt of node {node}", str(error)) from None
        if signer != members[node - 1].address:
            raise Rejected("V5", f"receipt of node {node}", "not signed by it for this ballot")
    return tuple(sorted(ballot.receipts))


def _ballot(content: Any, subject: str) -> Receipted:
    if not isinstance(content, dict) or not isinstance(content.get("receipts"), list):
        raise Malformed(f"{subject}: not a ballot with receipts")
    ballot = read_bytes(content.get("ballot"), f"{subject}.ballot")
    if len(ballot) < ADDRESS_BYTES + CAST_AT_BYTES:
        raise Malformed(f"{subject}.ballot: too short")
    receipts: dict[int, bytes] = {}
    for one in content["receipts"]:
        node = one.get("node") if isinstance(one, dict) else None
        if type(node) is not int or node in receipts:
            raise Malformed(f"{subject}.receipts: not one for each node")
        signature = read_bytes(one.get("signature"), f"{subject}.receipts")
        if len(signature) != SIGNATURE_BYTES:
            raise Malformed(f"{subject}.receipts: a signature of {len(signature)} bytes")
        receipts[node] = signature
    return Receipted(ballot, receipts)
