"""Nodes that announce keys which they do not hold, or hold more than one."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response

from ostraka.node.possession import answer_challenge
from ostraka.sealing import PollKey
from ostraka.wire.peer_auth import HEADER, sign_request
from ostraka.wire.poll_keys import Announcement, KeyReport
from ostraka_verifier import typed_data
from ostraka_verifier.poll_key import ML_KEM_BYTES, node_key
from tests.support.polls import SyntheticPoll
from tests.support.village import POLL, Village

_FIELD = 2**255 - 19


def top_bit(key: bytes) -> bytes:
    """The same X25519 key to every reader that masks the top bit, as RFC 7748 requires."""
    return PollKey().public_key[:ML_KEM_BYTES] + key[ML_KEM_BYTES:-1] + bytes([key[-1] | 0x80])


def other_point(key: bytes) -> bytes:
    """The X25519 half plus the point of order 2: another key, with the same shared secrets."""
    u = int.from_bytes(key[ML_KEM_BYTES:], "little")
    # On a Montgomery curve (u, v) + (0, 0) has abscissa 1 / u.
    moved = pow(u, -1, _FIELD).to_bytes(32, "little")
    return PollKey().public_key[:ML_KEM_BYTES] + moved


def halves(key: bytes) -> bytes:
    """A fresh X25519 half with the other's ML-KEM half."""
    return key[:ML_KEM_BYTES] + PollKey().public_key[ML_KEM_BYTES:]


COPIES: dict[str, Callable[[bytes], bytes]] = {
    "copy": lambda key: key,
    "top bit": top_bit,
    "point of small order": other_point,
    "ML-KEM half": halves,
}


class Copier:
    """A node that announces what it likes, and has others answer for it."""

    def __init__(self, poll: SyntheticPoll, node: int, announced: Callable[[], bytes]) -> None:
        self._poll = poll
        self._node = node
        self.announced = announced
        self.signer = poll.node_keys[node - 1]
        self.poll_keys = b""
        self.signatures: dict[int, bytes] = {}
        self.village: Village
        self.relayed: list[int] = []
        self.app = FastAPI()
        self.app.get("/api/v1/polls/{poll_id}/opening")(self.opening)
        self.app.post("/api/v1/polls/{poll_id}/challenge")(self.challenge)

    def opening(self) -> dict[str, Any]:
        """Its announcement, properly signed."""
        poll, key = self._poll, self.announced()
        signature = self.signer.sign(
            poll.domain.digest(typed_data.POLL_KEY, poll.context, node_key(key))
        )
        announced = {self._node: Announcement(key, signature)}
        return KeyReport(
            self._node, announced, self.poll_keys, self.signatures, (), 0, bytes(65)
        ).to_json(poll.nodes)

    async def challenge(self, request: Request) -> Response:
        """Ask all others for the answer."""
        body = await request.body()
        for node in (1, 2, 3):
            answer = await challenge(self.village, self._node, node, body)
            self.relayed.append(answer.status_code)
            if answer.status_code == 200:
                return Response(answer.content)
        return Response(bytes(32))


async def challenge(village: Village, sender: int, receiver: int, body: bytes) -> httpx.Response:
    """Challenge a node under another node's name."""
    poll = village.poll
    path = f"/api/v1/polls/{POLL}/challenge"
    receiving = poll.committee.members[receiver - 1].address
    header = sign_request(
        poll.node_keys[sender - 1], poll.domain, receiving, "POST", path, body, now_unix_s()
    )
    return await village.client.post(
        village.url(receiver, "/challenge"), content=body, headers={HEADER: header}
    )


def now_unix_s() -> int:
    return int(time.time())


class Twin(Copier):
    """A node that holds the key that it announced; so does another one."""

    def __init__(self, poll: SyntheticPoll, node: int, poll_key: PollKey) -> None:
        super().__init__(poll, node, lambda: poll_key.public_key)
        self._key = poll_key

    async def challenge(self, request: Request) -> Response:
        """Answer it."""
        poll, asker = self._poll, bytes.fromhex(request.headers[HEADER][:40])
        challenger = poll.committee.index_of(asker)
        assert challenger is not None
        body = await request.body()
        return Response(
            answer_challenge(poll.context, poll.nodes, self._node, self._key, challenger, body)
        )


class Changing(Twin):
    """A node that announces another key whenever it is asked, and holds them all."""

    def __init__(self, poll: SyntheticPoll, node: int) -> None:
        super().__init__(poll, node, PollKey())
        self.announced = self.another

    def another(self) -> bytes:
        """A fresh key."""
        self._key = PollKey()
        return self._key.public_key
