"""The browser client: static files under a policy that lists all allowed connections.

Source: docs/decisions/0051-client-served-from-memory.md, 0052-content-security-policy.md and
0053-client-hash.md; Content Security Policy Level 3.
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response

PAGE_PATHS = (
    "/",
    "/about",
    "/key",
    "/organize",
    "/organize/log",
    "/organize/team",
    "/organize/{plan}",
    "/register",
    "/voting-key",
    "/rounds/{number}",
    "/rounds/{number}/propose",
    "/rounds/{number}/proposals/{proposal}",
    "/polls/{number}",
    "/polls/{number}/{page}",
)
"""Paths of the client's pages; its script reads the path."""
_INDEX = "index.html"
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_IMMUTABLE = "public, max-age=31536000, immutable"
# No characters that could end a header or a directive.
_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True)
class File:
    """A file of the client.

    Attributes:
        packed: The gzipped content.
    """

    content: bytes
    packed: bytes
    media_type: str


@dataclass(frozen=True)
class Bundle:
    """The built client, held in memory, so that no request can reach any other file."""

    files: dict[str, File]

    @classmethod
    def read(cls, folder: Path) -> "Bundle | None":
        """Read all files of a folder; None if it does not contain a client."""
        if not (folder / _INDEX).is_file():
            return None
        files = {}
        for path in sorted(folder.rglob("*")):
            # Names that begin with a dot belong to the set-up script or to editors.
            if path.is_file() and not path.name.startswith("."):
                content = path.read_bytes()
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                packed = gzip.compress(content, mtime=0)
                files[path.relative_to(folder).as_posix()] = File(content, packed, kind)
        return cls(files)

    @property
    def digest(self) -> str:
        """SHA-256 over a line `digest  name` for each file, sorted by name, as in `sha256sum`."""
        lines = (
            f"{hashlib.sha256(file.content).hexdigest()}  {name}\n"
            for name, file in sorted(self.files.items())
        )
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def import_map(self) -> str:
        """Return the source expression of the page's import map, its only inline script.

        It contains no code, only the hashes of all scripts that are loaded on demand.
        """
        found = _IMPORT_MAP.search(self.files[_INDEX].content)
        if found is None:
            return ""
        digest = hashlib.sha256(found.group(1)).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


def install(app: FastAPI, bundle: Bundle, urls: Callable[[], Iterable[str]]) -> None:
    """Serve the client at its pages' paths.

    Args:
        urls: Further allowed connections: nodes, and the chain's provider.
    """

    import_map = bundle.import_map

    def serve(name: str) -> Callable[[Request], Response]:
        file = bundle.files[name]
        lasting = name.startswith("assets/")

        def answer(request: Request) -> Response:
            # Users may name the chain provider that they trust: `?rpc=` and its URL.
            named = request.query_params.getlist("rpc")[:1]
            headers = {
                **_HEADERS,
                "Content-Security-Policy": policy(import_map, [*urls(), *named]),
                "Cache-Control": _IMMUTABLE if lasting else "no-cache",
                "Vary": "Accept-Encoding",
            }
            content = file.content
            if "gzip" in request.headers.get("accept-encoding", ""):
                content, headers["Content-Encoding"] = file.packed, "gzip"
            return Response(content, media_type=file.media_type, headers=headers)

        return answer

    for path in PAGE_PATHS:
        app.add_route(path, serve(_INDEX), include_in_schema=False)
    for name in bundle.files:
        app.add_route(f"/{name}", serve(name), include_in_schema=False)


def policy(import_map: str, urls: Iterable[str]) -> str:
    """Return the content security policy: scripts from here, and connections to these origins."""
    origins = sorted({origin for url in urls if (origin := origin_of(url))})
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {import_map}".rstrip(),
            "worker-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            # Wallets show their icons as data URLs.
            "img-src 'self' data:",
            " ".join(("connect-src 'self'", *origins)),
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of an http(s) URL; None if it is invalid."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    # Without credentials, which must not appear in a header.
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
    return origin if _ORIGIN.fullmatch(origin) else None
