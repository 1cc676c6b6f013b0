"""The leaves of a board, one by one or in chunks, without keeping them in memory.

Source: docs/protocol.md §16.
"""

from collections.abc import Iterator

from ostraka_verifier.ballot import SHARING_AT
from ostraka_verifier.board import BoardLeaf, decode_leaf, leaf_count, record_bytes
from ostraka_verifier.content import Within
from ostraka_verifier.curve import LeafCheck, LeafPart
from ostraka_verifier.encoding import ADDRESS_BYTES, POINT_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.rpc import Progress

CHUNK_BYTES = 1 << 24
"""Bytes that are checked at once, at most: a larger chunk makes sums of points little cheaper."""
CHUNK_RECORDS = 1 << 14
_COUNT_BYTES = 4


class LeafRecords:
    """Section 9: leaves by their places, from 0."""

    def __init__(self, section: Within, ballot_bytes: int) -> None:
        """Args:
        ballot_bytes: Length of the poll's canonical ballots.

        Raises:
            Malformed: The section's length is not that of its count.
            Undecided: It does not arrive.
        """
        self._section = section
        self._ballot_bytes = ballot_bytes
        self._size = record_bytes(ballot_bytes)
        self._count = leaf_count(section.read(0, _COUNT_BYTES), section.size, ballot_bytes)

    def __len__(self) -> int:
        return self._count

    @property
    def start(self) -> int:
        """Where the first record begins on the board."""
        return self._section.start + _COUNT_BYTES

    @property
    def at_once(self) -> int:
        """How many are checked at once, at most."""
        return max(1, min(CHUNK_RECORDS, CHUNK_BYTES // self._size))

    def chunk(self, first: int, count: int) -> bytes:
        """Return the records of some leaves.

        Raises:
            Malformed: The board ends before.
            Undecided: They do not arrive.
        """
        size = count * self._size
        records = self._section.read(_COUNT_BYTES + first * self._size, size)
        if len(records) != size:
            whole = self._section.size
            missing = whole - self._section.reach(whole)
            raise Malformed("board.leaves", f"{missing} bytes missing")
        return records

    def leaf(self, place: int) -> BoardLeaf:
        """Return a leaf; errors as for `chunk`."""
        return decode_leaf(self.chunk(place, 1), self._ballot_bytes)

    def check(self, check: LeafCheck, progress: Progress) -> LeafPart:
        """Check all leaves in one pass; errors as for `chunk`.

        Args:
            progress: Told how many are checked.
        """
        return join_parts(self._parts(check, progress))

    def voters(self) -> Iterator[bytes]:
        """Yield each leaf's voter, as its bytes say; errors as for `chunk`."""
        for first in range(0, self._count, CHUNK_RECORDS):
            records = self.chunk(first, min(CHUNK_RECORDS, self._count - first))
            for at in range(0, len(records), self._size):
                yield records[at : at + ADDRESS_BYTES]

    def sharings(self, first: int, count: int, threshold: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield the encoded `V` and `A_1 … A_{t−1}` of some canonical leaves.

        Errors as for `chunk`.
        """
        records = self.chunk(first, count)
        for start in range(SHARING_AT, len(records), self._size):
            value_end, end = start + POINT_BYTES, start + threshold * POINT_BYTES
            yield records[start:value_end], records[value_end:end]

    def find(self, voter: bytes) -> int | None:
        """Return the place of a voter's leaf, among leaves that increase by voter (B2)."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            account = self.chunk(middle, 1)[:ADDRESS_BYTES]
            if account == voter:
                return middle
            if account < voter:
                low = middle + 1
            else:
                high = middle
        return None

    def _parts(self, check: LeafCheck, progress: Progress) -> Iterator[LeafPart]:
        at_once = self.at_once
        yield check.check(0, b"")
        for first in range(0, self._count, at_once):
            count = min(at_once, self._count - first)
            yield check.check(first, self.chunk(first, count))
            progress(first + count, self._count)


def join_parts(parts: Iterator[LeafPart]) -> LeafPart:
    """Return the findings on all of some neighbouring parts, of which there is at least one.

    Nothing behind a malformed leaf is looked at: no check depends on it.
    """
    whole = next(parts)
    for part in parts:
        whole = whole.join(part)
        if whole.malformed is not None:
            break
    return whole
