"""A board in parts that any process can read: a range of a file, or of a server's answer.

Nobody downloads the whole board for that, and every range is of the same bytes: a server names them
by a strong entity tag, and another tag is refused.

Source: RFC 9110, sections 8.8.3, 13.1.5 and 14.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from ostraka_verifier.board_source import MAX_BOARD_BYTES, opened_board, urls_of
from ostraka_verifier.content import END, Content
from ostraka_verifier.deadline import Connections
from ostraka_verifier.errors import Undecided
from ostraka_verifier.received import Received
from ostraka_verifier.rpc import (
    Changed,
    Unanswered,
    patience_with_large_answers,
    receive,
    server_client,
)

_BLOCK_BYTES = 1 << 16
"""Asked for at least, because headers and single records are small."""
_KEPT_BYTES = 1 << 20
"""Of a range that is kept on disk, at most: blocks of a census are read several times."""
_ATTEMPTS = 3
_CONTENT_RANGE = re.compile("bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")


@dataclass(frozen=True)
class BoardPlace:
    """One state of a board, for every process that reads it.

    Attributes:
        source: An absolute path, or URLs with commas between them.
        size_bytes: Its length.
        etag: The strong entity tag by which a server names it; empty for a file.
    """

    source: str
    size_bytes: int
    etag: str


def find_board(source: str) -> BoardPlace:
    """Return what a file or the first of several servers has now.

    Raises:
        Undecided: There is none, it is too long, or no server sends parts of it.
    """
    if not source.startswith(("http://", "https://")):
        with opened_board(source) as content:
            return BoardPlace(str(Path(source).absolute()), content.reach(END), "")
    refusals = list[str]()
    with server_client() as client:
        for url in urls_of(source):
            part = _Part(0, 1, "", None)
            try:
                _ask(client, Connections(), url, part)
            except Undecided as error:
                refusals.append(str(error))
                continue
            if part.total > MAX_BOARD_BYTES:
                raise Undecided(f"{url}: more than {MAX_BOARD_BYTES} bytes")
            return BoardPlace(source, part.total, part.etag)
    raise Undecided("; ".join(refusals))


@contextmanager
def board_at(place: BoardPlace) -> Iterator[Content]:
    """Open one state of a board.

    Raises:
        Undecided: It is no longer there; also when a part of it is read.
    """
    with ExitStack() as opened:
        if place.etag:
            client = opened.enter_context(server_client())
            yield _Served(place, client, opened.enter_context(tempfile.TemporaryFile()))
            return
        content = opened.enter_context(opened_board(place.source))
        size = content.reach(END)
        if size != place.size_bytes:
            raise Undecided(f"{place.source}: {size} bytes, not {place.size_bytes}")
        yield content


class _Part(Received):
    """One wanted range of a server's answer.

    Attributes:
        etag: Of the content; any strong one is accepted if none is given.
        total: Length of the content.
    """

    def __init__(self, start: int, size: int, etag: str, total: int | None) -> None:
        super().__init__()
        self.start, self.size, self.etag, self.total = start, size, etag, total or 0

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the range."""
        wanted = {"Range": f"bytes={self.start}-{self.start + self.size - 1}"}
        return wanted | ({"If-Range": self.etag} if self.etag else {})

    def begin(self, response: httpx.Response) -> bool:
        """Return whether an answer is the range; Changed if it is of other content."""
        etag = response.headers.get("etag", "")
        if not response.is_success:
            return False
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if response.status_code != httpx.codes.PARTIAL_CONTENT or found is None:
            # The whole content answers a condition that no longer holds: its body is not read.
            sends_all = f"{response.url}: the server sends no parts of its board"
            raise (
                Changed(f"{response.url}: the board changed")
                if self.etag
                else Unanswered(f"{sends_all}; download it, and name the file", smaller=False)
            )
        first, last, total = (int(number) for number in found.groups())
        wanted = first == self.start and last + 1 == self.start + self.size
        if not wanted or not etag.startswith('"'):
            raise Unanswered(f"{response.url}: not the part that was asked for", smaller=False)
        if (self.etag and etag != self.etag) or (self.total and total != self.total):
            raise Changed(f"{response.url}: the board changed")
        self.etag, self.total = etag, total
        return True


class _Served:
    """A board on servers. Every server that has these very bytes may send a part."""

    def __init__(self, place: BoardPlace, client: httpx.Client, file: IO[bytes]) -> None:
        """Args:
        file: An empty one, for ranges that may be wanted again.
        """
        self._place = place
        self._urls = urls_of(place.source)
        self._client = client
        self._connections = Connections()
        self._block = (0, b"")
        self._file = file
        self._kept: dict[tuple[int, int], int] = {}
        """By start and size of a range: where it is in the file."""

    def reach(self, end: int) -> int:
        """Return how many of the first `end` bytes exist."""
        return min(end, self._place.size_bytes)

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on; fewer only where the board ends before."""
        size = self.reach(start + size) - start
        if size <= 0:
            return b""
        first, block = self._block
        if not first <= start <= start + size <= first + len(block):
            wanted = max(size, min(_BLOCK_BYTES, self._place.size_bytes - start))
            first, block = start, self._kept_or_fetched(start, wanted)
            self._block = (first, block) if wanted <= _BLOCK_BYTES else self._block
        return block[start - first : start - first + size]

    def restart(self) -> None:
        """Begin again: nothing changes."""

    def _kept_or_fetched(self, start: int, size: int) -> bytes:
        at = self._kept.get((start, size))
        if at is not None:
            return os.pread(self._file.fileno(), size, at)
        data = self._fetch(start, size)
        if size <= _KEPT_BYTES:
            self._kept[start, size] = self._file.tell()
            self._file.write(data)
            self._file.flush()
        return data

    def _fetch(self, start: int, size: int) -> bytes:
        refusals = dict[str, str]()
        for _ in range(_ATTEMPTS):
            for url in self._urls:
                part = _Part(start, size, self._place.etag, self._place.size_bytes)
                try:
                    return _ask(self._client, self._connections, url, part)
                except Undecided as error:
                    refusals[url] = str(error)
        raise Undecided("; ".join(refusals.values()))


def _ask(client: httpx.Client, connections: Connections, url: str, part: _Part) -> bytes:
    body = bytearray()
    deadline = patience_with_large_answers(connections)
    receive(client, deadline, "GET", url, part.size, body.extend, received=part)
    if len(body) != part.size:
        raise Unanswered(f"{url}: {len(body)} of {part.size} bytes", again=True)
    return bytes(body)
