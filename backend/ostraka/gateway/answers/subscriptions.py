"""Subscriptions in the API: everything that a gateway knows about a subscriber."""

from typing import Literal

from pydantic import Field

from ostraka.wire.answers import Answer, Count, UnixSeconds


class Asked(Answer):
    """A subscription that waits for its confirmation. The answer is the same if it exists."""

    channel: Literal["email", "webhook"]
    subject: str
    confirm_within_s: Count = Field(description="Seconds after which an unconfirmed one is gone.")


class SentMessage(Answer):
    """A message to a subscriber."""

    name: str = Field(description="What it is about.")
    created_at: UnixSeconds
    sent_at: UnixSeconds | None = Field(
        description="Unix time in seconds; null while it waits, or if it was given up."
    )
    attempts: Count
    given_up: bool


class Subscription(Answer):
    """All data of a subscription, for the subscriber."""

    subscription: str = Field(description="Id, 32 hexadecimal digits.")
    channel: Literal["email", "webhook"]
    subject: str
    title: str | None = Field(description="Title of the subject; null if the chain has it no more.")
    path: str | None = Field(description="Path of its page; null as for the title.")
    address: str | None = Field(description="Null if the gateway's key for it was replaced.")
    language: str
    created_at: UnixSeconds
    confirmed_at: UnixSeconds | None = Field(
        description="Unix time in seconds; null before it is confirmed."
    )
    deleted_at: UnixSeconds = Field(
        description="Unix time in seconds at which the gateway deletes all of this by itself."
    )
    messages: list[SentMessage]


class Removed(Answer):
    """A subscription was deleted with all its data."""

    removed: bool
