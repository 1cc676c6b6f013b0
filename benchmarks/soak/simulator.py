"""Simulations of whole polls under faults and lies: 10,000 seeds on all cores.

    make soak ARGS="simulator [LAST]"
    make soak ARGS="simulator FIRST LAST"

Counts finished seeds in build/soak-simulator.json and continues from there when started again;
with FIRST it runs exactly these seeds. Goes on after a seed that breaks a promise, and lists all of
them at the end. See docs/simulator.md.
"""

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.simulator.simulation import Machines, machines, simulate

CHECKOUT = Path(__file__).parents[2]
STATE = CHECKOUT / "build" / "soak-simulator.json"
SEEDS = 10_000
_CHUNK = 20
_held: list[Any] = []


def main(arguments: Sequence[str]) -> int:
    """Run the seeds; exit code 1 if one breaks a promise."""
    state: dict[str, Any] = {"next": 0, "broken": []}
    if len(arguments) == 2:
        first, last = map(int, arguments)
    else:
        if STATE.exists():
            state = json.loads(STATE.read_text())
        first, last = state["next"], int(arguments[0]) if arguments else SEEDS - 1
    ends: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), _prepare) as pool:
        for seed, end, report in pool.imap(_run, range(first, last + 1), _CHUNK):
            ends[end] += 1
            if report:
                print(report, flush=True)
                state["broken"] = [*state["broken"], seed]
            if len(arguments) != 2:
                state["next"] = seed + 1
                STATE.parent.mkdir(exist_ok=True)
                STATE.write_text(json.dumps(state))
            if seed % 100 == 99 or seed == last:
                print(f"seeds {first} to {seed}: {dict(ends)}", flush=True)
    print(f"seeds that broke a promise: {state['broken'] or 'none'}")
    return 1 if state["broken"] else 0


def _prepare() -> None:
    """Make the machines of one worker process."""
    _held.append(_machines())
    _held.append(next(_held[0]))


def _machines() -> Iterator[Machines]:
    with machines() as ready:
        yield ready


def _run(seed: int) -> tuple[int, str, str]:
    """Return the seed, how its poll ended, and a report if a promise broke."""
    outcome = simulate(seed, _held[1])
    end = outcome.status.name.lower() if outcome.status else "unfinished"
    return seed, end, outcome.report(30) if outcome.broken else ""
