"""Read the bytes of a board from a URL, from the first of several URLs, or from a file."""

import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from ostraka_verifier.errors import Undecided
from ostraka_verifier.rpc import (
    Progress,
    Unanswered,
    fetch,
    no_progress,
    patience_with_large_answers,
    server_client,
)

MAX_BOARD_BYTES = 2 * 2**30
_STALL_S = 2
_STALL_BYTES = 2**15
"""The next URL is asked as well when fewer bytes than that arrive in that time."""
_BETWEEN_URLS = re.compile(",(?=https?://)")


def read_board(source: str, progress: Progress = no_progress) -> bytes:
    """Read a board from a file or an `http(s)://` URL; Undecided if it is unreachable.

    Args:
        source: Several URLs, with commas between them, are those of several nodes: a node that is
            silent, refuses or breaks off delays the others by a moment only.
    """
    if source.startswith(("http://", "https://")):
        return _first(urls_of(source), progress)
    try:
        if Path(source).stat().st_size > MAX_BOARD_BYTES:
            raise Undecided(f"{source}: more than {MAX_BOARD_BYTES} bytes")
        return Path(source).read_bytes()
    except OSError as error:
        raise Undecided(f"{source}: {error.strerror}") from error


def urls_of(source: str) -> list[str]:
    """Return the URLs of a source that is no file."""
    return _BETWEEN_URLS.split(source)


def _first(urls: Sequence[str], progress: Progress) -> bytes:
    """Return the first whole board; each further URL is asked once all before it stall or fail."""
    heard: SimpleQueue[bytes | Undecided | tuple[int, int, int]] = SimpleQueue()
    over = threading.Event()

    def download(number: int) -> None:
        def advance(done: int, total: int) -> None:
            if over.is_set():
                raise Unanswered(f"{urls[number]}: another node was faster")
            heard.put((number, done, total))

        try:
            with server_client() as client:
                deadline = patience_with_large_answers()
                heard.put(fetch(client, deadline, "GET", urls[number], MAX_BOARD_BYTES, advance))
        except Undecided as error:
            heard.put(error)

    failures: list[Undecided] = []
    received = [0] * len(urls)
    asked, before, stalls_at_monotonic_s = 0, 0, 0.0
    try:
        while len(failures) < len(urls):
            left_s = None
            if asked < len(urls):
                left_s = stalls_at_monotonic_s - time.monotonic()
                if left_s <= 0 or len(failures) == asked:
                    if len(failures) == asked or sum(received) - before < _STALL_BYTES:
                        threading.Thread(target=download, args=(asked,), daemon=True).start()
                        asked += 1
                    before, stalls_at_monotonic_s = sum(received), time.monotonic() + _STALL_S
                    continue
            try:
                found = heard.get(timeout=left_s)
            except Empty:
                continue
            if isinstance(found, bytes):
                return found
            if isinstance(found, Undecided):
                failures.append(found)
            else:
                number, received[number], total = found
                if received[number] == max(received):
                    progress(received[number], total)
    finally:
        over.set()
    if len(failures) == 1:
        raise failures[0]
    raise Undecided("; ".join(map(str, failures)))
