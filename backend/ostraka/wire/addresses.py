"""Read addresses in requests, files and settings."""

from ostraka.wire.records import to_hex
from ostraka_verifier.addresses import read_address

__all__ = ["canonical_address", "read_address"]


def canonical_address(text: str) -> str:
    """Return a typed address as 0x-hex in lower case; ValueError if it is invalid."""
    return to_hex(read_address(text))
