"""The node, its polls and their poll keys."""

from typing import Literal

from pydantic import Field

from ostraka.wire.answers import (
    Address,
    Answer,
    BlockNumber,
    Count,
    Hash,
    Hex,
    NodeNumber,
    Number,
    Shuffle,
    Signature,
    UnixSeconds,
)


class Config(Answer):
    """Chain, registry, and this node's address and registration."""

    chain_id: Count
    registry: Address = Field(description="The contract `PollRegistry`.")
    node: Address = Field(description="Address of the key that signs for the node.")
    url: str = Field(description="Its URL, as registered with its committees.")
    engine: str = Field(description="Implementation of the curve.", examples=["native"])
    head: BlockNumber | None = Field(description="Newest block it has seen; null before the first.")
    head_age_s: Count = Field(
        description="Seconds since its provider last told it the newest block. At rest, it asks "
        "every 12 seconds; larger figures are of a provider that does not answer."
    )


class CommitteeSignature(Answer):
    """This node's signature that it joins a committee."""

    committee: Hash = Field(description="Digest of the committee.")
    signature: Signature = Field(description="Of the EIP-712 type `Committee` (§15).")


class Summary(Answer):
    """State of a poll at this node: counts only."""

    poll: Number
    poll_context: Hash
    node: NodeNumber
    status: Literal[
        "created", "open", "closed", "anchored", "releasable", "tallied", "void", "unknown"
    ]
    voters: Count = Field(description="Accounts that may vote.")
    voted: Count = Field(description="Accounts whose ballots this node has.")
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    frozen: bool = Field(description="Whether it has stopped signing receipts.")
    key_destroyed: bool = Field(description="Whether it has destroyed its poll key.")
    repairs_asked: dict[str, Count] = Field(description="Repairs requested from it, by node.")
    suspects: dict[str, Literal["contradiction", "unproven"]] = Field(
        description="Other nodes, by number, that contradicted their checkpoints, or that did not "
        "prove to this node that their log of receipts only grew."
    )
    shuffle: Shuffle | None = Field(description="Null for a poll that is only summed.")


class PollKey(Answer):
    """This node's poll key, to which voters seal their boxes."""

    node: NodeNumber
    public_key: Hex
    signature: Signature = Field(description="Of the EIP-712 type `PollKey` (§15).")


class WaitingFor(Answer):
    """Another node that this one waits for."""

    node: NodeNumber
    reason: Literal["key", "possession", "signature"]
    since: UnixSeconds


class Opening(Answer):
    """All nodes' poll keys that this node knows (docs/protocol.md §4.3).

    Lists have a place for each node in order; null if nothing is known.
    """

    node: NodeNumber
    public_keys: list[Hex | None]
    announcements: list[Signature | None] = Field(description="Of `PollKey`, by each node.")
    poll_keys: Hash | None = Field(description="Hash of all keys; null until all are known.")
    signature: Signature | None = Field(description="This node's signature of `PollKeys`.")
    signatures: list[Signature | None] = Field(description="Of `PollKeys`, by each node.")
    waiting_for: list[WaitingFor]
    said_at: UnixSeconds = Field(description="Unix time in seconds of this answer.")
    statement: Signature = Field(description="This node's signature of `Waiting` (§15).")
