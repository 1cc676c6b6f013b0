"""Signing keys of voters, members and nodes; `repr` and exceptions never show the secret.

Signatures have low `s` and the nonces of RFC 6979, so that a digest has only one signature by a
key. Signing is constant-time, by libsecp256k1 in the Rust extension, or by OpenSSL without it.

Source: docs/protocol.md §15; RFC 6979; EIP-2.
"""

from typing import Protocol

from ostraka.randomness import system
from ostraka_verifier.curve import chosen
from ostraka_verifier.encoding import HASH_BYTES
from ostraka_verifier.signatures import SECP256K1_ORDER, key_address, recover_key

SECRET_BYTES = 32


class SigningKey:
    """A secp256k1 key that signs EIP-712 digests."""

    def __init__(self, secret: bytes | None = None, engine: str | None = None) -> None:
        """Make a key from its secret, or a new one from the system's randomness.

        Args:
            secret: 32 bytes, a number from 1 to the group's order minus 1.
            engine: "native" or "reference"; by default the process's choice.

        Raises:
            ValueError: The secret is not such a number.
        """
        if secret is None:
            secret = _new_secret()
        if not _is_secret(secret):
            raise ValueError("not a secret key: 32 bytes, from 1 to the group's order minus 1")
        self._secret = secret
        self._signer = _signer(secret, engine)
        self.public_key = self._signer.public_key()
        """The two coordinates of the public key, 64 bytes."""
        self.address = key_address(self.public_key)

    @property
    def address_hex(self) -> str:
        """Address as 0x-hex, lower case."""
        return "0x" + self.address.hex()

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of 32 bytes, 65 bytes `r ‖ s ‖ v` with low `s` and `v` 27 or 28.

        Raises:
            ValueError: The digest has another length.
        """
        if len(digest) != HASH_BYTES:
            raise ValueError(f"a digest of {len(digest)} bytes, expected {HASH_BYTES}")
        return self._signer.sign(digest)

    def secret(self) -> bytes:
        """Return the 32 secret bytes, for `key_files` and for transaction signers."""
        return self._secret

    def __repr__(self) -> str:
        return f"SigningKey({self.address_hex})"


class _Signer(Protocol):
    def public_key(self) -> bytes:
        """Return both coordinates, 64 bytes."""

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a digest of 32 bytes."""


def _is_secret(secret: bytes) -> bool:
    return len(secret) == SECRET_BYTES and 0 < int.from_bytes(secret, "big") < SECP256K1_ORDER


def _new_secret() -> bytes:
    while not _is_secret(secret := system.bytes(SECRET_BYTES)):
        pass
    return secret


def _signer(secret: bytes, engine: str | None) -> _Signer:
    if (engine or chosen()) == "native":
        from ostraka_verifier_native import SigningKey as Native

        return Native(secret)
    return _OpenSsl(secret)


class _OpenSsl:
    """Signs by OpenSSL, which does not tell the parity of the nonce's point."""

    def __init__(self, secret: bytes) -> None:
        # Slow to import.
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, derive_private_key

        self._key = derive_private_key(int.from_bytes(secret, "big"), SECP256K1())
        numbers = self._key.public_key().public_numbers()
        self._public_key = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def public_key(self) -> bytes:
        return self._public_key

    def sign(self, digest: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import (
            Prehashed,
            decode_dss_signature,
        )
        from cryptography.hazmat.primitives.hashes import SHA256

        # With deterministic nonces, SHA-256 is the hash of RFC 6979.
        scheme = ECDSA(Prehashed(SHA256()), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(digest, scheme))
        numbers = r.to_bytes(32, "big") + min(s, SECP256K1_ORDER - s).to_bytes(32, "big")
        signature = numbers + b"\x1b"
        if recover_key(digest, signature) != self._public_key:
            signature = numbers + b"\x1c"
        return signature
