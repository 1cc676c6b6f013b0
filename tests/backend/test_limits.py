"""Bodies are bounded in size, in time and in number, and refused in words."""

import asyncio
import json
from typing import Any

import pytest

from ostraka.wire import limits
from ostraka.wire.limits import SMALL_BYTES, BodyLimit, Known

LIMIT = 2**20


class Client:
    """One request, sent in pieces; keeps what comes back."""

    def __init__(
        self, limit: BodyLimit, address: str = "192.0.2.1", declared: int | None = None
    ) -> None:
        self.status = 0
        self.body = b""
        self._pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        headers = [] if declared is None else [(b"content-length", str(declared).encode())]
        scope = {"type": "http", "headers": headers, "client": (address, 5), "path": "/"}
        self.done = asyncio.create_task(limit(scope, self._pieces.get, self._answer))

    async def send(self, data: bytes, more: bool = True) -> None:
        """Send a piece, and let the server take it."""
        await self._pieces.put({"type": "http.request", "body": data, "more_body": more})
        await asyncio.sleep(0.01)

    async def vanish(self) -> None:
        """Close the connection."""
        await self._pieces.put({"type": "http.disconnect"})
        await self.done

    async def _answer(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def size_of_body(_: Any, receive: Any, send: Any) -> None:
    message = await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(len(message["body"])).encode()})


def test_a_body_arrives_whole_or_is_refused() -> None:
    async def run() -> None:
        limit = BodyLimit(size_of_body, LIMIT)
        client = Client(limit)
        await client.send(b"a" * 1000)
        await client.send(b"b" * LIMIT, more=False)
        await client.done
        assert client.status == 413
        problem = json.loads(client.body)
        assert (problem["title"], problem["field"]) == ("Request too large", "body")
        client = Client(limit)
        await client.send(b"a" * 1000)
        await client.send(b"b" * 1000, more=False)
        await client.done
        assert (client.status, client.body) == (200, b"2000")

    asyncio.run(run())


def test_a_known_sender_may_send_more() -> None:
    async def run() -> None:
        longer = BodyLimit(size_of_body, LIMIT, lambda _: Known("node 1", 3 * LIMIT))
        client = Client(longer)
        await client.send(b"a" * 2 * LIMIT, more=False)
        await client.done
        assert client.status == 200
        client = Client(longer)
        await client.send(b"a" * 4 * LIMIT, more=False)
        await client.done
        assert client.status == 413

    asyncio.run(run())


def test_unfinished_bodies_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLIENT_BYTES", 2 * LIMIT)
    monkeypatch.setattr(limits, "ALL_BYTES", 3 * LIMIT)

    async def run() -> None:
        limit = BodyLimit(size_of_body, LIMIT)
        hanging = [Client(limit), Client(limit), Client(limit, "192.0.2.2")]
        for client in hanging:
            await client.send(bytes(LIMIT))
        third = Client(limit)
        await third.send(bytes(LIMIT), more=False)
        await third.done
        assert third.status == 503
        other = Client(limit, "192.0.2.3")
        await other.send(bytes(LIMIT), more=False)
        await other.done
        assert other.status == 503
        # A ballot always gets in.
        small = Client(limit)
        await small.send(bytes(SMALL_BYTES), more=False)
        await small.done
        assert small.status == 200
        for client in hanging:
            await client.vanish()
        again = Client(limit)
        await again.send(bytes(LIMIT), more=False)
        await again.done
        assert again.status == 200
        assert limit._strangers.total() == 0

    asyncio.run(run())


def test_nobody_uses_up_what_a_known_sender_may_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLIENT_BYTES", LIMIT)
    monkeypatch.setattr(limits, "ALL_BYTES", 2 * LIMIT)
    names = {"192.0.2.3": "node 1", "192.0.2.4": "node 2"}

    async def run() -> None:
        limit = BodyLimit(
            size_of_body,
            LIMIT,
            lambda scope: (name := names.get(scope["client"][0])) and Known(name, 2 * LIMIT),
        )
        hanging = [Client(limit, f"192.0.2.{last}") for last in (1, 2, 3)]
        for client, count in zip(hanging, (LIMIT, LIMIT, 2 * LIMIT), strict=True):
            await client.send(bytes(count))
        answers = {}
        for last in (1, 3, 4):
            client = Client(limit, f"192.0.2.{last}")
            await client.send(bytes(LIMIT), more=False)
            await client.done
            answers[last] = client.status
        assert answers == {1: 503, 3: 503, 4: 200}
        for client in hanging:
            await client.vanish()
        assert not limit._known
        assert not limit._strangers

    asyncio.run(run())


def test_who_declares_much_and_sends_nothing_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "ALL_BYTES", LIMIT)

    async def run() -> None:
        limit = BodyLimit(size_of_body, LIMIT)
        idle = Client(limit, declared=LIMIT)
        await idle.send(b"a")
        other = Client(limit, "192.0.2.2", declared=LIMIT)
        await other.send(bytes(LIMIT), more=False)
        await other.done
        assert other.status == 200
        await idle.vanish()
        more = Client(limit, declared=LIMIT + 1)
        await more.send(b"a", more=False)
        await more.done
        assert more.status == 413

    asyncio.run(run())


def test_a_body_that_arrives_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE_S", 0.05)

    async def run() -> None:
        client = Client(BodyLimit(size_of_body, LIMIT))
        await client.send(b"a")
        await client.done
        assert (client.status, json.loads(client.body)["title"]) == (408, "Request too slow")

    asyncio.run(run())
