"""The audit of a board of a million ballots, beside that of a hundred thousand.

    make soak ARGS="million [BALLOTS]"

The native prover makes both boards, of single choices of five options; the larger one needs about
800 MB of the temporary folder. Prints what each audit took in a process of its own, and writes
build/soak-million.json. Exit code 1 if a goal is missed: with a million ballots `MOST_S` and
`MOST_MB`, and at any number `MOST_GROWTH` of the memory.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.auditing.boards import audited, write_board
from benchmarks.load.builds import CHECKOUT, this_build

RESULT = CHECKOUT / "build" / "soak-million.json"
BALLOTS = 1_000_000
MOST_S, MOST_MB, MOST_GROWTH = 45, 1000, 1.2


def main(arguments: Sequence[str]) -> int:
    """Audit this number of ballots, and a tenth of it; exit code 1 if a goal is missed."""
    ballots = int(arguments[0]) if arguments else BALLOTS
    took = {}
    for voters in (ballots // 10, ballots):
        with tempfile.TemporaryDirectory() as name:
            started = time.monotonic()
            write_board(Path(name) / "poll", voters)
            made_s = time.monotonic() - started
            took[voters] = audited(this_build(), Path(name) / "poll")
        print(f"{voters} ballots, made in {made_s:.0f} s: {took[voters]}", flush=True)
    growth = took[ballots].peak_mb / took[ballots // 10].peak_mb
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({voters: asdict(one) for voters, one in took.items()}))
    print(f"memory: {growth:.2f} times that of {ballots // 10} ballots")
    # The goals of time and memory are for a million.
    scale = ballots / BALLOTS
    met = took[ballots].wall_s <= MOST_S * scale and took[ballots].peak_mb <= MOST_MB
    return 0 if met and growth <= MOST_GROWTH else 1
