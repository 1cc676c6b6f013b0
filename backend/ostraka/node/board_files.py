"""Boards as files, so that a node serves them as streams and holds none in its memory.

A file is written once for each state of a board, and never changed: a client that reads it gets one
state, whatever changes meanwhile. Files that are lost or damaged are written again from the
database.

Source: docs/protocol.md §16; docs/decisions/0089-checkpoints.md.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog

from ostraka.chain.errors import ChainError
from ostraka.files import make_private_folder, private
from ostraka.node.publication import BoardState, Publication
from ostraka.wire.file_answers import StoredFile
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

log = structlog.get_logger()

PATIENCE_S = 10
"""Longest wait for a board that is being written; the client is told to ask again."""
_AGAIN_S = 5
_SUFFIX, _UNFINISHED = ".board", ".new"
_CONTEXT_DIGITS, _NAME_DIGITS = 16, 32


class BoardFiles:
    """The board files of one node."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Args:
        folder: Made if it does not exist. Nothing else may be in it.
        limit_bytes: The oldest files are removed if all are longer together. One board may be
            longer alone.
        """
        make_private_folder(folder)
        for unfinished in folder.glob("*" + _UNFINISHED):
            unfinished.unlink()
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._files: dict[str, StoredFile] = {}
        """Files whose content was hashed in this process, by the name of the state."""
        self._tasks: dict[str, asyncio.Task[StoredFile]] = {}
        # One at a time: strangers can ask for all boards at once.
        self._turn = asyncio.Lock()

    async def of(self, publication: Publication) -> StoredFile:
        """Return the file of a poll's board as it is now.

        Raises:
            Problem: The node does not have all of it, or is still writing it, or cannot.
        """
        state = await asyncio.to_thread(publication.state)
        name = state.name
        file = self._files.get(name)
        if file is not None and await asyncio.to_thread(file.path.exists):
            return file
        task = self._tasks.get(name)
        if task is None:
            task = asyncio.create_task(self._make(publication, state))
            self._tasks[name] = task
            task.add_done_callback(partial(self._made, name))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
        if not done:
            detail = "this node is writing the board to its disk"
            raise Problem(ProblemType.NODE_INCOMPLETE, detail, "", _AGAIN_S)
        return task.result()

    def _made(self, name: str, task: asyncio.Task[StoredFile]) -> None:
        del self._tasks[name]
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._files[name] = task.result()
        elif isinstance(error, ChainError):
            log.warning("board not written: the chain cannot be reached", error=str(error))
        elif not isinstance(error, Problem):
            log.error("board not written", error=repr(error))

    async def _make(self, publication: Publication, state: BoardState) -> StoredFile:
        async with self._turn:
            try:
                return await asyncio.to_thread(self._find_or_write, publication, state)
            except OSError as error:
                log.error("board not written", error=repr(error))
                detail = "the node cannot write the board to its disk now"
                raise Problem(ProblemType.UNAVAILABLE, detail, "", _AGAIN_S) from error

    def _find_or_write(self, publication: Publication, state: BoardState) -> StoredFile:
        poll = state.context.hex()[:_CONTEXT_DIGITS]
        start = f"{poll}-{state.name[:_NAME_DIGITS]}-"
        for path in self._folder.glob(f"{start}*{_SUFFIX}"):
            # Written before this process started: it may have been damaged or cut short since.
            if path.name == f"{start}{_hash_of(path)}{_SUFFIX}":
                return _stored(path)
            path.unlink()
        path = self._write(start, publication.pieces(state))
        self._clean(poll, path)
        return _stored(path)

    def _write(self, start: str, pieces: Iterator[bytes]) -> Path:
        unfinished = self._folder / (start + _UNFINISHED)
        hashed = hashlib.sha256()
        try:
            with open(unfinished, "wb", opener=private) as file:
                for piece in pieces:
                    hashed.update(piece)
                    file.write(piece)
            # Not flushed to the disk: a file is hashed before a later process serves it.
            return unfinished.replace(self._folder / f"{start}{hashed.hexdigest()}{_SUFFIX}")
        finally:
            unfinished.unlink(missing_ok=True)

    def _clean(self, poll: str, newest: Path) -> None:
        """Remove earlier states of a poll's board, and the oldest boards beyond the limit."""
        found = [(path, path.stat()) for path in self._folder.glob("*" + _SUFFIX)]
        found.sort(key=lambda one: one[1].st_mtime, reverse=True)
        total_bytes = 0
        for path, status in found:
            total_bytes += status.st_size
            earlier = path.name.startswith(poll + "-")
            if path != newest and (earlier or total_bytes > self._limit_bytes):
                # Clients that are reading it keep their open file.
                with suppress(FileNotFoundError):
                    path.unlink()
                total_bytes -= status.st_size


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored(path: Path) -> StoredFile:
    digest = path.name.removesuffix(_SUFFIX).rpartition("-")[2]
    return StoredFile(path, f'"{digest}"', path.stat().st_size)
