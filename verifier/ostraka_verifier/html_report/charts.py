"""Bar charts as inline SVG. A table beside each one states the same numbers.

Bars carry the numbers of the table's rows instead of names, because text in SVG does not wrap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ostraka_verifier.html_report.formats import decimal
from ostraka_verifier.html_report.markup import Markup, element

MAX_BARS = 40
_ROW = 26
_BAR = 16
_WIDTH = 340
_FOR_TEXT = 116
"""Width that the texts to the right of the longest bar have."""


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        key: Number or short word to its left, the same as in the table.
        value: Its length in any unit, at least 0.
        text: What stands to its right.
        marked: Whether it stands out; the table says why.
    """

    key: str
    value: int
    text: str
    marked: bool = False


def bar_chart(title: str, bars: Sequence[Bar], left: int = 34) -> Markup:
    """Return a chart of at most `MAX_BARS` bars.

    Args:
        title: States what is shown, for those who do not see it; the bars' texts follow.
        left: Width for the keys, of 340 in all.
    """
    largest = max((bar.value for bar in bars), default=0) or 1
    height = _ROW * len(bars) + 6
    spoken = "; ".join(f"{bar.key}: {bar.text}" for bar in bars)
    return element(
        "svg",
        element("title", f"{title}: {spoken}"),
        [_row(bar, number, largest, left) for number, bar in enumerate(bars)],
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        class_="chart",
        focusable="false",
    )


def _row(bar: Bar, number: int, largest: int, left: int) -> list[Markup]:
    top = number * _ROW + 4
    longest = _WIDTH - left - _FOR_TEXT
    length = decimal(Fraction(longest * bar.value, largest), 1)
    baseline = top + _BAR - 3
    return [
        element("text", bar.key, x=left - 6, y=baseline, text_anchor="end", class_="key"),
        element(
            "rect",
            x=left,
            y=top,
            width=length,
            height=_BAR,
            class_="bar marked" if bar.marked else "bar",
        ),
        element("text", bar.text, x=f"{left + 6 + float(length):.1f}", y=baseline),
    ]
