"""A peer's request counts at one node of one deployment, once (docs/protocol.md §9.4).

The attacker sees a request on its way, and sends it again wherever it likes. Under the rule of
version 1 (time, method, path and body) every node of every deployment took it for a minute.
"""

import asyncio
import time
from pathlib import Path

import pytest

from ostraka.keys import SigningKey
from ostraka.wire.peer_auth import AHEAD_S, HEADER, TOLERANCE_S, PeerRequests, sign_request
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import keccak256, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from tests.support.polls import approval_poll
from tests.support.village import POLL, Village

NOW = 1_800_000_000
DOMAIN = Domain(31337, bytes([1]) * 20)
SENDER, RECEIVER = SigningKey(bytes([1] * 32)), SigningKey(bytes([2] * 32))
ALLOWED = frozenset({SENDER.address, RECEIVER.address})
REQUEST = ("POST", "/api/v1/polls/1/peer/ballots", bytes(8))


def receiver(domain: Domain = DOMAIN, key: SigningKey = RECEIVER, started: int = 0) -> PeerRequests:
    return PeerRequests(domain, key.address, started)


def signed(now: int = NOW) -> str:
    return sign_request(SENDER, DOMAIN, RECEIVER.address, *REQUEST, now)


def test_by_the_old_rule_any_node_accepted_a_request() -> None:
    method, path, body = REQUEST
    parts = unsigned(NOW, 8), keccak256(method.encode()), keccak256(path.encode()), keccak256(body)
    digest = tagged_hash("peer-request", *parts)
    # Nothing in it says who was to take it, where, or how often.
    signature = SENDER.sign(digest)
    for _ in range(2):
        assert recover(digest, signature) == SENDER.address


def test_a_request_is_accepted_once_by_its_receiver() -> None:
    value, first = signed(), receiver()
    assert first.take(value, ALLOWED, *REQUEST, NOW) == SENDER.address
    for later in (0, 1, TOLERANCE_S):
        with pytest.raises(Problem, match="already used"):
            first.take(value, ALLOWED, *REQUEST, NOW + later)
    with pytest.raises(Malformed, match="61 s ago"):
        first.take(value, ALLOWED, *REQUEST, NOW + TOLERANCE_S + 1)
    # The same question may be asked again.
    assert first.take(signed(), ALLOWED, *REQUEST, NOW) == SENDER.address


def test_other_receivers_refuse_a_request() -> None:
    value = signed()
    others = [
        receiver(key=SENDER),
        receiver(Domain(1, DOMAIN.registry)),
        receiver(Domain(DOMAIN.chain_id, bytes([2]) * 20)),
    ]
    for other in others:
        with pytest.raises(Malformed, match="another request, receiver or node"):
            other.take(value, ALLOWED, *REQUEST, NOW)
    method, path, body = REQUEST
    changed = [("GET", path, body), (method, path + "/", body), (method, path, body + b"\0")]
    for request in changed:
        with pytest.raises(Malformed, match="another request"):
            receiver().take(value, ALLOWED, *request, NOW)


def test_a_changed_request_is_refused() -> None:
    address, sent_at, nonce, signature = signed().split(".")
    other = "00" * 16
    for value in (
        f"{address}.{int(sent_at) + 1}.{nonce}.{signature}",
        f"{address}.{sent_at}.{other}.{signature}",
        f"{RECEIVER.address.hex()}.{sent_at}.{nonce}.{signature}",
    ):
        with pytest.raises(Malformed):
            receiver().take(value, ALLOWED, *REQUEST, NOW)
    # One request has one spelling: another one of the same nonce would be taken again.
    for value in (
        f"{address.upper()}.{sent_at}.{nonce}.{signature}",
        f"{address}.0{sent_at}0.{nonce}.{signature}",
        f"{address}.+{sent_at}.{nonce}.{signature}",
        f"{address}.{sent_at}.{nonce}.{signature} ",
        f"{address}.{sent_at}.{nonce}",
        "",
    ):
        with pytest.raises(Malformed):
            receiver().take(value, ALLOWED, *REQUEST, NOW)


def test_a_restarted_node_refuses_earlier_requests() -> None:
    """What was taken before the start, even from a clock that is ahead, does not come again."""
    for ahead in (0, AHEAD_S):
        value = signed(NOW + ahead)
        receiver().take(value, ALLOWED, *REQUEST, NOW)
        restarted = receiver(started=NOW)
        for later in range(TOLERANCE_S + AHEAD_S + 2):
            with pytest.raises(Malformed):
                restarted.take(value, ALLOWED, *REQUEST, NOW + later)
    with pytest.raises(Malformed, match="ahead of this node's clock"):
        receiver().take(signed(NOW + AHEAD_S + 1), ALLOWED, *REQUEST, NOW)
    fresh = NOW + AHEAD_S + 1
    assert receiver(started=NOW).take(signed(fresh), ALLOWED, *REQUEST, fresh)


def test_requests_of_strangers_use_no_memory() -> None:
    one = receiver()
    for number in range(3, 20):
        key = SigningKey(bytes([number] * 32))
        value = sign_request(key, DOMAIN, RECEIVER.address, *REQUEST, NOW)
        with pytest.raises(Problem, match="Not a peer"):
            one.take(value, ALLOWED, *REQUEST, NOW)
    assert one._taken == {}
    for second in range(3 * TOLERANCE_S):
        one.take(signed(NOW + second), ALLOWED, *REQUEST, NOW + second)
    assert len(one._taken) <= TOLERANCE_S + 1


def test_real_nodes_refuse_replayed_requests(tmp_path: Path) -> None:
    """Node 1 asks node 2 for its ballots; the attacker asks nodes 2 and 3 with the same words."""
    poll = approval_poll()
    village = Village(poll, tmp_path)

    async def run() -> list[int]:
        async with village.run(seeded=True):
            village.open_seeded()
            await village.tick()
            path = f"/api/v1/polls/{POLL}/peer/ballots"
            receiving = poll.node_keys[1].address
            value = sign_request(
                poll.node_keys[0], poll.domain, receiving, "POST", path, bytes(8), int(time.time())
            )
            codes = []
            for node in (2, 2, 3):
                answer = await village.client.post(
                    village.url(node, "/peer/ballots"), content=bytes(8), headers={HEADER: value}
                )
                codes.append(answer.status_code)
                if answer.status_code == 409:
                    assert answer.json()["title"] == "Request already used"
            return codes

    assert asyncio.run(run()) == [200, 409, 400]
