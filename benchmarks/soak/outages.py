"""Demos without end, each with another number of voters, half of them with killed nodes.

    make soak ARGS="outages [RUNS]"

Counts finished runs in build/soak-outages.json and continues from there when started again. Stops
at the first run whose audit does not hold or whose count or winners differ.
"""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FILE = CHECKOUT / "data" / "poland_lodz_2020_nad-nerem.pb"
STATE = CHECKOUT / "build" / "soak-outages.json"


def main(arguments: Sequence[str]) -> int:
    """Run until `RUNS` runs (default 100) are done; exit code 1 at the first that fails."""
    wanted = int(arguments[0]) if arguments else 100
    done = json.loads(STATE.read_text())["done"] if STATE.exists() else 0
    while done < wanted:
        # The number of a run fixes what it does, so that a failing one can be repeated.
        choice = random.Random(done)
        command = [sys.executable, "-m", "ostraka", "demo", str(FILE), "--exit", "--json"]
        command += ["--voters", str(choice.randint(5, 608))]
        command += ["--nodes", str(choice.choice((3, 4, 5, 7)))]
        command += ["--kill-node"] if choice.random() < 0.5 else []
        print(f"run {done + 1} of {wanted}: {' '.join(command[3:])}", flush=True)
        completed = subprocess.run(command, capture_output=True, text=True, check=False)
        if completed.returncode:
            print(completed.stdout[-3000:], completed.stderr[-3000:])
            return 1
        done += 1
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({"done": done}))
    return 0
