"""Workers of audits: what they make of a board, and results that are changed on the way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from ostraka_verifier.board import OpenedBoard
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, no_board
from ostraka_verifier.curve.native import Native
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.workers.crew import Answer, Crew
from ostraka_verifier.workers.division import PATIENCE_S, Division
from ostraka_verifier.workers.job import LeafJob
from tests.support.polls import REGISTRY

NATIVE = Native(1)


class Watched:
    """A crew whose tasks and answers a test sees, and may change."""

    def __init__(
        self,
        crew: Crew,
        given: Callable[[str], object] = lambda _: None,
        answered: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> None:
        """Args:
        given: Called with the name of a worker that has just got a range.
        answered: Given each answer, and returns the one that arrives.
        """
        self._crew, self._given, self._answered = crew, given, answered
        self.dismissed: list[str] = []
        self.ranges: list[tuple[int, int]] = []

    @property
    def names(self) -> Sequence[str]:
        """Names of all workers."""
        return self._crew.names

    def give(self, worker: str, job: LeafJob, first: int, count: int) -> None:
        """Let a worker check some leaves."""
        self.ranges.append((first, count))
        self._crew.give(worker, job, first, count)
        self._given(worker)

    def wait(self, timeout_s: float) -> list[Answer]:
        """Return what has come, as it was changed."""
        return [self._answered(answer) for answer in self._crew.wait(timeout_s)]

    def dismiss(self, worker: str) -> None:
        """Expect nothing more of a worker."""
        self.dismissed.append(worker)
        self._crew.dismiss(worker)


def divided(
    crew: Crew,
    source: str,
    chain: ChainEvidence,
    said: list[str],
    seed: str = "weights",
    patience_s: float = PATIENCE_S,
) -> list[Finding]:
    """All findings on a board whose leaves a crew checks.

    Args:
        said: Gets what goes wrong with workers.
    """
    division = Division(crew, source, said.append, patience_s)
    with division.opened() as content:
        board = OpenedBoard(content)
        try:
            board.read_to_leaves()
            board.read_rest()
        except Malformed as error:
            return no_board(error)
        audit = Audit(
            NATIVE,
            Claimed(REGISTRY, 1),
            chain,
            board,
            Random(seed).getrandbits,
            workers=division,
        )
        return audit.run(CHECKS)


def without_assumptions(findings: Sequence[Finding]) -> list[Finding]:
    """The findings but for what B1 assumes, for comparison with those of one process alone."""
    return [replace(one, assumes="") if one.check == "B1" else one for one in findings]


def written(folder: Path, board: bytes) -> str:
    """The name of a new file with a board."""
    path = folder / "board"
    path.write_bytes(board)
    return str(path)
