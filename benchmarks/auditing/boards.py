"""Boards to audit, and what an audit of one takes."""

import json
import pickle
import subprocess
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.polls import REGISTRY

from benchmarks.load.builds import Build, this_build
from benchmarks.made_boards import MadePoll, made_poll
from ostraka_verifier.checks import Claimed
from ostraka_verifier.question import Question, SingleChoice

CHOICE = SingleChoice("Which?", ("A", "B", "C", "D", "E"))
CHOICES = tuple(range(5))
_HERE = Path(__file__).parent
_LONGEST_S = 3600


@dataclass(frozen=True)
class Took:
    """What one audit took, in a process of its own.

    Attributes:
        wall_s: By the clock, reading included.
        cpu_s: Processor time of all threads.
        peak_mb: Largest resident memory of the process.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def median_of(taken: Sequence[Took]) -> Took:
    """Return the median of each value."""
    return Took(*(median(values) for values in zip(*map(astuple, taken), strict=True)))


def write_board(
    folder: Path,
    voters: int,
    question: Question = CHOICE,
    votes: tuple[object, ...] = CHOICES,
    **changes: Any,
) -> MadePoll:
    """Write a board that the native prover makes, and its evidence, into a new folder.

    Args:
        changes: Other arguments of `MadePoll`, by name.
    """
    folder.mkdir()
    poll = made_poll(folder, question, votes, voters, **changes)
    chain = poll.write(folder / "board")
    (folder / "evidence").write_bytes(pickle.dumps((Claimed(REGISTRY, 1), chain)))
    return poll


def write_own_board(build: Build, folder: Path, voters: int) -> None:
    """Write a board of single choices by the code of a build, into a new folder."""
    folder.mkdir()
    _run(build, "board_stage.py", folder, voters)


def audited(build: Build, folder: Path) -> Took:
    """Audit a board by a build, once.

    Raises:
        RuntimeError: A check does not hold.
    """
    return _took(build, "audit_stage.py", folder)


def audited_by_one(folder: Path) -> Took:
    """Audit a board on one core; errors as for `audited`."""
    return _took(this_build(), "cluster_stage.py", folder)


def audited_by_workers(folder: Path, scheduler: str) -> Took:
    """Audit a board with the workers of a Dask cluster; errors as for `audited`."""
    return _took(this_build(), "cluster_stage.py", folder, scheduler)


def _took(build: Build, script: str, *arguments: object) -> Took:
    result = json.loads(_run(build, script, *arguments))
    verdicts = result.pop("verdicts")
    if set(verdicts) != {"holds"}:
        raise RuntimeError(f"{build.name}: the audit does not hold: {verdicts}")
    return Took(**result)


def _run(build: Build, script: str, *arguments: object) -> str:
    command = [str(build.python), "-P", str(_HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=build.folder,
        env=build.environment,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{build.name}: {script} failed: {done.stderr[-2000:]}")
    return done.stdout
