"""Error texts about invalid inputs, for the people who wrote them.

pydantic's own messages address programmers, and are never shown to users.
"""

import errno
import os
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

OWN = "own_words"
"""Type of a validation error that already has our own wording."""
_CLOSE = 0.8


def close_to(name: str, known: Collection[str]) -> str:
    """Return the known name closest to a misspelt one; "" for a known name or without a match."""
    if name in known:
        return ""
    parted = name.strip().lower()
    plain = re.sub(r"[\s-]+", "_", parted)
    if plain in known:
        return plain
    for one in known:
        # Swapped letters, as in short names, which are not similar enough for the library.
        if sorted(one) == sorted(parted):
            return one
    return next(iter(get_close_matches(parted, known, 1, _CLOSE)), "")


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return `; did you mean …` for a misspelt known name; "" for every other name."""
    close = close_to(name, known)
    return f"; did you mean {close}" if close else ""


def utc_time(unix_s: int) -> str:
    """Format a Unix time for people."""
    try:
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        # Contracts accept times beyond the year 9999, and polls can be anybody's.
        return f"{unix_s} in Unix seconds"


def of_file(error: OSError) -> str:
    """Return a file's name and the reason why it cannot be used."""
    reason = error.strerror or "cannot be used"
    if isinstance(error, FileExistsError) and reason == os.strerror(errno.EEXIST):
        reason = "already exists, and is not overwritten"
    return f"{error.filename}: {reason}" if error.filename else reason


def place_of(parts: Sequence[str | int]) -> str:
    """Return a place in a file or request as its author would write it: `outcomes[0].seats`."""
    place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in parts)
    return place.removeprefix(".")


def reason_of(error: Mapping[str, Any]) -> str:
    """Return why a value is invalid, from an entry of pydantic's `errors()`."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == OWN:
        return str(error["msg"])
    if kind == "value_error":
        return str(context["error"]) if "error" in context else "not a known value"
    for name, words in _WORDS.items():
        if kind == name:
            return words.format(**{key: _plain(value) for key, value in context.items()})
    for end, words in _KINDS.items():
        if kind.startswith(end):
            return words
    return "not a known value"


_WORDS = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "greater_than_equal": "expected at least {ge}",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected at most {le}",
    "less_than": "expected less than {lt}",
    "string_too_short": "expected at least {min_length} characters",
    "string_too_long": "expected at most {max_length} characters",
    "too_short": "expected at least {min_length} entries",
    "too_long": "expected at most {max_length} entries",
    "literal_error": "expected {expected}",
    "union_tag_invalid": "{tag} is not one of {expected_tags}",
    "union_tag_not_found": "missing",
    "json_invalid": "not JSON",
}
_KINDS = {
    "int": "expected a whole number",
    "float": "expected a number",
    "finite_number": "expected a number",
    "bool": "expected true or false",
    "string_pattern_mismatch": "not in the expected format",
    "string": "expected text",
    "list": "expected a list",
    "tuple": "expected a list",
    "set": "expected a list",
    "dict": "expected an object of members",
    "mapping": "expected an object of members",
    "model": "expected an object of members",
    "dataclass": "expected an object of members",
    "path": "expected the name of a file",
    "bytes": "expected text",
    "none_required": "expected null",
}


def _plain(value: object) -> str:
    return str(value)
