"""Secret keys: Ethereum signing keys of voters and nodes, X25519 poll keys of nodes.

Neither ever shows its secret in `repr`, a log or an exception.

Source: docs/protocol.md §4.3, §7.3, §15.
"""

from coincurve import PrivateKey
from nacl.exceptions import CryptoError
from nacl.public import Box, SealedBox
from nacl.public import PrivateKey as X25519PrivateKey
from nacl.public import PublicKey as X25519PublicKey

from ostraka_verifier.errors import Malformed
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


class PollKey:
    """A node's X25519 key of one poll, to which voters seal their shares."""

    def __init__(self, secret: bytes | None = None) -> None:
        """A key from 32 secret bytes, or a fresh one from the system's randomness."""
        self._key = X25519PrivateKey(secret) if secret else X25519PrivateKey.generate()

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return bytes(self._key.public_key)

    def secret(self) -> bytes:
        """The secret bytes, for the node's `PollSecrets` only."""
        return bytes(self._key)

    def open(self, box: bytes) -> bytes:
        """Plaintext of a box sealed to this key.

        Raises:
            Malformed: It was not sealed to this key, or was changed since.
        """
        try:
            return SealedBox(self._key).decrypt(box)
        except CryptoError as error:
            raise Malformed("box: does not open with this node's poll key") from error

    def shared_secret(self, public_key: bytes) -> bytes:
        """32 bytes that only this key and the other one's holder can compute.

        Raises:
            Malformed: The other key is of low order.
        """
        try:
            return Box(self._key, X25519PublicKey(public_key)).shared_key()
        except CryptoError as error:
            raise Malformed("poll key: of low order") from error

    def __repr__(self) -> str:
        return f"PollKey({self.public_key.hex()})"


def seal(public_key: bytes, plaintext: bytes) -> bytes:
    """Sealed box to a poll key, 48 bytes longer than its plaintext.

    Raises:
        Malformed: The key is of low order and would seal to everybody.
    """
    try:
        return SealedBox(X25519PublicKey(public_key)).encrypt(plaintext)
    except CryptoError as error:
        raise Malformed("poll key: of low order") from error
