"""Fiat–Shamir transcript: one byte string that fixes every challenge.

Prover and verifier absorb the same labelled messages in the same order; any difference changes
the challenge.

Source: docs/protocol.md §2.8. Vectors: tests/vectors/transcript.json.
"""

from ostraka_verifier.curve import R
from ostraka_verifier.encoding import HASH_BYTES, tagged_hash
from ostraka_verifier.errors import Malformed


class Transcript:
    """Messages of one proof, bound to one purpose and one poll."""

    def __init__(self, purpose: str, poll_context: bytes) -> None:
        """Start a transcript.

        Args:
            purpose: Name of the proof, e.g. "ballot".
            poll_context: 32 bytes, as fixed on chain when the poll was created.

        Raises:
            Malformed: `poll_context` has another length.
        """
        if len(poll_context) != HASH_BYTES:
            raise Malformed("poll_context", f"{len(poll_context)} bytes, expected {HASH_BYTES}")
        self._messages: list[bytes] = []
        self.absorb("purpose", purpose.encode())
        self.absorb("poll", poll_context)

    def absorb(self, label: str, message: bytes) -> None:
        """Bind `message` under `label`."""
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        self._messages += (
            len(label).to_bytes(4, "big"),
            label.encode(),
            len(message).to_bytes(4, "big"),
            message,
        )

    @property
    def messages(self) -> bytes:
        """Everything that was absorbed, as it is hashed after the tag."""
        return b"".join(self._messages)

    def challenge(self) -> int:
        """Return the challenge that all absorbed messages fix, in [1, R).

        Raises:
            Malformed: It is zero, which no honest transcript has.
        """
        value = int.from_bytes(tagged_hash("transcript", *self._messages), "big") % R
        if value == 0:
            raise Malformed("challenge", "zero")
        return value
