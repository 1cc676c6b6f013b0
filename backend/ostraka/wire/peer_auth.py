"""Authenticate requests between nodes, so that only nodes exchange sealed boxes.

A request carries `Ostraka-Node: address.time.nonce.bodyHash.signature`. The signature covers chain,
registry, receiver, time, nonce, method, path and the body's hash, under a tag of its own: it is
valid once, at one receiver of one deployment, and can never pass for an EIP-712 statement. As the
header has the hash, a receiver knows who sends before it reads the body.

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
_VALUE = re.compile(
    r"([0-9a-f]{40})\.([0-9]{1,15})\.([0-9a-f]{32})\.([0-9a-f]{64})\.([0-9a-f]{130})"
)

_Name = tuple[bytes, bytes]
"""Sender and nonce of a request."""


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
    nonce, body_hash = system.bytes(NONCE_BYTES), keccak256(body)
    digest = _digest(domain, receiver, now_unix_s, nonce, method, path, body_hash)
    signature = key.sign(digest).hex()
    return f"{key.address.hex()}.{now_unix_s}.{nonce.hex()}.{body_hash.hex()}.{signature}"


class PeerRequest:
    """A request whose header holds, and whose body may be read.

    Attributes:
        sender: Address that signed it.
    """

    def __init__(
        self, requests: "PeerRequests", name: _Name, sent_at: UnixSeconds, body_hash: bytes
    ) -> None:
        self.sender = name[0]
        self._requests = requests
        self._name = name
        self._sent_at_unix_s = sent_at
        self._body_hash = body_hash

    def complete(self, body: bytes, now_unix_s: UnixSeconds) -> None:
        """Accept the request, now that its body is there; from here on it is used up.

        Raises:
            Malformed: The body is not the signed one.
        """
        if not hmac.compare_digest(keccak256(body), self._body_hash):
            raise Malformed("body", "not the one that its sender signed")
        self._requests.remember(self._name, self._sent_at_unix_s, now_unix_s)

    def close(self) -> None:
        """Forget the request if it is not complete, so that its sender may send it again."""
        self._requests.forget(self._name)


class PeerRequests:
    """Accepts authenticated requests for one node, each once.

    A request is used up when its whole body has arrived. Until then, it cannot be sent a second
    time beside; if it breaks off, it can be sent again.

    Nonces are remembered as long as their requests would be accepted. A restarted node has
    forgotten them, so it refuses every request that it may have accepted before its start.
    """

    def __init__(self, domain: Domain, receiver: bytes, started_at_unix_s: UnixSeconds) -> None:
        """Args:
        receiver: This node's address.
        started_at_unix_s: When this program started, by the clock that `open` uses.
        """
        self._domain = domain
        self._receiver = receiver
        self._started_at_unix_s = started_at_unix_s
        self._arriving: set[_Name] = set()
        self._taken: dict[_Name, UnixSeconds] = {}
        self._lock = Lock()

    def open(
        self,
        value: str,
        allowed: Collection[bytes],
        method: str,
        path: str,
        now_unix_s: UnixSeconds,
    ) -> PeerRequest:
        """Check a request before its body is read. The caller closes the returned request.

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
            raise Malformed(HEADER, "not address.time.nonce.bodyHash.signature")
        claimed, nonce, body_hash, signature = (bytes.fromhex(parts[at]) for at in (1, 3, 4, 5))
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
        digest = _digest(
            self._domain, self._receiver, sent_at_unix_s, nonce, method, path, body_hash
        )
        if not hmac.compare_digest(recover(digest, signature), claimed):
            raise Malformed(HEADER, "signature of another request, receiver or node")
        name = claimed, nonce
        with self._lock:
            if name in self._taken or name in self._arriving:
                raise Problem(
                    ProblemType.REQUEST_REPLAYED, "this request was already accepted once", HEADER
                )
            self._arriving.add(name)
        return PeerRequest(self, name, sent_at_unix_s, body_hash)

    def remember(self, name: _Name, sent_at_unix_s: UnixSeconds, now_unix_s: UnixSeconds) -> None:
        """Never accept a request again."""
        with self._lock:
            # In order of arrival. Clocks differ and bodies take their time, so that some are kept a
            # little longer than necessary.
            while self._taken:
                oldest = next(iter(self._taken))
                # Longer than it would be accepted, as the clock may be set back a little.
                if self._taken[oldest] + TOLERANCE_S + AHEAD_S >= now_unix_s:
                    break
                del self._taken[oldest]
            self._taken[name] = sent_at_unix_s

    def forget(self, name: _Name) -> None:
        """Note that no body is arriving for a request any more."""
        with self._lock:
            self._arriving.discard(name)


def _digest(
    domain: Domain,
    receiver: bytes,
    sent_at_unix_s: UnixSeconds,
    nonce: bytes,
    method: str,
    path: str,
    body_hash: bytes,
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
        body_hash,
    )
