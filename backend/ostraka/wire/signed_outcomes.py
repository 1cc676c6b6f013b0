"""A node's word for the outcome of opened ballots, as nodes answer it.

Source: docs/protocol.md §18.11.
"""

from dataclasses import dataclass
from typing import Any

from ostraka.wire.records import from_hex
from ostraka_verifier import typed_data
from ostraka_verifier.board import Attestation
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import awards_hash
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.signatures import recover

_HASH_BYTES = 32


@dataclass(frozen=True)
class Outcome:
    """What opened ballots decide.

    Attributes:
        ballots_hash: Of the opened ballots, 32 bytes.
        awards: 1 or 0 for each slot.
    """

    ballots_hash: bytes
    awards: tuple[int, ...]


def read_signed_outcome(
    answer: Any, poll: PublishedPoll, number: int
) -> tuple[Outcome, Attestation]:
    """Read the answer of node `number`, and check its signature.

    Raises:
        Malformed: It is not such an answer, or for another number of slots.
        Rejected: The node did not sign it.
    """
    if not isinstance(answer, dict):
        raise Malformed("outcome", "not an object")
    ballots_hash = from_hex(answer.get("ballots_hash"), "ballots_hash")
    if len(ballots_hash) != _HASH_BYTES:
        raise Malformed("ballots_hash", f"{len(ballots_hash)} bytes, expected {_HASH_BYTES}")
    awards = answer.get("awards")
    if not isinstance(awards, list) or any(type(one) is not int for one in awards):
        raise Malformed("awards", "not a list of numbers")
    if len(awards) != poll.slots or not {0, 1}.issuperset(awards):
        raise Malformed("awards", f"expected {poll.slots}, each 0 or 1")
    signature = from_hex(answer.get("signature"), "signature")
    digest = poll.domain.digest(typed_data.OUTCOME, poll.context, ballots_hash, awards_hash(awards))
    if recover(digest, signature) != poll.committee.members[number - 1].address:
        raise Rejected("O1", "outcome", f"not signed by node {number}")
    return Outcome(ballots_hash, tuple(awards)), Attestation(number, signature)
