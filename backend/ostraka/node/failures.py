"""What failed before, so that it fails again at no cost; and which voters have shown malice.

All of it is bounded, in memory only, and concerns what cannot become right: neither times nor
states of the poll. Source: docs/protocol.md §9.1.
"""

from collections import Counter, OrderedDict
from hashlib import blake2b
from threading import Lock

from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord

MOST_REMEMBERED = 2**14
"""Failures of each kind that are kept, the latest."""
SUSPECTED_AFTER = 2
"""A voter's program makes no false proof by accident; one failure is forgiven all the same."""


class Failures:
    """Failures in one poll at one node."""

    def __init__(self) -> None:
        # A stranger who forges signatures must not make the node forget what voters did.
        self._signed = _Memory()
        self._forged = _Memory()
        # Bounded by the census.
        self._malice: Counter[bytes] = Counter()
        self._lock = Lock()

    def of_ballot(self, digest: bytes) -> Problem | None:
        """Why a ballot fails, whoever sends it with whatever boxes; None when none is known to."""
        with self._lock:
            return self._signed.recall(digest)

    def of(self, record: CastRecord, digest: bytes) -> Problem | None:
        """Why a record fails; None when it is not known to.

        Args:
            digest: Of its ballot.
        """
        key = _key(record)
        with self._lock:
            return (
                self._signed.recall(digest) or self._signed.recall(key) or self._forged.recall(key)
            )

    def forged(self, record: CastRecord, problem: Problem) -> None:
        """Remember a false signature. It says nothing of the voter: anybody could have sent it."""
        with self._lock:
            self._forged.add(_key(record), problem)

    def false_ballot(self, voter: bytes, digest: bytes, problem: Problem) -> None:
        """Remember a ballot that its voter signed, and whose encoding or proof is false."""
        self._blame(voter, digest, problem)

    def false_box(self, voter: bytes, record: CastRecord, problem: Problem) -> None:
        """Remember a record that its voter signed, with a box that opens to no good share."""
        self._blame(voter, _key(record), problem)

    def _blame(self, voter: bytes, key: bytes, problem: Problem) -> None:
        with self._lock:
            if self._signed.add(key, problem):
                self._malice[voter] += 1

    def suspected(self, voter: bytes) -> bool:
        """Whether a voter signed so many ballots that fail that malice is proven."""
        with self._lock:
            return self._malice[voter] >= SUSPECTED_AFTER


class _Memory:
    """The latest problems by key."""

    def __init__(self) -> None:
        self._problems: OrderedDict[bytes, Problem] = OrderedDict()

    def recall(self, key: bytes) -> Problem | None:
        problem = self._problems.get(key)
        return problem and problem.again()

    def add(self, key: bytes, problem: Problem) -> bool:
        """Whether it is new."""
        new = key not in self._problems
        # A copy: the original holds the call stack that raised it.
        self._problems[key] = problem.again()
        self._problems.move_to_end(key)
        if len(self._problems) > MOST_REMEMBERED:
            self._problems.popitem(last=False)
        return new


def _key(record: CastRecord) -> bytes:
    return blake2b(record.encode(), digest_size=32).digest()
