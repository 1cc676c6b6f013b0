"""Checkpoints of the nodes' logs of receipts (docs/protocol.md §9.6)."""

from pydantic import Field

from ostraka.wire.answers import Answer, Count, Hash, Hex, NodeNumber, Signature, UnixSeconds


class Cosignature(Answer):
    """Another node's statement that a log only grew up to a checkpoint."""

    node: NodeNumber
    signature: Signature = Field(description="Of the EIP-712 type `Cosignature` (§15).")


class Checkpoint(Answer):
    """A node's statement about its log of receipts at a time."""

    node: NodeNumber
    number: Count = Field(ge=1, description="Of the node's checkpoints in this poll.")
    count: Count = Field(description="Receipts in the log.")
    root: Hash = Field(description="Of the Merkle tree over them.")
    signed_at: UnixSeconds = Field(description="Unix time in seconds of the chain.")
    checkpoint: Hex = Field(description="Checkpoint and signature as bytes: the statement itself.")
    cosignatures: list[Cosignature] = Field(description="Those that this node knows.")


class Contradiction(Answer):
    """Two statements of one node that prove that it showed different logs."""

    node: NodeNumber
    first: Hex = Field(description="A checkpoint and its signature.")
    second: Hex = Field(
        description="Another one; or the hash of the node's inventory and its signature."
    )


class KnownCheckpoints(Answer):
    """What this node knows of the checkpoints of all nodes."""

    heads: list[Checkpoint] = Field(description="The latest of each node that has one.")
    contradictions: list[Contradiction]


class CheckpointChain(Answer):
    """A page of a node's checkpoints in their order, at most 500."""

    checkpoints: list[Hex] = Field(description="Checkpoint and signature of each.")


class ConsistencyProof(Answer):
    """Hashes which show that a log only grew (RFC 6962, section 2.1.2)."""

    proof: list[Hash]


class InclusionProof(Answer):
    """Hashes which show that a checkpoint contains a receipt (RFC 6962, section 2.1.1)."""

    ballot_digest: Hash
    index: Count = Field(description="Place of the receipt in the log, from 0.")
    proof: list[Hash]
    checkpoint: Checkpoint
