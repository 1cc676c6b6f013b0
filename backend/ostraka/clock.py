"""This machine's clock, read in one place only.

What the protocol decides goes by chain time. This clock dates signatures between programs and rows
of tables, and decides what is sent again. Waiting goes by `time.monotonic`; names of attributes
that hold its readings end in `_monotonic_s`.
"""

import time
from datetime import UTC, datetime

from ostraka_verifier.units import UnixSeconds


def unix_now() -> UnixSeconds:
    """Return the time now, rounded down to whole seconds."""
    return UnixSeconds(int(time.time()))  # noqa: TID251


def utc_now() -> datetime:
    """Return the time now, with the zone UTC."""
    return datetime.now(UTC)  # noqa: TID251
