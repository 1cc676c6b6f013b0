"""Send messages to subscribers: by e-mail, or to webhooks that are signed.

Messages go out at least once. After a crash between sending and storing that, a message is sent
again under the same id, so that receivers can recognize it. Logs contain no address.

Source: RFC 8058 (one-click unsubscription); RFC 3834; the Standard Webhooks specification, 1.0.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from smtplib import SMTPException
from typing import Any, Literal, cast

import aiohttp
import structlog

from ostraka.clock import unix_now, utc_now
from ostraka.gateway.mail import Mailer, Refused, new_message
from ostraka.gateway.message_texts import confirmation_text, message_text
from ostraka.gateway.news import News, NewsReader
from ostraka.gateway.notice_texts import Language, NewsKind, news_text
from ostraka.gateway.subscription_keys import Purpose, SubscriptionKeys
from ostraka.gateway.subscription_store import MAX_ATTEMPTS, SubscriptionStore
from ostraka.storage.gateway_tables import OutgoingMessage, Subscription
from ostraka.wire.problems import Problem
from ostraka.wire.public_hosts import PublicPoster
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

Channel = Literal["email", "webhook"]
CONFIRMATION = "confirmation"
"""Name of the message that asks for confirmation."""
UNCONFIRMED_S = 24 * 3600
"""How long a subscription waits for its confirmation."""
_DAY_S = 86_400
_AT_ONCE = 20
_NO_ANSWER = (aiohttp.ClientError, OSError, TimeoutError, SMTPException)


@dataclass(frozen=True)
class Post:
    """How a gateway reaches subscribers.

    Attributes:
        public_url: Address at which people reach the gateway, without a slash at the end.
        sender: Address in `From`.
        mailer: None without e-mail.
        poster: None without webhooks.
        keep_days: How long a confirmed subscription is kept.
    """

    public_url: str
    keys: SubscriptionKeys
    sender: str
    mailer: Mailer | None
    poster: PublicPoster | None
    keep_days: int

    @property
    def channels(self) -> frozenset[Channel]:
        """Return the channels that are on."""
        on: dict[Channel, object] = {"email": self.mailer, "webhook": self.poster}
        return frozenset(channel for channel, sender in on.items() if sender is not None)

    def page(self, subscription: str, purpose: Purpose) -> str:
        """Return the link to a subscription's page; logs of servers do not get its token."""
        token = self.keys.token(purpose, subscription)
        return f"{self.public_url}/subscriptions/{subscription}#{purpose.value}={token}"


class Messenger:
    """Writes and sends the messages of one gateway."""

    def __init__(self, post: Post, store: SubscriptionStore, news: NewsReader) -> None:
        self._post = post
        self._store = store
        self._news = news

    async def tick(self) -> None:
        """Delete old subscriptions, write what is new, and send what is due."""
        await asyncio.to_thread(self._write)
        due = await asyncio.to_thread(self._store.take_due, unix_now(), _AT_ONCE)
        for message in due:
            await self._send(message)

    def _write(self) -> None:
        now = unix_now()
        removed = self._store.remove_old(
            UnixSeconds(now - UNCONFIRMED_S), UnixSeconds(now - self._post.keep_days * _DAY_S)
        )
        if removed:
            log.info("subscriptions deleted", count=removed)
        news: dict[str, list[News]] = {}
        for one in self._store.confirmed():
            if one.subject not in news:
                news[one.subject] = self._about(one.subject)
            since = one.since or UnixSeconds(0)
            fresh = [(each.name, _content(each)) for each in news[one.subject] if each.at > since]
            if fresh:
                self._store.enqueue(one.id, reversed(fresh), now)

    def _about(self, subject: str) -> list[News]:
        try:
            return self._news.about(subject)
        except Problem as problem:
            log.warning("no news", subject=subject, problem=str(problem))
            return []

    async def _send(self, message: OutgoingMessage) -> None:
        to = await asyncio.to_thread(self._store.find, message.subscription_id)
        if to is None:
            return
        facts = {"subscription": to.id, "channel": to.channel, "message": message.name}
        try:
            await self._send_to(to, message)
        except Refused as error:
            log.warning("message refused", **facts, problem=str(error))
            await asyncio.to_thread(self._store.settle, message, sent_at=None)
        except _NO_ANSWER as error:
            # Texts of these errors may contain the address.
            log.warning("message not sent", **facts, problem=type(error).__name__)
            if message.attempts >= MAX_ATTEMPTS:
                await asyncio.to_thread(self._store.settle, message, sent_at=None)
        else:
            log.info("message sent", **facts)
            await asyncio.to_thread(self._store.settle, message, sent_at=unix_now())

    async def _send_to(self, to: Subscription, message: OutgoingMessage) -> None:
        address = self._post.keys.unseal(to.sealed_address)
        if address is None:
            raise Refused("the address was encrypted with another key")
        if to.channel == "email" and self._post.mailer is not None:
            mail = self.mail(to, address, message)
            await asyncio.to_thread(self._post.mailer.send, mail)
        elif to.channel == "webhook" and self._post.poster is not None:
            body, headers = self.webhook(to, message, unix_now())
            status = await self._post.poster.post(address, body, headers)
            if status == 410:
                raise Refused("410 Gone")
            if not 200 <= status < 300:
                raise aiohttp.ClientError(f"status {status}")
        else:
            raise Refused(f"{to.channel} is off")

    def mail(self, to: Subscription, address: str, message: OutgoingMessage) -> EmailMessage:
        """Return the e-mail of a message."""
        post, language = self._post, cast(Language, to.language)
        manage = post.page(to.id, Purpose.MANAGE)
        mail = new_message()
        if message.name == CONFIRMATION:
            link = post.page(to.id, Purpose.CONFIRM)
            title, hours = str(message.content["title"]), UNCONFIRMED_S // 3600
            subject, text = confirmation_text(language, title, link, hours)
        else:
            subject = _line(language, message)
            text = message_text(language, subject, post.public_url + _path(message), manage)
        mail["From"] = post.sender
        mail["To"] = address
        # A line break would end the header.
        mail["Subject"] = " ".join(subject.split())
        mail["Date"] = format_datetime(utc_now())
        # The same for every attempt, so that receivers can recognize a repeated one.
        mail["Message-ID"] = f"<{to.id}.{message.id}@{post.sender.rpartition('@')[2].rstrip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        token = post.keys.token(Purpose.UNSUBSCRIBE, to.id)
        one_click = f"{post.public_url}/api/v1/subscriptions/{to.id}/unsubscribe?token={token}"
        mail["List-Unsubscribe"] = f"<{one_click}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(text)
        return mail

    def webhook(
        self, to: Subscription, message: OutgoingMessage, now: UnixSeconds
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of a message to a webhook."""
        post, secret = self._post, self._post.keys.webhook_secret(to.id)
        content: dict[str, Any] = {"type": message.name, "subject": to.subject}
        if message.name == CONFIRMATION:
            content |= {
                "subscription": to.id,
                "title": message.content["title"],
                "secret": f"whsec_{base64.b64encode(secret).decode()}",
                "confirm_token": post.keys.token(Purpose.CONFIRM, to.id),
                "manage_token": post.keys.token(Purpose.MANAGE, to.id),
            }
        else:
            content |= {
                "type": message.content["kind"],
                "text": _line(cast(Language, to.language), message),
                "title": message.content["title"],
                "detail": message.content["detail"],
                "item": message.content["item"],
                "at": message.content["at"],
                "url": post.public_url + _path(message),
            }
        body = json.dumps(content, ensure_ascii=False).encode()
        identity = f"{to.id}.{message.id}"
        signed = f"{identity}.{now}.".encode() + body
        signature = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        return body, {
            "Content-Type": "application/json",
            "User-Agent": "Ostraka",
            "webhook-id": identity,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{signature}",
        }


def _content(news: News) -> dict[str, object]:
    return {
        "kind": news.kind.value,
        "title": news.title,
        "at": news.at,
        "path": news.path,
        "item": news.item,
        "detail": news.detail,
    }


def _line(language: Language, message: OutgoingMessage) -> str:
    content = message.content
    kind = NewsKind(content["kind"])
    return news_text(language, kind, str(content["title"]), str(content["detail"]))


def _path(message: OutgoingMessage) -> str:
    return str(message.content["path"])
