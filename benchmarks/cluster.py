"""An audit by two workers of a Dask cluster, against one by a process with one core.

Scheduler, workers and audit run on this machine, on two cores; each worker has one thread.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from distributed import LocalCluster

from benchmarks.auditing.boards import audited_by_one, audited_by_workers, write_board
from benchmarks.figures import figure_at_least

VOTERS = 100_000
WORKERS = 2
_REPEATS = 3


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    yield of(VOTERS)


def of(voters: int) -> dict[str, Any]:
    """Return the figure for a board of so many ballots."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "choice"
        write_board(folder, voters)
        alone, divided = [], []
        with LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster:
            # In turns, as other programs may use the machine; the first one warms the workers up.
            audited_by_workers(folder, cluster.scheduler_address)
            for _ in range(_REPEATS):
                alone.append(audited_by_one(folder).wall_s)
                divided.append(audited_by_workers(folder, cluster.scheduler_address).wall_s)
    one, two = median(alone), median(divided)
    how = f"{voters} ballots of 1 of 5, all checks, medians of {_REPEATS}: {one:.2f} s, {two:.2f} s"
    return figure_at_least("cluster", "two Dask workers, one core", one / two, "times", 1.7, how, 2)
