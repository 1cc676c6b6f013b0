"""Strict reader of JSON members: each has its type, none is unknown.

Integers are JSON integers below 2^53 in magnitude, which every language reads exactly, or decimal
strings. Larger ones must be strings.

Source: docs/protocol.md §5.8.
"""

import re
from typing import Any

from ostraka_verifier.errors import Malformed

_EXACT = 1 << 53
_DECIMAL = re.compile("0|-?[1-9][0-9]{0,39}")
_MAX_ENTRIES = 320
"""Maximum number of a rule's slots, bits, or rows of a kind."""


class Fields:
    """Reads the members of one object; Malformed names the invalid member."""

    def __init__(self, content: Any, item: str) -> None:
        if not isinstance(content, dict):
            raise Malformed(item, "not a JSON object")
        self._content = dict(content)
        self._item = item

    def has(self, name: str) -> bool:
        """Return whether a member exists and was not read yet."""
        return name in self._content

    def text(self, name: str) -> str:
        """Return a string that is not empty."""
        return self._text(self._take(name), name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return strings."""
        return tuple(self._text(one, f"{name}[{n}]") for n, one in enumerate(self._list(name)))

    def flag(self, name: str) -> bool:
        """Return true or false; false if the member is absent."""
        value = self._content.pop(name, False)
        if not isinstance(value, bool):
            raise self._malformed(name, "not true or false")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """Return an integer. Without a default the member is required."""
        if default is not None and name not in self._content:
            return default
        return self._integer(self._take(name), name)

    def integers(self, name: str) -> tuple[int, ...]:
        """Return integers."""
        return tuple(self._integer(one, f"{name}[{n}]") for n, one in enumerate(self._list(name)))

    def objects(self, name: str) -> list["Fields"]:
        """Return objects; an empty list if the member is absent."""
        if name not in self._content:
            return []
        return [Fields(one, f"{self._item}.{name}[{n}]") for n, one in enumerate(self._list(name))]

    def end(self) -> None:
        """Raise Malformed if a member is left."""
        for name in self._content:
            raise Malformed(self._item, f"unknown member {name[:40]!r}")

    def _take(self, name: str) -> Any:
        if name not in self._content:
            raise self._malformed(name, "missing")
        return self._content.pop(name)

    def _list(self, name: str) -> list[Any]:
        value = self._take(name)
        if not isinstance(value, list):
            raise self._malformed(name, "not a list")
        if len(value) > _MAX_ENTRIES:
            raise self._malformed(name, f"{len(value)} entries, at most {_MAX_ENTRIES}")
        return value

    def _text(self, value: Any, name: str) -> str:
        if not isinstance(value, str) or not value:
            raise self._malformed(name, "not a non-empty string")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._malformed(name, "not UTF-8") from None
        return value

    def _integer(self, value: Any, name: str) -> int:
        if type(value) is int and abs(value) < _EXACT:
            return value
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return int(value)
        raise self._malformed(name, "not an integer below 2^53, nor a decimal string")

    def _malformed(self, name: str, reason: str) -> Malformed:
        return Malformed(f"{self._item}.{name}", reason)


def written(value: int) -> int | str:
    """Return an integer as JSON: a string where not every language reads a number exactly."""
    return value if abs(value) < _EXACT else str(value)
