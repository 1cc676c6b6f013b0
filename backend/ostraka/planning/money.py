"""Amounts of money as people write them: a number and the symbol of the token or coin.

"600.5 PLN" is 60050 in the smallest unit of a token with two decimals. A number without a symbol is
an amount in the smallest unit, as everywhere in the protocol.
"""

import re

COIN_DECIMALS = 18
"""Of the coin of every chain."""
_WRITTEN = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))? ?([A-Za-z][A-Za-z0-9]{0,15})")
_SMALLEST = re.compile(r"[0-9]{1,39}")


def has_symbol(text: object) -> bool:
    """Return whether a value is an amount with a symbol, such as "600.5 PLN"."""
    return isinstance(text, str) and _WRITTEN.fullmatch(text.strip()) is not None


def smallest_units(text: str, symbol: str | None, decimals: int) -> int:
    """Return an amount in the smallest unit.

    Args:
        text: "600.5 PLN", or digits alone in the smallest unit.
        symbol: Of the token or coin that is meant; None if it has none.
        decimals: Of the same.

    Raises:
        ValueError: Neither form, another symbol, or more decimal places than the token has.
    """
    plain = text.strip()
    if _SMALLEST.fullmatch(plain):
        return int(plain)
    found = _WRITTEN.fullmatch(plain)
    if found is None:
        meant = symbol or "ETH"
        raise ValueError(f'expected an amount such as "600.5 {meant}", or digits (smallest unit)')
    whole, places, named = found[1], found[2] or "", found[3]
    if named != symbol:
        detail = f"it has no symbol, so give {text!r} in the smallest unit"
        raise ValueError(
            detail if symbol is None else f"{named} is not {symbol}, which it counts in"
        )
    if len(places) > decimals:
        raise ValueError(f"{text!r}: {symbol} has {decimals} decimal places")
    return int(whole + places.ljust(decimals, "0"))


def written(units: int, symbol: str | None, decimals: int) -> str:
    """Return an amount as people write it; without a symbol, in the smallest unit."""
    if symbol is None:
        return str(units)
    digits = str(units).rjust(decimals + 1, "0")
    whole, places = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return f"{whole}{'.' if places else ''}{places} {symbol}"
