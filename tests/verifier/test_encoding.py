"""JSON from strangers: bounded in depth and time, and read by everybody alike."""

import time
from decimal import Decimal

import pytest

from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed


def test_brackets_in_strings_hide_no_nesting() -> None:
    hidden = b'{"a":"' + b"]" * 5000 + b'","b":' + b"[" * 5000 + b"]" * 5000 + b"}"
    escaped = b'{"a":"\\"' + b"]" * 5000 + b'","b":' + b"[" * 5000 + b"]" * 5000 + b"}"
    for nested in (hidden, escaped, b"[" * 5000):
        with pytest.raises(Malformed, match="nested"):
            parse_json(nested, "body")
    assert parse_json(b'{"a":"[[[[[[[[\\"[[["}', "body") == {"a": '[[[[[[[["[[['}


def test_a_string_without_end_is_refused_at_once() -> None:
    body = b'{"ballot":"' + b'\\"' * 2**17
    for endless in (body, body + b"\\", body[10:]):
        started = time.process_time()
        with pytest.raises(Malformed, match="not JSON"):
            parse_json(endless, "body")
        assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "ambiguous",
    [
        b'{"options":["a"],"options":["b"]}',
        b'[{"a":1,"a":1}]',
        b"[NaN]",
        b"[-Infinity]",
        b'{"\\ud800":1}',
        b'["\\udc00\\ud800"]',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_others_may_read_otherwise_is_refused(ambiguous: bytes) -> None:
    with pytest.raises(Malformed, match="subject: not JSON"):
        parse_json(ambiguous, "subject")


def test_a_number_of_any_length_is_read() -> None:
    """Python's own limit on digits is a setting, on which no verdict may depend."""
    (number,) = parse_json(b"[" + b"9" * 5000 + b"]", "subject")
    assert number == Decimal("9" * 5000)


def test_escapes_of_whole_characters_are_read() -> None:
    assert parse_json(b'["\\ud83d\\ude00\\u00e9"]', "subject") == ["\U0001f600\u00e9"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", "not UTF-8"),
        (b'{"a": }', "line 1, column 7"),
        (b"", "line 1, column 1"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b"[NaN]", "NaN is no value"),
    ],
)
def test_why_something_is_no_json_is_said_in_our_words(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_json(body, "body")
    assert str(refused.value) == f"body: not JSON: {reason}"
