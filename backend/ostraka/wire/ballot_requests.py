"""Request bodies with signed ballots at gateways and nodes: how they are read and described.

Source: docs/protocol.md §7, §8, §9.1.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, decode_records
from ostraka_verifier import typed_data
from ostraka_verifier.published import PublishedPoll

MAX_BALLOT_BYTES = 256 * 2**10
"""Longest body with one ballot in JSON. Nobody else is served while a body is parsed."""

BALLOT_PROBLEMS = (
    ProblemType.MALFORMED,
    ProblemType.CHECK_FAILED,
    ProblemType.POLL_NOT_OPEN,
    ProblemType.POLL_CLOSED,
    ProblemType.CAST_AHEAD,
    ProblemType.TOO_MANY_VERSIONS,
    ProblemType.QUEUE_FULL,
)
"""Reasons for which a node refuses a ballot (docs/protocol.md §9.1)."""
BATCH = (
    "Binary records end to end: canonical ballot (docs/protocol.md §8), the box of each node in "
    "turn (§7), and the voter's signature (65 bytes). At a gateway at most `limits.batch` of "
    "`GET /api/v1/config`, at a node at most 1,000."
)
_Box = Annotated[str, Field(pattern="^0x([0-9a-f]{2})+$")]


class SignedBallot(BaseModel):
    """A ballot that its voter has sealed and signed. The example is shortened."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "ballot": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed000000006a2b3c00c0ffee",
                    "boxes": ["0x8e5f10", "0x1bd2aa", "0x77a09c", "0x03c94d"],
                    "signature": "0x" + 64 * "3c" + "1b",
                }
            ]
        },
    )

    ballot: Annotated[
        str,
        Field(
            pattern="^0x([0-9a-f]{2})+$",
            description="Canonical ballot as 0x-hex: account of the voter (20 bytes), time of "
            "casting in Unix seconds (8 bytes, big-endian), commitments and proof. It is made "
            "from the vote with the poll's `rule`, `poll_context` and `committee.threshold`: "
            "docs/protocol.md §5 (rule), §7 (sharing), §8 (ballot and proof).",
        ),
    ]
    boxes: Annotated[
        list[_Box],
        Field(
            min_length=1,
            max_length=255,
            description="For each node in turn, its share of the vote, sealed to the node's key "
            "in the poll's `poll_keys`, as 0x-hex: docs/protocol.md §7.3.",
        ),
    ]
    signature: Annotated[
        str,
        Field(
            pattern="^0x[0-9a-f]{130}$",
            description="65 bytes r ‖ s ‖ v as 0x-hex: signature by the voter's signing key of "
            f"the EIP-712 type `{typed_data.BALLOT}`, with the registry as verifying contract: "
            "docs/protocol.md §15. `ballotDigest` is that of §8, `boxesHash` that of §7.3.",
        ),
    ]


def ballot_in(body: bytes) -> CastRecord:
    """Return the ballot in a body of JSON.

    Raises:
        Problem: The body is too large; nothing was parsed.
        Malformed: It is no ballot.
    """
    if len(body) > MAX_BALLOT_BYTES:
        raise Problem(ProblemType.TOO_LARGE, f"more than {MAX_BALLOT_BYTES} bytes", "body")
    return CastRecord.from_json(body)


def batch_in(body: bytes, poll: PublishedPoll, most: int) -> list[CastRecord]:
    """Return the ballots in a body of records.

    Raises:
        Problem: There are more than `most`; nothing was parsed.
        Malformed: The body does not have the length of whole records.
    """
    if len(body) > most * poll.record_bytes:
        raise Problem(ProblemType.TOO_LARGE, f"more than {most} ballots in a batch", "body")
    return decode_records(body, poll.layout.size, poll.nodes, poll.box_bytes)
