"""Workers of an existing Dask cluster, by the package `distributed`.

Ranges are given to workers by name, one at a time, so that it is known who checked what. Workers
that join the cluster later are not used.

Members of a Dask cluster can run programs on each other, and on the client: the audit trusts
whoever runs the cluster with its machine (verifier/README.md).
"""

import queue
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from ostraka_verifier.workers.crew import Answer, NoWorkers
from ostraka_verifier.workers.job import LeafJob, check_chunk

_CONNECT_S = 10


class DaskWorkers:
    """The workers that a cluster has now."""

    def __init__(self, address: str) -> None:
        """Args:
        address: Of its scheduler, as in "tcp://10.0.0.1:8786".

        Raises:
            NoWorkers: `distributed` is not installed, or the cluster has no worker, or there is no
                cluster.
        """
        try:
            import distributed
        except ModuleNotFoundError:
            raise NoWorkers(
                "the package distributed is not installed: pip install 'ostraka-verifier[cluster]'"
            ) from None
        try:
            self._client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise NoWorkers(f"{address}: no Dask scheduler answers: {error}") from None
        self._threads = {name: one["nthreads"] for name, one in self._present().items()}
        self._running: dict[Any, str] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        """Tasks that ended, put there by threads of the client."""
        if not self._threads:
            self._client.close()
            raise NoWorkers(f"{address}: the Dask cluster has no worker")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.cancel(list(self._running))
        self._client.close()

    @property
    def names(self) -> Sequence[str]:
        """Addresses of all workers."""
        return list(self._threads)

    def give(self, worker: str, job: LeafJob, first: int, count: int) -> None:
        """Let an idle worker check some leaves."""
        future = self._client.submit(
            check_chunk,
            job,
            first,
            count,
            self._threads[worker],
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )
        self._running[future] = worker
        future.add_done_callback(self._done.put)

    def wait(self, timeout_s: float) -> list[Answer]:
        """Return what has come meanwhile."""
        try:
            future = self._done.get(timeout=timeout_s)
        except queue.Empty:
            # A task for a worker that is gone waits for it forever.
            return self._gone()
        if future not in self._running:
            # Of a worker from which nothing more is expected.
            return []
        return [self._answer(future, self._running.pop(future))]

    def dismiss(self, worker: str) -> None:
        """Cancel what a worker has; a task that runs already goes on there."""
        futures = [future for future, name in self._running.items() if name == worker]
        for future in futures:
            del self._running[future]
        self._client.cancel(futures)

    def _answer(self, future: Any, worker: str) -> Answer:
        if future.status == "finished":
            return Answer(worker, future.result())
        error = future.exception() if future.status == "error" else None
        return Answer(worker, None, str(error or f"its task is {future.status}"))

    def _gone(self) -> list[Answer]:
        present = self._present()
        gone = [worker for worker in self._running.values() if worker not in present]
        for worker in gone:
            self.dismiss(worker)
        return [Answer(worker, None, "it left the cluster") for worker in gone]

    def _present(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return found
