"""Sealing to nodes' poll keys: HPKE (RFC 9180) in base mode with X-Wing.

Each box is bound to one purpose by its `info`, so that a box sealed for one request cannot be
opened as the answer to another. Base mode does not authenticate the sender: where that matters, the
sender signs.

Source: docs/protocol.md §7.3, §9.3, §19.5; draft-connolly-cfrg-xwing-kem.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from ostraka.randomness import system
from ostraka_verifier.errors import Malformed
from ostraka_verifier.poll_key import ML_KEM_BYTES, check_poll_key

SEED_BYTES = 32

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class PollKey:
    """A node's key of one poll, to which voters and other nodes seal; `repr` shows no secret."""

    def __init__(self, seed: bytes | None = None) -> None:
        """Make a key from X-Wing's 32 secret bytes, or a new one from the system's randomness."""
        self._seed = system.bytes(SEED_BYTES) if seed is None else seed
        expanded = hashlib.shake_256(self._seed).digest(96)
        ml_kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        self._key = MLKEM768X25519PrivateKey(ml_kem, x25519)
        self.public_key = (
            ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )
        """The public key, 1,216 bytes."""

    def secret(self) -> bytes:
        """Return X-Wing's 32 secret bytes, for the node's own storage only."""
        return self._seed

    def open(self, box: bytes, info: bytes) -> bytes:
        """Return the plaintext of a box sealed to this key for this purpose.

        Raises:
            Malformed: It was sealed to another key or for another purpose, or was changed.
        """
        try:
            return _SUITE.decrypt(box, self._key, info=info)
        except (InvalidTag, ValueError) as error:
            raise Malformed("box", "does not open with this node's poll key") from error

    def __repr__(self) -> str:
        return f"PollKey({self.public_key[-32:].hex()})"


class Recipient:
    """A poll key prepared for sealing many boxes."""

    def __init__(self, public_key: bytes) -> None:
        """Read a poll key; Malformed if it is invalid (§4.3)."""
        check_poll_key(public_key)
        self._key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public_key[:ML_KEM_BYTES]),
            X25519PublicKey.from_public_bytes(public_key[ML_KEM_BYTES:]),
        )

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Seal a box for this purpose; it is 1,136 bytes longer than its plaintext."""
        return _SUITE.encrypt(plaintext, self._key, info=info)


def ballot_info(poll_context: bytes, node: int) -> bytes:
    """Return the `info` of a voter's share for a node."""
    return _info(b"ballot", poll_context, bytes([node]))


def seed_info(
    poll_context: bytes,
    repair_hash: bytes,
    pair: tuple[int, int],
    node_keys: tuple[bytes, bytes],
) -> bytes:
    """Return the `info` of the seed of a pair's mask, sent by the lower helper to the higher one.

    Args:
        node_keys: Hashes of both helpers' poll keys, the lower helper's first.
    """
    return _info(b"seed", poll_context, repair_hash, bytes(pair), *node_keys)


def contribution_info(poll_context: bytes, repair_hash: bytes, helper: int, target: int) -> bytes:
    """Return the `info` of a helper's masked share for the node whose share is repaired."""
    return _info(b"contribution", poll_context, repair_hash, bytes([helper, target]))


def challenge_info(poll_context: bytes, poll_keys: bytes, challenger: int, responder: int) -> bytes:
    """Return the `info` of a challenge by which a node proves that it holds its announced key.

    Args:
        poll_keys: Hash of all nodes' poll keys.
        challenger: Index of the challenging node; 0 for the poll's creator.
    """
    return _info(b"challenge", poll_context, poll_keys, bytes([challenger, responder]))


def deal_info(poll_context: bytes, step: bytes, proof_digest: bytes, member: int) -> bytes:
    """Return the `info` of what a group's first member drew for another member (§19.5).

    Args:
        step: State before, turn, step and group.
    """
    return _info(b"shuffle-deal", poll_context, step, proof_digest, bytes([member]))


def sub_shares_info(
    poll_context: bytes, step: bytes, proof_digest: bytes, member: int, node: int
) -> bytes:
    """Return the `info` of a member's sub-shares of a shuffled state for a node (§19.9).

    Args:
        step: State before, turn, step and group.
    """
    return _info(b"shuffle-share", poll_context, step, proof_digest, bytes([member, node]))


def _info(purpose: bytes, *parts: bytes) -> bytes:
    return b"".join((b"ostraka/v2/seal/", purpose, b"\0", *parts))
