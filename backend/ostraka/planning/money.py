"""Amounts of money as people write and read them, in units of the coin or token.

"600.5 PLN" is 60050 in the smallest unit of a token with two decimals, and so is "600.5" where the
token is known. "60050 base units" is the same amount in the smallest unit, in which chain and HTTP
interfaces count. Digits alone never count in the smallest unit.
"""

import re
from dataclasses import dataclass

COIN_DECIMALS = 18
"""Of the coin of every chain."""
BASE_UNITS = "base units"
"""Name of the smallest unit of a coin or token, as people write it."""
_WRITTEN = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?(?: ?([A-Za-z][A-Za-z0-9]{0,15}))?")
_SMALLEST = re.compile(r"([0-9]{1,39}) ?base units?")
_SUSPICIOUS_DIGITS = 13
"""As many digits without a symbol are probably meant in the smallest unit."""


@dataclass(frozen=True)
class Currency:
    """The coin of a chain, or a token.

    Attributes:
        symbol: Its symbol; None if its contract does not state symbol and decimals.
        decimals: Decimal places of an amount; 0 without a symbol.
    """

    symbol: str | None
    decimals: int

    def units(self, text: str) -> int:
        """Return a written amount in the smallest unit.

        Args:
            text: "600.5 PLN", "600.5", or "60050 base units".

        Raises:
            ValueError: None of these, another symbol, more decimal places than the token has, or an
                amount without a unit that may be meant in the smallest one.
        """
        plain = text.strip()
        smallest = _SMALLEST.fullmatch(plain)
        if smallest is not None:
            return int(smallest[1])
        found = _WRITTEN.fullmatch(plain)
        if found is None:
            raise ValueError(f'expected an amount such as "600.5 ETH" or "60050 {BASE_UNITS}"')
        whole, places, symbol = found[1], found[2] or "", found[3]
        if self.symbol is None:
            if plain.strip("0.") == "":
                return 0
            reason = "the token does not state its decimals"
            raise ValueError(f'{reason}: write the amount as "{whole} {BASE_UNITS}"')
        if symbol not in (None, self.symbol):
            raise ValueError(f"{symbol} is not {self.symbol}, which it counts in")
        if len(places) > self.decimals:
            raise ValueError(f'"{plain}": {self.symbol} has {self.decimals} decimal places')
        if symbol is None and len(whole) >= _SUSPICIOUS_DIGITS:
            meant = f'"{plain} {self.symbol}" or "{plain} {BASE_UNITS}"'
            raise ValueError(f"an amount this large needs a unit: write {meant}")
        return int(whole + places.ljust(self.decimals, "0"))

    def written(self, units: int | str) -> str:
        """Return an amount in the smallest unit as `units` reads it."""
        if self.symbol is None:
            return f"{int(units)} {BASE_UNITS}"
        return f"{self.number(units)} {self.symbol}"

    def number(self, units: int | str) -> str:
        """Return an amount in the smallest unit as a decimal number of whole units."""
        digits = str(int(units)).rjust(self.decimals + 1, "0")
        point = len(digits) - self.decimals
        places = digits[point:].rstrip("0")
        return f"{digits[:point]}{'.' if places else ''}{places}"


def symbol_of(text: object) -> str | None:
    """Return the symbol that a written amount names; None without one."""
    found = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    return found[3] if found else None
