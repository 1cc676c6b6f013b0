"""Reports on synthetic polls, honest and changed, and text that tries to break out of them."""

import base64
import hashlib
import re
import secrets
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from ostraka_verifier.checks import Audit, Claimed
from ostraka_verifier.content import InMemory
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.html_report import References, Run, facts_of, render
from ostraka_verifier.report import BoardFile, Report, report_of
from ostraka_verifier.units import UnixSeconds
from tests.support.audits import CURVE
from tests.support.polls import REGISTRY

RUN = Run(
    version="0.1.0",
    engine="native",
    made_at=UnixSeconds(1_800_100_000),
    rpc="https://rpc.example/…",
    board="board.ostraka",
    command=("ostraka-verify", "report", "--poll", "1"),
)
HOSTILE = (
    "</h1><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;"
    "\u202e\u2066\u200f\u061c\x00\x1b[2J\x85\u2028"
    + "e"
    + "\u0301" * 300
    + "<style>*{display:none}</style>"
)


def report_on(board: Any, chain: ChainEvidence) -> Report:
    data = board.encode()
    audit = Audit(CURVE, Claimed(REGISTRY, 1), chain, data, secrets.randbits)
    return replace(report_of(audit), board=BoardFile.of(InMemory(data)))


def html_of(board: Any, chain: ChainEvidence, references: References) -> str:
    """The HTML file on a poll."""
    return render(facts_of(report_on(board, chain), references, RUN))


VOID = ("meta", "br", "link")
NEVER = {"script", "iframe", "img", "link", "object", "embed", "form", "base", "image", "use"}


class Page(HTMLParser):
    """A report, parsed.

    Attributes:
        opened: Name and attributes of each element in order.
        texts: Text of each element with all that is inside it, in the same order.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.opened: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(len(self.opened))
        self.opened.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.opened[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for number in self._open:
            self.texts[number] += data

    def inside(self, name: str) -> list[str]:
        """The text of each element of this name."""
        return [text for (tag, _), text in zip(self.opened, self.texts, strict=True) if tag == name]

    @property
    def text(self) -> str:
        """All words that are shown, with single spaces between elements."""
        (body,) = re.findall("<body>(.*)</body>", self.html, re.DOTALL)
        return unescape(" ".join(re.sub("<[^>]*>", " ", body).split()))

    def row(self, first: str) -> list[str]:
        """The cells of the table row whose first cell has this text."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.html, re.DOTALL)
        cells = [
            [" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in re.split("</t[hd]>", row)]
            for row in rows
        ]
        return next(row[:-1] for row in cells if row[0] == first)


def page_of(report: Report, references: References | None = None) -> Page:
    page = Page(render(facts_of(report, references or References(), RUN)))
    require_sound(page)
    return page


def require_sound(page: Page) -> None:
    """No script, no request; headings in order; links that lead somewhere; tables with heads."""
    names = [name for name, _ in page.opened]
    assert not NEVER & set(names)
    assert (names.count("h1"), names.count("main"), names.count("html")) == (1, 1, 1)
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [given["id"] for _, given in page.opened if "id" in given]
    assert len(ids) == len(set(ids))
    for name, given in page.opened:
        assert not [key for key in given if key.startswith("on") or key in ("style", "src")]
        if "href" in given:
            assert given["href"][1:] in ids, given
            assert given["href"].startswith("#")
        if name == "th":
            assert given["scope"] in ("col", "row")
        if name == "svg":
            assert given["role"] == "img"
    assert names.count("table") == names.count("caption")
    assert names.count("svg") == names.count("title") - 1
    (style,) = page.inside("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (given["content"] for _, given in page.opened if "http-equiv" in given)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style
