"""Numbers, amounts, dates, URLs and markup as a report shows them."""

from fractions import Fraction

import pytest

from ostraka_verifier.html_report import (
    public_url,
)
from ostraka_verifier.html_report.formats import amount, decimal, duration, short, utc, with_dates
from ostraka_verifier.html_report.markup import element
from ostraka_verifier.units import UnixSeconds


def test_formats() -> None:
    assert amount(123_456, 2, "EUR") == "1,234.56 EUR"
    assert amount(10**18, 18, None) == "1"
    assert amount(1, 18, "coins") == "0.000000000000000001 coins"
    assert short(1_234_567) == "1,234,567"
    assert short(123_456_789_012_345_678_901) == "1.23e+20"
    assert decimal(Fraction(-1, 3)) == "-0.33"
    assert utc(UnixSeconds(0)) == "1 January 1970, 00:00:00 UTC"
    assert utc(UnixSeconds(1 << 63)) == "after the year 9999"
    assert with_dates("at 1800000000, not 18000000001") == (
        "at 15 January 2027, 08:00:00 UTC, not 18000000001"
    )
    assert [duration(one) for one in (0.2, 1, 61, 7_200, 90_000)] == [
        *("1 second", "1 second", "2 minutes", "2 hours", "2 days"),
    ]


@pytest.mark.parametrize(
    ("url", "keep_path", "shown"),
    [
        ("https://rpc.example", False, "https://rpc.example"),
        ("https://rpc.example/v3/KEY", False, "https://rpc.example/…"),
        ("https://user:pass@rpc.example:8545/?key=KEY", False, "https://rpc.example:8545/?…"),
        ("https://node.example/api/board?token=KEY", True, "https://node.example/api/board?…"),
        ("https://u:p@node.example/api/board", True, "https://node.example/api/board"),
    ],
)
def test_urls_without_passwords(url: str, keep_path: bool, shown: str) -> None:
    assert public_url(url, keep_path=keep_path) == shown


def test_attributes_are_escaped() -> None:
    written = element("p", "x", title='"><script>\u202e', data_kind=None, class_="a").html
    assert written == '<p title="&quot;&gt;&lt;script&gt;\ufffd" class="a">x</p>'
