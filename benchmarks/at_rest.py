"""Nodes and a gateway at rest on 12-second blocks: requests to the chain, and processor time.

This build and an older one, each with no poll and with finished polls.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.counting_rpc import CountingRpc

from benchmarks.figures import figure_at_most
from benchmarks.load.builds import Build, build_of, this_build
from benchmarks.load.running_stage import processor_s, running_stage

OLD_COMMIT = "0773662"
NODES, POLLS = 4, 12
_SETTLE_S, _WINDOW_S = 25, 60
_HERE = Path(__file__).parent
_figure = partial(figure_at_most, "node", digits=2)


@dataclass(frozen=True)
class Rest:
    """What one process does at rest.

    Attributes:
        requests: Requests a second.
        processor: Share of a core, in percent.
    """

    requests: float
    processor: float


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of nodes and gateway at rest."""
    new = _rest_of(this_build())
    try:
        old = _rest_of(build_of(OLD_COMMIT))
    except RuntimeError as error:
        old, beside = {}, f"; build {OLD_COMMIT} not measured: {error}"
    for (who, polls), rest in new.items():
        if old:
            was = old[who, polls]
            beside = f"; build {OLD_COMMIT}: {was.requests:.2f}/s, {was.processor:.1f} %"
        how = f"12-second blocks, {polls} finished polls{beside}"
        name = f"{who} at rest, {polls} finished polls"
        yield _figure(f"{name}: requests", rest.requests, "a second", 0.3, how)
        yield _figure(f"{name}: processor", rest.processor, "% of a core", 1, how)


def _rest_of(build: Build) -> dict[tuple[str, int], Rest]:
    """Return what a node, on average, and the gateway do, by number of finished polls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def upstream() -> str:
            return (folder / "rpc-url").read_text()

        with CountingRpc(upstream) as nodes, CountingRpc(upstream) as gateway:
            script = _HERE / "rest_stage.py"
            with running_stage(build, script, folder, nodes.url, gateway.url) as stage:
                pids = json.loads(stage.listen())
                found = _watch(0, pids, nodes, gateway)
                stage.tell(str(POLLS))
                stage.listen()
                return found | _watch(POLLS, pids, nodes, gateway)


def _watch(
    polls: int, pids: dict[str, int], nodes: CountingRpc, gateway: CountingRpc
) -> dict[tuple[str, int], Rest]:
    time.sleep(_SETTLE_S)
    groups = {
        "node": (nodes, [pid for name, pid in pids.items() if name.startswith("node-")]),
        "gateway": (gateway, [pid for name, pid in pids.items() if name.startswith("gateway-")]),
    }

    def state() -> dict[str, tuple[int, float]]:
        return {who: (rpc.counts.total(), processor_s(ids)) for who, (rpc, ids) in groups.items()}

    before, start = state(), time.monotonic()
    time.sleep(_WINDOW_S)
    after, seconds = state(), time.monotonic() - start
    return {
        (who, polls): Rest(
            (after[who][0] - before[who][0]) / seconds / len(ids),
            100 * (after[who][1] - before[who][1]) / seconds / len(ids),
        )
        for who, (_, ids) in groups.items()
    }
