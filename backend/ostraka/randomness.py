"""The only source of randomness of Ostraka's protocol code.

Protocol functions take a `Randomness` argument. Production code passes `system`; only tests and
vectors pass another.
"""

import secrets
from typing import Protocol

from ostraka_verifier.curve import R


class Randomness(Protocol):
    """A source of secret integers and bytes."""

    def scalar(self) -> int:
        """Uniform in [0, R)."""

    def bytes(self, size: int) -> bytes:
        """Uniform bytes."""


class SystemRandomness:
    """The operating system's generator."""

    def scalar(self) -> int:
        """Uniform in [0, R)."""
        return secrets.randbelow(R)

    def bytes(self, size: int) -> bytes:
        """Uniform bytes."""
        return secrets.token_bytes(size)


system = SystemRandomness()
