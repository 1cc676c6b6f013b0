"""What a gateway writes into the head of the client's document: title, icons, previews of links.

The client's build marks the place by two comments. Everything else of the document stays as it was
built, so that its hash keeps its meaning: `head_problem` says what may stand in between.

Source: docs/decisions/0093-brand-by-settings.md; the Open Graph protocol (ogp.me).
"""

import re
from html import escape

from ostraka.gateway.brand import Brand

BEGIN, END = b"<!-- site -->", b"<!-- /site -->"
_BLOCK = re.compile(re.escape(BEGIN) + b"(.*?)" + re.escape(END), re.DOTALL)
_VALUE = r'[^"<>]*'
_ALLOWED = re.compile(
    rf"<title>[^<>]*</title>"
    r'|<meta (?:name="(?:application-name|description|robots|theme-color|logo)"'
    rf'|property="og:[a-z_]+") content="{_VALUE}"(?: media="{_VALUE}")? />'
    r'|<link rel="(?:icon|apple-touch-icon|manifest)" href="/[^"<>/][^"<>]*"'
    rf'(?: (?:sizes|type)="{_VALUE}")? />'
    r'|<link rel="stylesheet" href="/brand\.css" />'
)


def written(document: bytes, block: str) -> bytes:
    """Return the client's document with `block` between its marks."""
    whole = BEGIN + b"\n" + block.encode() + END
    return _BLOCK.sub(lambda _: whole, document, count=1)


def bare(document: bytes) -> bytes:
    """Return a document without what is between its marks, for comparison."""
    return _BLOCK.sub(BEGIN + END, document, count=1)


def head_problem(document: bytes) -> str | None:
    """Return what stands between a document's marks and does more than describe it, or None."""
    found = _BLOCK.search(document)
    if found is None:
        return "the marks are missing"
    for line in found[1].decode(errors="replace").splitlines():
        if line.strip() and not _ALLOWED.fullmatch(line.strip()):
            return line.strip()
    return None


def head_of(
    brand: Brand, public_url: str, path: str, title: str, *, indexed: bool, picture: str = ""
) -> str:
    """Return the lines that describe one page.

    Args:
        public_url: Address at which people reach the gateway; "" if none is known.
        path: The page's path.
        title: Title of the round or poll; "" for other pages.
        indexed: Whether search engines may list the page.
        picture: Path of the page's own picture for previews; "" without one.
    """
    full = f"{title} – {brand.name}" if title else brand.name
    light, dark = brand.theme_colors
    lines = [
        f"<title>{_text(full)}</title>",
        _meta("name", "application-name", brand.name),
        _meta("name", "description", brand.description),
        *([] if indexed else [_meta("name", "robots", "noindex")]),
        _meta("name", "theme-color", light, "(prefers-color-scheme: light)"),
        _meta("name", "theme-color", dark, "(prefers-color-scheme: dark)"),
        _meta("property", "og:type", "website"),
        _meta("property", "og:site_name", brand.name),
        _meta("property", "og:title", title or brand.name),
        _meta("property", "og:description", brand.description),
    ]
    if public_url:
        lines.append(_meta("property", "og:url", public_url + path))
        picture = picture or _preview(brand)
        if picture:
            lines.append(_meta("property", "og:image", public_url + picture))
    if brand.logo is not None:
        lines.append(_meta("name", "logo", brand.logo.path))
    lines += _icons(brand)
    lines.append('<link rel="manifest" href="/manifest.webmanifest" />')
    if brand.style_sheet:
        lines.append('<link rel="stylesheet" href="/brand.css" />')
    return "".join(f"    {line}\n" for line in lines) + "    "


def _icons(brand: Brand) -> list[str]:
    if brand.icon is not None:
        return [f'<link rel="icon" href="{brand.icon.path}" type="{brand.icon.media_type}" />']
    return [
        '<link rel="icon" href="/favicon.ico" sizes="32x32" />',
        '<link rel="icon" href="/icon.svg" type="image/svg+xml" />',
        '<link rel="apple-touch-icon" href="/icon-180.png" />',
    ]


def _preview(brand: Brand) -> str:
    """Return the path of a picture for previews, which show no SVG; "" without one."""
    for image in brand.images:
        if image.media_type == "image/png":
            return image.path
    return "" if brand.images else "/icon-512.png"


def _meta(kind: str, name: str, content: str, media: str = "") -> str:
    narrowed = f' media="{media}"' if media else ""
    return f'<meta {kind}="{name}" content="{_text(content)}"{narrowed} />'


def _text(text: str) -> str:
    """Return a text for one line of HTML."""
    return escape(" ".join(text.split()))
