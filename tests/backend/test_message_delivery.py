"""Messages over real connections: an SMTP server with TLS and accounts, and webhooks."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ostraka.clock import utc_now
from ostraka.demo.processes import free_ports
from ostraka.gateway.mail import Refused, SmtpMailer, new_message
from ostraka.gateway.messenger import Messenger, Post
from ostraka.gateway.news import NewsReader
from ostraka.gateway.subscription_keys import SubscriptionKeys
from ostraka.gateway.subscription_store import SubscriptionStore
from ostraka.services.message_settings import MessageSettings
from ostraka.storage.database import Schema, open_database
from ostraka.wire.public_hosts import PublicPoster
from tests.support.polls import approval_poll
from tests.support.talk_town import ROUND, TalkTown

USER, PASSWORD = "vote", "correct horse"
ADA = "ada@example.org"


@dataclass
class Mailbox:
    """What a mail server takes, and how it answers.

    Attributes:
        answer: Its answer to each recipient.
        mails: Messages with the user who sent them, and whether the connection was encrypted.
    """

    answer: str = "250 OK"
    mails: list[tuple[EmailMessage, bytes, bool]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """Take a recipient."""
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        user = getattr(session.auth_data, "login", b"")
        self.mails.append((mail, user, session.ssl is not None))
        return "250 OK"


def sign_in(_: SMTP, __: Session, ___: object, ____: str, given: Any) -> AuthResult:
    """Know one user."""
    known = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False, auth_data=given)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody else signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(own, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class MailServer:
    """A mail server at a port of this machine."""

    box: Mailbox
    port: int
    certificate: Path

    def mailer(self, **changed: Any) -> SmtpMailer:
        """A mailer as its operator would set it up."""
        settings = {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_user": USER,
            "smtp_password_file": self.password_file(),
            "smtp_ca_file": self.certificate,
            "sender": "Town <vote@vote.example>",
        }
        read = MessageSettings.model_validate(settings | changed)
        post = read.post("https://vote.example", self.certificate.parent)
        assert post is not None
        assert isinstance(post.mailer, SmtpMailer)
        return post.mailer

    def password_file(self, password: str = PASSWORD) -> Path:
        """A file with a password."""
        path = self.certificate.parent / f"password of {len(password)}"
        path.write_text(f"{password}\n")
        path.chmod(0o600)
        return path


def serving(certificate: Path, **kind: Any) -> Iterator[MailServer]:
    """A mail server; `kind` are further arguments of its library."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    given = {name: context if value == "context" else value for name, value in kind.items()}
    box, (port,) = Mailbox(), free_ports(1)
    # The library proves that it serves by a connection to this very port.
    server = Controller(box, "127.0.0.1", port, authenticator=sign_in, **given)
    server.start()
    yield MailServer(box, port, certificate)
    server.stop()


@pytest.fixture
def mail_server(certificate: Path) -> Iterator[MailServer]:
    """A server that takes mail after STARTTLS from those who sign in."""
    yield from serving(
        certificate, tls_context="context", require_starttls=True, auth_required=True
    )


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[MailServer]:
    """A server with TLS from the start."""
    yield from serving(
        certificate, ssl_context="context", auth_required=True, auth_require_tls=False
    )


@pytest.fixture
def bare_server(certificate: Path) -> Iterator[MailServer]:
    """A server without TLS."""
    yield from serving(certificate, auth_require_tls=False)


def letter() -> EmailMessage:
    """A message in a language that ASCII cannot write."""
    made = new_message()
    made["From"], made["To"] = "Town <vote@vote.example>", ADA
    made["Subject"] = "Głosowanie: ławka"
    made.set_content("Zażółć gęślą jaźń – 10 €\n")
    return made


def test_mail_goes_out_encrypted_and_signed_in(mail_server: MailServer) -> None:
    mail_server.mailer().send(letter())
    ((mail, user, encrypted),) = mail_server.box.mails
    assert (user, encrypted) == (USER.encode(), True)
    assert (mail["To"], mail["Subject"]) == (ADA, "Głosowanie: ławka")
    assert mail.get_content().splitlines() == ["Zażółć gęślą jaźń – 10 €"]


def test_mail_goes_out_with_tls_from_the_start(tls_server: MailServer) -> None:
    tls_server.mailer(smtp_security="tls").send(letter())
    assert [user for _, user, _ in tls_server.box.mails] == [USER.encode()]


def test_a_server_of_this_machine_needs_no_tls(bare_server: MailServer) -> None:
    nobody = {"smtp_user": "", "smtp_password_file": None}
    bare_server.mailer(smtp_security="none", **nobody).send(letter())
    assert [user for _, user, _ in bare_server.box.mails] == [b""]


def test_no_password_goes_to_a_server_without_tls(bare_server: MailServer) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError):
        bare_server.mailer().send(letter())
    assert bare_server.box.mails == []


def test_no_password_goes_to_a_server_that_nobody_vouches_for(mail_server: MailServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        mail_server.mailer(smtp_ca_file=None).send(letter())
    assert mail_server.box.mails == []


def test_a_wrong_password_is_tried_again_later(mail_server: MailServer) -> None:
    # The operator can correct it, so the message must not be given up at once.
    wrong = mail_server.mailer(smtp_password_file=mail_server.password_file("wrong"))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        wrong.send(letter())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 5.1.1 no such mailbox", Refused),
        ("450 4.2.1 try again later", smtplib.SMTPRecipientsRefused),
    ],
)
def test_only_lasting_refusals_are_final(
    mail_server: MailServer, answer: str, expected: type[Exception]
) -> None:
    mail_server.box.answer = answer
    with pytest.raises(expected) as refused:
        mail_server.mailer().send(letter())
    if expected is Refused:
        # The text goes into a log, which contains no address.
        assert str(refused.value) == "SMTP 550"


class Hooks(BaseHTTPRequestHandler):
    """Takes webhooks; `/away` leads elsewhere."""

    taken: list[tuple[str, bytes, dict[str, str]]]

    def do_POST(self) -> None:
        """Take one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        names = {name.lower(): value for name, value in self.headers.items()}
        self.taken.append((self.path, body, names))
        self.send_response(307 if self.path == "/away" else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def hooks() -> Iterator[tuple[str, type[Hooks]]]:
    """A server of webhooks and its URL."""
    kind = type("OwnHooks", (Hooks,), {"taken": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    thread.join()
    server.server_close()


def any_socket(info: Any) -> socket.socket:
    """Also private addresses are connected to."""
    return socket.socket(*info[:3])


@pytest.mark.parametrize("environment", [{}, {"http_proxy": "http://127.0.0.1:9"}])
def test_webhooks_are_posted_once_and_without_redirects(
    hooks: tuple[str, type[Hooks]],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    url, kind = hooks
    poster = PublicPoster(any_socket)
    assert asyncio.run(poster.post(f"{url}/here", b"{}", {"webhook-id": "a.1"})) == 204
    assert asyncio.run(poster.post(f"{url}/away", b"{}", {})) == 307
    assert [path for path, _, _ in kind.taken] == ["/here", "/away"]
    assert (kind.taken[0][1], kind.taken[0][2]["webhook-id"]) == (b"{}", "a.1")


class Nearby(PublicPoster):
    """Posts to a server of this machine in place of the one that is named."""

    def __init__(self, url: str) -> None:
        super().__init__(any_socket)
        self._url = url

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a request."""
        return await super().post(url.replace("https://hooks.example", self._url), body, headers)


def test_a_subscriber_is_reached_from_the_request_to_the_news(
    mail_server: MailServer, hooks: tuple[str, type[Hooks]], tmp_path: Path
) -> None:
    url, kind = hooks
    engine = open_database(f"sqlite:///{tmp_path / 'gateway.db'}", Schema.GATEWAY)
    keys, sender = SubscriptionKeys(bytes(32)), "Town <vote@vote.example>"
    post = Post("https://vote.example", keys, sender, mail_server.mailer(), Nearby(url), 30)
    town = TalkTown(approval_poll(), engine, post)
    times = {"proposalsOpenAt": -100, "proposalsCloseAt": 100}
    town.index_round("Wiosna", **times, votingOpensAt=200, votingClosesAt=300)
    messenger = Messenger(post, SubscriptionStore(engine), NewsReader(town.context))
    for channel, address in (("email", ADA), ("webhook", "https://hooks.example/x")):
        wanted = {"channel": channel, "subject": f"round-{ROUND}", "address": address}
        assert town.api.post("/api/v1/subscriptions", json=wanted).status_code == 202
    asyncio.run(messenger.tick())

    asked = json.loads(kind.taken[0][1])
    confirmed = [(asked["subscription"], asked["confirm_token"])]
    ((mail, _, _),) = mail_server.box.mails
    _, _, link = mail.get_content().partition("https://vote.example/subscriptions/")
    identity, _, token = link.split()[0].partition("#confirm=")
    confirmed.append((identity, token))
    for identity, token in confirmed:
        path = f"/api/v1/subscriptions/{identity}/confirmation"
        assert town.api.post(path, json={"token": token}).status_code == 200
    town.registry.now += 150
    asyncio.run(messenger.tick())

    assert mail_server.box.mails[1][0]["Subject"] == "Wiosna: proposals are closed"
    _, body, given = kind.taken[1]
    assert json.loads(body)["type"] == "proposals_close"
    signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
    secret = base64.b64decode(asked["secret"].removeprefix("whsec_"))
    digest = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    assert given["webhook-signature"] == f"v1,{digest}"
    engine.dispose()
