"""Numbers, amounts, dates and addresses as readers of a report see them."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from urllib.parse import urlsplit

from ostraka_verifier.units import UnixSeconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = UnixSeconds(253_402_300_799)
"""31 December 9999, the last day that calendars of programs have."""
_SHORT = 13
"""Characters that fit beside a bar."""
_MOMENT = re.compile(r"\b[1-9][0-9]{9}\b")


def grouped(value: int) -> str:
    """Return a number with commas between groups of three digits."""
    return f"{value:,}"


def short(value: int) -> str:
    """Return a number of at least 0 for a chart: large ones rounded, as in "1.23e+20"."""
    written = grouped(value)
    return written if len(written) <= _SHORT else f"{Decimal(value):.2e}"


def percent(share: Fraction) -> str:
    """Return a share in per cent with one decimal, halves to even."""
    return f"{decimal(100 * share, 1)} %"


def decimal(value: Fraction, places: int = 2) -> str:
    """Return a fraction with that many decimals, halves to even."""
    scaled = round(abs(value) * 10**places)
    whole, rest = divmod(scaled, 10**places)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole:,}.{rest:0{places}}"


def amount(units: int, decimals: int, symbol: str | None) -> str:
    """Return an amount of money, exact.

    Args:
        units: In the smallest unit, at least 0.
        decimals: Of the currency.
        symbol: Of the currency, None if it has none.
    """
    whole, rest = divmod(units, 10**decimals)
    written = f"{whole:,}"
    if rest:
        written += "." + f"{rest:0{decimals}}".rstrip("0")
    return f"{written} {symbol}" if symbol else written


def utc(moment: UnixSeconds) -> str:
    """Return a moment for people, as in "30 November 2026, 09:05:00 UTC"."""
    if moment > _LAST:
        return "after the year 9999"
    at = _EPOCH + timedelta(seconds=moment)
    return f"{at.day} {at:%B} {at.year:04}, {at:%H:%M:%S} UTC"


def iso(moment: UnixSeconds) -> str | None:
    """Return a moment in ISO 8601, as in "2026-11-30T09:05:00Z"; None after the year 9999."""
    if moment > _LAST:
        return None
    at = _EPOCH + timedelta(seconds=moment)
    return f"{at.year:04}{at:-%m-%dT%H:%M:%SZ}"


def with_dates(text: str) -> str:
    """Return a detail of a check that names moments, with dates in place of Unix seconds."""
    return _MOMENT.sub(lambda found: utc(UnixSeconds(int(found[0]))), text)


def duration(seconds: float) -> str:
    """Return a duration rounded up to what people would say of an estimate."""
    for size, singular, plural in (
        (86_400, "day", "days"),
        (3_600, "hour", "hours"),
        (60, "minute", "minutes"),
    ):
        if seconds >= size:
            count = -int(-seconds // size)
            return f"{count} {singular if count == 1 else plural}"
    count = max(1, -int(-seconds // 1))
    return f"{count} {'second' if count == 1 else 'seconds'}"


def public_url(url: str, *, keep_path: bool) -> str:
    """Return a URL without what may be a password: credentials and query, and by choice its path.

    Providers of chain data put the customer's key into the path.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = parts.path if keep_path or parts.path in ("", "/") else "/…"
    shown = f"{parts.scheme}://{host}{path}"
    return shown if not parts.query or path == "/…" else f"{shown}?…"
