"""Boards as files: written once for each state, and served as streams, whole or in ranges."""

import asyncio
import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from ostraka.node import board_files
from ostraka.node.board_files import BoardFiles
from ostraka.services.http_protocol import BoundedHttp
from ostraka.wire.file_answers import StoredFile, Unsatisfiable, wanted_range
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.board import Board
from tests.support.node_polls import accepting_service, observation
from tests.support.polls import approval_poll
from tests.support.synthetic_boards import MIB, SyntheticBoards, file_app
from tests.support.village import Village


def made(boards: BoardFiles, publication: Any) -> StoredFile:
    return asyncio.run(boards.of(publication))


def test_a_file_is_written_once_and_again_if_it_is_lost_or_damaged(tmp_path: Path) -> None:
    folder, publication = tmp_path / "boards", SyntheticBoards(3 * MIB + 5)
    boards = BoardFiles(folder, 2**30)
    first = made(boards, publication)
    content = b"".join(publication.pieces(None))
    assert first.path.read_bytes() == content
    assert first.etag == f'"{hashlib.sha256(content).hexdigest()}"'
    assert first.size_bytes == len(content)
    assert first.path.stat().st_mode & 0o777 == 0o600
    publication.written = 0
    assert made(boards, publication) == first
    # Another process finds the file, and hashes it.
    assert made(BoardFiles(folder, 2**30), publication) == first
    assert publication.written == 0
    first.path.unlink()
    assert made(boards, publication) == first
    assert publication.written == 1
    with first.path.open("r+b") as file:
        file.seek(MIB)
        file.write(b"\xff")
    assert made(BoardFiles(folder, 2**30), publication) == first
    assert first.path.read_bytes() == content
    assert publication.written == 2


def test_earlier_states_and_the_oldest_boards_are_removed(tmp_path: Path) -> None:
    boards = BoardFiles(tmp_path / "boards", 5 * MIB)
    publications = [SyntheticBoards(2 * MIB, poll=number) for number in (1, 2, 3)]
    files = [made(boards, one) for one in publications]
    assert [one.path.exists() for one in files] == [False, True, True]
    publications[1].name = "b" * 64
    newer = made(boards, publications[1])
    assert newer.path.exists()
    assert not files[1].path.exists()
    # One board that is longer than the limit alone is served all the same.
    assert made(boards, SyntheticBoards(6 * MIB, poll=4)).path.exists()
    assert len(list((tmp_path / "boards").iterdir())) == 1


def test_a_board_that_takes_long_to_write_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_files, "PATIENCE_S", 0.01)
    may_end = threading.Event()

    class Slow(SyntheticBoards):
        def pieces(self, state: Any) -> Iterator[bytes]:
            assert may_end.wait(60)
            yield from super().pieces(state)

    boards, publication = BoardFiles(tmp_path / "boards", 2**30), Slow(MIB)

    async def run() -> None:
        for _ in range(2):
            with pytest.raises(Problem, match="is writing the board") as raised:
                await boards.of(publication)  # type: ignore[arg-type]
            assert raised.value.kind is ProblemType.NODE_INCOMPLETE
        may_end.set()
        await asyncio.wait(boards._tasks.values())
        assert (await boards.of(publication)).size_bytes == MIB  # type: ignore[arg-type]

    asyncio.run(run())
    assert publication.written == 1


def test_a_board_that_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    class Broken(SyntheticBoards):
        def pieces(self, _: Any) -> Iterator[bytes]:
            yield bytes(MIB)
            raise OSError(28, "No space left on device")

    boards = BoardFiles(tmp_path / "boards", 2**30)
    with pytest.raises(Problem, match="cannot write the board"):
        made(boards, Broken(MIB))
    assert not list((tmp_path / "boards").iterdir())


def test_the_file_of_a_real_poll_is_its_board(tmp_path: Path) -> None:
    poll = approval_poll()
    service = accepting_service(poll, tmp_path)
    service.progress.observed = observation(poll, poll_keys=bytes(32))
    file = made(BoardFiles(tmp_path / "boards", 2**30), service.publication)
    assert file.path.read_bytes() == service.publication.board()


def test_a_board_around_its_leaves_is_the_board() -> None:
    poll = approval_poll()
    layout, slots = poll.factory.layout, len(poll.rule.slots)
    board, _ = poll.finish()
    assert Board.decode(board.encode(), layout.size, slots) == board
    before, after = board.around_leaves(len(board.leaves), layout.size)
    records = [
        leaf.ballot + leaf.public_key + leaf.boxes_hash + leaf.signature for leaf in board.leaves
    ]
    assert board.leaves
    assert before + b"".join(records) + after == board.encode()


def test_a_node_serves_its_board_in_ranges(tmp_path: Path) -> None:
    async def steps() -> None:
        async with Village(approval_poll(), tmp_path).run(seeded=True) as village:
            await village.tick(2)
            url = village.url(1, "/board")
            whole = await village.client.get(url)
            assert Board.decode(whole.content, village.poll.factory.layout.size, 2)
            headers = {"Range": "bytes=-100", "If-Range": whole.headers["etag"]}
            part = await village.client.get(url, headers=headers)
            assert (part.status_code, part.content) == (206, whole.content[-100:])
            head = await village.client.head(url)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(whole.content))
            village.open_seeded()
            await village.tick(3)
            opened = await village.client.get(url, headers=headers)
            assert opened.status_code == 200
            assert opened.headers["etag"] != whole.headers["etag"]
            assert len(opened.content) > len(whole.content)
            behind = await village.client.get(url, headers={"Range": "bytes=9999999-"})
            assert behind.json()["type"] == ProblemType.RANGE_NOT_SATISFIABLE.uri

    asyncio.run(steps())


FILE = StoredFile(Path(), '"tag"', 1000)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 1000)),
        ("bytes=0-0", (0, 1)),
        ("BYTES=10-19", (10, 20)),
        ("bytes=999-5000", (999, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-5000", (0, 1000)),
        # Not well-formed, several ranges, or another unit: ignored.
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=+1-2", None),
        ("bytes=1_0-20", None),
        ("bytes=٣-٤", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_ranges(header: str, expected: tuple[int, int] | None) -> None:
    assert wanted_range({"range": header}, FILE) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_ranges_behind_the_end(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        wanted_range({"range": header}, FILE)


def test_a_range_counts_only_for_its_own_file() -> None:
    part = {"range": "bytes=1-2"}
    assert wanted_range(part | {"if-range": '"tag"'}, FILE) == (1, 3)
    for other in ('"gat"', 'W/"tag"', "tag", "Mon, 30 Nov 2026 00:00:00 GMT"):
        assert wanted_range(part | {"if-range": other}, FILE) is None


def test_answers_over_http(tmp_path: Path) -> None:
    publication = SyntheticBoards(MIB + 10)
    app = file_app(BoardFiles(tmp_path / "boards", 2**30), publication)
    content = b"".join(publication.pieces(None))

    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:

            async def ask(method: str = "GET", **headers: str) -> httpx.Response:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, "/board", headers=named)

            whole = await ask()
            tag = whole.headers["etag"]
            assert (whole.status_code, whole.content) == (200, content)
            assert whole.headers["accept-ranges"] == "bytes"
            part = await ask(Range=f"bytes={MIB}-", If_Range=tag)
            assert (part.status_code, part.content) == (206, content[MIB:])
            assert part.headers["content-range"] == f"bytes {MIB}-{MIB + 9}/{MIB + 10}"
            assert part.headers["content-length"] == "10"
            assert part.headers["etag"] == tag
            other = await ask(Range="bytes=5-", If_Range='"other"')
            assert (other.status_code, len(other.content)) == (200, MIB + 10)
            for known in (tag, f'"x", W/{tag}', "*"):
                same = await ask(If_None_Match=known, Range="bytes=0-1")
                assert (same.status_code, same.content) == (304, b"")
                assert same.headers["etag"] == tag
            assert (await ask(If_None_Match='"x"')).status_code == 200
            behind = await ask(Range=f"bytes={MIB + 10}-")
            assert behind.status_code == ProblemType.RANGE_NOT_SATISFIABLE.status
            assert behind.json()["type"] == ProblemType.RANGE_NOT_SATISFIABLE.uri
            assert behind.headers["content-range"] == f"bytes */{MIB + 10}"
            head = await ask("HEAD", Range="bytes=0-1")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(MIB + 10)
            assert head.headers["etag"] == tag

    asyncio.run(run())


def test_four_clients_of_a_large_board_take_no_memory(tmp_path: Path) -> None:
    """64 MiB, read by four clients at once: the process holds some pieces of each, not the board;
    the state of the board changes in between, and every client gets one state."""
    publication = SyntheticBoards(64 * MIB)
    boards = BoardFiles(tmp_path / "boards", 2**30)
    before = hashlib.sha256(b"".join(publication.pieces(None))).hexdigest()
    server = uvicorn.Server(
        uvicorn.Config(
            file_app(boards, publication), port=0, http=BoundedHttp, ws="none", log_config=None
        )
    )

    async def download(port: int, number: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /board HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        hashed = hashlib.sha256()
        while piece := await reader.read(MIB):
            hashed.update(piece)
            if number == 0 and publication.name[0] != "b":
                publication.name = "b" * 64
                await boards.of(publication)  # type: ignore[arg-type]
        writer.close()
        assert f'etag: "{hashed.hexdigest()}"' in head.lower()
        return hashed.hexdigest()

    async def run() -> list[str]:
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        found = await asyncio.gather(*(download(port, number) for number in range(4)))
        server.should_exit = True
        await serving
        return found

    tracemalloc.start()
    try:
        assert asyncio.run(run()) == [before] * 4
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 16 * MIB
