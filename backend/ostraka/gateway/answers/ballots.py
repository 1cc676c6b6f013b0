"""The nodes' answers about ballots that the gateway sent them."""

from pydantic import Field

from ostraka.wire.answers import (
    Address,
    Answer,
    Count,
    Hash,
    NodeNumber,
    Signature,
    UnixSeconds,
)
from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import ProblemDocument

REFUSALS = (
    *BALLOT_PROBLEMS,
    ProblemType.NO_SUCH_POLL,
    ProblemType.CENSUS_UNKNOWN,
    ProblemType.POLL_SECRET_LOST,
    ProblemType.POLL_NOT_SERVED,
    ProblemType.CHAIN_UNREACHABLE,
    ProblemType.UNAVAILABLE,
    ProblemType.BUSY,
    ProblemType.INTERNAL_ERROR,
    ProblemType.NODE_UNREACHABLE,
    ProblemType.NODE_SILENT,
    ProblemType.NODE_BUSY,
    ProblemType.ANSWER_INVALID,
)
"""Reasons for which an honest node gives no receipt, or no receipt arrives."""


class ReceiptSignature(Answer):
    """A node's signature that it holds a ballot (EIP-712 type `Receipt`, docs/protocol.md §15)."""

    node: NodeNumber
    signature: Signature


class Refusal(Answer):
    """Why a node gave no receipt."""

    node: NodeNumber
    problem: ProblemDocument = Field(
        description="Of one of these types, if the node does not lie: "
        + ", ".join(f"`{kind.code}`" for kind in REFUSALS)
        + "."
    )


class CastBallot(Answer):
    """Receipts and refusals of a cast ballot."""

    ballot_digest: Hash
    recorded: bool = Field(description="Whether a quorum of nodes gave receipts.")
    quorum: Count = Field(description="Receipts that record a ballot.")
    receipts: list[ReceiptSignature]
    refusals: list[Refusal]
    waiting: list[NodeNumber] = Field(
        description="Nodes that have not answered yet. Nodes that were slow before are not asked, "
        "and are in none of the lists: they fetch the ballot from the others."
    )


class Receipt(ReceiptSignature):
    """A receipt with the other values that it signs."""

    voter: Address
    cast_at: UnixSeconds = Field(description="Unix time in seconds that the ballot names.")


class Receipts(Answer):
    """Receipts of one ballot."""

    ballot_digest: Hash
    recorded: bool = Field(description="Whether a quorum of nodes gave receipts.")
    quorum: Count = Field(description="Receipts that record a ballot.")
    receipts: list[Receipt]
