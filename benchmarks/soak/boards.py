"""A node's memory while several clients read a large board at once.

    make soak ARGS="boards [MEBIBYTES [CLIENTS]]"

One process serves, with the server of nodes, a board of 1,024 MiB to 16 clients by default. Exit
code 1 if a client gets other bytes, or if the process grows by more than 64 MiB.
"""

import asyncio
import hashlib
import multiprocessing
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from tests.support.synthetic_boards import MIB, SyntheticBoards, file_app

from ostraka.node.board_files import BoardFiles
from ostraka.services.http_protocol import BoundedHttp

MOST_GROWTH_MIB = 64


def main(arguments: Sequence[str]) -> int:
    """Serve, read, and compare; the exit code."""
    size_mib, clients = [*map(int, arguments), *(1024, 16)[len(arguments) :]][:2]
    expected = hashlib.sha256()
    for piece in SyntheticBoards(size_mib * MIB).pieces(None):
        expected.update(piece)
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory(prefix="ostraka-boards-") as folder:
        process = multiprocessing.Process(target=_serve, args=(Path(folder), size_mib, theirs))
        process.start()
        try:
            port, pid = ours.recv(), process.pid or 0
            before = _peak_mib(pid)
            found = asyncio.run(_read(port, clients))
            growth = _peak_mib(pid) - before
        finally:
            process.terminate()
            process.join()
    same = found == [expected.hexdigest()] * clients
    print(f"{size_mib} MiB to {clients} clients: {growth} MiB more memory; same bytes: {same}")
    return 0 if same and growth <= MOST_GROWTH_MIB else 1


def _serve(folder: Path, size_mib: int, started: Connection) -> None:
    boards, publication = BoardFiles(folder / "boards", 2**40), SyntheticBoards(size_mib * MIB)
    app = file_app(boards, publication)

    async def run() -> None:
        # Imports and the pools of threads are no part of the growth.
        await boards.of(SyntheticBoards(MIB, poll=2))  # type: ignore[arg-type]
        config = uvicorn.Config(app, port=0, http=BoundedHttp, ws="none", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        started.send(server.servers[0].sockets[0].getsockname()[1])
        await serving

    asyncio.run(run())


async def _read(port: int, clients: int) -> list[str]:
    async def download() -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /board HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        hashed = hashlib.sha256()
        # The node writes the board first, and may send its clients away until then.
        if b" 503 " in await reader.readuntil(b"\r\n\r\n"):
            writer.close()
            await asyncio.sleep(1)
            return await download()
        while piece := await reader.read(MIB):
            hashed.update(piece)
        writer.close()
        return hashed.hexdigest()

    return await asyncio.gather(*(download() for _ in range(clients)))


def _peak_mib(pid: int) -> int:
    """Return the most memory that a process ever held, from the kernel's books."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [one for one in status.splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 // MIB
