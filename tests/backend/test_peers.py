"""Answers of other nodes, who may lie: bounded in size, each kind by what it may hold."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ostraka.keys import SigningKey
from ostraka.node.peers import Peer, PeerError, peer_client
from ostraka_verifier.parameters import Member
from ostraka_verifier.typed_data import Domain

DOMAIN = Domain(31337, bytes(20))


def ask(answer: bytes, question: Callable[[Peer], Awaitable[Any]]) -> Any:
    """What comes of a question to a node that always gives this answer."""

    async def run() -> Any:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
        async with httpx.AsyncClient(transport=transport) as client:
            key = SigningKey(bytes([1] * 32))
            return await question(Peer(client, key, DOMAIN, 3, Member(key.address, "http://node")))

    return asyncio.run(run())


def test_json_that_would_fill_the_memory_is_not_parsed() -> None:
    answer = b"[" + b"{}," * 2**21 + b"{}]"
    with pytest.raises(PeerError, match="node 3: answer too large"):
        ask(answer, lambda peer: peer.get_json("/finals"))
    assert ask(answer, lambda peer: peer.get("/inventory")) == answer
    assert ask(b'[{"node": 1}]', lambda peer: peer.get_json("/finals")) == [{"node": 1}]


def test_connections_kept_open_by_a_peer_do_not_block_others() -> None:
    asked = asyncio.Semaphore(0)

    async def serve(answer: bytes) -> tuple[asyncio.Server, Member]:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.release()
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n" + answer)
            await writer.drain()

        server = await asyncio.start_server(reply, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return server, Member(bytes(20), f"http://127.0.0.1:{port}")

    async def run() -> bytes:
        key = SigningKey(bytes([1] * 32))
        (silent, liar), (speaking, honest) = await serve(b""), await serve(b"good")
        async with silent, speaking, peer_client() as client:
            # As many as polls times kinds of questions.
            asked_liar = Peer(client, key, DOMAIN, 1, liar)
            kept = [asyncio.create_task(asked_liar.get("/")) for _ in range(100)]
            for _ in kept:
                await asked.acquire()
            try:
                # Less than nodes wait for a connection that is free.
                async with asyncio.timeout(8):
                    return await Peer(client, key, DOMAIN, 2, honest).get("/")
            finally:
                for task in kept:
                    task.cancel()
                await asyncio.gather(*kept, return_exceptions=True)

    assert asyncio.run(run()) == b"good"
