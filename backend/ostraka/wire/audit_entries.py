"""Hashes of the entries of an audit log, for the gateway that writes it and programs that check it.

Each entry's hash covers its members and the hash of the entry before. So nobody can change, remove
or insert an entry without changing the hashes of all later ones.

Source: docs/operations.md, "Several organizers".
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.errors import Malformed

MEMBERS = ("number", "at", "organizer", "name", "role", "action", "target", "result")
"""Members that the hash covers, beside the hash of the entry before."""
START = bytes(32)
"""What the first entry has in place of the hash of the entry before."""
_PURPOSE = b"ostraka/audit-log/v1\n"


def hash_of(entry: Mapping[str, object], previous: bytes) -> bytes:
    """Return an entry's hash: SHA-256 of its members as JSON, with sorted keys, without spaces.

    Args:
        entry: At least `MEMBERS`.
        previous: Hash of the entry before, 32 bytes.
    """
    content = {member: entry[member] for member in MEMBERS} | {"previous": to_hex(previous)}
    written = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(_PURPOSE + written.encode()).digest()


def flaw_in(entries: Sequence[Mapping[str, object]], previous: bytes = START) -> str | None:
    """Return the first reason why entries are not an unchanged log; None if there is none.

    Args:
        entries: Untrusted entries with consecutive numbers, the earliest first, with `MEMBERS`,
            `previous` and `hash`.
        previous: Hash of the entry before the first of them, 32 bytes.
    """
    first = entries[0]["number"] if entries else 1
    for number, entry in enumerate(entries, first if isinstance(first, int) else 1):
        if entry["number"] != number:
            return f"entry {number} is missing: entry {entry['number']} is in its place"
        if entry["previous"] != to_hex(previous):
            return f"entry {number} does not follow the entry before it"
        if entry["hash"] != to_hex(hash_of(entry, previous)):
            return f"entry {number} was changed: its hash does not match"
        previous = _bytes(entry["hash"])
    return None


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise Malformed("hash", "not hexadecimal")
    return from_hex(value, "hash")
