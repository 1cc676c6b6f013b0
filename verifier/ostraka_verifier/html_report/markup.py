"""HTML that escapes by default: strings are text, only `Markup` is inserted as it is.

Titles, names and URLs come from strangers. No text can leave its element, and no control character
or direction override can reorder or hide the words around it.

Source: the HTML standard, §13.3 (serialising); Unicode Standard Annex 9, §2.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

REPLACEMENT = "\ufffd"
_MAX_MARKS = 6
"""Combining marks on one letter, more than any script uses. Piles of them cover other lines."""
_KEPT_CONTROLS = "\n\t"
_KEPT_FORMATS = "\u00ad\u200c\u200d"
"""Soft hyphen, and the joiners that scripts and emoji need."""
_REFUSED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_VOID = frozenset({"br", "link", "meta"})


@dataclass(frozen=True)
class Markup:
    """HTML that this package made."""

    html: str


Content = str | Markup | Iterable["Content"] | None
"""What an element may contain; None and empty iterables are nothing."""


def element(name: str, /, *content: Content, **attributes: str | int | None) -> Markup:
    """Return an element.

    Args:
        name: Tag name.
        content: Strings are escaped.
        attributes: Values are escaped, those that are None are left out. A trailing underscore of
            a name is dropped, others become hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(readable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*content).html}</{name}>")


def joined(*content: Content) -> Markup:
    """Return pieces of content one after another."""
    return Markup("".join(_html(piece) for piece in content))


def stranger(text: str) -> Markup:
    """Return text of a stranger, which may be written from right to left."""
    return element("bdi", text)


def readable(text: str) -> str:
    """Return text without characters that hide, reorder or cover others; U+FFFD replaces them."""
    shown, marks = [], 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        refused = category in _REFUSED and character not in _KEPT_CONTROLS + _KEPT_FORMATS
        if refused or marks == _MAX_MARKS + 1:
            shown.append(REPLACEMENT)
        elif marks <= _MAX_MARKS:
            shown.append(character)
    return "".join(shown)


def _html(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return content.html
    if isinstance(content, str):
        return escape(readable(content))
    return "".join(_html(piece) for piece in content)
