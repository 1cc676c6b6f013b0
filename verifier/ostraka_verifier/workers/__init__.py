"""Audits with the help of other processes: of this machine, or of a Dask cluster.

Source: docs/decisions/0091-scale-out.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ostraka_verifier.workers.crew import NoWorkers
from ostraka_verifier.workers.division import Announce, Division

__all__ = ["Announce", "Division", "NoWorkers", "helped"]


@contextmanager
def helped(
    processes: int | None, scheduler: str | None, source: str, announce: Announce
) -> Iterator[Division | None]:
    """Have the leaves of a board checked by workers; by none where neither kind is asked for.

    Args:
        processes: Number of new processes of this machine.
        scheduler: Address of a Dask cluster.
        source: The board, as workers find it, too.

    Raises:
        NoWorkers: There are none.
    """
    if scheduler is not None:
        from ostraka_verifier.workers.dask_cluster import DaskWorkers

        with DaskWorkers(scheduler) as cluster:
            yield Division(cluster, source, announce)
    elif processes is not None:
        from ostraka_verifier.workers.processes import Processes

        with Processes(processes) as own:
            yield Division(own, source, announce)
    else:
        yield None
