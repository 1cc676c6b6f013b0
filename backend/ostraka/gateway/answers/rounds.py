"""Rounds of a shared budget."""

from typing import Annotated, Literal

from pydantic import Field

from ostraka.gateway.answers.electorates import RoundSource
from ostraka.planning.round_ballots import RoundBallot
from ostraka.wire.answers import (
    Address,
    Amount,
    Answer,
    BlockNumber,
    Count,
    Decimal,
    Hash,
    Number,
    PlanId,
    UnixSeconds,
    Weight,
)

Status = Literal[
    "announced",
    "proposing",
    "ready",
    "voting",
    "tallied",
    "decided",
    "expired",
    "void",
    "vetoed",
]
"""Status of a round (docs/protocol.md §17)."""
Phase = Literal[
    "announced",
    "proposing",
    "ready",
    "voting",
    "closed",
    "tallied",
    "decided",
    "vetoed",
    "void",
]
"""Phase of a round in a list, coarser than its status."""


class _Ranked(Answer):
    order: Literal["votes", "votes_per_cost"] = Field(description="How proposals are ranked.")
    misfit: Literal["skip", "stop"] = Field(
        description="Treatment of a proposal that costs more than the remaining budget."
    )
    minimum_support: Decimal = Field(description="Votes that a proposal needs to be funded.")


class GreedyRound(_Ranked):
    """Fund by rank while the budget lasts."""

    kind: Literal["greedy"]


class CategoriesRound(_Ranked):
    """Fund by rank while the budgets of categories last."""

    kind: Literal["categories"]
    leftover: bool = Field(description="Whether a second pass spends unused category budgets.")
    budgets: list[Amount] = Field(description="Budget of each category.")
    names: list[str] = Field(
        description="Name of each category, from the last lines of the round's text "
        "(docs/protocol.md §17.1); empty if they have none."
    )


class ProportionalRound(Answer):
    """Divide the budget by votes."""

    kind: Literal["proportional"]


class _OnBallotsRound(Answer):
    objection_time: Count = Field(
        description="Seconds from the outcome that nodes attest until it is final."
    )
    veto_holder: Address | None = Field(
        description="Account that may void the outcome meanwhile; null: nobody."
    )


class EqualSharesRound(_OnBallotsRound):
    """Fund what voters buy together with equal shares of the budget; ballots are opened."""

    kind: Literal["equal_shares"]
    utility: Literal["cost", "points"] = Field(
        description="Whether a point is worth the cost of its proposal, or 1."
    )
    completion: Literal["none", "utilitarian", "add_one", "add_one_utilitarian"] = Field(
        description="What is done with money that voters cannot spend."
    )
    increment: Amount = Field(description="By what add-one raises each share; 0 without it.")


class PhragmenRound(_OnBallotsRound):
    """Fund proposals by approvals under Phragmén's sequential rule; ballots are opened."""

    kind: Literal["phragmen"]


class RoundElectorate(Answer):
    """A round's electorate, as the treasury fixed it when the round was created."""

    kind: Literal["members", "fixed", "source", "invitations"]
    root: Hash = Field(description="Root of a fixed census or of the invitations; zero otherwise.")
    voters: Count | None = Field(description="Number of voters; null if not known yet.")
    total_weight: Weight | None = Field(description="Null if not known yet.")
    source: RoundSource | None = Field(
        description="Source of the voters on chain; null if they come from elsewhere, or if the "
        "round's creator wrote something unreadable."
    )


class RoundTimes(Answer):
    """Periods of proposals and of the vote."""

    proposals_open_at: UnixSeconds
    proposals_close_at: UnixSeconds
    voting_opens_at: UnixSeconds
    voting_closes_at: UnixSeconds


class RoundSummary(RoundTimes):
    """A round in a list."""

    round: Number
    title: str
    phase: Phase = Field(
        description="From the index and the newest block's time; `closed` while votes are counted, "
        "`decided` also after the claim period."
    )
    organizer: Address
    token: Address | None = Field(description="ERC-20 token; null for the chain's own coin.")
    budget: Amount
    deposited: Amount = Field(description="Total amount that funders paid in.")
    committed: Amount | None = Field(
        description="Promised to funded proposals; null before the round is decided."
    )
    paid_out: Amount
    standing: Count = Field(description="Proposals that are not withdrawn.")
    voters: Count | None = Field(description="Accounts that may vote; null if not known yet.")
    counted: Count | None = Field(
        description="Ballots under the anchored root of its poll; null before it is anchored."
    )
    poll: Number | None = Field(description="Poll that decides it; null before voting starts.")
    block: BlockNumber = Field(description="Block in which it was created.")


class Round(RoundTimes):
    """A round with its state."""

    round: Number
    status: Status
    title: str
    text: str
    organizer: Address
    token: Address | None = Field(description="ERC-20 token; null for the chain's own coin.")
    symbol: str | None = Field(description="The token's symbol; null if it has none.")
    decimals: Count = Field(description="Decimals of an amount; 0 if the token has none.")
    budget: Amount
    deposited: Amount
    committed: Amount = Field(description="Promised to funded proposals.")
    paid_out: Amount
    minimum_amount: Amount = Field(description="Minimum that a proposal may ask for.")
    maximum_amount: Amount = Field(description="Maximum that a proposal may ask for.")
    proposals_per_member: Count
    maximum_proposals: Count
    proposals: Count = Field(description="Proposals submitted, withdrawn ones included.")
    standing: Count = Field(description="Proposals that are not withdrawn.")
    payout_delay: Count = Field(description="Seconds from the decision until payouts open.")
    veto_holder: Address | None = Field(
        description="Account that may veto all payouts before they open; null: nobody."
    )
    payouts_open_at: UnixSeconds | None = Field(description="Null before the round is decided.")
    claims_end_at: UnixSeconds | None = Field(description="Null before the round is decided.")
    ballot: RoundBallot
    outcome: Annotated[
        GreedyRound | CategoriesRound | ProportionalRound | EqualSharesRound | PhragmenRound,
        Field(discriminator="kind"),
    ]
    member_root: Hash = Field(description="Root over the members who may propose.")
    electorate: RoundElectorate
    secret: bool
    committee: Hash = Field(description="Digest of the committee that tallies.")
    poll: Number | None = Field(description="Poll that decides it; null before voting starts.")
    plan: PlanId | None = Field(description="Its plan; null if another gateway planned it.")


class Funder(Answer):
    """A funder of a round."""

    funder: Address
    amount: Amount = Field(description="Total amount paid in.")
    refundable: Amount = Field(description="Amount that can be refunded now.")


class Replacement(Answer):
    """A replaced code of an invitation: an event of the treasury."""

    number: Count = Field(description="1 for the round's first one, without gaps.")
    at: UnixSeconds = Field(description="Time of the block.")
    block: BlockNumber
    transaction: Hash
    invitation: Address = Field(description="Account as which its member proposes.")
    former_key: Address | None = Field(
        description="Key that does not act for it any more; null if none was registered."
    )
    code: Address = Field(description="Address of the new code.")
    reason: Literal["lost-key", "stolen-code", "other"] | None = Field(
        description="As the organizer told this gateway: the chain has no reasons. Null: not told."
    )


class Replacements(Answer):
    """Replaced codes of a round, newest first, in parts."""

    total: Count
    replacements: list[Replacement]
    next: Count | None = Field(description="`before` of the next part; null after the last one.")


class Sibling(Answer):
    """A step of a path in a sum tree."""

    hash: Hash
    sum: Weight


class Membership(Answer):
    """An account's place among a round's members, with its proof (docs/protocol.md §6.2)."""

    account: Address
    signing_key: Address = Field(description="Address of the key that signs for the account.")
    registered_key: Address | None = Field(
        description="Key that signs instead, as the invitation was redeemed (docs/protocol.md "
        "§17.2); zero if its code was replaced and not redeemed since; null otherwise."
    )
    weight: Weight
    index: Count = Field(description="Place of the leaf, from 0.")
    root_hash: Hash
    total_weight: Weight
    count: Count = Field(description="Number of members.")
    siblings: list[Sibling] = Field(description="From the leaf to the root.")
