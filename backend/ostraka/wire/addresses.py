"""Addresses in requests, files and settings: one reading of all of them."""

from ostraka.wire.records import to_hex
from ostraka_verifier.addresses import read_address

__all__ = ["canonical_address", "read_address"]


def canonical_address(text: str) -> str:
    """An address that somebody wrote, as 0x-hex in lower case; ValueError when it is none."""
    return to_hex(read_address(text))
