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
from ostraka.wire.problems import ProblemDocument


class ReceiptSignature(Answer):
    """A node's signature that it holds a ballot (EIP-712 type `Receipt`, docs/protocol.md §15)."""

    node: NodeNumber
    signature: Signature


class Refusal(Answer):
    """Why a node gave no receipt."""

    node: NodeNumber
    problem: ProblemDocument


class CastBallot(Answer):
    """Receipts and refusals of a cast ballot."""

    ballot_digest: Hash
    recorded: bool = Field(description="Whether a quorum of nodes gave receipts.")
    quorum: Count = Field(description="Receipts that record a ballot.")
    receipts: list[ReceiptSignature]
    refusals: list[Refusal]
    waiting: list[NodeNumber] = Field(description="Nodes that have not answered yet.")


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
