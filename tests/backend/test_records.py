"""Cast ballots in transit: one spelling for each, and every other one refused by its member."""

import json
from typing import Any

import pytest

from ostraka.wire.records import CastRecord, decode_records, encode_records, from_hex, to_hex
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import Malformed
from tests.support.polls import approval_poll

RECORD = CastRecord(bytes(40), (bytes(8), b"\x01" * 8), bytes(65))


def test_a_record_survives_both_encodings() -> None:
    poll = approval_poll()
    records = [one.record for one in poll.prepared]
    data = encode_records(records)
    sizes = (len(records[0].ballot), len(records[0].boxes), len(records[0].boxes[0]))
    assert decode_records(data, *sizes) == records
    for record, prepared in zip(records, poll.prepared, strict=True):
        assert CastRecord.from_json(json.dumps(record.to_json()).encode()) == record
        assert record.voter == prepared.ballot.voter
        assert record.cast_at_unix_s == prepared.ballot.cast_at_unix_s
        assert record.ballot_digest == prepared.ballot.digest
    assert decode_records(b"", *sizes) == []
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(Malformed, match="not a multiple of"):
            decode_records(wrong, *sizes)


def test_claims_of_a_short_ballot_are_read_without_an_error() -> None:
    assert CastRecord(b"", (), b"").voter == b""
    assert CastRecord(bytes(20) + unsigned(7, 8), (), b"").cast_at_unix_s == 7


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ballot": None}, "ballot: not 0x-hex"),
        ({"ballot": "00"}, "ballot: not 0x-hex"),
        ({"ballot": "0x0"}, "ballot: not 0x-hex"),
        ({"ballot": "0xAA"}, "ballot: not lower-case 0x-hex"),
        ({"ballot": "0x 00"}, "ballot: not lower-case 0x-hex"),
        ({"boxes": "0x00"}, "boxes: not a list"),
        ({"boxes": ["0x00", 1]}, r"boxes\[1\]: not 0x-hex"),
        ({"signature": []}, "signature: not 0x-hex"),
        ({"color": 1}, "color: unknown member"),
    ],
)
def test_invalid_members_are_named(changes: dict[str, Any], problem: str) -> None:
    body = json.dumps(RECORD.to_json() | changes).encode()
    with pytest.raises(Malformed, match=rf"^{problem}"):
        CastRecord.from_json(body)


def test_invalid_bodies_are_refused() -> None:
    good = RECORD.to_json()
    for name in good:
        body = json.dumps({key: value for key, value in good.items() if key != name}).encode()
        with pytest.raises(Malformed, match=f"^{name}: missing"):
            CastRecord.from_json(body)
    twice = json.dumps(good).replace('{"ballot"', '{"ballot": "0x00", "ballot"', 1).encode()
    for body in (b"", b"[]", b"{", twice):
        with pytest.raises(Malformed, match=r"^body"):
            CastRecord.from_json(body)


def test_hexadecimal_has_one_spelling() -> None:
    assert from_hex(to_hex(b"\0\xab"), "field") == b"\0\xab"
    assert from_hex("0x", "field") == b""
