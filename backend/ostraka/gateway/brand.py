"""How a gateway presents itself: name, logo, colours, and who is responsible.

Source: docs/decisions/0093-brand-by-settings.md; Web Application Manifest (W3C).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

NAME = "Ostraka"
DESCRIPTION = "Private voting and participatory budgeting that anyone can audit."
STATEMENTS = ("imprint", "privacy", "accessibility")
"""Texts of whoever runs the gateway, each with a page of its own if it is a file."""
_ACCENTS = ("#1b4f8f", "#9cc6fa")
"""Of the client's own style sheet, as web/src/style/tokens.css has them."""
_GROUND = "#fbfaf7"


@dataclass(frozen=True)
class Image:
    """A picture that the gateway serves.

    Attributes:
        name: Name of its file, such as `logo.svg`.
    """

    name: str
    content: bytes
    media_type: str

    @property
    def path(self) -> str:
        """Return where the gateway serves it."""
        return f"/brand/{self.name}"


@dataclass(frozen=True)
class Brand:
    """What replaces Ostraka's own name and colours.

    Attributes:
        logo: Shown beside the name.
        icon: Of the window's tab; square.
        accents: Accent colour on light and on dark grounds, as `#rrggbb`; None: Ostraka's own.
        contact: A `mailto:`, `http:` or `https:` address; "" without one.
        links: Where a statement of `STATEMENTS` can be read: another site, or a path here.
        texts: The statements that have a page here, as HTML without scripts and styles.
    """

    name: str = NAME
    description: str = DESCRIPTION
    logo: Image | None = None
    icon: Image | None = None
    accents: tuple[str, str] | None = None
    contact: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> list[Image]:
        """Return the pictures to serve."""
        return [one for one in (self.logo, self.icon) if one is not None]

    @property
    def theme_colors(self) -> tuple[str, str]:
        """Return the accent colour on light and on dark grounds."""
        return self.accents or _ACCENTS

    @property
    def style_sheet(self) -> str:
        """Return the style sheet that sets the colours; "" for Ostraka's own."""
        if self.accents is None:
            return ""
        light, dark = self.accents
        return f":root{{--brand-light:{light};--brand-dark:{dark}}}\n"

    @property
    def manifest(self) -> str:
        """Return the web application manifest, as JSON."""
        if self.icon is None:
            icons = [
                {"src": "/icon.svg", "type": "image/svg+xml", "sizes": "any"},
                {"src": "/icon-512.png", "type": "image/png", "sizes": "512x512"},
            ]
        else:
            icons = [{"src": self.icon.path, "type": self.icon.media_type, "sizes": "any"}]
        content = {
            "name": self.name,
            "short_name": self.name,
            "description": self.description,
            "start_url": "/",
            "display": "minimal-ui",
            "background_color": _GROUND,
            "theme_color": self.theme_colors[0],
            "icons": icons,
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


OSTRAKA = Brand()
"""Ostraka's own name and colours."""
