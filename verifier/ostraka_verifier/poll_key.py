"""Public keys to which ballots are sealed: the checks on them, and their identifying words.

A key is an X-Wing public key: an ML-KEM-768 encapsulation key, then an X25519 public key. Without
the checks a node could announce a key that shares a secret with another node's.

Source: docs/protocol.md §4.3, §7.3; FIPS 203 §7.2; draft-connolly-cfrg-xwing-kem. Vectors:
tests/vectors/poll_keys.json.
"""

from collections.abc import Sequence

from ostraka_verifier.encoding import tagged_hash
from ostraka_verifier.errors import Malformed

ML_KEM_BYTES = 1184
X25519_BYTES = 32
PUBLIC_KEY_BYTES = ML_KEM_BYTES + X25519_BYTES
SEAL_BYTES = 1136
"""Bytes that sealing adds to a plaintext: the encapsulated key (1,120) and a tag (16)."""

_ML_KEM_MODULUS = 3329
_COEFFICIENTS_BYTES = 1152
_FIELD = 2**255 - 19
# 2^254, a multiple of the cofactor: keys that differ by a point of small order have the same value,
# and keys of small order have zero. Clamping does not change this scalar.
_CLEARING = bytes(31) + b"\x40"


def node_key(public_key: bytes) -> bytes:
    """Return the word that stands for a node's poll key on chain, 32 bytes."""
    return tagged_hash("node-key", public_key)


def poll_keys_hash(public_keys: Sequence[bytes]) -> bytes:
    """Return `pollKeys`: what the contract stores for all nodes' poll keys (§4.3), 32 bytes."""
    return node_keys_hash([node_key(one) for one in public_keys])


def node_keys_hash(node_keys: Sequence[bytes]) -> bytes:
    """Return `pollKeys` from the words that stand for the keys."""
    return tagged_hash("poll-keys", *node_keys)


def check_poll_key(public_key: bytes, item: str = "poll key") -> bytes:
    """Check a single key.

    Args:
        public_key: The announced bytes.
        item: How an error names the key.

    Returns:
        The X25519 half's value under the cofactor-clearing scalar, 32 bytes: the same for every
        key with the same secret.

    Raises:
        Malformed: Not 1,216 bytes; the ML-KEM half fails FIPS 203's modulus check; the X25519 half
            is not canonical or of low order.
    """
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise Malformed(item, f"{len(public_key)} bytes, expected {PUBLIC_KEY_BYTES}")
    for at in range(0, _COEFFICIENTS_BYTES, 3):
        pair = int.from_bytes(public_key[at : at + 3], "little")
        if pair & 0xFFF >= _ML_KEM_MODULUS or pair >> 12 >= _ML_KEM_MODULUS:
            raise Malformed(item, "its ML-KEM half has a coefficient of 3329 or more")
    # Slow to import, and much needs only the lengths above.
    from cryptography.hazmat.primitives.asymmetric.x25519 import (
        X25519PrivateKey,
        X25519PublicKey,
    )

    half = public_key[ML_KEM_BYTES:]
    if int.from_bytes(half, "little") >= _FIELD:
        raise Malformed(item, "its X25519 half is not canonical")
    try:
        clearing = X25519PrivateKey.from_private_bytes(_CLEARING)
        return clearing.exchange(X25519PublicKey.from_public_bytes(half))
    except ValueError:
        raise Malformed(item, "its X25519 half is of low order") from None


def check_poll_keys(public_keys: Sequence[bytes]) -> None:
    """Check a poll's keys one by one and against one another.

    Args:
        public_keys: Node 1 first.

    Raises:
        Malformed: A key is invalid, or two nodes' keys share a half; names the nodes.
    """
    by_half: dict[bytes, int] = {}
    for node, public_key in enumerate(public_keys, start=1):
        cleared = check_poll_key(public_key, f"poll key of node {node}")
        for kind, half in (("ML-KEM", public_key[:ML_KEM_BYTES]), ("X25519", cleared)):
            other = by_half.setdefault(half, node)
            if other != node:
                raise Malformed(
                    f"poll key of node {node}", f"its {kind} half is that of node {other}"
                )
