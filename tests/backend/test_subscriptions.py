"""Subscriptions: who gets which message, once, and what is stored of them."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Engine, text

from ostraka.gateway import messenger as messenger_module
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.mail import Refused
from ostraka.gateway.messenger import UNCONFIRMED_S, Messenger, Post
from ostraka.gateway.news import NewsReader
from ostraka.gateway.subscription_keys import SubscriptionKeys
from ostraka.gateway.subscription_store import MAX_ATTEMPTS, SubscriptionStore
from ostraka.gateway.subscriptions import KEPT_S, email_problem, url_problem
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.public_hosts import NotPublic, PublicPoster, is_public
from ostraka.wire.records import to_hex
from tests.support.polls import approval_poll
from tests.support.talk_town import PROPOSAL, ROUND, TalkTown, reported

ADA, HOOK = "ada@example.org", "https://hooks.example/x"
NOW = 1_900_000_000
LINK = re.compile(r"https://vote\.example/subscriptions/([0-9a-f]{32})#(\w+)=([\w-]+)")


class Outside:
    """Mail server, webhooks and clock, as the test defines them."""

    def __init__(self) -> None:
        self.now = NOW
        self.mails: list[EmailMessage] = []
        self.posts: list[tuple[str, bytes, dict[str, str]]] = []
        self.fails: Exception | None = None
        self.status = 200

    def send(self, message: EmailMessage) -> None:
        """Take a mail."""
        if self.fails is not None:
            raise self.fails
        self.mails.append(message)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Take a webhook's message."""
        self.posts.append((url, body, headers))
        return self.status


class Followed:
    """A town whose round can be followed."""

    def __init__(self, engine: Engine, outside: Outside) -> None:
        keys = SubscriptionKeys(bytes(32))
        sender = "Town <vote@vote.example>"
        post = Post("https://vote.example", keys, sender, outside, outside, 30)  # type: ignore[arg-type]
        self.engine, self.outside = engine, outside
        self.town = TalkTown(approval_poll(), engine, post)
        times = {"proposalsOpenAt": -100, "proposalsCloseAt": 100}
        self.town.index_round("Wiosna", **times, votingOpensAt=200, votingClosesAt=300)
        store = SubscriptionStore(engine)
        self.messenger = Messenger(post, store, NewsReader(self.town.context))

    def follow(self, channel: str, address: str, subject: str = f"round-{ROUND}") -> Any:
        """Ask for messages."""
        body = {"channel": channel, "subject": subject, "address": address, "language": "de"}
        return self.town.api.post("/api/v1/subscriptions", json=body)

    def tick(self, later_s: int = 0) -> None:
        """Let time pass, and send."""
        self.outside.now += later_s
        asyncio.run(self.messenger.tick())

    def confirmed_mail(self) -> str:
        """Follow by e-mail and confirm; returns the id."""
        assert self.follow("email", ADA).status_code == 202
        self.tick()
        found = LINK.search(self.outside.mails.pop().get_content())
        assert found is not None
        identity, purpose, token = found.groups()
        assert purpose == "confirm"
        path = f"/api/v1/subscriptions/{identity}/confirmation"
        assert reported(self.town.api.post(path, json={"token": "x"}))[0] is (
            ProblemType.NO_SUCH_SUBSCRIPTION
        )
        assert self.town.api.post(path, json={"token": token}).status_code == 200
        return identity

    def stored(self, table: str) -> str:
        """All rows of a table as text."""
        with self.engine.connect() as connection:
            return str(connection.execute(text(f"SELECT * FROM {table}")).all())


def channels(town: TalkTown, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How a gateway says that it sends messages."""
    monkeypatch.setattr(Indexer, "indexed_to", 0)
    monkeypatch.setattr(town.registry, "deployment_block", 0, raising=False)
    return town.get("/config")["channels"]


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    outside = Outside()
    monkeypatch.setattr(messenger_module, "unix_now", lambda: outside.now)
    monkeypatch.setattr("ostraka.gateway.subscriptions.unix_now", lambda: outside.now)
    engine = open_database(f"sqlite:///{tmp_path / 'gateway.db'}", Schema.GATEWAY)
    yield Followed(engine, outside)
    engine.dispose()


def test_only_confirmed_addresses_get_messages_and_each_once(followed: Followed) -> None:
    outside = followed.outside
    assert followed.follow("email", ADA).status_code == 202
    # A second request sends no second mail, and its answer is the same.
    assert followed.follow("email", ADA).status_code == 202
    followed.tick()
    assert len(outside.mails) == 1
    followed.town.registry.now += 250
    followed.tick(5)
    assert len(outside.mails) == 1

    followed.town.registry.now -= 250
    identity = followed.confirmed_mail()
    followed.tick(5)
    # What happened before is no news.
    assert outside.mails == []
    followed.town.registry.now += 250
    for _ in range(3):
        followed.tick(5)
    subjects = [str(mail["Subject"]) for mail in outside.mails]
    assert subjects == [
        "Wiosna: Die Vorschlagsphase ist beendet",
        "Wiosna: Die Abstimmung hat begonnen",
    ]
    mail = outside.mails[0]
    assert mail["To"] == ADA
    assert mail["Auto-Submitted"] == "auto-generated"
    assert len({one["Message-ID"] for one in outside.mails}) == 2
    assert "https://vote.example/rounds/7" in mail.get_content()

    # One click, as mail programs do it (RFC 8058).
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(mail["List-Unsubscribe"]).strip("<>").removeprefix("https://vote.example")
    form = {"List-Unsubscribe": "One-Click"}
    assert followed.town.api.post(link[:-1], data=form).status_code == 404
    assert followed.town.api.post(link, data=form).status_code == 200
    assert followed.stored("subscription") == followed.stored("outgoing_message") == "[]"
    assert identity not in followed.stored("subscription")


def test_subscribers_read_and_delete_all_their_data(followed: Followed) -> None:
    identity = followed.confirmed_mail()
    # Neither table shows the address, and no token is stored.
    assert ADA not in followed.stored("subscription") + followed.stored("outgoing_message")
    followed.town.registry.now += 150
    followed.tick(5)
    found = LINK.search(followed.outside.mails[-1].get_content())
    assert found is not None
    own = {"Subscription-Token": found[3]}
    path = f"/api/v1/subscriptions/{identity}"
    shown = followed.town.api.get(path, headers=own).json()
    assert (shown["address"], shown["subject"], shown["language"]) == (ADA, "round-7", "de")
    assert (shown["title"], shown["path"]) == ("Wiosna", "/rounds/7")
    assert [one["name"] for one in shown["messages"]] == [
        "confirmation",
        "round-7:proposals_close",
    ]
    assert shown["deleted_at"] == shown["confirmed_at"] + 30 * 86_400
    other = {"Subscription-Token": "x"}
    assert reported(followed.town.api.get(path, headers=other))[0] is (
        ProblemType.NO_SUCH_SUBSCRIPTION
    )
    assert followed.town.api.delete(path, headers=other).status_code == 404
    assert followed.town.api.delete(path, headers=own).status_code == 200
    assert followed.stored("outgoing_message") == "[]"
    assert followed.town.api.get(path, headers=own).status_code == 404


def test_data_is_deleted_after_its_time(followed: Followed) -> None:
    followed.follow("webhook", HOOK)
    followed.confirmed_mail()
    followed.tick(UNCONFIRMED_S)
    assert "webhook" not in followed.stored("subscription")
    assert "email" in followed.stored("subscription")
    followed.tick(30 * 86_400)
    assert followed.stored("subscription") == followed.stored("outgoing_message") == "[]"


def test_failed_messages_are_sent_again_later_and_given_up_at_last(followed: Followed) -> None:
    outside = followed.outside
    identity = followed.confirmed_mail()
    followed.town.registry.now += 150
    outside.fails = smtplib.SMTPServerDisconnected("ada@example.org")
    followed.tick()
    followed.tick(30)
    outside.fails = None
    # Not before its next attempt is due.
    followed.tick(1)
    assert outside.mails == []
    followed.tick(60)
    assert len(outside.mails) == 1
    outside.fails = OSError("unreachable")
    followed.town.registry.now += 100
    for _ in range(MAX_ATTEMPTS):
        followed.tick(6 * 3600)
    last = followed.messenger._store.messages(identity)[-1]
    assert (last.given_up, last.sent_at, last.attempts) == (True, None, MAX_ATTEMPTS)
    outside.fails = None
    followed.tick(24 * 3600)
    assert len(outside.mails) == 1


def test_a_message_that_is_refused_for_good_is_given_up(followed: Followed) -> None:
    identity = followed.confirmed_mail()
    followed.town.registry.now += 150
    followed.outside.fails = Refused("SMTP 550")
    followed.tick(5)
    assert followed.messenger._store.messages(identity)[-1].given_up


def test_webhooks_get_signed_messages(followed: Followed) -> None:
    outside = followed.outside
    assert followed.follow("webhook", HOOK).status_code == 202
    followed.tick()
    ((url, body, headers),) = outside.posts
    asked = json.loads(body)
    assert (url, asked["type"]) == (HOOK, "confirmation")
    secret = base64.b64decode(asked["secret"].removeprefix("whsec_"))
    path = f"/api/v1/subscriptions/{asked['subscription']}/confirmation"
    token = {"token": asked["confirm_token"]}
    assert followed.town.api.post(path, json=token).status_code == 200
    followed.town.registry.now += 150
    outside.status = 302
    followed.tick(5)
    outside.status = 200
    followed.tick(60)
    followed.tick(60)
    # The second attempt has the same id.
    first, second = outside.posts[1:]
    assert first[2]["webhook-id"] == second[2]["webhook-id"] != headers["webhook-id"]
    for _, content, given in outside.posts:
        signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + content
        digest = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        assert given["webhook-signature"] == f"v1,{digest}"
    message = json.loads(second[1])
    assert (message["type"], message["title"]) == ("proposals_close", "Wiosna")
    assert message["url"] == "https://vote.example/rounds/7"


@pytest.mark.parametrize(
    ("channel", "address", "subject", "kind"),
    [
        ("email", "nobody", "round-7", ProblemType.INVALID_REQUEST),
        ("webhook", "http://hooks.example", "round-7", ProblemType.INVALID_REQUEST),
        ("email", ADA, "round-9", ProblemType.NO_SUCH_ROUND),
        ("email", ADA, "poll-9", ProblemType.NO_SUCH_POLL),
        ("email", ADA, "proposal-0x" + "00" * 32, ProblemType.NO_SUCH_PROPOSAL),
        ("email", ADA, "all", ProblemType.INVALID_REQUEST),
    ],
)
def test_wrong_requests_are_refused(
    followed: Followed, channel: str, address: str, subject: str, kind: ProblemType
) -> None:
    assert reported(followed.follow(channel, address, subject))[0] is kind


def test_a_gateway_says_how_it_sends_messages(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert channels(followed.town, monkeypatch) == ["email", "webhook"]


def test_a_subscription_to_a_proposal_names_its_page(followed: Followed) -> None:
    subject = f"proposal-{to_hex(PROPOSAL)}"
    assert followed.follow("webhook", HOOK, subject).status_code == 202
    followed.tick()
    asked = json.loads(followed.outside.posts[0][1])
    own = {"Subscription-Token": asked["manage_token"]}
    path = f"/api/v1/subscriptions/{asked['subscription']}"
    shown = followed.town.api.get(path, headers=own).json()
    assert (shown["title"], shown["confirmed_at"]) == ("A bench", None)
    assert shown["path"] == f"/rounds/7/proposals/{to_hex(PROPOSAL)}"


def test_data_of_a_subject_that_the_chain_has_no_more_can_be_read(followed: Followed) -> None:
    identity = followed.confirmed_mail()
    followed.town.registry.now += 150
    followed.tick(5)
    found = LINK.search(followed.outside.mails[-1].get_content())
    assert found is not None
    with followed.engine.begin() as connection:
        connection.execute(text("DELETE FROM indexed_event WHERE name = 'RoundCreated'"))
    own = {"Subscription-Token": found[3]}
    shown = followed.town.api.get(f"/api/v1/subscriptions/{identity}", headers=own).json()
    assert (shown["title"], shown["path"], shown["address"]) == (None, None, ADA)


def test_a_client_may_ask_a_number_of_times(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostraka.gateway.subscriptions.CLIENT_REQUESTS", 2)
    assert followed.follow("email", ADA).status_code == 202
    # What is invalid does not count, and what is already known does.
    assert followed.follow("email", "nobody").status_code == 422
    assert followed.follow("email", ADA).status_code == 202
    refused = followed.follow("email", "ben@example.org")
    assert reported(refused)[0] is ProblemType.SUBSCRIPTION_LIMIT
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


def test_nobody_gets_many_requests_for_confirmation(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostraka.gateway.subscriptions.ADDRESS_UNCONFIRMED", 1)
    first = followed.follow("email", ADA)
    second = followed.follow("email", ADA, f"proposal-{to_hex(PROPOSAL)}")
    # The answer does not reveal that the address already waits.
    assert (first.status_code, second.status_code) == (202, 202)
    assert followed.follow("email", "ben@example.org").status_code == 202
    followed.tick()
    assert sorted(str(mail["To"]) for mail in followed.outside.mails) == [ADA, "ben@example.org"]


def test_strangers_take_the_places_of_others_only_after_an_hour(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostraka.gateway.subscriptions.MOST_UNCONFIRMED", 2)
    confirmed = followed.confirmed_mail()
    assert followed.follow("email", "first@example.org").status_code == 202
    followed.tick(1)
    assert followed.follow("email", "second@example.org").status_code == 202
    followed.tick(KEPT_S - 2)
    refused = followed.follow("email", "third@example.org")
    assert reported(refused)[0] is ProblemType.SUBSCRIPTION_LIMIT
    followed.tick(1)
    # The oldest one that nobody confirmed makes room.
    assert followed.follow("email", "third@example.org").status_code == 202
    assert reported(followed.follow("email", "fourth@example.org"))[0] is (
        ProblemType.SUBSCRIPTION_LIMIT
    )
    store = followed.messenger._store
    followed.tick()
    receivers = [str(mail["To"]) for mail in followed.outside.mails]
    assert receivers == [f"{name}@example.org" for name in ("first", "second", "third")]
    assert len(store.unconfirmed()) == 2
    assert [one.id for one in store.confirmed()] == [confirmed]


def test_messages_are_off_by_default(
    followed: Followed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'other.db'}", Schema.GATEWAY)
    town = TalkTown(approval_poll(), engine)
    assert channels(town, monkeypatch) == []
    body = {"channel": "email", "subject": "round-7", "address": ADA}
    refused = town.api.post("/api/v1/subscriptions", json=body)
    assert reported(refused) == (ProblemType.CHANNEL_OFF, "channel")
    engine.dispose()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@localhost",
        "a b@example.org",
        "ada@example.org\nBcc: b@c.d",
        "Ada <ada@example.org>",
        "ada@example.org, ben@example.org",
        "ł@example.org",
    ],
)
def test_texts_that_are_no_address(address: str) -> None:
    assert email_problem(address)
    assert email_problem(ADA) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://x.example",
        "https://",
        "https://user:pw@x.example",
        "https://127.0.0.1/x",
        "https://[::1]/",
        "https://10.0.0.1",
        "https://x.example:0/",
        "ftp://x.example",
        "https://x y",
    ],
)
def test_urls_that_are_no_webhook(url: str) -> None:
    assert url_problem(url)
    assert url_problem(HOOK) is None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "2130706433",
        "localhost",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses() -> None:
    assert is_public("9.9.9.9")
    assert is_public("2620:fe::fe")
    assert is_public("::ffff:9.9.9.9")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "[::1]"])
def test_no_spelling_of_a_private_host_is_connected_to(host: str) -> None:
    with pytest.raises((NotPublic, aiohttp.ClientError, OSError)) as refused:
        asyncio.run(PublicPoster().post(f"http://{host}:9/", b"", {}))
    # Unusual spellings are already refused before anything is connected to.
    assert "not a public address" in repr(refused.value) or "canonical" in str(refused.value)
