"""Ballots at a node: receipts, roots and shares."""

from typing import Annotated

from pydantic import Field

from ostraka.wire.answers import (
    Address,
    Answer,
    Count,
    Hash,
    Hex,
    NodeNumber,
    Signature,
    UnixSeconds,
)


class Receipt(Answer):
    """The node's promise that it has stored a ballot."""

    node: NodeNumber
    voter: Address
    cast_at: UnixSeconds = Field(description="Unix time in seconds that the ballot names.")
    ballot_digest: Hash
    signature: Signature = Field(description="Of the EIP-712 type `Receipt` (§15).")


class Repair(Answer):
    """A repair that another node requested from this one (docs/protocol.md §9.3)."""

    number: Count = Field(description="Pass it as `after` to get the next page.")
    target: NodeNumber = Field(description="Node that lacks a share.")
    helpers: list[NodeNumber]
    attempt: Count
    ballot_digest: Hash
    repair_hash: Hash
    signature: Signature


class Attestation(Answer):
    """A node's signature of a root."""

    node: NodeNumber
    signature: Signature


class Certificate(Answer):
    """A root with the signatures of `q` nodes, to be anchored by anyone (docs/protocol.md §11)."""

    round: Count = Field(description="Settling round in which it was signed.")
    root_hash: Hash
    sum: Hex = Field(description="Sum of the ballots' commitments.")
    count: Count = Field(description="Ballots under the root.")
    attestations: list[Attestation]


class Final(Answer):
    """A node's `Final` statement about a root (docs/protocol.md §12)."""

    node: NodeNumber
    root_digest: Hash
    signature: Signature


class AggregateShare(Answer):
    """A node's share of the tally (docs/protocol.md §12)."""

    node: NodeNumber
    share: Hex
    signature: Signature


class SignedOutcome(Answer):
    """What the opened ballots decide, by a node's word (docs/protocol.md §18.11)."""

    node: NodeNumber
    ballots_hash: Hash = Field(description="Hash of the opened ballots (docs/protocol.md §19.11).")
    awards: list[Annotated[int, Field(ge=0, le=1)]] = Field(
        description="1 for each slot that won, 0 for every other."
    )
    signature: Signature
