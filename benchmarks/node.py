"""Nodes under load: ballots per second through HTTP, verification, disk and receipts."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from tests.support.flood import Flood, false_proofs
from tests.support.town import Town, vote_for

from benchmarks import at_rest
from benchmarks.figures import figure_at_most
from benchmarks.load.comparison import compared
from ostraka.wire.records import encode_records

CONNECTIONS, RESENT, HONEST = 14, 400, 8
AT_ONCE = 40


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    yield from compared()
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), nodes=4, threshold=2, faults=1)
        with town.stack:
            town.start()
            crowded = _crowded(town, Path(folder))
            alone, at_once = _silent(town)
    yield _seconds(
        "honest ballot in a crowd",
        crowded,
        3,
        f"worst of {HONEST} from the crowd's own address, while {CONNECTIONS} connections resend "
        f"{RESENT} signed ballots with false proofs to the same node",
    )
    yield _seconds("vote with a silent node", alone, 3, "one of four nodes is stopped; by SDK")
    yield _seconds(
        f"{AT_ONCE} votes at once with a silent node",
        at_once,
        10,
        "until the last has a quorum of receipts, all by one gateway",
    )
    yield from at_rest.measure()


def _crowded(town: Town, folder: Path) -> float:
    """Return the longest wait for a receipt, in seconds."""
    poll = town.open_poll(HONEST + 1)
    false = false_proofs(poll.factory, poll.keys[0], RESENT, poll.now())
    url = poll.url(1, "/ballots:batch")
    worst = 0.0
    with Flood(url, CONNECTIONS, [encode_records(false)], folder):
        for voter in range(1, HONEST + 1):
            body = poll.prepare(voter, vote_for(0)).record.encode()
            start = time.perf_counter()
            answer = httpx.post(url, content=body, timeout=120)
            worst = max(worst, time.perf_counter() - start)
            if "signature" not in answer.json()[0]:
                raise RuntimeError(f"no receipt in the crowd: {answer.text}")
    return worst


def _silent(town: Town) -> tuple[float, float]:
    """Return the seconds until one vote, and many at once by a gateway, are recorded."""
    town.stack.start_gateway([town.committee.digest])
    poll = town.open_poll(AT_ONCE + 1)
    ballots = [poll.prepare(voter, vote_for(0)) for voter in range(AT_ONCE + 1)]
    url = f"{town.stack.gateway_url}/api/v1/polls/{poll.poll_id}/ballots"

    async def vote() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=150, trust_env=False, limits=limits) as client:
            return await asyncio.gather(
                *(client.post(url, json=one.record.to_json()) for one in ballots[1:])
            )

    town.stack.pause_node(4)
    start = time.perf_counter()
    recorded = poll.cast_all(ballots[:1])[0].recorded
    alone = time.perf_counter() - start
    start = time.perf_counter()
    answers = asyncio.run(vote())
    at_once = time.perf_counter() - start
    if not recorded or not all(answer.json()["recorded"] for answer in answers):
        raise RuntimeError("a ballot is not recorded with a silent node")
    return alone, at_once


def _seconds(name: str, value: float, goal: float, how: str) -> dict[str, Any]:
    return figure_at_most("node", name, value, "s", goal, how, 2)
