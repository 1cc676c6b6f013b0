"""What every writer of vectors says of its cases."""

from typing import Any

Cases = dict[str, Any]


def hexed(data: bytes) -> str:
    """0x-hex."""
    return "0x" + data.hex()
