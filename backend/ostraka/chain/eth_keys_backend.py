"""Our signatures below eth-account, which signs and reads transactions.

eth-keys itself would sign in pure Python, slowly and not in constant time.
"""

from eth_account import Account
from eth_keys.backends.base import BaseECCBackend
from eth_keys.datatypes import PrivateKey, PublicKey, Signature
from eth_keys.exceptions import BadSignature

from ostraka.keys import SigningKey
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover_key

_FIRST_V = 27


class _Backend(BaseECCBackend):
    """What eth-account needs of elliptic curves; the library calls these methods."""

    def ecdsa_sign(self, msg_hash: bytes, private_key: PrivateKey) -> Signature:
        """Sign a digest of 32 bytes."""
        signature = SigningKey(private_key.to_bytes()).sign(msg_hash)
        return Signature(signature[:64] + bytes([signature[64] - _FIRST_V]), backend=self)

    def ecdsa_recover(self, msg_hash: bytes, signature: Signature) -> PublicKey:
        """Return the key that signed; BadSignature if there is none, or `s` is high (EIP-2)."""
        encoded = signature.to_bytes()
        try:
            key = recover_key(msg_hash, encoded[:64] + bytes([encoded[64] + _FIRST_V]))
        except Malformed as error:
            raise BadSignature(str(error)) from error
        return PublicKey(key, backend=self)

    def private_key_to_public_key(self, private_key: PrivateKey) -> PublicKey:
        """Return the public key of a secret one."""
        return PublicKey(SigningKey(private_key.to_bytes()).public_key, backend=self)


def account_library() -> Account:
    """Return eth-account with our signatures."""
    library = Account()
    library.set_key_backend(_Backend())  # type: ignore[arg-type]
    return library
