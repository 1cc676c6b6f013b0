"""What a worker does: check some leaves of a board that it reads itself.

A worker prepares the check once for each board, and then gets ranges of leaves.
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache

from ostraka_verifier import __version__
from ostraka_verifier.board_ranges import BoardPlace, board_at
from ostraka_verifier.content import Within
from ostraka_verifier.curve import LeafCheck
from ostraka_verifier.errors import AuditError
from ostraka_verifier.leaf_poll import LeafPoll
from ostraka_verifier.packed_census import CensusBlocks, CensusIndex


class Refused(Exception):
    """A worker cannot do its job. Errors of audits do not survive the way between processes."""


@dataclass(frozen=True)
class LeafJob:
    """A board's leaves, for workers with the same program.

    Attributes:
        version: Of the program, as parts have no format for different ones.
        poll: What the leaves are checked against, apart from the census.
        board: Where the worker reads it.
        census: Start and length of the encoded census on the board.
        index: Of the census, so that a worker reads no more of it than its leaves need, and notices
            if it has another one.
        leaves_start: Where the first leaf's record begins on the board.
    """

    version: str
    poll: LeafPoll
    board: BoardPlace
    census: tuple[int, int]
    index: CensusIndex
    leaves_start: int


def check_chunk(job: LeafJob, first: int, count: int, threads: int) -> bytes:
    """Return the encoded findings (`LeafPart`) on `count` leaves from the place `first` on.

    Args:
        threads: Of the check, at least 1.

    Raises:
        Refused: The worker has another program or another board, or cannot read it.
    """
    if job.version != __version__:
        raise Refused(f"it has ostraka-verifier {__version__}, not {job.version}")
    try:
        check = _prepared(job, threads)
        with board_at(job.board) as content:
            size = count * check.record_bytes
            records = content.read(job.leaves_start + first * check.record_bytes, size)
        if len(records) != size:
            raise Refused(f"its board ends after {len(records)} of {size} bytes")
        return check.check(first, records).encode()
    except AuditError as error:
        raise Refused(str(error)) from None


@dataclass(frozen=True)
class _Census:
    """The census of a job, opened for each range of leaves."""

    job: LeafJob

    def entries_of(self, accounts: bytes) -> bytes:
        """Return the entries of some accounts, as `CensusBlocks.entries_of`."""
        with board_at(self.job.board) as content:
            census = Within(content, *self.job.census)
            return CensusBlocks(census, self.job.index).entries_of(accounts)


@lru_cache(maxsize=1)
def _prepared(job: LeafJob, threads: int) -> LeafCheck:
    from ostraka_verifier.curve.native import Native

    check = job.poll.check(Native(threads), _Census(job), secrets.randbits)
    if check is None:
        raise RuntimeError("the native engine has no pass over leaves")
    return check
