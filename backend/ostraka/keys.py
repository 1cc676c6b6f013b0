"""Signing keys of voters, members and nodes; none shows its secret in `repr` or an exception.

Source: docs/protocol.md §15.
"""

from pathlib import Path

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
        """The 32 secret bytes, for storing the key or handing it to a transaction signer."""
        return bytes(self._key.secret)

    @classmethod
    def read(cls, path: Path) -> "SigningKey":
        """Key from a file of 64 hexadecimal digits.

        Raises:
            ValueError: The file holds something else, or others may read it.
        """
        if path.stat().st_mode & 0o077:
            raise ValueError(f"{path}: others may read this key file; chmod 600 it")
        text = path.read_text().strip().removeprefix("0x")
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != 32:
            raise ValueError(f"{path}: expected 64 hexadecimal digits")
        return cls(secret)

    def write(self, path: Path) -> None:
        """Store the key in a new file that only its owner may read.

        Raises:
            FileExistsError: There is a file already; a key is never overwritten.
        """
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(self.secret().hex() + "\n")

    def __repr__(self) -> str:
        return f"SigningKey({self.address_hex})"
