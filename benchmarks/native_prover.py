"""The native prover: makes the ballots of large polls from one seed.

The crate in benchmarks/prover is built when it is first needed. It is no part of any package.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from benchmarks.load.builds import CHECKOUT

FOLDER = CHECKOUT / "benchmarks" / "prover"
_BUILD_S = 1800


@cache
def prover() -> Path:
    """Return the program, built if it is missing or older than its sources.

    Raises:
        RuntimeError: It does not build, or there is no cargo.
    """
    target = FOLDER / "target"
    lock = ["python", "scripts/lock_native.py", "write", "prover"]
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", str(target)]
    for command, folder in ((lock, CHECKOUT), (build, FOLDER)):
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=_BUILD_S, check=False
            )
        except FileNotFoundError as error:
            raise RuntimeError(f"the prover needs {command[0]}: {error}") from None
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed for the prover: {done.stderr[-2000:]}")
    return target / "release" / "ostraka-prover"


def run(
    action: str, file: Path, poll: Mapping[str, str], threads: int | None = None
) -> dict[str, str]:
    """Append what an action makes to a file, and return what the prover prints, by name.

    Args:
        action: "census" or "ballots".
        poll: Values by the names that benchmarks/prover/src/main.rs reads.
        threads: Number of cores to use; all by default.

    Raises:
        RuntimeError: The prover refuses the poll.
    """
    environment = dict(os.environ)
    if threads is not None:
        environment["RAYON_NUM_THREADS"] = str(threads)
    done = subprocess.run(
        [prover(), action, file],
        input="".join(f"{name} {value}\n" for name, value in poll.items()),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the prover refuses the poll: {done.stderr.strip()}")
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def bit_strings(votes: Sequence[Sequence[int]]) -> str:
    """Return votes as the prover reads them."""
    return ",".join("".join(map(str, bits)) for bits in votes)
