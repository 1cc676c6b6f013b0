"""Titles and names: which characters are allowed, and when two of them look alike.

A title may be in any script. Characters that change the direction of text and invisible characters
are refused: with them, a title can look different from its content. Joiners and variation selectors
are allowed, as several scripts and emoji need them, but they do not distinguish names.

Source: Unicode Standard Annex #31 (NFKC_Casefold), Unicode Technical Report #36.
"""

import re
import unicodedata
from collections.abc import Sequence

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Invisible characters that Unicode counts among letters, marks and symbols."""
_RESERVED = re.compile("[\u2065\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]")
"""Reserved by Unicode for invisible characters (Default_Ignorable_Code_Point)."""
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def title_problem(text: str) -> str | None:
    """Return why a text cannot be a title or name; None if it can."""
    for sign in text:
        if sign in _DIRECTION:
            return f"U+{ord(sign):04X} changes the direction of text"
        if _is_invisible(sign):
            return f"U+{ord(sign):04X} is invisible"
    return None if folded(text) else "blank"


def folded(text: str) -> str:
    """Return a text without case, width, blanks at its ends and joiners, for comparison."""
    kept = "".join(sign for sign in text if not _is_ignored(sign))
    alike = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", kept).casefold())
    return " ".join(alike.split())


def first_alike(names: Sequence[str]) -> tuple[int, int] | None:
    """Return the indices of two names that look alike, the later one first; None without any."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        first = seen.setdefault(folded(name), number)
        if first != number:
            return number, first
    return None


def cleaned(text: str) -> str:
    """Remove characters that no title may have, and blanks at the ends, from an imported text."""
    return "".join(
        sign for sign in text if sign not in _DIRECTION and not _is_invisible(sign)
    ).strip()


def _is_invisible(sign: str) -> bool:
    if sign in _JOINERS:
        return False
    # Controls, formats, surrogates, and separators of lines and paragraphs.
    if sign in _FILLERS or _RESERVED.match(sign):
        return True
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _is_ignored(sign: str) -> bool:
    return sign in _JOINERS or _SELECTORS.match(sign) is not None
