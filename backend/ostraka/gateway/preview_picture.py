"""Pictures that other programs show beside a link: name of the site, title, and time of the vote.

A program may keep a picture for weeks. So it shows dates, which stay true, and no state, which
would become false. It has the client's own font; a title with letters that the font lacks is left
out.

Source: docs/decisions/0093-brand-by-settings.md; the Open Graph protocol (ogp.me).
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont

from ostraka.gateway.brand import Brand
from ostraka_verifier.units import UnixSeconds

SIZE = (1200, 630)
"""Width and height in pixels, as ogp.me's readers expect them."""
MAX_BYTES = 128 * 2**10
_KEPT = 64
_GROUND, _INK, _QUIET = "#fbfaf7", "#1c1b1a", "#5b5750"
_LEFT, _WIDTH = 88, 1024
_TITLE_SIZES = (84, 68, 54)
_MOST_LINES = 4
_FONT = re.compile(r"assets/public-sans-(latin|latin-ext)-wght-normal-.*\.woff2")
_PAGE = re.compile(r"/(rounds|polls)/([1-9][0-9]{0,17})(?:/.*)?")
_PUNCTUATION = "–—‘’‚“”„†•…€™‹›−"
"""Of the file of the basic letters, beyond U+00FF."""


_Fonts = Sequence[ImageFont.FreeTypeFont]
"""The fonts of the basic and of the further Latin letters."""


class PreviewPictures:
    """Draws and keeps the pictures of one gateway.

    Args:
        fonts: The font files of the basic and of the further Latin letters.
        vote_of: Returns the title of a round or poll and when its vote opens and closes, given
            "rounds" or "polls" and its number; Problem if it does not exist.
    """

    def __init__(
        self,
        fonts: tuple[bytes, bytes],
        brand: Brand,
        vote_of: Callable[[str, int], tuple[str, UnixSeconds, UnixSeconds]],
    ) -> None:
        self._fonts = fonts
        self._brand = brand
        self._vote_of = vote_of
        self._kept = lru_cache(_KEPT)(self._draw)

    def of_site(self) -> bytes:
        """Return the PNG picture of the site."""
        return self._kept(self._brand.description, "")

    def of(self, kind: str, number: int) -> bytes:
        """Return the PNG picture of a round or poll; Problem if it does not exist.

        Args:
            kind: "rounds" or "polls".
        """
        title, *times = self._vote_of(kind, number)
        days = [datetime.fromtimestamp(at, UTC).date() for at in times]
        return self._kept(title, " – ".join(str(day) for day in dict.fromkeys(days)))

    def _draw(self, title: str, line: str) -> bytes:
        accent = self._brand.theme_colors[0]
        picture = Image.new("RGB", SIZE, _GROUND)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 0, 28, SIZE[1]), fill=accent)
        small = self._font(42, 650)
        _write(draw, (_LEFT, 72), _fitting(_drawable(self._brand.name), small), small, accent)
        text = _drawable(title)
        for size in _TITLE_SIZES:
            fonts = self._font(size, 750)
            lines = _wrapped(text, fonts)
            if len(lines) <= _MOST_LINES - (size == _TITLE_SIZES[0]):
                break
        if len(lines) > _MOST_LINES:
            lines = [*lines[: _MOST_LINES - 1], _fitting(f"{lines[_MOST_LINES - 1]} …", fonts)]
        for number, one in enumerate(lines):
            _write(draw, (_LEFT, 168 + number * size * 1.2), one, fonts, _INK)
        _write(draw, (_LEFT, 520), line, self._font(38, 500), _QUIET)
        written = io.BytesIO()
        # Few colours: letters on one ground.
        picture.quantize(32).save(written, "PNG", optimize=True)
        return written.getvalue()

    def _font(self, size: int, weight: int) -> _Fonts:
        found = []
        for content in self._fonts:
            font = ImageFont.truetype(io.BytesIO(content), size)
            font.set_variation_by_axes([weight])
            found.append(font)
        return found


def fonts_of(files: Mapping[str, bytes]) -> tuple[bytes, bytes] | None:
    """Return the font files of a built client, given all its files; None without them."""
    found = {match[1]: files[name] for name in files if (match := _FONT.fullmatch(name))}
    basic, further = found.get("latin"), found.get("latin-ext")
    return (basic, further) if basic and further else None


def picture_path(path: str) -> str:
    """Return the path of the picture of a page."""
    found = _PAGE.fullmatch(path)
    return f"/{found[1]}/{found[2]}/preview.png" if found else "/preview.png"


def _basic(sign: str) -> bool:
    return ord(sign) < 0x100 or sign in _PUNCTUATION


def _drawable(text: str) -> str:
    """Return a text in one line; "" if the font lacks one of its letters."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if all(_basic(sign) or ord(sign) < 0x250 for sign in line) else ""


def _length(text: str, fonts: _Fonts) -> float:
    return sum(
        fonts[0 if basic else 1].getlength("".join(run)) for basic, run in groupby(text, _basic)
    )


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fonts: _Fonts, color: str
) -> None:
    left, top = at
    for basic, signs in groupby(text, _basic):
        run, font = "".join(signs), fonts[0 if basic else 1]
        # On one base line, whatever each file's own height is.
        draw.text((left, top + fonts[0].getmetrics()[0]), run, color, font, anchor="ls")
        left += font.getlength(run)


def _fitting(text: str, fonts: _Fonts) -> str:
    """Return as much of a text as fits into a line."""
    if _length(text, fonts) <= _WIDTH:
        return text
    while text and _length(f"{text} …", fonts) > _WIDTH:
        text = text[:-1].rstrip(" …")
    return f"{text} …"


def _wrapped(text: str, fonts: _Fonts) -> list[str]:
    """Return the lines of a text; a word that is too long is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _length(longer, fonts) <= _WIDTH:
            lines[-1] = longer
        else:
            lines.append(_fitting(word, fonts))
    return lines
