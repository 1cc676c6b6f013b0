"""Workers, wherever they run: each checks one range of leaves at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ostraka_verifier.workers.job import LeafJob


@dataclass(frozen=True)
class Answer:
    """What became of the range that a worker had.

    Attributes:
        worker: Its name.
        part: Encoded findings, which nobody has looked at; None if there are none.
        failure: Why there are none.
    """

    worker: str
    part: bytes | None
    failure: str = ""


class NoWorkers(Exception):
    """There are no workers to begin with. The message says why, and what helps."""


class Crew(Protocol):
    """Several workers."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all workers, for people."""

    def give(self, worker: str, job: LeafJob, first: int, count: int) -> None:
        """Let an idle worker check some leaves."""

    def wait(self, timeout_s: float) -> list[Answer]:
        """Return what has come meanwhile, at the latest after this time; a worker that has died
        answers with a failure."""

    def dismiss(self, worker: str) -> None:
        """Expect nothing more of a worker."""
