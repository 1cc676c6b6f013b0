"""Polls whose nodes are killed while they shuffle (tests/support/shuffle_kills.py).

    make soak ARGS="shuffle_kills [POLLS]"

Each poll has its own seed, up to five kills, and new processes. Stops at the first that breaks a
promise, and names its seed; `python -m benchmarks.soak shuffle_kills --seed SEED` repeats it alone.
"""

from collections.abc import Sequence

from tests.support.shuffle_kills import run

from benchmarks.soak.kills import holds

KILLS_A_POLL = 5


def main(arguments: Sequence[str]) -> int:
    """Hold `POLLS` polls (default 20); exit code 1 at the first broken promise."""
    if arguments and arguments[0] == "--seed":
        return 0 if holds(int(arguments[1]), run, KILLS_A_POLL) else 1
    polls = int(arguments[0]) if arguments else 20
    return 0 if all(holds(seed, run, KILLS_A_POLL) for seed in range(polls)) else 1
