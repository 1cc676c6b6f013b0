"""A touch phone whose owner reads one language: every state that a test looks at is fit to read."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.catalogues import Texts
from tests.browser.surfing import SCREENSHOTS, Surfer

WIDTH = 375
_ENGLISH = re.compile(r"\b(the|of|and|your|with|this|you|from|are)\b", re.IGNORECASE)
_READ = """
() => {
  const texts = [], cut = [], broken = [];
  const foreign = (element) => element.closest("code, pre, svg, script, style, [lang]:not(html)");
  // Only screen readers get it, such as the head of a table on phones.
  const isUnseen = (element) => {
    if (!element) return false;
    return element.getBoundingClientRect().width < 2 || isUnseen(element.parentElement);
  };
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const isOnSeveralLines = (node, start, end) => {
    range.setStart(node, start);
    range.setEnd(node, end);
    const rects = [...range.getClientRects()].filter(({ width }) => width > 0);
    return rects.some(({ top }) => rects.some(({ bottom }) => top >= bottom - 1));
  };
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement, text = node.data.trim();
    if (!text || foreign(element) || !element.checkVisibility()) continue;
    // Titles of cards are other people's words, in their language.
    if (!element.closest(".card-title")) texts.push(text);
    if (isUnseen(element) || !isOnSeveralLines(node, 0, node.data.length)) continue;
    // Addresses and hashes are no words.
    const words = /(?<![\\p{L}\\p{N}])[\\p{L}\\p{M}]{2,}(?![\\p{L}\\p{N}])/gu;
    for (const { 0: word, index } of node.data.matchAll(words)) {
      if (isOnSeveralLines(node, index, index + word.length)) broken.push(`${word} in: ${text}`);
    }
  }
  for (const element of document.querySelectorAll("body *")) {
    if (foreign(element) || !element.checkVisibility()) continue;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) {
      const text = element.getAttribute(name)?.trim();
      if (text) texts.push(text);
    }
    const { display, overflowX } = getComputedStyle(element);
    // What scrolls is not cut.
    const free = display.startsWith("inline") || ["auto", "scroll"].includes(overflowX);
    if (free || isUnseen(element) || element.matches("input, select")) continue;
    if (element.scrollWidth - element.clientWidth > 1) cut.push(element.outerHTML.slice(0, 200));
  }
  return { texts, cut, broken, width: document.documentElement.scrollWidth };
}
"""


class Phone(Surfer):
    """Somebody's phone.

    Attributes:
        language: The language of the phone and of its owner.
        texts: What the client says in it.
    """

    def __init__(self, browser: Browser, url: str, folder: Path, language: str) -> None:
        phone = {
            "has_touch": True,
            "is_mobile": True,
            "viewport": {"width": WIDTH, "height": 700},
            "color_scheme": "dark" if language in ("de", "pl") else "light",
            "reduced_motion": "reduce",
        }
        super().__init__(browser, url, folder, language, **phone)
        self.language = language
        self.texts = Texts(language)

    def look(self, name: str) -> None:
        """The state of the page passes; a picture of it is kept."""
        page = self.page
        expect(page.locator("main .loading, main [aria-busy=true]")).to_have_count(0)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-{self.language}-{WIDTH}.png", full_page=True)
        assert page.locator("html").get_attribute("lang") == self.language
        seen: dict[str, Any] = page.evaluate(_READ)
        problems = {
            "wider than the screen": [str(seen["width"])] if seen["width"] > WIDTH else [],
            "cut or sticking out": seen["cut"],
            "broken within a word": seen["broken"],
            "not translated": [] if self.language == "en" else self._english(seen["texts"]),
        }
        found = {problem: texts for problem, texts in problems.items() if texts}
        assert not found, (name, self.language, found)
        self.accessible(f"{name}-{self.language}")
        assert not self.console, self.console

    def _english(self, texts: list[str]) -> list[str]:
        english = Texts("en")
        return [
            text
            for text in dict.fromkeys(texts)
            if not self.texts.contains(text) and (english.contains(text) or _ENGLISH.search(text))
        ]
