"""Canonical bytes: fixed-width integers, tagged hashes, and a strict reader.

One object has one encoding. `Reader` raises on the first byte that is missing, surplus or out of
range, and every error names the field.

Source: docs/protocol.md §2. Vectors: tests/vectors/curve.json.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from ostraka_verifier.curve import R, chosen
from ostraka_verifier.errors import Malformed

ADDRESS_BYTES = 20
HASH_BYTES = 32
POINT_BYTES = 64
SCALAR_BYTES = 32
SIGNATURE_BYTES = 65
WORD_BYTES = 32

IDENTITY = bytes(POINT_BYTES)

_MAX_NESTING = 32
_MAX_INTEGER_DIGITS = 40


def keccak256(*parts: bytes) -> bytes:
    """Return keccak-256 of the concatenated parts, 32 bytes."""
    return hasher(chosen())(b"".join(parts))


@cache
def hasher(engine: str) -> Callable[[bytes], bytes]:
    """Return keccak-256 by "native" or "reference"."""
    if engine == "native":
        from ostraka_verifier_native import keccak256 as native

        return native
    from Crypto.Hash import keccak

    def reference(data: bytes) -> bytes:
        return keccak.new(digest_bits=256, data=data).digest()

    return reference


def tagged_hash(tag: str, *parts: bytes) -> bytes:
    """Return keccak-256 of `"ostraka/v2/<tag>"` and the parts (§2.6)."""
    return keccak256(b"ostraka/v2/", tag.encode("ascii"), *parts)


def unsigned(value: int, size: int) -> bytes:
    """Return `value` as `size` big-endian bytes; OverflowError when it does not fit."""
    return value.to_bytes(size, "big")


def signed128(value: int) -> bytes:
    """Return `value` as an i128, two's complement; OverflowError when it does not fit."""
    return value.to_bytes(16, "big", signed=True)


def word(value: int | bytes) -> bytes:
    """Return a 32-byte word of an unsigned integer or of up to 32 bytes, padded on the left."""
    if isinstance(value, bytes):
        return value.rjust(WORD_BYTES, b"\0")
    return value.to_bytes(WORD_BYTES, "big")


def scalars(values: "list[int] | tuple[int, ...]") -> bytes:
    """Return concatenated 32-byte scalars; ValueError for one outside [0, R)."""
    if any(not 0 <= value < R for value in values):
        raise ValueError("scalar outside [0, R)")
    return b"".join([value.to_bytes(SCALAR_BYTES, "big") for value in values])


# A string without closing quote runs to the end. Otherwise each quote within would be tried as a
# start, in time quadratic in the length.
_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)


def parse_json(data: bytes, subject: str) -> Any:
    """Parse JSON that every reader understands alike; Malformed otherwise.

    In UTF-8 without a byte order mark, not nested deeply, without constants, with each member once
    and no half of a surrogate pair, which no encoding can carry. Integers of more than 40 digits
    become `Decimal`: Python's limit on digits is a setting, and no verdict may depend on it.
    """
    # Deep nesting overflows the parser's C stack if a library has raised Python's limit. Few
    # brackets cannot nest deeply, wherever they are.
    if not _few(data, b"[") or not _few(data, b"{"):
        _require_flat(data, subject)
    try:
        content = json.loads(
            data.decode(),
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
        if b"\\u" in data:
            json.dumps(content, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise Malformed(subject, f"not JSON: {_json_problem(error)}") from error
    return content


def _few(data: bytes, bracket: bytes) -> bool:
    """Whether a bracket is in half as many places as nesting is allowed, at most."""
    at = -1
    # Looking for the next one is many times faster than counting.
    for _ in range(_MAX_NESTING // 2 + 1):
        at = data.find(bracket, at + 1)
        if at < 0:
            return True
    return False


def _require_flat(data: bytes, subject: str) -> None:
    depth = 0
    # Brackets within strings do not nest, and must not balance those that do.
    for bracket in re.finditer(rb"[\[\]{}]", _JSON_STRING.sub(b"", data)):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > _MAX_NESTING:
            raise Malformed(subject, f"nested more than {_MAX_NESTING} deep")


def _json_problem(error: Exception) -> str:
    """Return why bytes are not JSON. The library's own words are for programmers."""
    match error:
        case json.JSONDecodeError():
            return f"line {error.lineno}, column {error.colno}"
        case UnicodeDecodeError():
            return "not UTF-8"
        case UnicodeEncodeError():
            return "half of a surrogate pair"
        case RecursionError():
            return "nested too deeply"
    return str(error)


def canonical_json(content: Mapping[str, object]) -> bytes:
    """Return canonical JSON: members sorted, no blanks, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else Decimal(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value")


def read_bytes(value: Any, subject: str) -> bytes:
    """Return the bytes of 0x-hex; otherwise Malformed, naming `subject`."""
    if not isinstance(value, str) or not re.fullmatch("0x(?:[0-9a-fA-F]{2})*", value):
        raise Malformed(subject, f"not 0x-hex: {str(value)[:40]!r}")
    return bytes.fromhex(value[2:])


class Reader:
    """Reads one object from front to back.

    Every method raises `Malformed`, naming `field`, if bytes are missing or out of range.
    """

    def __init__(self, data: bytes, subject: str) -> None:
        self._data = data
        self._subject = subject
        self._at = 0

    def take(self, size: int, field: str) -> bytes:
        """Return the next `size` bytes."""
        end = self._at + size
        if end > len(self._data):
            missing = end - len(self._data)
            raise Malformed(f"{self._subject}.{field}", f"{missing} bytes missing")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def unsigned(self, size: int, field: str) -> int:
        """Return unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size, field), "big")

    def signed128(self, field: str) -> int:
        """Return two's complement integer of 16 bytes."""
        return int.from_bytes(self.take(16, field), "big", signed=True)

    def scalar(self, field: str) -> int:
        """Return scalar below R (§2.4)."""
        value = int.from_bytes(self.take(SCALAR_BYTES, field), "big")
        if value >= R:
            raise Malformed(f"{self._subject}.{field}", "scalar >= r")
        return value

    def prefixed(self, size: int, field: str) -> bytes:
        """Return bytes that follow their length, an unsigned integer of `size` bytes."""
        return self.take(self.unsigned(size, field), field)

    def skip(self, size: int, field: str) -> None:
        """Skip `size` bytes; Malformed if they are missing."""
        if size > self.left:
            raise Malformed(f"{self._subject}.{field}", f"{size - self.left} bytes missing")
        self._at += size

    @property
    def left(self) -> int:
        """Number of unread bytes."""
        return len(self._data) - self._at

    def end(self) -> None:
        """Raise Malformed if bytes are left."""
        surplus = self.left
        if surplus:
            raise Malformed(self._subject, f"{surplus} bytes too many")
