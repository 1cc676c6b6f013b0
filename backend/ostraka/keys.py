"""Signing keys of voters, members and nodes; none shows its secret in `repr` or an exception.

Source: docs/protocol.md §15.
"""

from coincurve import PrivateKey

from ostraka_verifier.typed_data import address_of


class SigningKey:
    """A secp256k1 key that signs EIP-712 digests."""

    def __init__(self, secret: bytes | None = None) -> None:
        """A key from 32 secret bytes, or a fresh one from the system's randomness."""
        self._key = PrivateKey(secret)
        self.address = address_of(self._key.public_key)

    @property
    def address_hex(self) -> str:
        """Address as 0x-hex, lower case."""
        return "0x" + self.address.hex()

    def sign(self, digest: bytes) -> bytes:
        """65 bytes `r ‖ s ‖ v`, low `s`, `v` 27 or 28."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def secret(self) -> bytes:
        """The 32 secret bytes, for `key_files` and for transaction signers."""
        return bytes(self._key.secret)

    def __repr__(self) -> str:
        return f"SigningKey({self.address_hex})"
