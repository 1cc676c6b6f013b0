"""Pieces that the sections of a report share: tables, short hashes, verdicts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ostraka_verifier.checks import Verdict
from ostraka_verifier.html_report.markup import Content, Markup, element, joined, stranger

_HASH = re.compile(r"0x[0-9a-f]{40,64}\b")
_SHOWN_DIGITS = 6
_LONGEST_TEXT = 2_000

VERDICT_WORDS = {
    Verdict.HOLDS: "✓ holds",
    Verdict.FAILS: "✗ fails",
    Verdict.NOT_CHECKED: "? not checked",
}
"""With a sign, because colours alone tell some readers nothing."""
VERDICT_CLASSES = {Verdict.HOLDS: "good", Verdict.FAILS: "bad", Verdict.NOT_CHECKED: "open"}


class Hashes:
    """Hashes and addresses that a report shortens; the last section lists each one in full."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def short(self, data: bytes | str, what: str) -> Markup:
        """Return the short form of bytes or 0x-hex, as a link to the full one.

        Args:
            what: Says what it is; the first mention counts.
        """
        full = data if isinstance(data, str) else f"0x{data.hex()}"
        number, _ = self._found.setdefault(full, (len(self._found) + 1, what))
        shown = f"{full[: 2 + _SHOWN_DIGITS]}…{full[-_SHOWN_DIGITS:]}"
        return element("a", element("code", shown), href=f"#hash-{number}")

    def linked(self, text: str, what: str) -> Markup:
        """Return text in which long hashes are shortened."""
        shown, start = list[Content](), 0
        if len(text) > _LONGEST_TEXT:
            text = f"{text[:_LONGEST_TEXT]}… (shortened; the JSON report has the whole text)"
        for found in _HASH.finditer(text):
            shown += [text[start : found.start()], self.short(found[0], what)]
            start = found.end()
        return joined(shown, text[start:])

    def table(self) -> Markup:
        """Return all of them in full."""
        rows = [
            [element("span", what, id=f"hash-{number}"), element("code", full)]
            for full, (number, what) in self._found.items()
        ]
        return table("Hashes and addresses", ("What it is", "In full"), rows)


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Content]], *, numbers: int = 0
) -> Markup:
    """Return a table that scrolls by itself where it is too wide; its first column names the rows.

    Args:
        numbers: How many of the last columns contain numbers.
    """
    first_number = len(heads) - numbers

    def kind(column: int) -> str | None:
        return "number" if column >= first_number else None

    head = [element("th", name, scope="col", class_=kind(at)) for at, name in enumerate(heads)]
    body = [
        element(
            "tr",
            element("th", cells[0], scope="row"),
            [element("td", cell, class_=kind(at)) for at, cell in enumerate(cells) if at],
        )
        for cells in rows
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", head)),
            element("tbody", body),
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex=0,
    )


def definitions(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Return a list of terms with their values; those without a value are left out."""
    return element(
        "dl",
        [
            element("div", element("dt", term), element("dd", value))
            for term, value in pairs
            if value is not None
        ],
    )


@dataclass(frozen=True)
class Section:
    """A section of the report, which the contents list by its title."""

    name: str
    title: str
    markup: Markup


def section(name: str, title: str, *content: Content) -> Section:
    """Return a section with its heading."""
    heading = element("h2", title, id=name)
    return Section(name, title, element("section", heading, *content, aria_labelledby=name))


def listed(items: Iterable[Content], **attributes: str) -> Markup:
    """Return a bulleted list."""
    return element("ul", [element("li", item) for item in items], **attributes)


def names(values: Sequence[str]) -> Markup:
    """Return names of strangers with commas between them."""
    return joined(
        [joined(", " if number else None, stranger(name)) for number, name in enumerate(values)]
    )
