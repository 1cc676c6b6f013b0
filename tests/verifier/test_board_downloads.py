"""A board is read while it arrives, from whichever node sends it; and never whole."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest

from ostraka_verifier import board_downloads, board_leaves
from ostraka_verifier.board import OpenedBoard
from ostraka_verifier.board_downloads import BoardDownloads
from ostraka_verifier.board_source import opened_board
from ostraka_verifier.checks import Claimed, Verdict
from ostraka_verifier.content import END, Replaced
from ostraka_verifier.errors import Malformed, Undecided
from ostraka_verifier.report import audit_poll
from ostraka_verifier.rpc import no_progress
from tests.support.audits import BOARD, CHAIN, CURVE, INVITED_BOARD
from tests.support.endpoint import Endpoint, serving
from tests.support.polls import REGISTRY

DATA = BOARD.encode()
OTHER = INVITED_BOARD.encode()
HALF = len(DATA) // 2


@contextmanager
def node(
    pieces: Sequence[bytes], *, length: int | None = None, hangs: bool = False
) -> Iterator[tuple[str, threading.Event]]:
    """A server that sends a piece, waits until it is told to go on, and sends the rest.

    Args:
        length: Promised in the head, by default the true one.
        hangs: Whether it keeps the connection without sending all.
    """
    goes_on = threading.Event()
    total = sum(map(len, pieces)) if length is None else length

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n".encode())
            for number, piece in enumerate(pieces):
                if number:
                    goes_on.wait(20)
                connection.sendall(piece)
            if hangs:
                goes_on.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/board", goes_on
        goes_on.set()


@pytest.fixture(autouse=True)
def short_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_downloads, "STALL_S", 0.2)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as served:
        yield served


def downloads(*urls: str) -> BoardDownloads:
    return BoardDownloads(urls, 1 << 20, no_progress)


def read_all(board: OpenedBoard) -> None:
    board.read_to_leaves()
    board.read_rest()


def test_what_has_arrived_can_be_read() -> None:
    with node([DATA[:HALF], DATA[HALF:]]) as (url, goes_on), downloads(url) as content:
        assert content.read(0, HALF) == DATA[:HALF]
        board = OpenedBoard(content)
        board.read_to_leaves()
        assert board.census.read(0, board.census.size) == BOARD.census
        goes_on.set()
        board.read_rest()
        assert content.reach(END) == len(DATA)
        assert content.read(HALF, END) == DATA[HALF:]
        assert content.read(len(DATA), 5) == b""


def test_another_node_goes_on_where_one_breaks_off() -> None:
    with ExitStack() as stack:
        broken, _ = stack.enter_context(node([DATA[:HALF]], length=len(DATA)))
        good, goes_on = stack.enter_context(node([DATA[:10], DATA[10:]]))
        content = stack.enter_context(downloads(broken, good))
        assert content.read(0, HALF) == DATA[:HALF]
        goes_on.set()
        assert content.read(HALF, END) == DATA[HALF:]


def test_another_board_begins_again() -> None:
    with ExitStack() as stack:
        silent, _ = stack.enter_context(node([OTHER[:HALF]], length=len(OTHER), hangs=True))
        good, goes_on = stack.enter_context(node([DATA[:10], DATA[10:]]))
        content = stack.enter_context(downloads(silent, good))
        assert content.read(0, HALF) == OTHER[:HALF]
        goes_on.set()
        with pytest.raises(Replaced):
            content.reach(END)
        content.restart()
        assert content.read(0, END) == DATA


def test_a_part_of_another_board_does_not_stop_a_slow_node() -> None:
    with ExitStack() as stack:
        slow, goes_on = stack.enter_context(node([DATA[:200], DATA[200:]]))
        liar, _ = stack.enter_context(node([OTHER[:HALF]], length=len(OTHER), hangs=True))
        content = stack.enter_context(downloads(slow, liar))
        assert content.read(0, 200) == DATA[:200] != OTHER[:200]
        threading.Timer(1, goes_on.set).start()
        assert content.read(0, 300) == DATA[:300]
        assert content.read(0, END) == DATA


def test_a_board_that_nobody_sends_is_missing() -> None:
    with ExitStack() as stack:
        urls = [
            stack.enter_context(node([DATA[:size]], length=len(DATA)))[0] for size in (HALF, 20)
        ]
        content = stack.enter_context(downloads(*urls))
        assert content.read(0, HALF) == DATA[:HALF]
        with pytest.raises(Undecided, match="; "):
            content.reach(END)


def test_an_error_of_a_download_reaches_who_waits_for_it() -> None:
    def fails(done: int, total: int) -> None:
        raise ZeroDivisionError(f"{done} of {total}")

    with (
        node([DATA]) as (url, _),
        BoardDownloads([url], 1 << 20, fails) as content,
        pytest.raises(ZeroDivisionError),
    ):
        content.reach(END)


@contextmanager
def forgetful_node() -> Iterator[str]:
    """A server that breaks off, and then has another board each time, without end."""

    def serve(server: socket.socket) -> None:
        for number in count():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)
                head = f'HTTP/1.1 200 OK\r\nETag: "{number}"\r\nContent-Length: 1000000\r\n\r\n'
                connection.sendall(head.encode() + bytes(2 * board_downloads.STALL_BYTES))

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/board"


@pytest.mark.parametrize("read", [0, 10])
def test_who_changes_the_board_again_and_again_does_not_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    made: list[IO[bytes]] = []

    def temporary(**options: Any) -> IO[bytes]:
        made.append(TemporaryFile(**options))  # noqa: SIM115 (`downloads` closes it)
        return made[-1]

    monkeypatch.setattr(board_downloads.tempfile, "TemporaryFile", temporary)
    with forgetful_node() as url, downloads(url) as content:
        assert content.read(0, read) == bytes(read)
        with pytest.raises(Undecided):
            content.reach(END)
        assert len(made) > 10
        assert sum(not file.closed for file in made) <= 2


def test_a_longer_board_than_the_limit_is_refused() -> None:
    with (
        node([DATA]) as (url, _),
        BoardDownloads([url], 100, no_progress) as content,
        pytest.raises(Undecided, match="more than 100 bytes"),
    ):
        content.reach(END)


def test_leaves_are_checked_before_the_board_is_whole(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_leaves, "CHUNK_RECORDS", 2)
    end = DATA.index(BOARD.leaves[5].ballot)
    checked = list[int]()
    with node([DATA[:end], DATA[end:]]) as (url, goes_on):

        def progress(done: int, total: int) -> None:
            assert total == len(BOARD.leaves)
            checked.append(done)
            if done == 4:
                assert not goes_on.is_set()
                goes_on.set()

        report = audit_poll(CURVE, endpoint.url, Claimed(REGISTRY, 1), url, progress)
    assert report.verdict is Verdict.HOLDS
    assert checked == [2, 4, 6, 7]


@pytest.mark.parametrize("lie", [OTHER, b"x" * 100, DATA[:-1] + bytes([DATA[-1] ^ 1])])
def test_a_node_that_breaks_off_decides_nothing(endpoint: Endpoint, lie: bytes) -> None:
    """Whatever it sent before: the report is on the board of the node that sends all."""
    with ExitStack() as stack:
        liar, _ = stack.enter_context(node([lie], length=len(lie) + 1, hangs=True))
        report = audit_poll(
            CURVE, endpoint.url, Claimed(REGISTRY, 1), f"{liar},{endpoint.url}/board"
        )
    assert report.verdict is Verdict.HOLDS


def test_a_file_is_read_in_parts(tmp_path: Path, endpoint: Endpoint) -> None:
    path = tmp_path / "board.ostraka"
    path.write_bytes(DATA)
    with opened_board(str(path)) as content:
        assert content.reach(END) == len(DATA)
        assert content.read(5, 7) == DATA[5:12]
        path.write_bytes(DATA[:8])
        with pytest.raises(Undecided, match="it became shorter"):
            content.read(5, 7)
    with pytest.raises(Undecided, match="No such file"), opened_board(str(tmp_path / "none")):
        pass
    path.write_bytes(DATA[:-1])
    report = audit_poll(CURVE, endpoint.url, Claimed(REGISTRY, 1), str(path))
    assert (report.findings[0].check, report.findings[0].verdict) == ("P1", Verdict.FAILS)
    assert report.findings[0].detail.endswith("1 bytes missing")


@pytest.mark.parametrize("size", [0, 10, 16, 17, 25, 200, HALF, len(DATA) - 100, len(DATA) - 1])
def test_a_board_cut_short_is_malformed_in_the_same_words(size: int) -> None:
    with pytest.raises(Malformed) as expected:
        OpenedBoard.of(DATA[:size])
    if not size:
        return
    with (
        node([DATA[:size]]) as (url, _),
        downloads(url) as content,
        pytest.raises(Malformed) as caught,
    ):
        read_all(OpenedBoard(content))
    assert str(caught.value) == str(expected.value)


def test_a_silent_node_delays_by_a_moment(endpoint: Endpoint) -> None:
    assert CHAIN.anchored is not None
    with node([b""], length=10, hangs=True) as (silent, _):
        started = time.monotonic()
        report = audit_poll(
            CURVE, endpoint.url, Claimed(REGISTRY, 1), f"{silent},{endpoint.url}/board"
        )
        assert report.verdict is Verdict.HOLDS
        assert time.monotonic() - started < 15
