"""Cast or challenge: check that a sealed ballot contains the voter's choice.

A program that prepares ballots may be malicious. It shows a ballot's digest before the voter
decides to cast or to challenge the ballot. After a challenge it opens the ballot, which is never
cast. A program that seals a different vote is caught with the probability of a challenge.

Source: docs/protocol.md §8.9; Benaloh, "Simple Verifiable Elections", EVT 2006. Vectors:
tests/vectors/openings.json.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ostraka_verifier.ballot import Ballot
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, R
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    HASH_BYTES,
    POINT_BYTES,
    SCALAR_BYTES,
    parse_json,
    read_bytes,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.proof import Randomness, verify_proofs
from ostraka_verifier.published import PublishedPoll

_FORMAT = "ostraka/opening/v2"
_MEMBERS = ("format", "chain_id", "registry", "poll", "poll_context", "ballot", "bits", "blinding")
_NUMBER = re.compile("[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Opening:
    """A challenged ballot with the opening of its commitment to the vote.

    Attributes:
        poll: The poll for which the ballot was made.
        context: Its `pollContext`, 32 bytes.
        ballot: Canonical ballot.
        bits: The vote in the rule's bits, slack included.
        blinding: `ρ(0)` of `V`, in [0, R).
    """

    poll: PollIdentity
    context: bytes
    ballot: bytes
    bits: tuple[int, ...]
    blinding: int

    @property
    def digest(self) -> bytes:
        """Digest of the ballot, 32 bytes."""
        return tagged_hash("ballot", self.ballot)

    def __repr__(self) -> str:
        return f"Opening({self.digest.hex()})"

    def to_json(self) -> dict[str, str]:
        """Return the file that a voter's program gives."""
        return {
            "format": _FORMAT,
            "chain_id": str(self.poll.chain_id),
            "registry": "0x" + self.poll.registry.hex(),
            "poll": str(self.poll.poll_id),
            "poll_context": "0x" + self.context.hex(),
            "ballot": "0x" + self.ballot.hex(),
            "bits": "".join(map(str, self.bits)),
            "blinding": "0x" + unsigned(self.blinding, SCALAR_BYTES).hex(),
        }

    @classmethod
    def decode(cls, data: bytes) -> "Opening":
        """Read the file; Malformed names the member that is wrong."""
        content = parse_json(data, "opening")
        if not isinstance(content, dict) or content.keys() != set(_MEMBERS):
            raise Malformed("opening", f"not a JSON object with the members {', '.join(_MEMBERS)}")
        if content["format"] != _FORMAT:
            raise Malformed("opening.format", f"not {_FORMAT}")
        bits = content["bits"]
        if not isinstance(bits, str) or not re.fullmatch("[01]{1,4096}", bits):
            raise Malformed("opening.bits", "not a string of 0 and 1")
        blinding = int.from_bytes(_member(content, "blinding", SCALAR_BYTES), "big")
        if blinding >= R:
            raise Malformed("opening.blinding", "not reduced")
        return cls(
            PollIdentity(
                _number(content, "chain_id"),
                _member(content, "registry", ADDRESS_BYTES),
                _number(content, "poll"),
            ),
            _member(content, "poll_context", HASH_BYTES),
            _member(content, "ballot"),
            tuple(map(int, bits)),
            blinding,
        )


@dataclass(frozen=True)
class Said:
    """A ballot's answer to one question: title and readable answer."""

    question: str
    answer: tuple[str, ...]


def check_noted(noted: bytes, opening: Opening) -> None:
    """Check V1: Rejected when it is a different ballot than the one that was noted."""
    if not hmac.compare_digest(opening.digest, noted):
        reason = f"it has the digest 0x{opening.digest.hex()}, not the one noted before"
        raise Rejected("V1", "ballot", reason)


def check_opening(
    curve: Curve, poll: PublishedPoll, noted: bytes, opening: Opening, randomness: Randomness
) -> tuple[Ballot, list[Said]]:
    """Check V1 to V4; return the ballot and its answers.

    Args:
        poll: The poll on chain.
        noted: Digest that the program showed before the voter chose to challenge.

    Raises:
        Rejected: A check fails.
        Malformed: The ballot cannot be read (V2).
    """
    check_noted(noted, opening)
    if (opening.poll, opening.context) != (poll.identity, poll.context):
        raise Rejected("V2", "opening", "of a different poll than the chain has under this number")
    ballot = poll.layout.decode(curve, opening.ballot)
    key = CommitmentKey(curve, poll.rule.width)
    shape = poll.layout.shape
    try:
        verify_proofs(curve, key.generators, shape, poll.context, [ballot.proof], randomness)
    except Rejected as failure:
        raise Rejected("V3", "proof", failure.reason) from None
    problem = poll.rule.violated(opening.bits)
    if problem:
        raise Rejected("V4", "bits", f"not a ballot of this poll: {problem}")
    values = poll.rule.slot_values(opening.bits)
    opened = key.commit([([value % R for value in values], opening.blinding)])
    if opened.encode() != ballot.proof.encoded_points[:POINT_BYTES]:
        raise Rejected("V4", "commitment", "it contains a different vote than shown")
    return ballot, what_it_says(poll, opening.bits)


def what_it_says(poll: PublishedPoll, bits: Sequence[int]) -> list[Said]:
    """Return a vote in words, question by question.

    Args:
        bits: A vote that obeys the poll's rule.
    """
    said, at = [], 0
    for question in poll.questions:
        own = bits[at : at + question.rule.bits]
        said.append(Said(question.title, question.answer(own)))
        at += question.rule.bits
    return said


def _member(content: dict[str, Any], name: str, size: int | None = None) -> bytes:
    found = read_bytes(content[name], f"opening.{name}")
    if size is not None and len(found) != size:
        raise Malformed(f"opening.{name}", f"{len(found)} bytes, expected {size}")
    return found


def _number(content: dict[str, Any], name: str) -> int:
    value = content[name]
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise Malformed(f"opening.{name}", "not a decimal number")
    return int(value)
