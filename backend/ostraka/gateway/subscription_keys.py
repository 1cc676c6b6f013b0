"""Secrets of subscriptions, all derived from one key of the gateway.

Addresses are stored encrypted, and tokens are not stored at all: a copy of the database reveals
neither who subscribed nor how to unsubscribe them.
"""

import base64
import hashlib
import hmac
from enum import Enum
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from ostraka.files import require_private, write_new
from ostraka.randomness import system

_KEY_BYTES = 32


class Purpose(Enum):
    """What a token allows."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    """Read and delete the subscription's data."""
    UNSUBSCRIBE = "unsubscribe"


class SubscriptionKeys:
    """Encrypts addresses, and makes and checks tokens."""

    def __init__(self, key: bytes) -> None:
        """Args:
        key: 32 secret bytes.
        """
        self._key = key
        self._box = SecretBox(self._derive("address", ""))

    @classmethod
    def open(cls, file: Path) -> "SubscriptionKeys":
        """Read the key from a file of mode 600; make it if it does not exist.

        Raises:
            ValueError: Others may read the file, or it is not such a key.
        """
        try:
            write_new(file, system.bytes(_KEY_BYTES))
        except FileExistsError:
            require_private(file)
        key = file.read_bytes()
        if len(key) != _KEY_BYTES:
            raise ValueError(f"{file}: {len(key)} bytes, expected a key of {_KEY_BYTES}")
        return cls(key)

    def seal(self, address: str) -> bytes:
        """Encrypt an address."""
        return bytes(self._box.encrypt(address.encode(), system.bytes(SecretBox.NONCE_SIZE)))

    def unseal(self, sealed: bytes) -> str | None:
        """Decrypt an address; None if another key sealed it."""
        try:
            return self._box.decrypt(sealed).decode()
        except CryptoError:
            return None

    def fingerprint(self, channel: str, subject: str, address: str) -> bytes:
        """Return 32 bytes that are the same for the same subscription, and reveal nothing."""
        return self._derive("fingerprint", "\n".join((channel, subject, address)))

    def token(self, purpose: Purpose, subscription: str) -> str:
        """Return the token of a subscription for a purpose."""
        return base64.urlsafe_b64encode(self._derive(purpose.value, subscription)).decode()[:43]

    def is_token(self, purpose: Purpose, subscription: str, given: str) -> bool:
        """Whether a token is the right one, in constant time."""
        expected = self.token(purpose, subscription)
        return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))

    def webhook_secret(self, subscription: str) -> bytes:
        """Return the secret by which a webhook's messages are signed, 32 bytes."""
        return self._derive("webhook", subscription)

    def _derive(self, purpose: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\n{value}".encode(), hashlib.sha256)
