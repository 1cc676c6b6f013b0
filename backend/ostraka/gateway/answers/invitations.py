"""Invitations and their redemption (docs/protocol.md §6.6)."""

from pydantic import Field

from ostraka.wire.answers import Address, Answer, Count, Hash, Number, PlanId, Signature, Weight


class InvitedElectorate(Answer):
    """The electorate that a redemption signs."""

    chain_id: Count
    contract: Address
    round: Number | None = Field(description="Null for a poll without a round.")
    nonce: Hash | None = Field(description="For a poll without a round; null for a round.")
    root: Hash = Field(description="Root over all invitations.")


class Invitation(Answer):
    """A plan in which an invitation may be redeemed."""

    plan: PlanId
    title: str
    weight: Weight
    electorate: InvitedElectorate
    signing_key: Address | None = Field(description="Key it is bound to; null if unused.")
    code: Address | None = Field(
        description="Address of the code that replaced the invitation's own, which must sign as "
        "well; null: none did."
    )
    open: bool = Field(description="Whether it can still be redeemed.")


class Redemption(Answer):
    """An invitation bound to a key, with the gateway's signature."""

    plan: PlanId
    invitation: Address
    signing_key: Address
    weight: Weight
    statement: Signature = Field(
        description="The gateway's signature of `Redeemed` (docs/protocol.md §15): the key must "
        "be in the census."
    )
