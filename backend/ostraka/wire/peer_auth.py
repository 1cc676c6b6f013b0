"""Nodes prove to one another who asks, so that sealed boxes travel between nodes only.

A request carries `Ostraka-Node: <address>.<unix seconds>.<signature>`; the signature covers
method, path, body and time under a tag of its own, so it can never pass for an EIP-712 statement.
"""

import hmac

from ostraka.keys import SigningKey
from ostraka_verifier.encoding import keccak256, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.typed_data import recover

HEADER = "Ostraka-Node"
_TOLERANCE_S = 60


def sign_request(key: SigningKey, method: str, path: str, body: bytes, now_unix_s: int) -> str:
    """Value of the header for one request."""
    digest = _digest(method, path, body, now_unix_s)
    return f"{key.address.hex()}.{now_unix_s}.{key.sign(digest).hex()}"


def authenticate(value: str, method: str, path: str, body: bytes, now_unix_s: int) -> bytes:
    """Address of the node that signed a request.

    Raises:
        Malformed: Not such a header, too old, or of another request.
    """
    try:
        address, time, signature = value.split(".")
        claimed, sent_at_unix_s = bytes.fromhex(address), int(time)
        signed = bytes.fromhex(signature)
    except ValueError:
        raise Malformed(f"{HEADER}: not address.time.signature") from None
    if abs(sent_at_unix_s - now_unix_s) > _TOLERANCE_S:
        raise Malformed(f"{HEADER}: signed {now_unix_s - sent_at_unix_s} s ago")
    signer = recover(_digest(method, path, body, sent_at_unix_s), signed)
    if not hmac.compare_digest(signer, claimed):
        raise Malformed(f"{HEADER}: signature of another request or node")
    return signer


def _digest(method: str, path: str, body: bytes, sent_at_unix_s: int) -> bytes:
    if not 0 <= sent_at_unix_s < 1 << 63:
        raise Malformed(f"{HEADER}: impossible time")
    return tagged_hash(
        "peer-request",
        unsigned(sent_at_unix_s, 8),
        keccak256(method.encode()),
        keccak256(path.encode()),
        keccak256(body),
    )
