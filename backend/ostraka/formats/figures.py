"""Exact figures of a result as decimals, for people and spreadsheets."""

from fractions import Fraction
from math import isqrt

_UNITS = 10**4
"""Of the last place that is written."""


def decimal(exact: str | None) -> str:
    """A fraction `p/q` to four places; nothing where there is none."""
    return "" if exact is None else _written(round(Fraction(exact) * _UNITS))


def standard_deviation(variance: str | None) -> str:
    """Root of a fraction `p/q`, to four places; nothing where there is none."""
    if variance is None:
        return ""
    # Half a unit more than the root rounded down, of twice the places: rounds to the nearest.
    return _written((isqrt(int(4 * Fraction(variance) * _UNITS**2)) + 1) // 2)


def _written(units: int) -> str:
    whole, rest = divmod(abs(units), _UNITS)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:04}".rstrip("0").rstrip(".")
