"""Contrast of a gateway's own accent colours with the client's grounds.

Source: WCAG 2.2, 1.4.3 and the definitions of contrast ratio and relative luminance;
web/src/style/tokens.css, whose colours are repeated here.
"""

import re
from dataclasses import dataclass

MINIMUM = 4.5
"""Least contrast of text (WCAG 1.4.3, level AA)."""
_Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Theme:
    """What an accent colour is seen with.

    Attributes:
        grounds: Name and colour of the grounds of links and headings in the accent colour.
        tinted: Ground into which a share of the accent is mixed, and that share.
        on_accent: Text of buttons, whose ground is the accent.
    """

    name: str
    grounds: dict[str, str]
    tinted: tuple[str, float]
    on_accent: str


LIGHT = Theme(
    "light",
    {
        "sunken": "#f1efe9",
        "ground": "#fbfaf7",
        "raised": "#ffffff",
        "good-ground": "#eaf8ef",
        "bad-ground": "#fdf0ef",
        "warn-ground": "#fdf6e0",
    },
    ("#ffffff", 0.08),
    "#ffffff",
)
DARK = Theme(
    "dark",
    {
        "sunken": "#0f1215",
        "ground": "#15181c",
        "raised": "#1d2126",
        "good-ground": "#10281a",
        "bad-ground": "#351517",
        "warn-ground": "#2e2409",
    },
    ("#15181c", 0.14),
    "#0d1a2b",
)


def contrast_problem(accent: str, theme: Theme) -> str | None:
    """Return why text in or on an accent colour would be hard to read; None if it is not.

    Args:
        accent: `#rrggbb`.
    """
    own, (base, share) = _rgb(accent), theme.tinted
    low, high = _rgb(base), own
    mixed = tuple((1 - share) * a + share * b for a, b in zip(low, high, strict=True))
    found = {name: _ratio(own, _rgb(ground)) for name, ground in theme.grounds.items()}
    found["accent-ground"] = _ratio(own, (mixed[0], mixed[1], mixed[2]))
    found["text of buttons"] = _ratio(own, _rgb(theme.on_accent))
    worst = min(found, key=lambda name: found[name])
    if found[worst] >= MINIMUM:
        return None
    against = worst if worst == "text of buttons" else f"the {theme.name} theme's {worst}"
    wanted = "darker" if theme is LIGHT else "lighter"
    # Rounded down, so that a refused 4.499 is not shown as 4.5.
    shown = int(found[worst] * 100) / 100
    return (
        f"{accent} has a contrast of {shown}:1 with {against}; text needs {MINIMUM}:1, so choose "
        f"a {wanted} colour"
    )


def _rgb(color: str) -> _Rgb:
    """Return red, green and blue, each from 0 to 1."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise ValueError("expected a colour such as #1b4f8f")
    red, green, blue = bytes.fromhex(color[1:])
    return red / 255, green / 255, blue / 255


def _ratio(one: _Rgb, other: _Rgb) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: _Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
