"""Sources of electorates and censuses (docs/protocol.md §6.5, §17.4)."""

from typing import Literal

from pydantic import Field

from ostraka.wire.answers import Address, Answer, BlockNumber, Decimal, Hash, UnixSeconds, absent


class _Contract(Answer):
    kind: Literal["members", "votes"]
    contract: Address
    unit: Decimal | None = Field(
        default=None, exclude_if=absent, description="Votes that give a weight of one."
    )
    keys: Address | None = Field(
        default=None,
        exclude_if=absent,
        description="Contract in which voters may appoint a voting key.",
    )
    classes: int | Literal["powers_of_two", "equal"] | None = Field(
        default=None,
        exclude_if=absent,
        description="How weights are made equal within classes: the largest number of classes, or "
        "another rule; absent if weights are used unchanged.",
    )


class RoundSource(_Contract):
    """Contract from which a round's voters are read as of a time."""

    at: UnixSeconds


class ContractCensus(_Contract):
    """Contract from which a census was read at a block."""

    block: BlockNumber


class InvitedCensus(Answer):
    """Invitations; the redeemed ones are the census."""

    kind: Literal["invitations"]
    root: Hash = Field(description="Root over all invitations.")
    nonce: Hash | None = Field(
        default=None, exclude_if=absent, description="For a poll without a round."
    )


CensusOrigin = ContractCensus | InvitedCensus
