"""Answers as tables of a terminal, and texts of strangers that cannot deceive there."""

from fractions import Fraction

from rich.markup import escape
from rich.table import Table

from ostraka_verifier.statistics import Statistics


def shown(text: str) -> str:
    """Escape text of strangers, which could make a terminal show a different verdict."""
    return escape("".join(one if one.isprintable() else "\ufffd" for one in text))


def statistics_table(found: Statistics, cast: int | None) -> Table:
    """Return the answers to a question; `cast` is the weight of all ballots, None if unknown."""
    table = Table(title=shown(found.question.title), title_justify="left")
    if found.overall is None:
        # A ballot that can give a slot several votes makes a mean, not a percentage.
        once = max(found.question.rule.slot_maxima) == 1
        for name in ("answer", "count", "share of ballots" if once else "for each ballot"):
            table.add_column(name, justify="left" if name == "answer" else "right")
        for one in found.shares:
            part = Fraction(one.count, cast) if cast else None
            share = f"{decimal(100 * part)} %" if once and part is not None else decimal(part)
            table.add_row(shown(one.label), str(one.count), share)
        for bracket in found.quartiles:
            inside = f"{bracket.low} ≤ x < {bracket.high}"
            table.add_row(f"quantile {bracket.quantile}", shown(bracket.label), inside)
        return table
    for name in ("group", "answers", "mean", "variance"):
        table.add_column(name, justify="left" if name == "group" else "right")
    named = [(one.group, one) for one in found.moments if one.group]
    for group, moments in [*named, ("all", found.overall)]:
        mean, variance = decimal(moments.mean), decimal(moments.variance)
        table.add_row(shown(group), str(moments.count), mean, variance)
    return table


def decimal(value: Fraction | None) -> str:
    """Format with two decimals, halves to even; an empty string without a number."""
    if value is None:
        return ""
    hundredths = round(100 * value)
    whole, rest = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{whole}.{rest:02}"
