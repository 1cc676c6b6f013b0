"""Measure how many ballots a second one build's nodes and gateway take."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.builds import Build
from benchmarks.load.running_stage import processor_s, running_stage

VOTERS = 50
"""Voters at once."""
SINGLE, RELAYED, BATCHES, BATCH = 600, 600, 4, 500
"""Ballots to four nodes, ballots through the gateway, and requests of how many to one node."""
_QUIET_S = 3
"""Between two measurements, in which the nodes catch up with one another."""
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Rate:
    """What one build does with ballots.

    Attributes:
        per_s: Ballots a second.
        cpu_ms: Processor time of chain, nodes and gateway together, for each ballot. Unlike the
            rate, it depends little on other programs.
    """

    per_s: float
    cpu_ms: float


@dataclass(frozen=True)
class Rates:
    """One build's rates."""

    single: Rate
    relayed: Rate
    batch: Rate


def rates_of(build: Build) -> Rates:
    """Start a build, and measure it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = (SINGLE, RELAYED, BATCHES * BATCH)
        with running_stage(build, _HERE / "stage.py", folder, *counts) as stage:
            urls = json.loads(stage.listen())
            pids = list(urls["pids"].values())
            nodes, gateway = urls["nodes"], urls["gateway"]
            each = [f"{url}/ballots" for url in nodes]
            return Rates(
                _rate(pids, lambda: _singly(build, folder, 0, each)),
                _rate(pids, lambda: _singly(build, folder, 1, [f"{gateway}/ballots"])),
                _rate(pids, lambda: _batched(build, folder, 2, f"{nodes[0]}/ballots:batch")),
            )


def _rate(pids: Sequence[int], cast: Callable[[], tuple[int, float]]) -> Rate:
    time.sleep(_QUIET_S)
    before = processor_s(pids)
    ballots, seconds = cast()
    return Rate(ballots / seconds, 1000 * (processor_s(pids) - before) / ballots)


def _singly(build: Build, folder: Path, number: int, urls: Sequence[str]) -> tuple[int, float]:
    ballots = _ballots(folder, number)
    seconds, answers = _cast(build, folder, VOTERS, [one["json"].encode() for one in ballots], urls)
    for status, body in (one for each in answers for one in each):
        if status != 200 or not _is_recorded(json.loads(body)):
            raise RuntimeError(f"{build.name}: a ballot is not recorded: {status} {body[:500]}")
    return len(ballots), seconds


def _batched(build: Build, folder: Path, number: int, url: str) -> tuple[int, float]:
    records = [bytes.fromhex(one["record"][2:]) for one in _ballots(folder, number)]
    bodies = [b"".join(records[first : first + BATCH]) for first in range(0, len(records), BATCH)]
    seconds, answers = _cast(build, folder, 1, bodies, [url])
    receipts = [one for ((_, body),) in answers for one in json.loads(body)]
    if len(receipts) != len(records) or not all("signature" in one for one in receipts):
        raise RuntimeError(f"{build.name}: a ballot of a batch has no receipt")
    return len(records), seconds


def _is_recorded(answer: dict[str, Any]) -> bool:
    """Whether it is a node's receipt, or a gateway's answer with a quorum of them."""
    return "signature" in answer or bool(answer.get("recorded"))


def _ballots(folder: Path, number: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((folder / f"ballots-{number}.json").read_text())
    return found


def _cast(
    build: Build, folder: Path, voters: int, bodies: Sequence[bytes], urls: Sequence[str]
) -> tuple[float, list[list[tuple[int, str]]]]:
    file = folder / "bodies"
    file.write_text("\n".join(body.hex() for body in bodies))
    command = [build.python, "-P", _HERE / "caster.py", str(voters), file, *urls]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    result = json.loads(done.stdout)
    return result["seconds"], result["answers"]
