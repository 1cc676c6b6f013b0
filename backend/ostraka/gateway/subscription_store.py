"""Stored subscriptions, and the outbox of messages to them.

A message is stored before it is sent, under a name that each subscription has once. Before an
attempt its next one is dated, so that a crash neither loses it nor repeats it at once.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from ostraka.storage.database import writing
from ostraka.storage.gateway_tables import OutgoingMessage, Subscription
from ostraka_verifier.units import UnixSeconds

MAX_ATTEMPTS = 12
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60, 6 * 3600


class SubscriptionStore:
    """Subscriptions and messages in one gateway's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self, subscription: Subscription, most: int, replaceable: UnixSeconds
    ) -> Subscription | None:
        """Store a subscription; return the one of the same fingerprint if there is one.

        If `most` wait for confirmation, the oldest of them makes room.

        Args:
            replaceable: The oldest one makes room only if it was asked for at this time or before.

        Returns:
            None if there is no room.
        """
        same = select(Subscription).where(Subscription.fingerprint == subscription.fingerprint)
        try:
            with writing(self._engine) as session:
                known = session.exec(same).first()
                if known is not None:
                    return known
                waiting = list(session.exec(_unconfirmed()))
                excess = waiting[: max(0, len(waiting) - most + 1)]
                if any(one.created_at > replaceable for one in excess):
                    return None
                _remove(session, [one.id for one in excess])
                session.add(subscription)
        except IntegrityError:
            with Session(self._engine) as session:
                return session.exec(same).one()
        return subscription

    def find(self, identity: str) -> Subscription | None:
        """Return a subscription; None if it does not exist."""
        with Session(self._engine) as session:
            return session.get(Subscription, identity)

    def unconfirmed(self) -> list[Subscription]:
        """Return the subscriptions that nobody has confirmed, oldest first."""
        with Session(self._engine) as session:
            return list(session.exec(_unconfirmed()))

    def confirm(self, identity: str, now: UnixSeconds, since: UnixSeconds) -> None:
        """Store that a subscription is confirmed; the first time counts.

        Args:
            since: Chain time from which on its messages begin.
        """
        with writing(self._engine) as session:
            found = session.get(Subscription, identity, with_for_update=True)
            if found is not None and found.confirmed_at is None:
                found.confirmed_at, found.since = now, since
                session.add(found)

    def remove(self, identity: str) -> None:
        """Delete a subscription with its messages."""
        with writing(self._engine) as session:
            _remove(session, [identity])

    def remove_old(self, unconfirmed: UnixSeconds, confirmed: UnixSeconds) -> int:
        """Delete subscriptions not confirmed since a time, or confirmed before another one.

        Returns:
            How many were deleted.
        """
        with writing(self._engine) as session:
            asked, agreed = col(Subscription.created_at), col(Subscription.confirmed_at)
            forgotten = agreed.is_(None) & (asked <= unconfirmed)
            old = list(
                session.exec(select(Subscription.id).where(forgotten | (agreed <= confirmed)))
            )
            _remove(session, old)
            return len(old)

    def confirmed(self) -> list[Subscription]:
        """Return all confirmed subscriptions."""
        with Session(self._engine) as session:
            query = select(Subscription).where(col(Subscription.confirmed_at).is_not(None))
            return list(session.exec(query))

    def enqueue(
        self, identity: str, messages: Iterable[tuple[str, Mapping[str, Any]]], now: UnixSeconds
    ) -> None:
        """Store messages that the subscription does not have yet.

        Args:
            messages: Names with contents.
        """
        wanted = dict(messages)
        with writing(self._engine) as session:
            # A subscription that was deleted meanwhile gets no more messages.
            if session.get(Subscription, identity, with_for_update=True) is None:
                return
            query = select(OutgoingMessage.name).where(OutgoingMessage.subscription_id == identity)
            known = set(session.exec(query))
            session.add_all(
                OutgoingMessage(
                    subscription_id=identity,
                    name=name,
                    content=dict(content),
                    created_at=now,
                    due_at=now,
                )
                for name, content in wanted.items()
                if name not in known
            )

    def messages(self, identity: str) -> list[OutgoingMessage]:
        """Return the messages of a subscription, oldest first."""
        with Session(self._engine) as session:
            query = select(OutgoingMessage).where(OutgoingMessage.subscription_id == identity)
            return list(session.exec(query.order_by(col(OutgoingMessage.id))))

    def take_due(self, now: UnixSeconds, count: int) -> list[OutgoingMessage]:
        """Return at most `count` messages to send now, and date their next attempts."""
        with writing(self._engine) as session:
            waiting = col(OutgoingMessage.sent_at).is_(None) & ~col(OutgoingMessage.given_up)
            query = (
                select(OutgoingMessage)
                .where(waiting, OutgoingMessage.due_at <= now)
                .order_by(col(OutgoingMessage.due_at), col(OutgoingMessage.id))
                .limit(count)
                .with_for_update(skip_locked=True)
            )
            found = list(session.exec(query))
            for message in found:
                pause_s = min(_FIRST_PAUSE_S * 2**message.attempts, _LONGEST_PAUSE_S)
                message.attempts += 1
                message.due_at = UnixSeconds(now + pause_s)
                session.add(message)
            return found

    def settle(self, message: OutgoingMessage, *, sent_at: UnixSeconds | None) -> None:
        """Store that a message was sent, or that its last attempt failed if `sent_at` is None."""
        with writing(self._engine) as session:
            stored = session.get(OutgoingMessage, message.id, with_for_update=True)
            if stored is not None:
                stored.sent_at, stored.given_up = sent_at, sent_at is None
                session.add(stored)


def _unconfirmed() -> SelectOfScalar[Subscription]:
    query = select(Subscription).where(col(Subscription.confirmed_at).is_(None))
    return query.order_by(col(Subscription.created_at), col(Subscription.id))


def _remove(session: Session, identities: list[str]) -> None:
    for table, column in (
        (OutgoingMessage, OutgoingMessage.subscription_id),
        (Subscription, Subscription.id),
    ):
        session.execute(delete(table).where(col(column).in_(identities)))
