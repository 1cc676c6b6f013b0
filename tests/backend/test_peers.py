"""Answers of other nodes, who may lie: bounded in size, each kind by what it may hold."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ostraka.keys import SigningKey
from ostraka.node.peers import Peer, PeerError
from ostraka_verifier.parameters import Member


def ask(answer: bytes, question: Callable[[Peer], Awaitable[Any]]) -> Any:
    """What comes of a question to a node that always gives this answer."""

    async def run() -> Any:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
        async with httpx.AsyncClient(transport=transport) as client:
            key = SigningKey(bytes([1] * 32))
            return await question(Peer(client, key, 3, Member(key.address, "http://node")))

    return asyncio.run(run())


def test_json_that_would_fill_the_memory_is_not_parsed() -> None:
    answer = b"[" + b"{}," * 2**21 + b"{}]"
    with pytest.raises(PeerError, match="node 3: answer too large"):
        ask(answer, lambda peer: peer.get_json("/finals"))
    assert ask(answer, lambda peer: peer.get("/inventory")) == answer
    assert ask(b'[{"node": 1}]', lambda peer: peer.get_json("/finals")) == [{"node": 1}]
