"""Cache of failed ballots, so that repetitions cost nothing, and of provably malicious voters.

It is bounded and in memory only, and contains permanent failures only, not those that depend on
time or on the poll's state. Source: docs/protocol.md §9.1.
"""

from collections import Counter, OrderedDict
from threading import Lock

from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord

MOST_REMEMBERED = 2**14
"""Most failures of each kind that are kept; the oldest are dropped."""
SUSPECTED_AFTER = 2
"""An honest program never makes a false proof; still, one failure is tolerated."""


class Failures:
    """Failures in one poll at one node."""

    def __init__(self) -> None:
        # Separate, so that strangers' forged signatures cannot displace voters' failures.
        self._signed = _Memory()
        self._forged = _Memory()
        # The census bounds it.
        self._malice: Counter[bytes] = Counter()
        self._lock = Lock()

    def of_ballot(self, digest: bytes) -> Problem | None:
        """Return why a ballot fails with any sender and boxes; None if no failure is known."""
        with self._lock:
            return self._signed.recall(digest)

    def of(self, record: CastRecord, digest: bytes) -> Problem | None:
        """Return why a record fails; None if no failure is known.

        Args:
            digest: Digest of its ballot.
        """
        with self._lock:
            if not self._signed and not self._forged:
                return None
        # Hashing a record costs more than looking it up.
        key = record.identity
        with self._lock:
            return (
                self._signed.recall(digest) or self._signed.recall(key) or self._forged.recall(key)
            )

    def forged(self, record: CastRecord, problem: Problem) -> None:
        """Remember a false signature. It does not blame the voter, as anybody can have sent it."""
        with self._lock:
            self._forged.add(record.identity, problem)

    def false_ballot(self, voter: bytes, digest: bytes, problem: Problem) -> None:
        """Remember a ballot with a false encoding or proof that its voter signed."""
        self._blame(voter, digest, problem)

    def false_box(self, voter: bytes, record: CastRecord, problem: Problem) -> None:
        """Remember a record with a box without a good share that its voter signed."""
        self._blame(voter, record.identity, problem)

    def _blame(self, voter: bytes, key: bytes, problem: Problem) -> None:
        with self._lock:
            if self._signed.add(key, problem):
                self._malice[voter] += 1

    def suspected(self, voter: bytes) -> bool:
        """Whether a voter signed enough false ballots to prove malice."""
        with self._lock:
            return self._malice[voter] >= SUSPECTED_AFTER


class _Memory:
    """The latest problems by key."""

    def __init__(self) -> None:
        self._problems: OrderedDict[bytes, Problem] = OrderedDict()

    def __len__(self) -> int:
        return len(self._problems)

    def recall(self, key: bytes) -> Problem | None:
        problem = self._problems.get(key)
        return problem and problem.again()

    def add(self, key: bytes, problem: Problem) -> bool:
        """Whether it is new."""
        new = key not in self._problems
        # A copy, because the original refers to the call stack that raised it.
        self._problems[key] = problem.again()
        self._problems.move_to_end(key)
        if len(self._problems) > MOST_REMEMBERED:
            self._problems.popitem(last=False)
        return new
