"""Addresses that people type and paste.

Source: EIP-55.
"""

import re

from ostraka_verifier.encoding import keccak256


def read_address(text: str) -> bytes:
    """Return the 20 bytes of an address.

    Raises:
        ValueError: It is invalid; its capitals, which are a checksum, are wrong; or it is the zero
            address, for which nobody can sign and to which money is lost.
    """
    if not re.fullmatch("0x[0-9a-fA-F]{40}", text):
        raise ValueError("expected 0x and 40 hexadecimal digits")
    digits = text[2:]
    # Without capitals, or with capitals only, there is no checksum.
    if digits not in (digits.lower(), digits.upper()) and digits != _checksummed(digits.lower()):
        raise ValueError("mistyped: its capitals do not fit its digits")
    address = bytes.fromhex(digits)
    if not any(address):
        raise ValueError("the zero address belongs to nobody")
    return address


def _checksummed(digits: str) -> str:
    marks = keccak256(digits.encode()).hex()
    return "".join(
        digit.upper() if int(mark, 16) >= 8 else digit
        for digit, mark in zip(digits, marks, strict=False)
    )
