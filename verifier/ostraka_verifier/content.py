"""Bytes that are read in parts: from memory, from a file, or from a download that goes on."""

from typing import Protocol

END = 1 << 62
"""Behind all content: to reach it is to wait for all."""


class Content(Protocol):
    """Bytes, some of which may have yet to arrive.

    Methods wait for what they need. They raise Undecided if it does not arrive, and Replaced if
    only other content goes on.
    """

    def reach(self, end: int) -> int:
        """Return how many of the first `end` bytes exist."""

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on; fewer only where the content ends before."""

    def restart(self) -> None:
        """Begin again, after Replaced."""


class Replaced(Exception):
    """Content goes on with other bytes than those that were read: whoever reads begins again."""


class InMemory:
    """Content that is there already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def reach(self, end: int) -> int:
        """Return how many of the first `end` bytes exist."""
        return min(end, len(self._data))

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on; fewer only where the content ends before."""
        return self._data[start : start + size]

    def restart(self) -> None:
        """Begin again: nothing changes."""


class Within:
    """A stretch of other content.

    Attributes:
        start: Where it begins in the other content.
        size: Its length, if the other content is not too short.
    """

    def __init__(self, content: Content, start: int, size: int) -> None:
        self.start = start
        self.size = size
        self._content = content

    @classmethod
    def all_of(cls, data: bytes) -> "Within":
        """Return bytes in memory as a stretch."""
        return cls(InMemory(data), 0, len(data))

    def reach(self, end: int) -> int:
        """Return how many of the first `end` bytes exist."""
        return self._content.reach(self.start + min(end, self.size)) - self.start

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on; fewer only where the content ends before."""
        return self._content.read(self.start + start, max(0, min(size, self.size - start)))
