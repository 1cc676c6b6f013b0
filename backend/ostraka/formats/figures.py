"""Write exact fractions of a result as decimals, for people and spreadsheets."""

from fractions import Fraction
from math import isqrt

_UNITS = 10**4
"""Units of the last decimal place in 1."""


def decimal(exact: str | None) -> str:
    """Write a fraction `p/q` to four places; "" for None."""
    return "" if exact is None else _written(round(Fraction(exact) * _UNITS))


def standard_deviation(variance: str | None) -> str:
    """Write the root of a fraction `p/q` to four places; "" for None."""
    if variance is None:
        return ""
    # The integer root of twice the value, plus 1, halved: rounds to the nearest.
    return _written((isqrt(int(4 * Fraction(variance) * _UNITS**2)) + 1) // 2)


def _written(units: int) -> str:
    whole, rest = divmod(abs(units), _UNITS)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:04}".rstrip("0").rstrip(".")
