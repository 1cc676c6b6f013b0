"""A download of a board that breaks off is continued, and only with the same bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ostraka_verifier import board_downloads
from ostraka_verifier.board_source import read_board
from ostraka_verifier.errors import Undecided

BOARD = bytes(range(251)) * 1000


class Breaking:
    """A server that closes each connection after a part of its answer."""

    def __init__(self, part_bytes: int = 100_000) -> None:
        self.part_bytes = part_bytes
        self.content, self.etag = BOARD, '"aa"'
        self.answers_ranges = True
        self.shift = 0
        self.asked: list[bytes] = []
        self.changes: dict[int, tuple[bytes, str]] = {}
        """New content and tag at the request with a number."""

    def answer(self, request: bytes) -> bytes:
        self.asked.append(request)
        self.content, self.etag = self.changes.get(len(self.asked), (self.content, self.etag))
        fields = dict(
            line.lower().split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line
        )
        start, size = 0, len(self.content)
        if self.answers_ranges and fields.get(b"if-range") == self.etag.encode():
            start = int(fields[b"range"].removeprefix(b"bytes=").removesuffix(b"-"))
        status = f"206 Partial\r\nContent-Range: bytes {start + self.shift}-{size - 1}/{size}"
        head = (
            f"HTTP/1.1 {status if start else '200 OK'}\r\nETag: {self.etag}\r\n"
            f"Content-Length: {size - start}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + self.content[start : start + self.part_bytes]


@contextmanager
def serving(breaking: Breaking) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    request = connection.recv(65536)
                    if request:
                        connection.sendall(breaking.answer(request))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/board"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def test_the_rest_is_asked_for() -> None:
    breaking = Breaking()
    done: list[tuple[int, int]] = []
    with serving(breaking) as url:
        assert read_board(url, lambda *numbers: done.append(numbers)) == BOARD
    assert len(breaking.asked) == 3
    assert b"range: bytes=100000-\r\n" in breaking.asked[1].lower()
    assert done[-1] == (len(BOARD), len(BOARD))
    assert {total for _, total in done} == {len(BOARD)}


def test_another_board_is_read_from_its_beginning() -> None:
    breaking = Breaking()
    breaking.changes[2] = BOARD[::-1], '"bb"'
    with serving(breaking) as url:
        assert read_board(url) == BOARD[::-1]
    assert len(breaking.asked) == 5


@pytest.mark.parametrize("case", ["weak tag", "no ranges", "another place", "few bytes"])
def test_what_cannot_be_continued_is_not_read_for_ever(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_downloads, "_MOST_BREAKS", 4)
    breaking = Breaking()
    match case:
        case "weak tag":
            breaking.etag = 'W/"aa"'
        case "no ranges":
            breaking.answers_ranges = False
        case "another place":
            breaking.shift = 1
        case "few bytes":
            breaking.part_bytes = 1000
    with (
        serving(breaking) as url,
        pytest.raises(Undecided, match=r"connection was lost|not the rest"),
    ):
        read_board(url)
    assert len(breaking.asked) <= 5
