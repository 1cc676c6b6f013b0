"""Download one board from the first of several URLs that sends it, and read it while it arrives.

Each answer goes to a temporary file, so that a board may be larger than memory.
"""

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Self

from ostraka_verifier.content import Replaced
from ostraka_verifier.deadline import Connections
from ostraka_verifier.errors import Undecided
from ostraka_verifier.received import Received
from ostraka_verifier.rpc import (
    Changed,
    Progress,
    Unanswered,
    patience_with_large_answers,
    receive,
    server_client,
)

STALL_S = 2
STALL_BYTES = 2**15
"""The next URL is asked as well when fewer bytes than that arrive in that time."""
_COMPARED_BYTES = 1 << 20
_MOST_BREAKS = 50
"""A download is continued so many times, if each time at least STALL_BYTES arrived."""


class _Download:
    """The answer of one URL, in a temporary file.

    Attributes:
        agreed_bytes: How many of its bytes are known to be those that were read of the board.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.received = 0
        self.agreed_bytes = 0
        self.is_whole = False
        self.error: Undecided | None = None
        self._file: IO[bytes] | None = None

    def keep(self, chunk: bytes) -> None:
        """Append bytes; OSError if that is impossible."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (`close` closes it)
        while chunk:
            chunk = chunk[self._file.write(chunk) :]

    def read(self, start: int, size: int) -> bytes:
        """Return bytes that have arrived; fewer at their end."""
        parts, end = list[bytes](), min(start + size, self.received)
        while self._file is not None and start < end:
            parts.append(os.pread(self._file.fileno(), end - start, start))
            start += len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()


class BoardDownloads:
    """The first of several downloads of one board that has what is wanted.

    A URL that is silent, refuses or breaks off delays the others by a moment only: each further URL
    is asked once all before it stall or fail.
    """

    def __init__(self, urls: Sequence[str], limit: int, progress: Progress) -> None:
        """Args:
        limit: Greatest length of a board.
        progress: Told how many bytes of it have arrived.
        """
        self._urls = urls
        self._limit = limit
        self._progress = progress
        self._changed = threading.Condition()
        self._downloads: list[_Download] = []
        self._followed: _Download | None = None
        self._read_bytes = 0
        """How many bytes of the followed download were read."""
        self._asked_all = False
        self._over = False
        self._unforeseen: Exception | None = None
        """What ended a thread that downloads: a bug, for whoever waits for the thread."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._ask_in_turn, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
            # A download that goes on notices at its next bytes, and closes its own file.
            for download in self._downloads:
                if download.is_whole or download.error:
                    download.close()

    def whole(self) -> bytes:
        """Return the first whole board; Undecided if there is none."""
        with self._changed:
            while not (found := [download for download in self._downloads if download.is_whole]):
                self._wait()
        return found[0].read(0, found[0].received)

    def reach(self, end: int) -> int:
        """Return how many of the first `end` bytes exist.

        Raises:
            Undecided: Nobody sends them.
            Replaced: Somebody has sent a whole board, but with other bytes than were read, and
                nobody continues those; `restart` follows that one from its first byte on.
        """
        with self._changed:
            while True:
                followed = [] if self._followed is None else [self._followed]
                for download in [*followed, *self._downloads]:
                    if download.received < end and not download.is_whole:
                        continue
                    if self._agrees(download):
                        self._follow(download)
                        return min(end, download.received)
                    # One that is not whole may never be: what was read counts until then.
                    if download.is_whole:
                        self._follow(download)
                        raise Replaced(f"{download.url}: another board than was read")
                self._wait()

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on; fewer only where the board ends before."""
        end = self.reach(start + size)
        with self._changed:
            self._read_bytes = max(self._read_bytes, end)
            followed = self._followed
        if followed is None:
            raise RuntimeError("no download is followed")
        return followed.read(start, end - start)

    def restart(self) -> None:
        """Begin again with the whole board that has other bytes."""
        with self._changed:
            self._read_bytes = 0
            for download in self._downloads:
                download.agreed_bytes = 0

    def _agrees(self, download: _Download) -> bool:
        """Whether a download has the bytes that were read."""
        before = self._followed
        if before is None or before is download:
            return True
        while download.agreed_bytes < self._read_bytes:
            start = download.agreed_bytes
            size = min(_COMPARED_BYTES, self._read_bytes - start)
            if before.read(start, size) != download.read(start, size):
                return False
            download.agreed_bytes += size
        before.agreed_bytes = self._read_bytes
        return True

    def _follow(self, download: _Download) -> None:
        before, self._followed = self._followed, download
        if before is not None and before is not download and before.error:
            self._drop(before)

    def _drop(self, download: _Download) -> None:
        """Remove a download that ended and has nothing that others lack."""
        self._downloads.remove(download)
        download.close()

    def _wait(self) -> None:
        """Wait for news; Undecided if none can come."""
        if self._unforeseen is not None:
            raise self._unforeseen
        failures = [download.error for download in self._downloads if download.error]
        if len(failures) == len(self._downloads) and self._asked_all:
            if len(failures) == 1:
                raise failures[0]
            raise Undecided("; ".join(map(str, failures)))
        self._changed.wait()

    def _ask_in_turn(self) -> None:
        """Start one download after another, while all before stall or fail."""
        for url in self._urls:
            with self._changed:
                if self._over or any(download.is_whole for download in self._downloads):
                    break
            download = _Download(url)
            with self._changed:
                self._downloads.append(download)
            threading.Thread(target=self._receive_or_tell, args=(download,), daemon=True).start()
            while self._goes_on():
                pass
        with self._changed:
            self._asked_all = True
            self._changed.notify_all()

    def _goes_on(self) -> bool:
        """Wait for a while; return whether enough arrived, and nothing more needs to be asked."""
        ends_monotonic_s = time.monotonic() + STALL_S
        with self._changed:
            before = self._received()
            while not self._over and not any(download.is_whole for download in self._downloads):
                if all(download.error for download in self._downloads):
                    return False
                left_s = ends_monotonic_s - time.monotonic()
                if left_s <= 0:
                    return (
                        sum(download.received for download in self._downloads) - before
                        >= STALL_BYTES
                    )
                self._changed.wait(left_s)
        return False

    def _received(self) -> int:
        return sum(download.received for download in self._downloads)

    def _receive_or_tell(self, download: _Download) -> None:
        try:
            self._receive(download)
        except Exception as error:
            with self._changed:
                self._unforeseen = error
                self._changed.notify_all()

    def _receive(self, download: _Download) -> None:
        """Download a board; where the connection breaks, ask for the rest of the same bytes."""
        received = Received()
        for left in reversed(range(_MOST_BREAKS + 1)):
            before = received.length
            failure = self._ask(download, received)
            arrived_bytes = received.length - before
            again = isinstance(failure, Unanswered) and failure.again and received.can_continue
            if left and again and arrived_bytes >= STALL_BYTES:
                continue
            with self._changed:
                download.error, download.is_whole = failure, failure is None
                if self._over:
                    download.close()
                begins_again = left and isinstance(failure, Changed)
                if begins_again:
                    # The other bytes are read from the first one on. Who changes them again and
                    # again must not fill the disk.
                    if download is not self._followed:
                        self._drop(download)
                    received, download = Received(), _Download(download.url)
                    self._downloads.append(download)
                self._changed.notify_all()
            if not begins_again:
                return

    def _ask(self, download: _Download, received: Received) -> Undecided | None:
        """Ask for what is missing; return why not all of it arrived."""

        def arrived(length: int, total: int) -> None:
            with self._changed:
                if self._over:
                    raise Unanswered(f"{download.url}: another node was faster")
                download.received = length
                leads = length == max(download.received for download in self._downloads)
                self._changed.notify_all()
            if leads:
                self._progress(length, total)

        url, limit, keep = download.url, self._limit, download.keep
        try:
            with server_client() as client:
                deadline = patience_with_large_answers(Connections())
                receive(client, deadline, "GET", url, limit, keep, arrived, received=received)
        except Undecided as error:
            return error
        except OSError as error:
            return Undecided(f"{url}: the board cannot be kept: {error.strerror}")
        return None
