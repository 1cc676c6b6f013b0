"""Settings of a gateway's brand, and the files that they name.

Source: docs/operations.md, "Name, logo and colours".
"""

import re
from pathlib import Path
from typing import Annotated, Self

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ostraka.gateway.brand import DESCRIPTION, NAME, STATEMENTS, Brand, Image
from ostraka.services.contrast import DARK, LIGHT, Theme, contrast_problem
from ostraka.wire.titles import title_problem

MAX_IMAGE_BYTES = 256 * 1024
MAX_TEXT_BYTES = 256 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]", re.S
)
_URL = re.compile(r"https?://[^/?#\s]+\S*")
_EMAIL = re.compile(r"[^@:\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")


def _title(value: str) -> str:
    problem = title_problem(value)
    if problem is not None:
        raise ValueError(problem)
    return value


def _contact(value: str) -> str:
    if _URL.fullmatch(value):
        return value
    if _EMAIL.fullmatch(value):
        return f"mailto:{value}"
    raise ValueError("expected an e-mail address or an http(s) URL")


def _statement(value: str) -> str:
    if not _URL.fullmatch(value):
        _read_text(Path(value))
    return value


def _image(value: Path) -> Path:
    read_image(value, "")
    return value


Title = Annotated[str, AfterValidator(_title)]
Contact = Annotated[str, AfterValidator(_contact)]
Statement = Annotated[str, AfterValidator(_statement)]
ImageFile = Annotated[Path, AfterValidator(_image)]


class BrandSettings(BaseModel):
    """The table `[brand]` of a gateway's settings. Every setting may be missing."""

    model_config = ConfigDict(extra="forbid")

    name: Title = Field(default=NAME, max_length=60)
    """Name of the site, in the header and in titles of windows."""
    description: Title = Field(default=DESCRIPTION, max_length=300)
    """One sentence that search engines and previews of links show."""
    logo: ImageFile | None = None
    """SVG or PNG beside the name, at most 256 KiB."""
    icon: ImageFile | None = None
    """Square SVG or PNG for tabs and home screens, at most 256 KiB. Default: the logo."""
    accent: str | None = None
    """Colour of links and buttons on light grounds, as `#rrggbb`."""
    accent_dark: str | None = None
    """The same on dark grounds."""
    contact: Contact | None = None
    """E-mail address or URL."""
    imprint: Statement | None = None
    """URL, or a Markdown (`.md`) or text file (`.txt`), which gets a page of its own. The same
    holds for the next two."""
    privacy: Statement | None = None
    accessibility: Statement | None = None

    @model_validator(mode="after")
    def _check_colors(self) -> Self:
        if (self.accent is None) != (self.accent_dark is None):
            raise ValueError("accent and accent_dark: set both, or none")
        _check_contrast("accent", self.accent, LIGHT)
        _check_contrast("accent_dark", self.accent_dark, DARK)
        return self

    def brand(self) -> Brand:
        """Read the files, and return what the gateway shows.

        Raises:
            ValueError: A file is missing, too large or of another kind.
        """
        logo = None if self.logo is None else read_image(self.logo, "logo")
        icon = logo if self.icon is None else read_image(self.icon, "icon")
        links, texts = {}, {}
        for name in STATEMENTS:
            given: str | None = getattr(self, name)
            if given is None:
                continue
            if _URL.fullmatch(given):
                links[name] = given
            else:
                links[name], texts[name] = f"/{name}", html_of(Path(given))
        accents = None
        if self.accent is not None and self.accent_dark is not None:
            accents = self.accent.lower(), self.accent_dark.lower()
        return Brand(
            self.name, self.description, logo, icon, accents, self.contact or "", links, texts
        )


def _check_contrast(name: str, color: str | None, theme: Theme) -> None:
    if color is None:
        return
    try:
        problem = contrast_problem(color, theme)
    except ValueError as error:
        problem = str(error)
    if problem is not None:
        raise ValueError(f"{name}: {problem}")


def read_image(path: Path, name: str) -> Image:
    """Return an SVG or PNG file.

    Args:
        name: Name under which it is served, without its ending.

    Raises:
        ValueError: It cannot be read, is too large, or is neither.
    """
    content = _read(path, MAX_IMAGE_BYTES)
    if content.startswith(_PNG):
        return Image(f"{name}.png", content, "image/png")
    if _SVG.match(content):
        return Image(f"{name}.svg", content, "image/svg+xml")
    raise ValueError(f"{path}: neither an SVG nor a PNG file")


def html_of(path: Path) -> str:
    """Return a Markdown or text file as HTML.

    HTML in the file is shown as text, and links lead to web and e-mail addresses only. Headings
    become one level lower, because the page has a heading of its own.

    Raises:
        ValueError: It cannot be read, is too large, is not UTF-8, or has another ending.
    """
    text = _read_text(path)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # The policy of the pages allows pictures of this origin only.
    markdown.disable("image")
    if path.suffix == ".txt":
        # Paragraphs only.
        markdown = MarkdownIt("zero", {"breaks": True}).enable(["newline"])
    tokens = markdown.parse(text)
    for token in tokens:
        _lower(token)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _lower(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + 1)}"


def _read_text(path: Path) -> str:
    if path.suffix not in (".md", ".txt"):
        raise ValueError(f"{path}: expected an http(s) URL, or a file that ends in .md or .txt")
    try:
        return _read(path, MAX_TEXT_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8") from None


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if len(content) > limit:
        raise ValueError(f"{path}: larger than {limit // 1024} KiB")
    return content
