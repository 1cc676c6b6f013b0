"""Nodes under load: ballots a second through HTTP, verification, disk and receipts."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from tests.support.town import Town, vote_for

from ostraka.wire.records import CastRecord, encode_records

VOTERS = 500


def measure() -> Iterator[dict[str, Any]]:
    """Figures of the group."""
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), nodes=4, threshold=2, faults=1)
        with town.stack:
            town.start()
            poll = town.open_poll(2 * VOTERS)
            ballots = [poll.prepare(voter, vote_for(0, 1)) for voter in range(2 * VOTERS)]
            start = time.perf_counter()
            for first in range(0, VOTERS, 50):
                results = poll.cast_all(ballots[first : first + 50])
                if not all(result.recorded for result in results):
                    raise RuntimeError("a ballot is not recorded")
            singly = VOTERS / (time.perf_counter() - start)
            records = encode_records(
                [
                    CastRecord(one.ballot.encoded, one.boxes, one.signature)
                    for one in ballots[VOTERS:]
                ]
            )
            start = time.perf_counter()
            answer = httpx.post(poll.url(1, "/ballots:batch"), content=records, timeout=120)
            batched = VOTERS / (time.perf_counter() - start)
            if not all("signature" in one for one in answer.json()):
                raise RuntimeError("a ballot of the batch has no receipt")
    yield _figure(
        "single ballots to four nodes",
        singly,
        40,
        f"{VOTERS} ballots, 50 voters at once, each to all nodes, all on the same two cores",
    )
    yield _figure(
        "batch to one node", batched, 150, f"one request of {VOTERS} ballots; the other three pull"
    )


def _figure(name: str, value: float, goal: float, how: str) -> dict[str, Any]:
    return {
        "group": "node",
        "name": name,
        "value": round(value, 1),
        "unit": "ballots/s",
        "goal": goal,
        "op": ">=",
        "met": value >= goal,
        "how": how,
    }
