"""Subscribe, confirm, read one's own data, unsubscribe.

Only the holder of an address can confirm it, by a link that is sent to it. Answers do not reveal
whether an address has subscribed.
"""

import ipaddress
import re
from email.errors import HeaderParseError, MessageDefect
from email.headerregistry import Address
from typing import cast
from urllib.parse import urlsplit

from ostraka.clock import unix_now
from ostraka.gateway.answers import subscriptions as answers
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.hourly_limit import HourlyLimit
from ostraka.gateway.messenger import CONFIRMATION, UNCONFIRMED_S, Channel, Post
from ostraka.gateway.news import NewsReader
from ostraka.gateway.notice_texts import Language
from ostraka.gateway.subscription_keys import Purpose
from ostraka.gateway.subscription_store import SubscriptionStore
from ostraka.randomness import system
from ostraka.storage.gateway_tables import Subscription
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.public_hosts import is_public
from ostraka_verifier.units import UnixSeconds

MOST_UNCONFIRMED = 500
"""Most subscriptions that wait for confirmation: strangers cause one message with each."""
KEPT_S = 3600
"""How long at least a subscription waits for its confirmation before it makes room for another."""
ADDRESS_UNCONFIRMED = 5
"""Most subscriptions of one address that wait for confirmation."""
CLIENT_REQUESTS = 20
"""Most requests to follow of one client in an hour."""
_ID_BYTES = 16
_DAY_S = 86_400
_MAX_ADDRESS = 254
_PRINTABLE = re.compile("[!-~]+")


class Subscriptions:
    """Subscriptions of one gateway."""

    def __init__(
        self, gateway: GatewayContext, post: Post | None, store: SubscriptionStore, news: NewsReader
    ) -> None:
        """Args:
        post: None if the gateway sends no messages.
        """
        self._gateway = gateway
        self._post = post
        self._store = store
        self._news = news
        self._requests = HourlyLimit()

    @property
    def channels(self) -> frozenset[Channel]:
        """Return the channels that the gateway offers."""
        return frozenset() if self._post is None else self._post.channels

    def ask(
        self, client: str, channel: Channel, subject: str, address: str, language: Language
    ) -> answers.Asked:
        """Store an unconfirmed subscription and ask its address for confirmation.

        The answer is the same if the address already has this subscription, or too many that wait.

        Args:
            client: For whom the request counts.

        Raises:
            Problem: The channel is off, the subject does not exist, the address is invalid, the
                client asks too often, or too many subscriptions wait for confirmation.
        """
        post = self._on(channel)
        problem = email_problem(address) if channel == "email" else url_problem(address)
        if problem:
            raise Problem(ProblemType.INVALID_REQUEST, problem, "address")
        title, _ = self._news.page_of(subject)
        wait_s = self._requests.take(client, CLIENT_REQUESTS)
        if wait_s:
            detail = f"at most {CLIENT_REQUESTS} requests to follow an hour"
            raise Problem(ProblemType.SUBSCRIPTION_LIMIT, detail, "", wait_s)
        asked = answers.Asked(channel=channel, subject=subject, confirm_within_s=UNCONFIRMED_S)
        waiting = [post.keys.unseal(one.sealed_address) for one in self._store.unconfirmed()]
        if waiting.count(address) >= ADDRESS_UNCONFIRMED:
            return asked
        now = unix_now()
        wanted = Subscription(
            id=system.bytes(_ID_BYTES).hex(),
            channel=channel,
            subject=subject,
            language=language,
            sealed_address=post.keys.seal(address),
            fingerprint=post.keys.fingerprint(channel, subject, address),
            created_at=now,
        )
        stored = self._store.add(wanted, MOST_UNCONFIRMED, UnixSeconds(now - KEPT_S))
        if stored is None:
            detail = "too many subscriptions wait for confirmation; try again later"
            raise Problem(ProblemType.SUBSCRIPTION_LIMIT, detail, "", KEPT_S)
        # A second request sends no second message.
        self._store.enqueue(stored.id, [(CONFIRMATION, {"title": title})], now)
        return asked

    def confirm(self, identity: str, token: str) -> answers.Subscription:
        """Confirm a subscription; Problem if it does not exist or the token is wrong."""
        found, post = self._allowed(identity, Purpose.CONFIRM, token)
        since = self._gateway.registry.head().timestamp
        self._store.confirm(found.id, unix_now(), since)
        return self._shown(self._known(identity), post)

    def export(self, identity: str, token: str) -> answers.Subscription:
        """Return all data of a subscription; Problem as for `confirm`."""
        return self._shown(*self._allowed(identity, Purpose.MANAGE, token))

    def remove(self, identity: str, token: str, purpose: Purpose) -> None:
        """Delete a subscription with all its data; Problem as for `confirm`."""
        found, _ = self._allowed(identity, purpose, token)
        self._store.remove(found.id)

    def _on(self, channel: Channel) -> Post:
        if self._post is None or channel not in self._post.channels:
            detail = f"this gateway sends no messages by {channel}"
            raise Problem(ProblemType.CHANNEL_OFF, detail, "channel")
        return self._post

    def _known(self, identity: str) -> Subscription:
        found = self._store.find(identity)
        if found is None:
            raise _unknown()
        return found

    def _allowed(self, identity: str, purpose: Purpose, token: str) -> tuple[Subscription, Post]:
        post = self._post
        # The same answer for a wrong id and for a wrong token.
        if post is None or not post.keys.is_token(purpose, identity, token):
            # Whoever can confirm also holds the address, so they may read and delete.
            confirms = purpose is Purpose.MANAGE and post is not None
            if (
                post is None
                or not confirms
                or not post.keys.is_token(Purpose.CONFIRM, identity, token)
            ):
                raise _unknown()
        return self._known(identity), post

    def _page_of(self, subject: str) -> tuple[str | None, str | None]:
        try:
            return self._news.page_of(subject)
        except Problem:
            # The chain left the branch that had it. The subscriber's data can be read all the same.
            return None, None

    def _shown(self, found: Subscription, post: Post) -> answers.Subscription:
        kept_s = post.keep_days * _DAY_S
        deleted_at = (
            found.created_at + UNCONFIRMED_S
            if found.confirmed_at is None
            else found.confirmed_at + kept_s
        )
        title, path = self._page_of(found.subject)
        return answers.Subscription(
            subscription=found.id,
            channel=cast(Channel, found.channel),
            subject=found.subject,
            title=title,
            path=path,
            address=post.keys.unseal(found.sealed_address),
            language=found.language,
            created_at=found.created_at,
            confirmed_at=found.confirmed_at,
            deleted_at=UnixSeconds(deleted_at),
            messages=[
                answers.SentMessage(
                    name=one.name,
                    created_at=one.created_at,
                    sent_at=one.sent_at,
                    attempts=one.attempts,
                    given_up=one.given_up,
                )
                for one in self._store.messages(found.id)
            ],
        )


def _unknown() -> Problem:
    detail = "no such subscription, or the link is not of it"
    return Problem(ProblemType.NO_SUCH_SUBSCRIPTION, detail, "subscription")


def email_problem(address: str) -> str | None:
    """Return why a text is no e-mail address that this gateway can send to; None if it is one."""
    if len(address) > _MAX_ADDRESS or not _PRINTABLE.fullmatch(address):
        return "expected an e-mail address in ASCII"
    try:
        read = Address(addr_spec=address)
    except (HeaderParseError, MessageDefect, ValueError, IndexError):
        return "expected an e-mail address"
    named = read.username and "." in read.domain.strip(".") and read.addr_spec == address
    return None if named else "expected an e-mail address"


def url_problem(url: str) -> str | None:
    """Return why a text is no URL of a webhook; None if it is one."""
    expected = "expected a URL as https://host/path, without user and password"
    if len(url) > 2000 or not _PRINTABLE.fullmatch(url):
        return expected
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return expected
    if parts.scheme != "https" or not host or "@" in parts.netloc or port == 0:
        return expected
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if is_public(host) else "expected a host of the public internet"
