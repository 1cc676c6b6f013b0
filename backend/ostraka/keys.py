"""Signing keys of voters, members and nodes; `repr` and exceptions never show the secret.

Source: docs/protocol.md §15.
"""

from coincurve import PrivateKey

from ostraka_verifier.typed_data import address_of


class SigningKey:
    """A secp256k1 key that signs EIP-712 digests."""

    def __init__(self, secret: bytes | None = None) -> None:
        """Make a key from 32 secret bytes, or a new one from the system's randomness."""
        self._key = PrivateKey(secret)
        self.address = address_of(self._key.public_key)

    @property
    def address_hex(self) -> str:
        """Address as 0x-hex, lower case."""
        return "0x" + self.address.hex()

    def sign(self, digest: bytes) -> bytes:
        """Return the signature, 65 bytes `r ‖ s ‖ v` with low `s` and `v` 27 or 28."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def secret(self) -> bytes:
        """Return the 32 secret bytes, for `key_files` and for transaction signers."""
        return bytes(self._key.secret)

    def __repr__(self) -> str:
        return f"SigningKey({self.address_hex})"
