"""Polls whose nodes are killed while they shuffle (tests/support/shuffle_kills.py).

    make soak ARGS="shuffle_kills [POLLS]"

Each poll has its own seed, up to five kills, and new processes. Stops at the first that breaks a
promise, and names its seed; `python -m benchmarks.soak shuffle_kills --seed SEED` repeats it alone.
"""

import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.support.kills import town_with_gateway
from tests.support.shuffle_kills import run

KILLS_A_POLL = 5


def main(arguments: Sequence[str]) -> int:
    """Hold `POLLS` polls (default 20); exit code 1 at the first broken promise."""
    if arguments and arguments[0] == "--seed":
        return 0 if _holds(int(arguments[1])) else 1
    polls = int(arguments[0]) if arguments else 20
    return 0 if all(_holds(seed) for seed in range(polls)) else 1


def _holds(seed: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="ostraka-shuffle-kills-") as folder:
        try:
            with town_with_gateway(Path(folder)) as town:
                killed = run(town, seed, KILLS_A_POLL)
        except Exception:
            traceback.print_exc()
            print(f"seed {seed}: a promise was broken", file=sys.stderr)
            return False
    print(f"seed {seed}: {len(killed)} kills, everything holds ({', '.join(killed)})", flush=True)
    return True
