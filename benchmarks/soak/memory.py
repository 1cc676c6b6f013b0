"""Many ballots to one node of four, by its batch route: resident memory must stay flat.

    make soak ARGS="memory [BALLOTS]"

Casts 100,000 ballots of as many voters unless told otherwise, and prints the resident memory of
all nodes after each twentieth. The other nodes pull the ballots. A fifth of the ballots warm the
nodes up; exit code 1 if a node has `MOST_GROWTH` more at any later point. Writes
build/soak-memory.json. Cannot be resumed, as memory ends with its process.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from tests.support.town import Poll, Town, vote_for

from ostraka.wire.records import encode_records

RESULT = Path(__file__).parents[2] / "build" / "soak-memory.json"
BALLOTS, NODES, BATCH = 100_000, 4, 500
MOST_GROWTH = 0.1
"""Of the memory after warming up; allocators need some room."""
_STEPS, _WARM_STEPS = 20, 4
_PAGE_S = 2


def main(arguments: Sequence[str]) -> int:
    """Run with this number of ballots; exit code 1 if memory grows."""
    ballots = int(arguments[0]) if arguments else BALLOTS
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), nodes=NODES, threshold=2, faults=1)
        with town.stack:
            town.start()
            poll = town.open_poll(ballots)
            steps: list[dict[str, Any]] = []
            started = time.monotonic()
            for step in range(1, _STEPS + 1):
                _cast(poll, ballots * (step - 1) // _STEPS, ballots * step // _STEPS)
                time.sleep(_PAGE_S)
                steps.append({"ballots": ballots * step // _STEPS, "mb": _resident_mb(town)})
                print(steps[-1], f"{time.monotonic() - started:.0f} s", flush=True)
            held = [poll.get(node).json()["voted"] for node in range(1, NODES + 1)]
    growth = [
        max(step["mb"][node] for step in steps[_WARM_STEPS:]) / steps[_WARM_STEPS - 1]["mb"][node]
        for node in range(NODES)
    ]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"steps": steps, "growth": growth, "voted": held}))
    print(f"voted at each node: {held}; memory over that after warming up: {growth}")
    return 0 if held[0] == ballots and max(growth) <= 1 + MOST_GROWTH else 1


def _cast(poll: Poll, first: int, end: int) -> None:
    url, now = poll.url(1, "/ballots:batch"), poll.now()
    for start in range(first, end, BATCH):
        voters = range(start, min(start + BATCH, end))
        records = [poll.prepare(voter, vote_for(0, 1), now).record for voter in voters]
        answer = httpx.post(url, content=encode_records(records), timeout=120)
        if not all("signature" in one for one in answer.json()):
            raise RuntimeError(f"a ballot has no receipt: {answer.text[:500]}")


def _resident_mb(town: Town) -> list[int]:
    running = town.stack._processes._running
    found = []
    for node in range(1, NODES + 1):
        status = Path(f"/proc/{running[f'node-{node}'].pid}/status").read_text()
        found.append(int(status.split("VmRSS:")[1].split()[0]) // 1024)
    return found
