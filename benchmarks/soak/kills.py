"""Polls in which nodes and gateway are killed at random moments (tests/support/kills.py).

    make soak ARGS="kills [KILLS]"

Counts kills in build/soak-kills.json and continues from there when started again. Each poll has its
own seed, ten kills, and new processes. Stops at the first that breaks a promise, and names its
seed; `python -m benchmarks.soak kills --seed SEED` repeats that poll alone.
"""

import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.kills import run, town_with_gateway
from tests.support.town import Town

STATE = Path(__file__).parents[2] / "build" / "soak-kills.json"
KILLS_A_POLL = 10
Run = Callable[[Town, int, int], Sequence[str]]


def main(arguments: Sequence[str]) -> int:
    """Run until `KILLS` kills (default 300) are done; exit code 1 at the first broken promise."""
    if arguments and arguments[0] == "--seed":
        return 0 if holds(int(arguments[1]), run, KILLS_A_POLL) else 1
    wanted = int(arguments[0]) if arguments else 300
    seed = json.loads(STATE.read_text())["polls"] if STATE.exists() else 0
    while seed * KILLS_A_POLL < wanted:
        if not holds(seed, run, KILLS_A_POLL):
            return 1
        seed += 1
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({"polls": seed}))
    return 0


def holds(seed: int, run: Run, kills: int) -> bool:
    """Hold one poll; return whether it kept every promise, and say what was killed.

    Args:
        seed: Decides what is killed, and when.
        run: Holds a poll, and returns what it killed.
        kills: How often it may kill.
    """
    with tempfile.TemporaryDirectory(prefix="ostraka-kills-") as folder:
        try:
            with town_with_gateway(Path(folder)) as town:
                killed = run(town, seed, kills)
        except Exception:
            traceback.print_exc()
            print(f"seed {seed}: a promise was broken", file=sys.stderr)
            return False
    print(f"seed {seed}: {len(killed)} kills, everything holds ({', '.join(killed)})", flush=True)
    return True
