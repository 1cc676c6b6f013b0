"""Addresses as people type and paste them.

Source: EIP-55.
"""

import re

from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.encoding import keccak256


def read_address(text: str) -> bytes:
    """The 20 bytes of an address.

    Raises:
        ValueError: It is none; its capitals, which are a checksum, are wrong; or it is the zero
            address, for which nobody can sign, and to which money is lost.
    """
    if not re.fullmatch("0x[0-9a-fA-F]{40}", text):
        raise ValueError("expected 0x and 40 hexadecimal digits")
    address = from_hex(text.lower(), "address")
    # All in lower or all in upper case there is no checksum.
    if text[2:] not in (text[2:].lower(), text[2:].upper()) and text != _checksummed(address):
        raise ValueError("mistyped: its capitals do not fit its digits")
    if not any(address):
        raise ValueError("the zero address belongs to nobody")
    return address


def _checksummed(address: bytes) -> str:
    digits = to_hex(address)[2:]
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if int(mark, 16) >= 8 else digit
        for digit, mark in zip(digits, marks, strict=False)
    )
