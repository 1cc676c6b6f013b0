"""Tables of a gateway: its index of the chain, the organizers, their plans and what they did, and
talk about proposals.

Nothing here is secret except the texts of hidden comments and the key of sign-in messages: the
gateway knows only the addresses of invitations and hashes of tokens.
The index can be rebuilt from the chain.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column, Index, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ostraka.clock import utc_now
from ostraka_verifier.units import UnixSeconds


class GatewayTable(SQLModel):
    """Base of the gateway's tables; separates them from a node's."""

    metadata = MetaData()


class Checkpoint(GatewayTable, table=True):
    """A block up to which events are indexed; several are kept to detect reorganizations."""

    __tablename__ = "checkpoint"

    number: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes


class IndexedEvent(GatewayTable, table=True):
    """An event of registry or treasury."""

    __tablename__ = "indexed_event"
    __table_args__ = (UniqueConstraint("block", "log_index"),)

    id: int | None = Field(default=None, primary_key=True)
    block: int = Field(sa_type=BigInteger, index=True)
    log_index: int
    contract: str
    name: str = Field(index=True)
    subject: str = Field(index=True)
    """Poll or round that the event is about, in decimal; a committee in 0x-hex."""
    arguments: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    """Integers in decimal, bytes in 0x-hex."""
    transaction: str


class Plan(GatewayTable, table=True):
    """A round or poll that this gateway organizes."""

    __tablename__ = "plan"

    id: str = Field(primary_key=True)
    is_round: bool
    specification: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    round_id: int | None = Field(default=None, sa_type=BigInteger)
    poll_id: int | None = Field(default=None, sa_type=BigInteger)
    members: bytes | None = None
    """Census of the members who may propose in a round."""
    census: bytes | None = None
    """Census of the poll; None until it is fixed."""
    redemptions: bytes | None = None
    """Redemptions of a poll by invitation: section 12 of its board."""
    nonce: bytes | None = None
    """Identifies a poll by invitation that belongs to no round."""
    source: dict[str, object] | None = Field(default=None, sa_column=Column(JSON))
    """Source of the census on chain; None if the organizer listed it."""
    finished: bool = False
    warnings: list[dict[str, object]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    """How its poll may reveal votes; updated once the census is known."""
    problem: dict[str, object] | None = Field(default=None, sa_column=Column(JSON))
    """Problem document of the reason why it waits; None if it does not wait."""
    created_at: datetime = Field(default_factory=utc_now)


class Step(GatewayTable, table=True):
    """A transaction that the gateway sent for a plan."""

    __tablename__ = "step"
    __table_args__ = (UniqueConstraint("plan_id", "transaction"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: str = Field(index=True)
    name: str
    transaction: str
    gas_used: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)


class Invitation(GatewayTable, table=True):
    """An invitation; only its holder and its creator know the key of its address."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("plan_id", "signing_key"),)

    plan_id: str = Field(primary_key=True)
    address: bytes = Field(primary_key=True, index=True)
    """20 bytes."""
    weight: int = Field(default=1, sa_type=BigInteger)
    signing_key: bytes | None = None
    """Address of the key that it is bound to; None before it is redeemed."""
    by_invitation: bytes | None = None
    by_signing_key: bytes | None = None
    """Both keys' signatures of the redemption, 65 bytes each."""
    code: bytes | None = None
    """Address of the code that replaces the invitation's own; None unless its key was lost."""
    by_code: bytes | None = None
    """Its signature of the redemption, 65 bytes."""


class MemberReplacement(GatewayTable, table=True):
    """Why an organizer replaced an invitation's code; that it was done is on the chain."""

    __tablename__ = "member_replacement"

    round_id: int = Field(primary_key=True, sa_type=BigInteger)
    invitation: bytes = Field(primary_key=True)
    """20 bytes."""
    code: bytes = Field(primary_key=True)
    """Address of the new code, 20 bytes."""
    reason: str
    """Code of an `ostraka.gateway.invited_members.Reason`."""


class RelayCount(GatewayTable, table=True):
    """Number of transactions in a round that the gateway paid for a member or a payout."""

    __tablename__ = "relay_count"

    round_id: int = Field(primary_key=True, sa_type=BigInteger)
    member: bytes = Field(primary_key=True)
    """Account (20 bytes) or id of a proposal (32 bytes)."""
    count: int = 0


class ProposalDocument(GatewayTable, table=True):
    """Details of a proposal, by the hash that its member signed."""

    __tablename__ = "proposal_document"

    hash: bytes = Field(primary_key=True)
    """keccak-256, 32 bytes."""
    content: bytes
    """Canonical JSON."""
    stored_at: datetime = Field(default_factory=utc_now)


class ProposalImage(GatewayTable, table=True):
    """A picture of a proposal, as this gateway encoded it."""

    __tablename__ = "proposal_image"

    sha256: bytes = Field(primary_key=True)
    """Of the content, 32 bytes."""
    content: bytes
    """WebP."""
    size: int
    """Bytes of the content."""
    named: bool = False
    """Whether stored details name it; others are deleted after a day."""
    uploaded_at: datetime = Field(default_factory=utc_now)


class OutgoingTransaction(GatewayTable, table=True):
    """A purpose's transaction from the gateway's account, at any fee."""

    __tablename__ = "outgoing_transaction"
    __table_args__ = (
        # A purpose has one active transaction, even if several gateways work on it.
        Index(
            "ix_outgoing_transaction_current",
            "purpose",
            unique=True,
            sqlite_where=text("NOT given_up"),
            postgresql_where=text("NOT given_up"),
        ),
    )

    account: bytes = Field(primary_key=True)
    nonce: int = Field(primary_key=True, sa_type=BigInteger)
    purpose: str
    fields: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    """`to`, `value`, `data`, `gas`, `chainId`."""
    resent: bool = False
    """Whether another caller sent it, too: then a refusal does not prove that it was not
    accepted."""
    settled: bool = False
    """Whether a final block contains it."""
    given_up: bool = False
    """Whether a final block proves that it can have no effect any more."""


class SignedTransaction(GatewayTable, table=True):
    """A signed version of an outgoing transaction, stored before it is sent."""

    __tablename__ = "signed_transaction"

    id: int | None = Field(default=None, primary_key=True)
    account: bytes
    nonce: int = Field(sa_type=BigInteger, index=True)
    hash: bytes = Field(unique=True)
    raw: bytes
    max_fee: int = Field(sa_type=BigInteger)
    """Wei per gas, like `priority_fee`."""
    priority_fee: int = Field(sa_type=BigInteger)
    head: int = Field(sa_type=BigInteger)
    """Number of the newest block when it was signed."""
    signed_at_unix_s: UnixSeconds = Field(sa_type=BigInteger)


class Comment(GatewayTable, table=True):
    """A member's signed comment on a proposal. It is never deleted; the organizer may hide it."""

    __tablename__ = "comment"

    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(unique=True)
    """What its author signed, 32 bytes."""
    round_id: int = Field(sa_type=BigInteger, index=True)
    proposal: bytes = Field(index=True)
    """32 bytes."""
    author: bytes
    """The member's account, 20 bytes."""
    signing_key: bytes
    """Address of the key that signed, 20 bytes."""
    text: str
    written_at: UnixSeconds = Field(sa_type=BigInteger)
    signature: bytes
    """65 bytes."""


class Endorsement(GatewayTable, table=True):
    """A member's latest signed statement whether they endorse a proposal."""

    __tablename__ = "endorsement"

    proposal: bytes = Field(primary_key=True)
    """32 bytes."""
    member: bytes = Field(primary_key=True)
    """The member's account, 20 bytes."""
    round_id: int = Field(sa_type=BigInteger, index=True)
    signing_key: bytes
    """Address of the key that signed, 20 bytes."""
    endorses: bool
    stated_at: UnixSeconds = Field(sa_type=BigInteger)
    signature: bytes
    """65 bytes."""


class Moderation(GatewayTable, table=True):
    """An entry of the public log: somebody hid a comment, or showed it again."""

    __tablename__ = "moderation"

    id: int | None = Field(default=None, primary_key=True)
    comment_id: int = Field(index=True)
    round_id: int = Field(sa_type=BigInteger, index=True)
    hidden: bool
    reason: str
    moderator: str
    decided_at: UnixSeconds = Field(sa_type=BigInteger)


class Subscription(GatewayTable, table=True):
    """Somebody who wants messages about a round, poll or proposal. Deleted after a set time."""

    __tablename__ = "subscription"

    id: str = Field(primary_key=True)
    channel: str
    """`email` or `webhook`."""
    subject: str
    """`round-1`, `poll-1`, or `proposal-` and its id."""
    language: str
    sealed_address: bytes
    """The address, encrypted; the key is not in the database."""
    fingerprint: bytes = Field(unique=True)
    """Keyed hash of channel, subject and address, 32 bytes."""
    created_at: UnixSeconds = Field(sa_type=BigInteger)
    confirmed_at: UnixSeconds | None = Field(default=None, sa_type=BigInteger)
    since: UnixSeconds | None = Field(default=None, sa_type=BigInteger)
    """Chain time from which on its messages begin; None before it is confirmed."""


class OutgoingMessage(GatewayTable, table=True):
    """A message to a subscription, stored before it is sent."""

    __tablename__ = "outgoing_message"
    __table_args__ = (UniqueConstraint("subscription_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: str = Field(index=True)
    name: str
    """What it is about; a subscription has each name once."""
    content: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    """Public facts; no address."""
    created_at: UnixSeconds = Field(sa_type=BigInteger)
    attempts: int = 0
    due_at: UnixSeconds = Field(sa_type=BigInteger, index=True)
    """When the next attempt is due."""
    sent_at: UnixSeconds | None = Field(default=None, sa_type=BigInteger)
    given_up: bool = False


class IdempotentRequest(GatewayTable, table=True):
    """A repeatable request with its answer."""

    __tablename__ = "idempotent_request"

    key_hash: bytes = Field(primary_key=True)
    """SHA-256 of the `Idempotency-Key`."""
    fingerprint: bytes
    """SHA-256 of method, path and body."""
    outcome: dict[str, object] | list[object] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    """The answer; None until there is one."""
    asked_at: datetime = Field(default_factory=utc_now)


class Organizer(GatewayTable, table=True):
    """An organizer beside the first administrator; signs in by a token, by a wallet or by both."""

    __tablename__ = "organizer"
    __table_args__ = (
        # Names and wallets of former organizers can be used again.
        *(
            Index(
                f"ix_organizer_active_{member}",
                member,
                unique=True,
                sqlite_where=text("revoked_at_unix_s IS NULL"),
                postgresql_where=text("revoked_at_unix_s IS NULL"),
            )
            for member in ("name", "wallet")
        ),
    )

    id: str = Field(primary_key=True)
    name: str
    role: str
    """Code of an `ostraka.gateway.roles.Role`."""
    token_hash: bytes | None = None
    """SHA-256 of the token; None without one."""
    wallet: bytes | None = None
    """Address of the wallet, 20 bytes; None without one."""
    created_at_unix_s: UnixSeconds = Field(sa_type=BigInteger)
    expires_at_unix_s: UnixSeconds | None = Field(default=None, sa_type=BigInteger)
    """When the access ends by itself; None for never."""
    revoked_at_unix_s: UnixSeconds | None = Field(default=None, sa_type=BigInteger)
    """When an administrator ended the access; None if nobody did."""


class SignInKey(GatewayTable, table=True):
    """The key by which the gateway knows the messages again that it wrote for wallets to sign."""

    __tablename__ = "sign_in_key"

    id: int = Field(primary_key=True)
    """1: there is one key."""
    key: bytes
    """32 bytes. A message alone opens nothing: its wallet must sign it."""


class SignInChallenge(GatewayTable, table=True):
    """A message by which an organizer's wallet signed in, kept until it expires: it is used."""

    __tablename__ = "sign_in_challenge"

    message_hash: bytes = Field(primary_key=True)
    """SHA-256 of the message."""
    organizer_id: str = Field(index=True)
    expires_at_unix_s: UnixSeconds = Field(sa_type=BigInteger)


class OrganizerSession(GatewayTable, table=True):
    """The time after an organizer's sign-in by wallet."""

    __tablename__ = "organizer_session"

    id: str = Field(primary_key=True)
    organizer_id: str = Field(index=True)
    token_hash: bytes
    """SHA-256 of the session's token."""
    expires_at_unix_s: UnixSeconds = Field(sa_type=BigInteger)


class AuditEntry(GatewayTable, table=True):
    """Something that an organizer did, or wanted to do. Rows are never changed or deleted."""

    __tablename__ = "audit_entry"

    number: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    """1 for the first entry, without gaps."""
    at_unix_s: UnixSeconds = Field(sa_type=BigInteger)
    organizer: str
    """Id of the organizer; "first" for the administrator of the settings."""
    name: str
    """The organizer's name at that time, like `role`."""
    role: str
    action: str
    target: str
    result: str
    """"done", or the code of a problem type."""
    previous: bytes
    """Hash of the entry before, 32 bytes; zeros for the first."""
    hash: bytes
    """See `ostraka.wire.audit_entries`, 32 bytes."""
