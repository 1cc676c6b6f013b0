"""Proposals of a round, and the statements that members sign about them."""

from typing import Any

from pydantic import Field

from ostraka.gateway.answers.transactions import Transaction
from ostraka.wire.answers import Address, Amount, Answer, Count, Decimal, Hash, Number, UnixSeconds


class Proposal(Answer):
    """A proposal and its state."""

    proposal: Hash = Field(description="Id of the proposal.")
    slot: Count | None = Field(description="Its option in the vote, from 0; null if withdrawn.")
    proposer: Address
    recipient: Address
    amount: Amount
    category: Count = Field(description="Index of its category; 0 if the round has none.")
    title: str
    text: str
    details: Hash = Field(description="keccak-256 of further details; zero without any.")
    details_document: str | None = Field(
        description="The details as canonical JSON (docs/protocol.md §17.2), to be checked against "
        "`details`; null if this gateway does not have them."
    )
    withdrawn: bool
    funded: bool
    paid: bool


class ProposalOfRound(Proposal):
    """A proposal with the round that it belongs to."""

    round: Number


class UploadedImage(Answer):
    """A picture as the gateway encoded it."""

    sha256: Hash = Field(description="SHA-256 of the WebP file, which details name.")
    width: Count = Field(description="In pixels.")
    height: Count = Field(description="In pixels.")


class SubmittedProposal(Transaction):
    """The transaction that submitted a proposal."""

    proposal: Hash = Field(description="Id of the new proposal.")


class Authorization(Answer):
    """The values that a signed request repeats in addition to the signature."""

    member: Address
    nonce: Decimal = Field(description="The member's next nonce at the treasury.")
    deadline: UnixSeconds = Field(description="Unix time in seconds after which it is void.")


class TypedMember(Answer):
    """A member of an EIP-712 type."""

    name: str
    type: str


class TypedData(Answer):
    """An EIP-712 statement, as `eth_signTypedData_v4` takes it (docs/protocol.md §15)."""

    types: dict[str, list[TypedMember]]
    primaryType: str  # noqa: N815 -- the standard's spelling
    domain: dict[str, Any] = Field(description="Name, version, chain id and contract.")
    message: dict[str, str] = Field(description="Members; integers in decimal, bytes as 0x-hex.")


class ToSign(Answer):
    """A statement to sign, and the values that the signed request repeats."""

    authorization: Authorization
    typed_data: TypedData
