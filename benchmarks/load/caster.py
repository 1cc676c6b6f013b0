"""Cast prepared ballots from a light process: connections stay open, nothing is left to prepare.

    python -P caster.py VOTERS FILE URL…

Each voter takes the next line of FILE, a body in hex, posts it to every URL at once, and goes on
when all have answered. Prints a JSON object with `seconds` and, for each line, the `answers`: pairs
of status and body. Needs only the standard library.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit


class Connection(asyncio.Protocol):
    """A connection that is kept open, for one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._needed = 0
        self._answer: asyncio.Future[tuple[int, str]] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def post(self, request: bytes) -> "asyncio.Future[tuple[int, str]]":
        """Send a request; the future is its status and body."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Collect an answer, which must state its length."""
        self._received += data
        if not self._needed:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._received[:end]).lower()
            length = head.split(b"\r\ncontent-length:", 1)[1].split(b"\r\n", 1)[0]
            self._needed = end + 4 + int(length)
        if len(self._received) >= self._needed and self._answer is not None:
            head, body = bytes(self._received).split(b"\r\n\r\n", 1)
            self._received.clear()
            self._needed = 0
            self._answer.set_result((int(head.split(b" ", 2)[1]), body.decode()))
            self._answer = None

    def connection_lost(self, error: Exception | None) -> None:
        """Report a lost connection to the voter that waits."""
        if self._answer is not None:
            self._answer.set_exception(error or ConnectionResetError("closed"))


async def cast(voters: int, bodies: list[bytes], urls: list[str]) -> dict[str, object]:
    """Cast all bodies; return what the program prints."""
    loop = asyncio.get_running_loop()
    places = [urlsplit(url) for url in urls]
    requests = [[_request(place.netloc, place.path, body) for place in places] for body in bodies]
    answers: list[list[tuple[int, str]]] = [[] for _ in bodies]
    waiting = iter(range(len(bodies)))

    async def connected() -> list[Connection]:
        made = []
        for place in places:
            _, connection = await loop.create_connection(Connection, place.hostname, place.port)
            made.append(connection)
        return made

    async def voter(connections: list[Connection]) -> None:
        for number in waiting:
            posted = zip(connections, requests[number], strict=True)
            answers[number] = list(
                await asyncio.gather(*(one.post(request) for one, request in posted))
            )

    ready = [await connected() for _ in range(voters)]
    started = time.perf_counter()
    await asyncio.gather(*map(voter, ready))
    return {"seconds": time.perf_counter() - started, "answers": answers}


def _request(host: str, path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    _bodies = [bytes.fromhex(line) for line in Path(sys.argv[2]).read_text().split()]
    print(json.dumps(asyncio.run(cast(int(sys.argv[1]), _bodies, sys.argv[3:]))))
