"""The leaves of one board, divided among workers.

Workers are trusted for the checks themselves. Whatever this process can compare is compared: range,
number, voters at both ends, faults, and at the end root and sums. A worker whose findings differ
from those of this process is refused with all that it said before.

Parts join in any grouping, so the findings are those of one process alone.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ostraka_verifier import __version__
from ostraka_verifier.board_leaves import LeafRecords, join_parts
from ostraka_verifier.board_ranges import BoardPlace, board_at, find_board
from ostraka_verifier.content import Content
from ostraka_verifier.curve import LeafCheck, LeafPart
from ostraka_verifier.encoding import ADDRESS_BYTES
from ostraka_verifier.errors import Undecided
from ostraka_verifier.leaf_poll import LeafPoll
from ostraka_verifier.packed_census import CensusBlocks
from ostraka_verifier.rpc import Progress
from ostraka_verifier.wording import counted
from ostraka_verifier.workers.crew import Answer, Crew
from ostraka_verifier.workers.job import LeafJob

PATIENCE_S = 300
"""How long a worker may have for one range, which takes a core some seconds."""
_TICK_S = 1
_RANGES_A_WORKER = 4
"""At least, so that a slow worker does not keep the others waiting."""
_SMALLEST = 256
"""Records below which a sum of points becomes costly for each."""
_NAMED = 4
"""Workers that the verdict names, at most."""

Announce = Callable[[str], None]
"""Told in one sentence what went wrong with a worker."""


class Division:
    """Workers for the leaves of one audit, `checks.LeafWorkers`."""

    def __init__(
        self, crew: Crew, source: str, announce: Announce, patience_s: float = PATIENCE_S
    ) -> None:
        """Args:
        source: The board, which workers must find under the same name.
        patience_s: After this time, a range is checked elsewhere.
        """
        self._crew = crew
        self._source = source
        self._announce = announce
        self._patience_s = patience_s
        self._place: BoardPlace | None = None
        self._failure: Undecided | None = None
        self._checked: Counter[str] = Counter()
        self._total = 0

    @property
    def assumed(self) -> str:
        """What the verdict assumes of the workers; empty if they checked nothing."""
        if not self._checked:
            return ""
        names = sorted(self._checked)
        others = len(names) - _NAMED
        listed = ", ".join(names[:_NAMED]) + (f" and {others} more" if others > 0 else "")
        workers = counted(len(names), "worker", "workers")
        ballots = counted(self._total, "ballot", "ballots")
        return f"{workers} ({listed}) honestly checked {self._checked.total()} of {ballots}"

    @contextmanager
    def opened(self) -> Iterator[Content]:
        """Open the board as workers read it: one state of it, in parts.

        Raises:
            Undecided: There is none, or it cannot be read in parts.
        """
        self._place = find_board(self._source)
        with board_at(self._place) as content:
            yield content

    def check(
        self,
        poll: LeafPoll,
        census: CensusBlocks,
        records: LeafRecords,
        check: LeafCheck,
        fits: Callable[[LeafPart], bool],
        progress: Progress,
    ) -> LeafPart:
        """Check all leaves, as `LeafWorkers.check`."""
        if self._failure is not None:
            # Every check of the ballots asks again.
            raise self._failure
        if self._place is None:
            raise RuntimeError("the board was opened by somebody else")
        job = LeafJob(
            __version__,
            poll,
            self._place,
            (census.content.start, census.content.size),
            census.index,
            records.start,
        )
        run = _Run(self._crew, job, records, check, self._announce, self._patience_s, progress)
        try:
            while True:
                run.fill()
                whole = run.joined()
                if fits(whole) or not run.unmask():
                    self._checked, self._total = run.checked_by(), len(records)
                    return whole
        except Undecided as error:
            self._failure = error
            raise


class _Unfit(Exception):
    """A result that cannot be right. The message says why."""


class _Run:
    """One pass over the leaves.

    Leaves are in ranges by their first place: to do, at a worker, or found. A range is found by a
    worker, or, without a name, by this process.
    """

    def __init__(
        self,
        crew: Crew,
        job: LeafJob,
        records: LeafRecords,
        check: LeafCheck,
        announce: Announce,
        patience_s: float,
        progress: Progress,
    ) -> None:
        self._crew, self._job, self._records, self._check = crew, job, records, check
        self._announce, self._patience_s, self._progress = announce, patience_s, progress
        self._ranges = _ranges(len(records), records.at_once, len(crew.names))
        self._todo = deque(sorted(self._ranges))
        self._idle = deque(crew.names)
        self._running: dict[str, tuple[int, float]] = {}
        """By worker: the range, and the monotonic second until which its result is awaited."""
        self._found: dict[int, tuple[LeafPart, str]] = {}

    def fill(self) -> None:
        """Have all ranges checked."""
        while self._todo or self._running:
            while self._todo and self._idle:
                worker, first = self._idle.popleft(), self._todo.popleft()
                self._crew.give(worker, self._job, first, self._ranges[first])
                self._running[worker] = first, time.monotonic() + self._patience_s
            if self._running:
                for answer in self._crew.wait(_TICK_S):
                    self._take(answer)
                self._dismiss_late()
            else:
                self._announce("No worker is left: this process checks the other ballots.")
                while self._todo:
                    first = self._todo.popleft()
                    self._keep(first, self._alone(first), "")

    def joined(self) -> LeafPart:
        """Return the findings on all leaves."""

        def parts() -> Iterator[LeafPart]:
            yield self._check.check(0, b"")
            for first in sorted(self._found):
                yield self._found[first][0]

        return join_parts(parts())

    def unmask(self) -> bool:
        """Repeat the checks of workers until one of them turns out to be wrong, and refuse it.

        Returns:
            False if none is: all findings are those of this process now.
        """
        if not self.checked_by():
            return False
        self._announce(
            "What the workers found does not fit the anchored root or the published sums: this"
            " process repeats their checks."
        )
        for first in sorted(self._found):
            part, worker = self._found[first]
            if not worker:
                continue
            alone = self._alone(first)
            self._found[first] = alone, ""
            if alone.encode() != part.encode():
                self._refuse(worker, "its result was wrong", distrust=True)
                return True
        return False

    def checked_by(self) -> Counter[str]:
        """Return the number of leaves that each worker checked."""
        checked = Counter[str]()
        for part, worker in self._found.values():
            if worker:
                checked[worker] += part.count
        return checked

    def _take(self, answer: Answer) -> None:
        first, _ = self._running.pop(answer.worker)
        if answer.part is None:
            self._todo.appendleft(first)
            self._refuse(answer.worker, f"it failed: {answer.failure}")
            return
        try:
            part, worker = self._judge(first, answer.part, answer.worker)
        except _Unfit as error:
            self._todo.appendleft(first)
            self._refuse(answer.worker, str(error), distrust=True)
        else:
            self._keep(first, part, worker)
            self._idle.append(answer.worker)

    def _judge(self, first: int, data: bytes, worker: str) -> tuple[LeafPart, str]:
        """Return a result that may be right, and who found it."""
        part = _decoded(data)
        if (part.first, part.count) != (first, self._ranges[first]):
            raise _Unfit("its result is of other ballots")
        sums = part.sums()
        named = (part.malformed, part.disordered, part.stranger, part.unsigned, part.untimely)
        if sums is None or part.unproven or any(place is not None for place in named):
            # Bad ballots are few, and words for them are needed here anyway.
            if self._alone(first).encode() != data:
                raise _Unfit("it named ballots as bad that are good, or other ones than are bad")
            return part, ""
        if len(sums) != self._job.poll.threshold:
            raise _Unfit("its result has another number of sums")
        places = (first, first + part.count - 1)
        if part.ends != tuple(self._records.chunk(place, 1)[:ADDRESS_BYTES] for place in places):
            raise _Unfit("its result is of other voters")
        return part, worker

    def _keep(self, first: int, part: LeafPart, worker: str) -> None:
        self._found[first] = part, worker
        self._progress(sum(one.count for one, _ in self._found.values()), len(self._records))

    def _alone(self, first: int) -> LeafPart:
        return self._check.check(first, self._records.chunk(first, self._ranges[first]))

    def _dismiss_late(self) -> None:
        now = time.monotonic()
        for worker, (first, until) in list(self._running.items()):
            if now >= until:
                del self._running[worker]
                self._todo.appendleft(first)
                self._refuse(worker, f"no result within {self._patience_s:g} seconds")

    def _refuse(self, worker: str, reason: str, *, distrust: bool = False) -> None:
        """Expect nothing more of a worker; have its earlier results checked again, too."""
        if worker in self._idle:
            self._idle.remove(worker)
        self._crew.dismiss(worker)
        self._announce(f"Worker {worker}: {reason}. Its ballots are checked elsewhere.")
        if distrust:
            again = [first for first, (_, by) in self._found.items() if by == worker]
            for first in again:
                del self._found[first]
            self._todo.extend(again)


def _decoded(data: object) -> LeafPart:
    from ostraka_verifier_native import LeafPart as NativePart

    if not isinstance(data, bytes):
        raise _Unfit("its result is not bytes")
    try:
        return NativePart.decode(data)
    except ValueError:
        raise _Unfit("its result cannot be read") from None


def _ranges(total: int, at_once: int, workers: int) -> dict[int, int]:
    """Return numbers of leaves by their first place."""
    share = -(-total // (_RANGES_A_WORKER * max(1, workers)))
    size = min(at_once, max(_SMALLEST, share))
    return {first: min(size, total - first) for first in range(0, total, size)}


__all__: Sequence[str] = ("PATIENCE_S", "Announce", "Division")
