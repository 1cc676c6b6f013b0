"""Polls: questions, voters and state."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from ostraka.gateway.answers.committees import Committee
from ostraka.wire.answers import (
    Address,
    Answer,
    BlockNumber,
    Count,
    Hash,
    Hex,
    Number,
    PlanId,
    Shuffle,
    UnixSeconds,
    Weight,
)
from ostraka.wire.problems import ProblemDocument
from ostraka_verifier.question import KINDS

Status = Literal["created", "open", "closed", "anchored", "releasable", "tallied", "void"]
"""Status of a poll (docs/protocol.md §4.5)."""
Phase = Literal["created", "open", "closed", "tallied", "void"]
"""Phase of a poll in a list, coarser than its status."""

Counting = Annotated[
    Literal["summed", "shuffled"],
    Field(
        description="Summed: only the sum of all ballots is opened. Shuffled: every ballot is, "
        "without its voter's name."
    ),
]
VoidReason = Literal["unopened", "unanchored", "few-ballots", "contested", "uncounted"]
"""Why a poll became void: not all nodes signed its keys, no root arrived, there were fewer ballots
than the minimum, a dispute was not decided, or no tally arrived (docs/protocol.md §4.5)."""


class Question(BaseModel):
    """A question in its JSON form (docs/protocol.md §5): other members depend on the kind."""

    # The form of each kind is defined once, by the verifier; a new kind needs no change here.
    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(json_schema_extra={"enum": [*sorted(KINDS)]})
    title: str


class RoundReference(Answer):
    """The round that a poll decides."""

    treasury: Address
    id: Number


class PollSummary(Answer):
    """A poll in a list."""

    poll: Number
    poll_context: Hash
    title: str | None = Field(description="Null if its creator's description is unreadable.")
    phase: Phase = Field(
        description="From the index and the newest block's time; `closed` until the tally arrives."
    )
    round: RoundReference | None = Field(description="Null for a poll without a round.")
    voters: Count = Field(description="Accounts that may vote.")
    counted: Count | None = Field(
        description="Ballots under the anchored root; null before it is anchored."
    )
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    block: BlockNumber = Field(description="Block in which it was created.")


class Poll(Answer):
    """A poll with its state and all data that a voter's program needs."""

    poll: Number
    poll_context: Hash
    status: Status
    title: str
    options: list[str] = Field(description="Meaning of each slot of the tally.")
    questions: list[Question] = Field(
        description="Empty if the description does not match the poll's rule."
    )
    parameters: Hex = Field(description="Encoded parameters (docs/protocol.md §4).")
    description: Hex = Field(description="The bytes whose hash the chain has: JSON in UTF-8.")
    creator: Address
    round: RoundReference | None = Field(description="Null for a poll without a round.")
    secret: bool
    voters: Count
    total_weight: Weight
    counted: Count | None = Field(
        description="Ballots under the anchored root; null before it is anchored."
    )
    minimum_ballots: Count = Field(description="Ballots needed to open the tally.")
    counting: Counting
    open_minimum: Count | None = Field(
        description="Ballots without which a shuffled poll opens their sum only; null in a summed "
        "poll."
    )
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    freezes_at: UnixSeconds = Field(
        description="Unix time in seconds from which nodes sign no more receipts."
    )
    releasable_at: UnixSeconds | None = Field(
        description="Unix time in seconds at which disputes end; null before anchoring."
    )
    void_reason: VoidReason | None = Field(
        description="Why there will be no result; null unless the poll is void."
    )
    rule: Hex = Field(description="Encoded ballot rule (docs/protocol.md §5).")
    outcome_rule: Hex = Field(description="Encoded outcome rule (docs/protocol.md §14).")
    committee: Committee
    poll_keys: list[Hex] | None = Field(
        description="Public key of each node, to which boxes are sealed; null before the poll "
        "opens, or while no node shows them."
    )
    served: bool = Field(description="Whether this gateway talks to the committee's nodes.")
    plan: PlanId | None = Field(description="Its plan; null if another gateway planned it.")


class VoterEntry(Answer):
    """An entry of a census."""

    account: Address
    signing_key: Address = Field(description="Address of the key that signs for the account.")
    weight: Weight


class NodeProgress(Answer):
    """One node's count."""

    node: int = Field(ge=1, le=255, description="Place of the node in its committee, from 1.")
    answers: bool = Field(description="Whether it answered in time.")
    voted: Count | None = Field(description="Accounts whose ballots it holds; null if unknown.")


class Progress(Answer):
    """Turnout: counts only."""

    poll: Number
    status: Status
    voters: Count = Field(description="Accounts that may vote.")
    voted: Count | None = Field(description="Median of the nodes' counts; null if none answers.")
    shuffle: Shuffle | None = Field(
        description="How far the median node is with opening the ballots; null for a poll that is "
        "only summed, or if no node answers."
    )
    nodes: list[NodeProgress]


class ProgressUnknown(Answer):
    """An event of the stream while the counts are unavailable."""

    poll: Number
    problem: ProblemDocument


class ProgressEvent(RootModel[Progress | ProgressUnknown]):
    """Data of an event of the stream."""
