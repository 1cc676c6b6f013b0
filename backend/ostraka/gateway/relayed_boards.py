"""Pass on a board from the nodes as a stream, and change the node where one breaks off.

Nothing of a board is kept here. Nodes may show different bytes for one poll (docs/protocol.md §16),
so that only a node with the same entity tag can continue what another began.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx
from fastapi import Response
from fastapi.responses import StreamingResponse

from ostraka.wire.file_answers import FILE_HEADERS, PART_HEADERS
from ostraka.wire.node_standing import NodeStanding
from ostraka.wire.openapi import BINARY
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.published import PublishedPoll

_PATIENCE_S = 15
"""Until the first piece has arrived: a node may have to read the board first."""
_NEXT_NODE_S = 1
"""After this time without a board, the next node is asked, too."""
_PIECE_PATIENCE_S = 10
"""For each further piece of a board. A client that reads more slowly than that is not delayed."""
_CHUNK_BYTES = 2**18
_WHOLE, _PART, _KNOWN, _BEHIND_END = 200, 206, 304, 416
_TAG = re.compile(r'"[!#-~]{1,200}"')
_LENGTH = re.compile("[0-9]{1,15}")
_CONTENT_RANGE = re.compile("bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")
_NO_BYTES = re.compile(r"bytes \*/([0-9]{1,15})")


@dataclass(frozen=True, eq=False)
class _Download:
    """A node's answer, of which the first piece has arrived.

    Attributes:
        url: Of the node.
        start, end: Which bytes of its board follow; the same number twice if none do.
        size: Length of its board.
    """

    url: str
    response: httpx.Response
    standing: NodeStanding
    first: bytes
    rest: AsyncIterator[bytes]
    start: int
    end: int
    size: int

    @property
    def etag(self) -> str:
        return self.response.headers["etag"]


class RelayedBoards:
    """Boards of polls, from their nodes."""

    def __init__(
        self, client: httpx.AsyncClient, standing_of: Callable[[str], NodeStanding]
    ) -> None:
        """Args:
        standing_of: How promptly the node with a URL has lately answered.
        """
        self._client = client
        self._standing_of = standing_of

    async def answer(
        self, poll: PublishedPoll, method: str, headers: Mapping[str, str]
    ) -> Response:
        """Answer a client's GET or HEAD with the answer of the first node that fits it.

        Args:
            headers: Of the client's request.

        Raises:
            Problem: No node serves the board now.
        """
        wanted = {name: headers[name] for name in PART_HEADERS if name in headers}
        is_part = method == "GET" and "range" in wanted

        def fits(download: _Download) -> bool:
            # A node whose board is another one answers `If-Range` with all of it.
            return not is_part or download.response.status_code == _PART

        found = await self._first(poll, _urls(poll), method, wanted, fits)
        if found is None:
            raise Problem(ProblemType.BOARD_UNAVAILABLE, "no node serves the board now", "", 5)
        status = found.response.status_code
        shown = {
            name: found.response.headers[name]
            for name in FILE_HEADERS
            if name in found.response.headers
        }
        if status == _BEHIND_END:
            await found.response.aclose()
            problem = Problem(
                ProblemType.RANGE_NOT_SATISFIABLE, f"the file has {found.size} bytes", "Range"
            )
            return respond(problem, shown)
        if status == _KNOWN or method == "HEAD":
            await found.response.aclose()
            if method == "HEAD" and status == _WHOLE:
                shown["content-length"] = str(found.size)
            return Response(status_code=status, headers=shown, media_type=BINARY)
        shown["content-length"] = str(found.end - found.start)
        return StreamingResponse(self._pieces(poll, found), status, shown, BINARY)

    async def _pieces(self, poll: PublishedPoll, download: _Download) -> AsyncIterator[bytes]:
        """Yield what was promised; the connection is cut if no node has the rest of it."""
        tag, position, end = download.etag, download.start, download.end
        left = _urls(poll)
        try:
            piece = download.first
            while True:
                piece = piece[: end - position]
                position += len(piece)
                if piece:
                    yield piece
                if position == end:
                    return
                try:
                    piece = await _next(download)
                except (TimeoutError, httpx.HTTPError) as error:
                    await download.response.aclose()
                    left = [url for url in left if url != download.url]
                    part = {"range": f"bytes={position}-{end - 1}", "if-range": tag}
                    wanted = position, end, tag

                    def fits(found: _Download, wanted: object = wanted) -> bool:
                        is_part = found.response.status_code == _PART
                        return is_part and (found.start, found.end, found.etag) == wanted

                    further = await self._first(poll, left, "GET", part, fits, others=False)
                    if further is None:
                        raise error
                    download, piece = further, further.first
        finally:
            await download.response.aclose()

    async def _first(
        self,
        poll: PublishedPoll,
        urls: Sequence[str],
        method: str,
        headers: Mapping[str, str],
        fits: Callable[[_Download], bool],
        others: bool = True,
    ) -> _Download | None:
        """Return the first answer that fits; else any, once no node may give one that fits.

        Args:
            urls: Nodes to be asked. Another one is asked, too, when those before are silent.
            others: Whether an answer that does not fit is better than none.
        """
        waiting = sorted(urls, key=self._is_slow)
        asked: set[asyncio.Task[_Download]] = set()
        other: _Download | None = None
        try:
            while waiting or asked:
                if waiting:
                    asked.add(asyncio.create_task(self._ask(poll, waiting.pop(0), method, headers)))
                done, asked = await asyncio.wait(
                    asked,
                    timeout=_NEXT_NODE_S if waiting or other else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                found, other = await _best(done, other, fits)
                if found is not None:
                    if other is not None:
                        await other.response.aclose()
                    return found
                if not done and not waiting and other is not None:
                    break
        except BaseException:
            if other is not None:
                await other.response.aclose()
            raise
        finally:
            await _cancel(asked)
        if other is not None and not others:
            await other.response.aclose()
            return None
        return other

    def _is_slow(self, url: str) -> bool:
        standing = self._standing_of(url)
        return standing.left_alone or standing.late

    async def _ask(
        self, poll: PublishedPoll, url: str, method: str, headers: Mapping[str, str]
    ) -> _Download:
        path = f"{url.rstrip('/')}/api/v1/polls/{poll.poll_id}/board"
        standing = self._standing_of(url)
        request = self._client.build_request(method, path, headers=dict(headers))
        response = None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                response = await self._client.send(request, stream=True)
                _require_asked(response, method, headers)
                start, end, size = _extent(response, method)
                rest = response.aiter_bytes(_CHUNK_BYTES)
                first = await anext(rest, b"") if start < end else b""
        except BaseException as error:
            if response is not None:
                await response.aclose()
            if isinstance(error, TimeoutError):
                standing.leave_alone()
            raise
        return _Download(url, response, standing, first, rest, start, end, size)


def _urls(poll: PublishedPoll) -> list[str]:
    return [member.url for member in poll.committee.members]


async def _next(download: _Download) -> bytes:
    """Return the next piece, which is not empty."""
    try:
        async with asyncio.timeout(_PIECE_PATIENCE_S):
            piece = await anext(download.rest, b"")
    except TimeoutError:
        download.standing.leave_alone()
        raise
    if not piece:
        raise httpx.RemoteProtocolError("the node's answer ended early")
    return piece


async def _best(
    done: set[asyncio.Task[_Download]],
    other: _Download | None,
    fits: Callable[[_Download], bool],
) -> tuple[_Download | None, _Download | None]:
    """Return an answer that fits, if there is one, and one that does not; close all further."""
    found = None
    failures = [error for task in done if (error := task.exception()) is not None]
    for task in done:
        if task.exception() is not None:
            continue
        download = task.result()
        if fits(download) and found is None:
            found = download
        elif other is None:
            other = download
        else:
            await download.response.aclose()
    for error in failures:
        if not isinstance(error, TimeoutError | httpx.HTTPError | AuditError):
            for open_one in filter(None, (found, other)):
                await open_one.response.aclose()
            raise error
    return found, other


async def _cancel(downloads: set[asyncio.Task[_Download]]) -> None:
    """Cancel downloads, and close those that have begun meanwhile."""
    for task in downloads:
        task.cancel()
    for one in await asyncio.gather(*downloads, return_exceptions=True):
        if isinstance(one, _Download):
            await one.response.aclose()


def _require_asked(response: httpx.Response, method: str, headers: Mapping[str, str]) -> None:
    """Raise Malformed for a part that nobody asked for, or if the client cannot have the board."""
    status = response.status_code
    is_part = status in (_PART, _BEHIND_END)
    if (is_part and not (method == "GET" and "range" in headers)) or (
        status == _KNOWN and "if-none-match" not in headers
    ):
        raise Malformed("board", f"unexpected status {status}")


def _extent(response: httpx.Response, method: str) -> tuple[int, int, int]:
    """Return start and end of the bytes that follow, and the length of the node's board.

    Raises:
        Malformed: A refusal, or headers that do not belong to a board.
    """
    headers, status = response.headers, response.status_code
    if status not in (_WHOLE, _PART, _KNOWN, _BEHIND_END):
        raise Malformed("board", "a refusal")
    if not _TAG.fullmatch(headers.get("etag", "")):
        raise Malformed("board", "without an entity tag")
    shown = headers.get("content-range", "")
    if status == _KNOWN:
        return 0, 0, 0
    if status == _BEHIND_END:
        behind = _NO_BYTES.fullmatch(shown)
        if behind is None:
            raise Malformed("board", "without its length")
        return 0, 0, int(behind[1])
    if status == _PART:
        part = _CONTENT_RANGE.fullmatch(shown)
        if part is None:
            raise Malformed("board", "a part without its place")
        first, last, size = map(int, part.groups())
        if not first <= last < size:
            raise Malformed("board", "a part of an impossible place")
        return first, last + 1, size
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length) or not int(length):
        raise Malformed("board", "without its length")
    return 0, 0 if method == "HEAD" else int(length), int(length)
