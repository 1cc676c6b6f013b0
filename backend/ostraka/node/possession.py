"""Prove that a node holds the poll key that it announced, without revealing any plaintext.

A challenge is 32 random bytes, sealed to the announced key for this use only. The answer is a hash
of them, so the plaintext never leaves the node. There is no standard non-interactive proof for
ML-KEM keys.

Source: docs/protocol.md §4.3.
"""

from ostraka.sealing import PollKey, Recipient, challenge_info
from ostraka.wire.poll_keys import PollKeyList
from ostraka_verifier.encoding import HASH_BYTES, tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.poll_key import SEAL_BYTES, node_key, node_keys_hash

CHALLENGE_BYTES = 32
CREATOR = 0
"""Index under which a poll's creator challenges nodes."""


def make_challenge(
    poll_context: bytes, keys: PollKeyList, challenger: int, responder: int, secret: bytes
) -> bytes:
    """Make a challenge: all node keys, and a sealed secret.

    Args:
        challenger: Index of the challenging node; 0 for the poll's creator.
        secret: 32 random bytes of the challenger.
    """
    info = challenge_info(poll_context, keys.hash, challenger, responder)
    box = Recipient(keys.public_keys[responder - 1]).seal(secret, info)
    return b"".join((*keys.node_keys, box))


def possession(
    poll_context: bytes, poll_keys: bytes, challenger: int, responder: int, secret: bytes
) -> bytes:
    """Return the correct answer to a challenge, 32 bytes."""
    indices = bytes([challenger, responder])
    return tagged_hash("possession", poll_context, poll_keys, indices, secret)


def answer_challenge(
    poll_context: bytes,
    nodes: int,
    responder: int,
    poll_key: PollKey,
    challenger: int,
    body: bytes,
) -> bytes:
    """Return a node's answer to a challenge.

    Args:
        nodes: Size of the committee.
        responder: The node's own index.

    Raises:
        Malformed: It is not a challenge of this node's key under a list that has the key at the
            node's own index.
    """
    size = nodes * HASH_BYTES + SEAL_BYTES + CHALLENGE_BYTES
    if len(body) != size:
        raise Malformed("challenge", f"{len(body)} bytes, expected {size}")
    node_keys = [body[at : at + HASH_BYTES] for at in range(0, nodes * HASH_BYTES, HASH_BYTES)]
    if node_keys[responder - 1] != node_key(poll_key.public_key):
        raise Malformed("challenge", f"lists a different key than this node's in place {responder}")
    poll_keys = node_keys_hash(node_keys)
    info = challenge_info(poll_context, poll_keys, challenger, responder)
    secret = poll_key.open(body[nodes * HASH_BYTES :], info)
    return possession(poll_context, poll_keys, challenger, responder, secret)
