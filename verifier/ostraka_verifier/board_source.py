"""A board's bytes from a URL, from the first of several URLs, or from a file."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostraka_verifier.board_downloads import BoardDownloads
from ostraka_verifier.content import Content
from ostraka_verifier.errors import Undecided
from ostraka_verifier.rpc import Progress, no_progress

MAX_BOARD_BYTES = 1 << 36
"""Of a board that is read in parts, and kept on disk while it arrives: six million of the longest
ballots, and 80 million of a choice among five. A server must not fill a larger disk."""
MAX_WHOLE_BYTES = 1 << 31
"""Of a board that is read into memory."""
_BETWEEN_URLS = re.compile(",(?=https?://)")


class _File:
    """A board in a file, which nobody changes meanwhile."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size

    def reach(self, end: int) -> int:
        """Return how many of the first `end` bytes exist."""
        return min(end, self._size)

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on; fewer only where the board ends before."""
        parts, end = list[bytes](), self.reach(start + size)
        while start < end:
            try:
                part = os.pread(self._descriptor, end - start, start)
            except OSError as error:
                raise Undecided(f"{self._path}: {error.strerror}") from error
            if not part:
                raise Undecided(f"{self._path}: it became shorter")
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def restart(self) -> None:
        """Begin again: nothing changes."""


@contextmanager
def opened_board(source: str, progress: Progress = no_progress) -> Iterator[Content]:
    """Open a board that is read in parts, from a file or from `http(s)://` URLs.

    Args:
        source: Several URLs, with commas between them, are those of several nodes: a node that is
            silent, refuses or breaks off delays the others by a moment only. Reading then raises
            Replaced where the next node has another board.
        progress: Told how many bytes have arrived from a URL.

    Raises:
        Undecided: There is no such file, or it is too long.
    """
    if source.startswith(("http://", "https://")):
        with BoardDownloads(urls_of(source), MAX_BOARD_BYTES, progress) as downloads:
            yield downloads
        return
    path = Path(source)
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise Undecided(f"{source}: {error.strerror}") from error
    with file:
        _require_length(source, os.fstat(file.fileno()).st_size, MAX_BOARD_BYTES)
        yield _File(path, file.fileno())


def read_board(source: str, progress: Progress = no_progress) -> bytes:
    """Read a whole board into memory; Undecided if it is unreachable, or too long for that.

    Args:
        source: As for `opened_board`.
    """
    if source.startswith(("http://", "https://")):
        with BoardDownloads(urls_of(source), MAX_WHOLE_BYTES, progress) as downloads:
            return downloads.whole()
    try:
        _require_length(source, Path(source).stat().st_size, MAX_WHOLE_BYTES)
        return Path(source).read_bytes()
    except OSError as error:
        raise Undecided(f"{source}: {error.strerror}") from error


def urls_of(source: str) -> list[str]:
    """Return the URLs of a source that is no file."""
    return _BETWEEN_URLS.split(source)


def _require_length(source: str, size: int, limit: int) -> None:
    if size > limit:
        raise Undecided(f"{source}: more than {limit} bytes")
