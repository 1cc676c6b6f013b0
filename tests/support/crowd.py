"""A light process that casts prepared ballots at a rate, as a crowd of voters would.

    python -m tests.support.crowd FILE

A voter who is refused for now tries again after the pause that the answer names. FILE holds the
order as JSON; the report is printed as JSON.
"""

import asyncio
import heapq
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Order:
    """What a crowd does.

    Attributes:
        url: Where ballots are posted.
        bodies: File with the bodies, one a line.
        rate_per_s: Requests a second, tried again or not.
        lasts_s: How long.
        connections: Most requests at once.
    """

    url: str
    bodies: str
    rate_per_s: float
    lasts_s: float
    connections: int


@dataclass
class Report:
    """What a crowd was answered.

    Attributes:
        statuses: How often each status came; errors of connections by their name.
        pauses_missing: Refusals with status 429 that name no pause.
        answers: Body of each answer with status 200, by the number of its ballot.
        slowest_s: Longest time until such an answer.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    pauses_missing: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    slowest_s: float = 0


def send_crowd(order: Order, folder: Path) -> Report:
    """Run a crowd in a process of its own."""
    file = folder / "order.json"
    file.write_text(json.dumps(asdict(order)))
    command = [sys.executable, "-m", "tests.support.crowd", str(file)]
    completed = subprocess.run(command, capture_output=True, check=True)
    return Report(**json.loads(completed.stdout))


class _Crowd:
    def __init__(self, order: Order, bodies: Sequence[bytes]) -> None:
        parts = urlsplit(order.url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        ).encode()
        self._order, self._bodies = order, bodies
        self._due = [(0.0, number) for number in range(len(bodies))]
        self._statuses: Counter[str] = Counter()
        self._report = Report()
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._started = time.monotonic()

    async def run(self) -> Report:
        order, sent = self._order, 0
        tasks: set[asyncio.Task[None]] = set()
        while (now := time.monotonic() - self._started) < order.lasts_s:
            ready = self._due and self._due[0][0] <= now and len(tasks) < order.connections
            if ready and sent < now * order.rate_per_s:
                sent += 1
                task = asyncio.create_task(self._cast(heapq.heappop(self._due)[1]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            else:
                await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)
        self._report.statuses = dict(self._statuses)
        return self._report

    async def _cast(self, number: int) -> None:
        pause_s = 1.0
        began = time.monotonic()
        try:
            status, headers, content = await self._post(self._bodies[number])
        except (OSError, EOFError) as error:
            self._statuses[type(error).__name__] += 1
        else:
            self._statuses[str(status)] += 1
            if status == 200:
                self._report.answers[str(number)] = content.decode()
                took_s = time.monotonic() - began
                self._report.slowest_s = max(self._report.slowest_s, took_s)
                return
            if status == 429 and "retry-after" not in headers:
                self._report.pauses_missing += 1
            pause_s = float(headers.get("retry-after", pause_s))
        heapq.heappush(self._due, (time.monotonic() - self._started + pause_s, number))

    async def _post(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._free:
            reader, writer = self._free.pop()
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(self._head % len(body) + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in head[1:] if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        content = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._free.append((reader, writer))
        return int(head[0].split(" ")[1]), headers, content


def main() -> None:
    """Carry out the order."""
    order = Order(**json.loads(Path(sys.argv[1]).read_text()))
    bodies = Path(order.bodies).read_bytes().splitlines()
    report = asyncio.run(_Crowd(order, bodies).run())
    print(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
