"""Cast ballots in requests: a binary record of fixed length, or strict JSON.

The record is `canonical ballot ‖ box_1 … box_n ‖ signature (65)`; a batch is records end to end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from ostraka_verifier.encoding import ADDRESS_BYTES, SIGNATURE_BYTES, parse_json, tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.sharing import boxes_hash
from ostraka_verifier.units import UnixSeconds

_TIME_BYTES = 8


@dataclass(frozen=True)
class CastRecord:
    """A cast ballot with boxes and signature; nothing in it is checked."""

    ballot: bytes
    boxes: tuple[bytes, ...]
    signature: bytes

    @cached_property
    def boxes_hash(self) -> bytes:
        """Hash of the boxes, which the voter should have signed."""
        return boxes_hash(self.boxes)

    @property
    def voter(self) -> bytes:
        """Claimed account of the voter."""
        return self.ballot[:ADDRESS_BYTES]

    @property
    def cast_at_unix_s(self) -> UnixSeconds:
        """Claimed cast time."""
        return claimed_cast_time(self.ballot)

    @cached_property
    def ballot_digest(self) -> bytes:
        """Digest of the ballot."""
        return tagged_hash("ballot", self.ballot)

    @cached_property
    def identity(self) -> bytes:
        """Identifies these bytes in this process, 32 bytes."""
        return blake2b(self.encode(), digest_size=32).digest()

    def encode(self) -> bytes:
        """Return the binary record."""
        return b"".join((self.ballot, *self.boxes, self.signature))

    def to_json(self) -> dict[str, Any]:
        """Return the members `ballot`, `boxes`, `signature` as 0x-hex."""
        return {
            "ballot": to_hex(self.ballot),
            "boxes": [to_hex(box) for box in self.boxes],
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, body: bytes) -> "CastRecord":
        """Read strict JSON: exactly the three members, each once.

        Raises:
            Malformed: A member is invalid; names it.
        """
        content = strict_json(body)
        if not isinstance(content, dict):
            raise Malformed("body", "not a JSON object")
        for name in content.keys() - {"ballot", "boxes", "signature"}:
            # The name may be empty.
            raise Malformed(name[:40] or "body", "unknown member")
        for name in ("ballot", "boxes", "signature"):
            if name not in content:
                raise Malformed(name, "missing")
        boxes = content["boxes"]
        if not isinstance(boxes, list):
            raise Malformed("boxes", "not a list")
        return cls(
            from_hex(content["ballot"], "ballot"),
            tuple(from_hex(box, f"boxes[{number}]") for number, box in enumerate(boxes)),
            from_hex(content["signature"], "signature"),
        )


def claimed_cast_time(ballot: bytes) -> UnixSeconds:
    """Return when a canonical ballot claims to be cast, of which nothing else is decoded."""
    return UnixSeconds(int.from_bytes(ballot[ADDRESS_BYTES:][:_TIME_BYTES], "big"))


def encode_records(records: Sequence[CastRecord]) -> bytes:
    """Return the records end to end."""
    return b"".join(record.encode() for record in records)


def decode_records(data: bytes, ballot_bytes: int, nodes: int, box_bytes: int) -> list[CastRecord]:
    """Split a batch of one poll's records; Malformed if its length is not a multiple of theirs."""
    size = ballot_bytes + nodes * box_bytes + SIGNATURE_BYTES
    if len(data) % size:
        raise Malformed("batch", f"{len(data)} bytes, not a multiple of {size}")
    return [
        _split(data[start : start + size], ballot_bytes, nodes, box_bytes)
        for start in range(0, len(data), size)
    ]


def _split(data: bytes, ballot_bytes: int, nodes: int, box_bytes: int) -> CastRecord:
    starts = [ballot_bytes + number * box_bytes for number in range(nodes)]
    boxes = tuple(data[start : start + box_bytes] for start in starts)
    return CastRecord(data[:ballot_bytes], boxes, data[-SIGNATURE_BYTES:])


def strict_json(body: bytes) -> Any:
    """Read JSON in UTF-8; Malformed on duplicate members, deep nesting, or NaN and infinities."""
    return parse_json(body, "body")


def to_hex(data: bytes) -> str:
    """Return 0x-hex in lower case."""
    return "0x" + data.hex()


def from_hex(text: Any, field: str) -> bytes:
    """Return the bytes of 0x-hex.

    Raises:
        Malformed: Not a string of `0x` and an even number of lower-case hexadecimal digits.
    """
    if not isinstance(text, str) or not text.startswith("0x"):
        raise Malformed(field, "not 0x-hex")
    try:
        data = bytes.fromhex(text[2:])
    except ValueError:
        raise Malformed(field, "not 0x-hex") from None
    # fromhex accepts blanks and capitals; here a value has only one spelling.
    if data.hex() != text[2:]:
        raise Malformed(field, "not lower-case 0x-hex")
    return data
