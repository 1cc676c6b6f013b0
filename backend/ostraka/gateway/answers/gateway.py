"""The gateway itself, its chain and its contracts."""

from typing import Literal

from pydantic import Field

from ostraka.wire.answers import Address, Answer, BlockNumber, Count, Hash, UnixSeconds


class Head(Answer):
    """The newest block."""

    number: BlockNumber
    timestamp: UnixSeconds


class Limits(Answer):
    """Limits of one request."""

    batch: Count = Field(description="Ballots in a batch.")
    body_bytes: Count = Field(description="Bytes of a request body.")


class Brand(Answer):
    """How the gateway presents itself."""

    name: str
    logo: str | None = Field(description="Path of its logo; null without one.")
    contact: str | None = Field(
        description="Address of whoever runs it: `mailto:` or a URL.",
        examples=["mailto:votes@town.example"],
    )
    imprint: str | None = Field(description="Path or URL of the legal notice.")
    privacy: str | None = Field(description="Path or URL of the privacy statement.")
    accessibility: str | None = Field(description="Path or URL of the accessibility statement.")


class Statement(Answer):
    """A statement of whoever runs the gateway."""

    html: str = Field(description="HTML without scripts, styles and pictures.")


class Token(Answer):
    """Symbol and decimals of a token."""

    symbol: str | None = Field(description="Its symbol; null if the contract has none.")
    decimals: Count = Field(description="Decimals of an amount; 0 if the contract has none.")


class Contract(Token):
    """What an account of the chain says about itself as a token or electorate."""

    functions: list[Literal["balanceOf", "getVotes", "weightOf"]] | None = Field(
        description="Functions that it has: of an ERC-20 token, of a token with votes (ERC-5805), "
        "of a member registry; null if it is no contract."
    )


class Config(Answer):
    """Chain, contracts, committees and state of a gateway."""

    version: str = Field(description="Version of Ostraka.")
    chain_id: Count
    registry: Address = Field(description="The contract `PollRegistry`.")
    treasury: Address = Field(description="The contract `BudgetTreasury`.")
    voting_keys: Address = Field(description="The contract `VotingKeys`.")
    deployment_block: BlockNumber = Field(description="Block of the oldest of them.")
    account: Address = Field(description="Account that pays for the gateway's transactions.")
    committees: list[Hash] = Field(description="Committees that it talks to, the default first.")
    rpc_url: str | None = Field(description="Public JSON-RPC provider; null if none is set.")
    public_url: str | None = Field(
        description="Address at which people reach this gateway; null if none is set."
    )
    channels: list[Literal["email", "webhook"]] = Field(
        description="Ways in which it sends messages to subscribers; none if it sends none."
    )
    brand: Brand
    coin: Token = Field(description="The chain's own coin.")
    web_bundle: str | None = Field(
        description="SHA-256 of the browser client, hexadecimal; null without one."
    )
    engine: str = Field(description="Implementation of the curve.", examples=["native"])
    head: Head
    indexed_to: BlockNumber = Field(description="Newest block whose events are indexed.")
    limits: Limits


class Organizer(Answer):
    """The organizer to whom a token belongs."""

    account: Address = Field(description="Account that pays for what organizers create.")
    id: str = Field(description="`first` for the administrator of the settings.")
    name: str
    role: str = Field(examples=["organizer"])
    permissions: list[str] = Field(
        description="What the role allows.", examples=[["moderate", "organize", "read-log"]]
    )
