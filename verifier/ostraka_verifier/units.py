"""Units that the type checker distinguishes."""

from typing import NewType

UnixSeconds = NewType("UnixSeconds", int)
"""A moment: seconds since 1970-01-01T00:00:00Z without leap seconds, 0 … 2⁶⁴ − 1."""

Seconds = NewType("Seconds", int)
"""A duration in whole seconds, at least 0."""


def later(moment: UnixSeconds, duration_s: int) -> UnixSeconds:
    """Return the moment that is `duration_s` seconds after another one."""
    return UnixSeconds(moment + duration_s)
