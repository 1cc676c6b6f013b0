"""Read the bytes of a board from a URL or a file."""

from pathlib import Path

import httpx

from ostraka_verifier.errors import Undecided
from ostraka_verifier.rpc import TIMEOUT, Progress, fetch, no_progress

MAX_BOARD_BYTES = 2 * 2**30


def read_board(source: str, progress: Progress = no_progress) -> bytes:
    """Read a board from an `http(s)://` URL or a file; Undecided if it is unreachable."""
    if source.startswith(("http://", "https://")):
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
            return fetch(client, "GET", source, MAX_BOARD_BYTES, progress)
    try:
        if Path(source).stat().st_size > MAX_BOARD_BYTES:
            raise Undecided(f"{source}: more than {MAX_BOARD_BYTES} bytes")
        return Path(source).read_bytes()
    except OSError as error:
        raise Undecided(f"{source}: {error.strerror}") from error
