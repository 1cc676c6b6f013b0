"""Settings of messages to subscribers: e-mail and webhooks, both off by default."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ostraka.files import require_private
from ostraka.gateway.mail import SmtpMailer
from ostraka.gateway.messenger import Post
from ostraka.gateway.subscription_keys import SubscriptionKeys
from ostraka.wire.public_hosts import PublicPoster


class MessageSettings(BaseModel):
    """The table `[messages]` of a gateway's settings. Without it, the gateway sends none."""

    model_config = ConfigDict(extra="forbid")

    smtp_host: str = ""
    """SMTP server that sends e-mail. Without it, there is no e-mail."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the start, as on port 465; `none` only for a server on this machine."""
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    """File with the password, mode 600."""
    smtp_ca_file: Path | None = None
    """Certificates of authorities to trust in place of the system's."""
    sender: str = ""
    """Address in `From`, such as `Town of X <vote@example.org>`."""
    webhooks: bool = False
    """Whether anybody may name an https URL on a public host that gets messages."""
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 180
    """Days after which a confirmed subscription is deleted with all its data."""
    key_file: Path | None = None
    """Key that encrypts addresses, mode 600; made at the first start. Default: `messages.key`
    beside the gateway's key. Several gateways over one database need the same file."""

    @model_validator(mode="after")
    def _check_mail(self) -> Self:
        if not self.smtp_host:
            return self
        if not self.sender:
            raise ValueError("sender: e-mail needs it")
        if self.smtp_security == "none" and not _is_own_machine(self.smtp_host):
            raise ValueError("smtp_security: none is for a server on this machine only")
        if bool(self.smtp_user) != (self.smtp_password_file is not None):
            raise ValueError("smtp_user and smtp_password_file: set both, or none")
        return self

    def post(self, public_url: str, folder: Path) -> Post | None:
        """Return how the gateway reaches subscribers; None if all is off.

        Args:
            public_url: Address at which people reach the gateway.
            folder: Folder of the gateway's key.

        Raises:
            ValueError: The public address is missing, or others may read a file.
        """
        if not self.smtp_host and not self.webhooks:
            return None
        if not public_url:
            raise ValueError("public_url: messages need it for their links")
        keys = SubscriptionKeys.open(self.key_file or folder / "messages.key")
        poster = PublicPoster() if self.webhooks else None
        mailer = self._mailer() if self.smtp_host else None
        return Post(public_url, keys, self.sender, mailer, poster, self.keep_days)

    def _mailer(self) -> SmtpMailer:
        password = ""
        if self.smtp_password_file is not None:
            require_private(self.smtp_password_file)
            password = self.smtp_password_file.read_text(encoding="utf-8").rstrip("\n")
        return SmtpMailer(
            self.smtp_host,
            self.smtp_port,
            self.smtp_security,
            self.smtp_user,
            password,
            self.smtp_ca_file,
        )


def _is_own_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
