"""Answer with a file whose content never changes: as a stream, whole or one range of it.

The framework's own `FileResponse` makes entity tags from time and size, answers 400 to units of
ranges that it does not know, treats HEAD with a range as GET, and ignores `If-None-Match`.

Source: RFC 9110, sections 8.8, 13 and 14.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ostraka.wire.openapi import BINARY, Responses
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

PART_HEADERS = ("range", "if-range", "if-none-match")
"""Headers of requests that decide which part of a file is wanted, or whether any is."""
FILE_HEADERS = ("etag", "accept-ranges", "content-range", "cache-control")
"""Headers of answers that tell which part of which file this is."""
_CHUNK_BYTES = 2**18
_RANGE = re.compile("bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)
_TAGS = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True)
class StoredFile:
    """A file that is never changed in place.

    Attributes:
        etag: Strong entity tag, with its quotes: a hash of the content.
        size_bytes: Its length.
    """

    path: Path
    etag: str
    size_bytes: int


class Unsatisfiable(Exception):
    """A range begins behind the end of the file."""


def wanted_range(headers: Mapping[str, str], file: StoredFile) -> tuple[int, int] | None:
    """Return start and end (exclusive) of the wanted range; None for the whole file.

    Several ranges, other units and ranges that are not well-formed are ignored, as the standard
    allows or requires. So is a range of a file with another entity tag (`If-Range`).

    Raises:
        Unsatisfiable: No byte of the file is in the range.
    """
    found = _RANGE.fullmatch(headers.get("range", ""))
    if found is None or headers.get("if-range", file.etag) != file.etag:
        return None
    first, last = found.groups()
    if not first:
        if not last:
            return None
        if not int(last) or not file.size_bytes:
            raise Unsatisfiable
        return max(0, file.size_bytes - int(last)), file.size_bytes
    start, end = int(first), file.size_bytes
    if last:
        if int(last) < start:
            return None
        end = min(end, int(last) + 1)
    if start >= file.size_bytes:
        raise Unsatisfiable
    return start, end


def file_answer(request: Request, file: StoredFile) -> Response:
    """Answer a GET or HEAD request with a file: 200, 206, 304 or 416."""
    headers = {
        "ETag": file.etag,
        "Accept-Ranges": "bytes",
        # A stored copy is asked for again with its entity tag.
        "Cache-Control": "no-cache",
    }
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or file.etag in _TAGS.findall(known):
        return Response(status_code=304, headers=headers)
    is_head = request.method == "HEAD"
    try:
        part = None if is_head else wanted_range(request.headers, file)
    except Unsatisfiable:
        problem = Problem(
            ProblemType.RANGE_NOT_SATISFIABLE, f"the file has {file.size_bytes} bytes", "Range"
        )
        return respond(problem, headers | {"Content-Range": f"bytes */{file.size_bytes}"})
    start, end = part or (0, file.size_bytes)
    headers["Content-Length"] = str(end - start)
    if is_head:
        return Response(headers=headers, media_type=BINARY)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    return StreamingResponse(
        _pieces(file.path, start, end), 200 if part is None else 206, headers, BINARY
    )


async def _pieces(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield the bytes from `start` on, before `end`; the server waits for slow clients."""
    with await asyncio.to_thread(path.open, "rb") as content:
        content.seek(start)
        while start < end:
            piece = await asyncio.to_thread(content.read, min(_CHUNK_BYTES, end - start))
            if not piece:
                raise OSError(f"{path}: shorter than it was")
            start += len(piece)
            yield piece


def file_responses(description: str) -> Responses:
    """Return the success answers of a route that answers with a file, for its description."""
    body = {BINARY: {"schema": {"type": "string", "format": "binary"}}}
    tag = {"ETag": {"description": "Names this content.", "schema": {"type": "string"}}}
    part = {"Content-Range": {"description": "Which bytes.", "schema": {"type": "string"}}}
    return {
        200: {"description": description, "headers": tag, "content": body},
        206: {"description": "The wanted range of it.", "headers": tag | part, "content": body},
        304: {"description": "The client has this content (`If-None-Match`).", "headers": tag},
    }
