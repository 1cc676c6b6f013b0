"""A page of the web client in Chromium, watched while a test uses it.

Whatever state a test looks at is accessible by axe-core's rules, in both themes, narrow and wide;
the console stays silent, which is where a broken policy or a script's error would show.
"""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from ostraka.demo.chains import CHECKOUT

AXE = (CHECKOUT / "node_modules" / "axe-core" / "axe.min.js").read_text()
SCREENSHOTS = CHECKOUT / "build" / "browser"
WIDTHS = (320, 1280)
BETWEEN = (375, 640, 768, 1024, 1920)
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
# The sign of an error, where there is none.
EMPTY_SIGNS = """
[...document.querySelectorAll(".wrong:empty")].filter(
  (field) => getComputedStyle(field, "::before").content !== "none",
).length
"""
PICTURED = (("light", 1280), ("dark", 320))
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


class Surfer:
    """One person's browser, with nothing of anybody else's in it."""

    def __init__(
        self, browser: Browser, url: str, folder: Path, locale: str, **device: Any
    ) -> None:
        """Args:
        device: Further options of the browser's context, such as its screen.
        """
        self.context: BrowserContext = browser.new_context(
            base_url=url, accept_downloads=True, locale=locale, **device
        )
        self.context.set_default_timeout(TIMEOUT_MS)
        self.folder = folder
        self.page: Page = self.context.new_page()
        self.console: list[str] = []
        self.sent: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", self._requested)

    def _heard(self, message: Any) -> None:
        # What the network refuses is said there too; pages say so themselves.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.console.append(message.text)

    def _requested(self, request: Request) -> None:
        body = request.post_data_buffer or b""
        self.sent.append(request.url + "\n" + body.decode(errors="replace"))

    def look(self, name: str) -> None:
        """The state of the page passes; pictures of it are kept."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": 800})
                self.accessible(f"{name}-{theme}-{width}")
                assert self.page.evaluate(OVERFLOW) <= 0, (name, theme, width, "overflows")
                if (theme, width) in PICTURED:
                    picture = SCREENSHOTS / f"{name}-{theme}-{width}.png"
                    self.page.screenshot(path=picture, full_page=True)
        for width in BETWEEN:
            self.page.set_viewport_size({"width": width, "height": 800})
            assert self.page.evaluate(OVERFLOW) <= 0, (name, width, "overflows")
        assert self.page.evaluate(EMPTY_SIGNS) == 0, (name, "signs of no error")
        assert not self.console, self.console

    def accessible(self, name: str) -> None:
        """Axe-core finds nothing wrong with the page as it is."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE)
        found = self.page.evaluate("axe.run()")
        assert not found["violations"], (name, _brief(found["violations"]))

    def download(self, button: str) -> Path:
        """The file that a button gives."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=button).click()
        path = self.folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def kept(self) -> dict[str, str]:
        """What the client keeps on this device."""
        kept: dict[str, str] = self.page.evaluate("({...localStorage})")
        return kept


def review_and_seal(page: Page) -> None:
    """Go from the questions to the review of all choices, and seal the ballot there."""
    page.get_by_role("button", name="Review my choices").click()
    expect(page.get_by_role("heading", name="Your choices")).to_be_focused()
    page.get_by_role("button", name="Seal my ballot").click()


def _brief(violations: list[dict[str, Any]]) -> str:
    return json.dumps(
        [
            {"rule": one["id"], "nodes": [node["html"][:200] for node in one["nodes"][:5]]}
            for one in violations
        ],
        indent=1,
    )
