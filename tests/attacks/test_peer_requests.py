"""A peer's request counts at one node of one deployment, once (docs/protocol.md §9.4).

The attacker sees a request on its way, and sends it again wherever it likes. Under the rule of
version 1 (time, method, path and body) every node of every deployment took it for a minute.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from ostraka.keys import SigningKey
from ostraka.services.http_protocol import BoundedHttp
from ostraka.wire import limits
from ostraka.wire.limits import ALL_BYTES
from ostraka.wire.peer_auth import AHEAD_S, HEADER, TOLERANCE_S, PeerRequests, sign_request
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import keccak256, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from tests.attacks.test_endless_heads import Served
from tests.support.polls import approval_poll
from tests.support.shuffled_village import ShuffledVillage
from tests.support.village import POLL, Village

NOW = 1_800_000_000
DOMAIN = Domain(31337, bytes([1]) * 20)
SENDER, RECEIVER = SigningKey(bytes([1] * 32)), SigningKey(bytes([2] * 32))
ALLOWED = frozenset({SENDER.address, RECEIVER.address})
Request = tuple[str, str, bytes]
REQUEST = ("POST", "/api/v1/polls/1/peer/ballots", bytes(8))


def receiver(domain: Domain = DOMAIN, key: SigningKey = RECEIVER, started: int = 0) -> PeerRequests:
    return PeerRequests(domain, key.address, started)


def signed(now: int = NOW) -> str:
    return sign_request(SENDER, DOMAIN, RECEIVER.address, *REQUEST, now)


def take(one: PeerRequests, value: str, now: int = NOW, request: Request = REQUEST) -> bytes:
    method, path, body = request
    opened = one.open(value, ALLOWED, method, path, now)
    try:
        opened.complete(body, now)
    finally:
        opened.close()
    return opened.sender


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
    assert take(first, value) == SENDER.address
    for later in (0, 1, TOLERANCE_S):
        with pytest.raises(Problem, match="already used"):
            take(first, value, NOW + later)
    with pytest.raises(Malformed, match="61 s ago"):
        take(first, value, NOW + TOLERANCE_S + 1)
    # The same question may be asked again.
    assert take(first, signed()) == SENDER.address


def test_other_receivers_refuse_a_request() -> None:
    value = signed()
    others = [
        receiver(key=SENDER),
        receiver(Domain(1, DOMAIN.registry)),
        receiver(Domain(DOMAIN.chain_id, bytes([2]) * 20)),
    ]
    for other in others:
        with pytest.raises(Malformed, match="another request, receiver or node"):
            take(other, value)
    method, path, body = REQUEST
    for request in (("GET", path, body), (method, path + "/", body)):
        with pytest.raises(Malformed, match="another request"):
            take(receiver(), value, NOW, request)
    with pytest.raises(Malformed, match="not the one that its sender signed"):
        take(receiver(), value, NOW, (method, path, body + b"\0"))


def test_a_changed_request_is_refused() -> None:
    address, sent_at, nonce, body_hash, signature = signed().split(".")
    other = "00" * 16
    for value in (
        f"{address}.{int(sent_at) + 1}.{nonce}.{body_hash}.{signature}",
        f"{address}.{sent_at}.{other}.{body_hash}.{signature}",
        f"{address}.{sent_at}.{nonce}.{keccak256(b'another').hex()}.{signature}",
        f"{RECEIVER.address.hex()}.{sent_at}.{nonce}.{body_hash}.{signature}",
    ):
        with pytest.raises(Malformed):
            take(receiver(), value)
    # One request has one spelling: another one of the same nonce would be taken again.
    for value in (
        f"{address.upper()}.{sent_at}.{nonce}.{body_hash}.{signature}",
        f"{address}.0{sent_at}0.{nonce}.{body_hash}.{signature}",
        f"{address}.+{sent_at}.{nonce}.{body_hash}.{signature}",
        f"{address}.{sent_at}.{nonce}.{body_hash}.{signature} ",
        f"{address}.{sent_at}.{nonce}.{signature}",
        "",
    ):
        with pytest.raises(Malformed):
            take(receiver(), value)


def test_a_restarted_node_refuses_earlier_requests() -> None:
    """What was taken before the start, even from a clock that is ahead, does not come again."""
    for ahead in (0, AHEAD_S):
        value = signed(NOW + ahead)
        take(receiver(), value)
        restarted = receiver(started=NOW)
        for later in range(TOLERANCE_S + AHEAD_S + 2):
            with pytest.raises(Malformed):
                take(restarted, value, NOW + later)
    with pytest.raises(Malformed, match="ahead of this node's clock"):
        take(receiver(), signed(NOW + AHEAD_S + 1))
    fresh = NOW + AHEAD_S + 1
    assert take(receiver(started=NOW), signed(fresh), fresh)


def test_a_request_that_breaks_off_may_be_sent_again() -> None:
    """But not beside, and whoever sees its header cannot use it up with another body."""
    value, one = signed(), receiver()
    method, path, body = REQUEST
    opened = one.open(value, ALLOWED, method, path, NOW)
    with pytest.raises(Problem, match="already used"):
        take(one, value)
    opened.close()
    with pytest.raises(Malformed, match="not the one"):
        take(one, value, NOW, (method, path, body[:-1]))
    assert take(one, value) == SENDER.address
    with pytest.raises(Problem, match="already used"):
        one.open(value, ALLOWED, method, path, NOW)
    assert not one._arriving


def test_requests_of_strangers_use_no_memory() -> None:
    one = receiver()
    for number in range(3, 20):
        key = SigningKey(bytes([number] * 32))
        value = sign_request(key, DOMAIN, RECEIVER.address, *REQUEST, NOW)
        with pytest.raises(Problem, match="Not a peer"):
            take(one, value)
    assert (one._taken, one._arriving) == ({}, set())
    for second in range(3 * TOLERANCE_S):
        take(one, signed(NOW + second), NOW + second)
    assert len(one._taken) <= TOLERANCE_S + AHEAD_S + 1


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


def test_a_stranger_s_body_is_not_read(tmp_path: Path) -> None:
    """512 MiB of it are on the way; the connection is closed with the refusal."""
    poll, village = approval_poll(), Village(approval_poll(), tmp_path)
    stranger = SigningKey(bytes([9] * 32))
    receiving = poll.node_keys[0].address

    async def refusal(
        port: int, key: SigningKey, claimed: bytes, end: str = "peer/shuffle/take"
    ) -> tuple[int, str]:
        path = f"/api/v1/polls/{POLL}/{end}"
        value = sign_request(key, poll.domain, receiving, "POST", path, b"", int(time.time()))
        value = claimed.hex() + value[40:]
        head = f"POST {path} HTTP/1.1\r\nHost: node\r\n{HEADER}: {value}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + f"Content-Length: {ALL_BYTES}\r\n\r\n".encode())
        # The whole answer: the server closes the connection, although a body is to come.
        status = int((await reader.readline()).split()[1])
        answer = await reader.read()
        writer.close()
        problem = json.loads(answer.partition(b"\r\n\r\n")[2])
        return status, problem["title"]

    async def run() -> None:
        async with village.run(seeded=True):
            village.open_seeded()
            await village.tick()
            async with Served(BoundedHttp, village._apps[1]) as port:
                unknown = port, stranger, stranger.address
                assert await refusal(*unknown) == (403, "Not a peer")
                pretended = port, stranger, poll.node_keys[1].address
                assert await refusal(*pretended) == (400, "Malformed input")
                # The framework routes these, too.
                for end in ("peer/shuffle/take%0A", "peer/shuffle/ta%0Ake", "challenge%0A"):
                    assert await refusal(*unknown, end) == (403, "Not a peer")

    asyncio.run(run())


def test_strangers_do_not_use_up_what_nodes_may_send(
    settled: ShuffledVillage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fill every node's memory for bodies; the nodes shuffle and open all the same."""
    monkeypatch.setattr(limits, "SMALL_BYTES", 500)
    monkeypatch.setattr(limits, "ALL_BYTES", full := 2**16)

    async def run() -> None:
        async with settled.resumed(tmp_path / "disks") as village:
            hanging = [Hanging(village._apps[number], full) for number in village.nodes]
            for one in hanging:
                await one.sent.wait()
            for number in village.nodes:
                url = village.url(number, "/ballots:batch")
                answer = await village.client.post(url, content=bytes(full // 2))
                assert answer.status_code == 503
            await village.tick_until(village.opened_at())
            for one in hanging:
                one.request.cancel()

    asyncio.run(run())


class Hanging:
    """A request whose body has arrived, but for its end."""

    def __init__(self, app: Any, size: int) -> None:
        self.sent = asyncio.Event()
        self._body = bytes(size)
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/api/v1/polls/{POLL}/ballots:batch",
            "headers": [],
            "client": ("192.0.2.1", 5),
        }
        self.request = asyncio.create_task(app(scope, self._receive, None))

    async def _receive(self) -> dict[str, Any]:
        if not self._body:
            self.sent.set()
            await asyncio.Event().wait()
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": True}
