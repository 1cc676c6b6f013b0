"""Units that the type checker distinguishes."""

from typing import NewType

UnixSeconds = NewType("UnixSeconds", int)
"""A moment: seconds since 1970-01-01T00:00:00Z without leap seconds, 0 … 2⁶⁴ − 1."""
