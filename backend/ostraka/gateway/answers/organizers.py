"""Organizers, their sign-in, and the audit log."""

from pydantic import Field

from ostraka.wire.answers import Address, Answer, Count, Hash, UnixSeconds


class TeamMember(Answer):
    """An organizer as administrators see it."""

    id: str = Field(description="`first` for the administrator of the settings.")
    name: str
    role: str = Field(examples=["organizer"])
    active: bool = Field(description="Whether the organizer has access now.")
    wallet: Address | None = Field(description="Wallet to sign in with; null without one.")
    has_token: bool
    created_at: UnixSeconds | None = Field(
        description="Null for the administrator of the settings."
    )
    expires_at: UnixSeconds | None = Field(description="Null if the access does not end by itself.")
    revoked_at: UnixSeconds | None = Field(description="Null if nobody revoked the access.")


class NewOrganizer(Answer):
    """An organizer with a new token."""

    organizer: TeamMember
    token: str | None = Field(
        description="Shown only now; null for an organizer who signs in by wallet."
    )


class LoggedAction(Answer):
    """What an organizer did or tried."""

    number: Count = Field(description="1 for the first entry, without gaps.")
    at: UnixSeconds
    organizer: str = Field(description="Id of the organizer.")
    name: str = Field(description="The organizer's name at that time.")
    role: str
    action: str = Field(examples=["poll.create"])
    target: str = Field(description="What it concerned.", examples=["plan 0123456789abcdef"])
    result: str = Field(description="`done`, or the code of a problem.", examples=["done"])
    previous: Hash = Field(description="Hash of the entry before; zeros for the first.")
    hash: Hash = Field(description="Covers all other members.")


class LogPage(Answer):
    """Entries of the audit log, the newest first."""

    entries: list[LoggedAction]
    before: Count | None = Field(description="Query parameter of the next page; null at the end.")


class SignInMessage(Answer):
    """A message for a wallet to sign (EIP-4361)."""

    message: str
    expires_at: UnixSeconds


class OpenedSession(Answer):
    """A session: its token is used like an organizer's token."""

    token: str = Field(description="Shown only now.")
    expires_at: UnixSeconds


class ClosedSession(Answer):
    """The end of a session."""

    closed: bool
