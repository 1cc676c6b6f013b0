"""The browser client: static files under a policy that lists all allowed connections.

Source: docs/decisions/0051-client-served-from-memory.md, 0052-content-security-policy.md,
0053-client-hash.md, 0093-brand-by-settings.md and 0100-page-speed.md; Content Security Policy
Level 3.
"""

import base64
import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ostraka.gateway.brand import OSTRAKA, Brand, Image
from ostraka.gateway.page_head import head_of, written
from ostraka.gateway.preview_picture import PreviewPictures, picture_path

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
    "/rounds/{number}/log",
    "/rounds/{number}/propose",
    "/rounds/{number}/proposals/{proposal}",
    "/rounds/{number}/proposals/{proposal}/edit",
    "/polls/{number}",
    "/polls/{number}/check",
    "/polls/{number}/results",
    "/polls/{number}/audit",
    "/polls/{number}/certificate",
    "/subscriptions/{subscription}",
)
"""Paths of the client's pages; its script reads the path."""
_INDEX = "index.html"
_PRELOADS = "preloads.json"
"""Tags of the build that load a page's own scripts at once, by its path of `PAGE_PATHS`."""
_UNLISTED = ("/key", "/organize", "/register", "/subscriptions", "/voting-key")
"""Pages for their own visitors, which search engines leave out."""
_ROBOTS = "User-agent: *\nDisallow: /api/\nDisallow: /organize\n"
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_PICTURE_S = 86_400
"""Seconds for which others may keep a picture for previews."""
_IMMUTABLE = "public, max-age=31536000, immutable"
# No characters that could end a header or a directive.
_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class NoSuchPage(LookupError):
    """The page's round or poll does not exist."""


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

    def document(self, path: str) -> bytes:
        """Return the build's document with the tags that load the scripts of one page at once.

        Args:
            path: One of PAGE_PATHS, or of the brand's texts. Others have no tags.
        """
        preloads = self.files.get(_PRELOADS)
        tags = json.loads(preloads.content).get(path, []) if preloads else []
        # After the import map, which some browsers ignore once a script was asked for.
        lines = "".join(f"  {tag}\n  " for tag in tags).encode()
        return self.files[_INDEX].content.replace(b"</head>", lines + b"</head>", 1)

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


def install(
    app: FastAPI,
    bundle: Bundle,
    urls: Callable[[], Iterable[str]],
    brand: Brand = OSTRAKA,
    public_url: str = "",
    title_of: Callable[[str], str] = lambda _: "",
    pictures: PreviewPictures | None = None,
) -> None:
    """Serve the client at its pages' paths, and a page that says so at unknown addresses.

    Args:
        urls: Further allowed connections: nodes, and the chain's provider.
        public_url: Address at which people reach the gateway; "" if none is known.
        title_of: Returns the title of a path's round or poll, or "". Raises NoSuchPage.
        pictures: Draws pictures for previews of links; None: there are none.
    """
    import_map = bundle.import_map

    def answer(
        request: Request, content: bytes, packed: bytes, kind: str, cache: str, status: int = 200
    ) -> Response:
        # Users may name the chain provider that they trust: `?rpc=` and its URL.
        named = request.query_params.getlist("rpc")[:1]
        headers = {
            **_HEADERS,
            "Content-Security-Policy": policy(import_map, [*urls(), *named]),
            "Cache-Control": cache,
            "Vary": "Accept-Encoding" if status == 200 else "Accept, Accept-Encoding",
        }
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = packed, "gzip"
        return Response(content, status, headers, kind)

    def file(name: str) -> Callable[[Request], Response]:
        one = bundle.files[name]
        cache = _IMMUTABLE if name.startswith("assets/") else "no-cache"
        return lambda request: answer(request, one.content, one.packed, one.media_type, cache)

    def page(request: Request, status: int, document: bytes) -> Response:
        """Return the client's document for an address; with status 404 if nothing is there."""
        path, title = request.url.path, ""
        if status == 200:
            try:
                title = title_of(path)
            except NoSuchPage:
                status = 404
        indexed = status == 200 and not path.startswith(_UNLISTED)
        picture = picture_path(path) if pictures and status == 200 else ""
        head = head_of(brand, public_url, path, title, indexed=indexed, picture=picture)
        content = written(document, head)
        packed = gzip.compress(content, mtime=0)
        return answer(request, content, packed, "text/html", "no-cache", status)

    def page_at(path: str) -> Callable[[Request], Response]:
        document = bundle.document(path)
        return lambda request: page(request, 200, document)

    def text(content: str, kind: str) -> Callable[[Request], Response]:
        encoded = content.encode()
        packed = gzip.compress(encoded, mtime=0)
        return lambda request: answer(request, encoded, packed, kind, "no-cache")

    for path in (*PAGE_PATHS, *(f"/{name}" for name in brand.texts)):
        app.add_route(path, page_at(path), include_in_schema=False)
    for name in bundle.files:
        app.add_route(f"/{name}", file(name), include_in_schema=False)
    for path, content, kind in (
        ("/robots.txt", _ROBOTS, "text/plain"),
        ("/manifest.webmanifest", brand.manifest, "application/manifest+json"),
        ("/brand.css", brand.style_sheet, "text/css"),
    ):
        app.add_route(path, text(content, kind), include_in_schema=False)
    for image in brand.images:
        app.add_route(image.path, _picture(image), include_in_schema=False)
    if pictures is not None:
        _add_previews(app, pictures)
    bare = bundle.document("")
    _answer_browsers(app, lambda request: page(request, 404, bare))


def _picture(image: Image) -> Callable[[Request], Response]:
    headers = {
        **_HEADERS,
        # An SVG file that is opened by itself runs nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cache-Control": "no-cache",
    }
    return lambda _: Response(image.content, 200, headers, image.media_type)


def _add_previews(app: FastAPI, pictures: PreviewPictures) -> None:
    """Serve the pictures of the site, of rounds and of polls."""

    def answer(picture: bytes) -> Response:
        headers = {**_HEADERS, "Cache-Control": f"public, max-age={_PICTURE_S}"}
        return Response(picture, 200, headers, "image/png")

    def of(kind: str) -> Callable[[Request], Response]:
        return lambda request: answer(pictures.of(kind, request.path_params["number"]))

    app.add_route("/preview.png", lambda _: answer(pictures.of_site()), include_in_schema=False)
    for kind in ("rounds", "polls"):
        path = f"/{kind}/{{number:int}}/preview.png"
        app.add_route(path, of(kind), include_in_schema=False)


def _answer_browsers(app: FastAPI, page: Callable[[Request], Response]) -> None:
    """Answer a browser that visits an unknown address with a page; programs get a problem."""
    otherwise = app.exception_handlers[HTTPException]

    @app.exception_handler(HTTPException)
    async def _missing(request: Request, error: HTTPException) -> Response:
        visits = request.method in ("GET", "HEAD") and "text/html" in request.headers.get(
            "accept", ""
        )
        if error.status_code == 404 and visits:
            return await run_in_threadpool(page, request)
        answered: Response = await otherwise(request, error)  # type: ignore[misc]
        return answered


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
            "manifest-src 'self'",
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
