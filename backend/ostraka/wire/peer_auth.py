"""Authenticate requests between nodes, so that only nodes exchange sealed boxes.

A request carries `Ostraka-Node: address.time.nonce.signature`. The signature covers chain,
registry, receiver, time, nonce, method, path and body, under a tag of its own: it is valid once, at
one receiver of one deployment, and can never pass for an EIP-712 statement.

Source: docs/protocol.md §9.4.
"""

import hmac
import re
from collections.abc import Collection
from threading import Lock

from ostraka.keys import SigningKey
from ostraka.randomness import system
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import keccak256, tagged_hash, unsigned, word
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

HEADER = "Ostraka-Node"
TOLERANCE_S = 60
"""Greatest age of a request when it arrives."""
AHEAD_S = 5
"""Most seconds by which the sender's clock may be ahead of the receiver's."""
NONCE_BYTES = 16
_VALUE = re.compile(r"([0-9a-f]{40})\.([0-9]{1,15})\.([0-9a-f]{32})\.([0-9a-f]{130})")


def sign_request(
    key: SigningKey,
    domain: Domain,
    receiver: bytes,
    method: str,
    path: str,
    body: bytes,
    now_unix_s: UnixSeconds,
) -> str:
    """Return the header's value for one request to the node at address `receiver`."""
    nonce = system.bytes(NONCE_BYTES)
    digest = _digest(domain, receiver, now_unix_s, nonce, method, path, body)
    return f"{key.address.hex()}.{now_unix_s}.{nonce.hex()}.{key.sign(digest).hex()}"


class PeerRequests:
    """Accepts authenticated requests for one node, each once.

    Nonces are remembered as long as their requests would be accepted. A restarted node has
    forgotten them, so it refuses every request that it may have accepted before its start.
    """

    def __init__(self, domain: Domain, receiver: bytes, started_at_unix_s: UnixSeconds) -> None:
        """Args:
        receiver: This node's address.
        started_at_unix_s: When this program started, by the clock that `take` uses.
        """
        self._domain = domain
        self._receiver = receiver
        self._started_at_unix_s = started_at_unix_s
        self._taken: dict[tuple[bytes, bytes], UnixSeconds] = {}
        self._lock = Lock()

    def take(
        self,
        value: str,
        allowed: Collection[bytes],
        method: str,
        path: str,
        body: bytes,
        now_unix_s: UnixSeconds,
    ) -> bytes:
        """Check a request, and return the address that signed it.

        Args:
            value: Value of the header.
            allowed: Addresses that may ask; only their nonces are remembered.

        Raises:
            Malformed: The header is invalid, too old, or of another request, receiver or
                deployment.
            Problem: The sender may not ask this, or the request was accepted before.
        """
        parts = _VALUE.fullmatch(value)
        if parts is None:
            raise Malformed(HEADER, "not address.time.nonce.signature")
        claimed, nonce, signature = (bytes.fromhex(parts[at]) for at in (1, 3, 4))
        sent_at_unix_s = UnixSeconds(int(parts[2]))
        age_s = now_unix_s - sent_at_unix_s
        if age_s > TOLERANCE_S:
            raise Malformed(HEADER, f"signed {age_s} s ago, at most {TOLERANCE_S}")
        if age_s < -AHEAD_S:
            raise Malformed(HEADER, f"signed {-age_s} s ahead of this node's clock")
        if sent_at_unix_s <= self._started_at_unix_s + AHEAD_S:
            raise Malformed(HEADER, "signed before this node started")
        if claimed not in allowed:
            raise Problem(ProblemType.NOT_A_PEER, f"0x{claimed.hex()} may not ask this")
        digest = _digest(self._domain, self._receiver, sent_at_unix_s, nonce, method, path, body)
        if not hmac.compare_digest(recover(digest, signature), claimed):
            raise Malformed(HEADER, "signature of another request, receiver or node")
        self._remember((claimed, nonce), sent_at_unix_s, now_unix_s)
        return claimed

    def _remember(
        self, request: tuple[bytes, bytes], sent_at_unix_s: UnixSeconds, now_unix_s: UnixSeconds
    ) -> None:
        with self._lock:
            # In order of arrival; this is the order of age, except for differences between clocks.
            while self._taken:
                oldest = next(iter(self._taken))
                if self._taken[oldest] + TOLERANCE_S >= now_unix_s:
                    break
                del self._taken[oldest]
            if request in self._taken:
                raise Problem(
                    ProblemType.REQUEST_REPLAYED, "this request was already accepted once", HEADER
                )
            self._taken[request] = sent_at_unix_s


def _digest(
    domain: Domain,
    receiver: bytes,
    sent_at_unix_s: UnixSeconds,
    nonce: bytes,
    method: str,
    path: str,
    body: bytes,
) -> bytes:
    return tagged_hash(
        "peer-request",
        word(domain.chain_id),
        domain.registry,
        receiver,
        unsigned(sent_at_unix_s, 8),
        nonce,
        keccak256(method.encode()),
        keccak256(path.encode()),
        keccak256(body),
    )
