"""Send e-mail over an operator's SMTP server, with TLS.

Source: RFC 5321; RFC 8314 (implicit TLS); RFC 3207 (STARTTLS).
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Literal, Protocol

_TIMEOUT_S = 30


class Refused(Exception):
    """The server refuses the message for good; sending it again does not help."""


class Mailer(Protocol):
    """Sends messages."""

    def send(self, message: EmailMessage) -> None:
        """Send a message; Refused, or OSError or SMTPException if sending it later may help."""


@dataclass(frozen=True)
class SmtpMailer:
    """An SMTP server with the account that sends.

    Attributes:
        security: `tls` from the start, `starttls`, or `none` for a server on this machine.
        user: "" sends without signing in.
        ca_file: Certificates of authorities to trust; None for those of the system.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""
    password: str = ""
    ca_file: Path | None = None

    def send(self, message: EmailMessage) -> None:
        """Send a message; errors as `Mailer`."""
        with self._connect() as server:
            if self.security == "starttls":
                server.starttls(context=self._context())
            if self.user:
                server.login(self.user, self.password)
            try:
                server.send_message(message)
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _ in error.recipients.values()]
                if all(500 <= code < 600 for code in codes):
                    raise Refused(f"SMTP {codes[0]}") from None
                raise
            except smtplib.SMTPResponseException as error:
                if 500 <= error.smtp_code < 600:
                    raise Refused(f"SMTP {error.smtp_code}") from None
                raise

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = self._context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_S, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


def new_message() -> EmailMessage:
    """Return an empty message whose headers are encoded for SMTP."""
    return EmailMessage(policy=SMTP)
