"""Workers that are processes of this machine."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from ostraka_verifier.workers.crew import Answer
from ostraka_verifier.workers.job import LeafJob, check_chunk


class Processes:
    """New processes of this program, which end with the context."""

    def __init__(self, number: int) -> None:
        """Args:
        number: At least 1. They share the processor's cores.
        """
        self._threads = max(1, len(os.sched_getaffinity(0)) // number)
        self._number = number
        self._processes: dict[str, tuple[BaseProcess, Connection]] = {}
        self._busy: set[str] = set()
        self._failed: list[Answer] = []

    def __enter__(self) -> Self:
        # Forked processes could inherit a lock that a thread of this one holds.
        context = multiprocessing.get_context("spawn")
        for _ in range(self._number):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._threads), daemon=True)
            process.start()
            theirs.close()
            self._processes[f"process {process.pid}"] = (process, ours)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self.names:
            self.dismiss(name)

    @property
    def names(self) -> Sequence[str]:
        """Names of all workers, with their process numbers."""
        return list(self._processes)

    def give(self, worker: str, job: LeafJob, first: int, count: int) -> None:
        """Let an idle worker check some leaves."""
        _, connection = self._processes[worker]
        try:
            connection.send((job, first, count))
        except OSError:
            self._failed.append(self._ended(worker))
        else:
            self._busy.add(worker)

    def wait(self, timeout_s: float) -> list[Answer]:
        """Return what has come meanwhile."""
        answers, self._failed = self._failed, []
        names = {self._processes[worker][1]: worker for worker in self._busy}
        for connection in wait(list(names), 0 if answers else timeout_s):
            worker = names[connection]  # type: ignore[index]
            self._busy.discard(worker)
            try:
                answers.append(Answer(worker, *self._processes[worker][1].recv()))
            except (EOFError, OSError):
                answers.append(self._ended(worker))
        return answers

    def dismiss(self, worker: str) -> None:
        """End a process, whatever it does."""
        process, connection = self._processes[worker]
        self._busy.discard(worker)
        process.kill()
        process.join()
        connection.close()

    def _ended(self, worker: str) -> Answer:
        process, _ = self._processes[worker]
        process.join(1)
        return Answer(worker, None, f"it ended with exit code {process.exitcode}")


def _serve(connection: Connection, threads: int) -> None:
    """Check what is asked for, until nobody asks any more."""
    # An interruption at the keyboard is for the audit, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            job, first, count = connection.recv()
        except EOFError:
            return
        part, failure = None, ""
        try:
            part = check_chunk(job, first, count, threads)
        except Exception as error:
            failure = str(error) or repr(error)
        connection.send((part, failure))
