"""Mutants of sources of which there is no syntax tree here: one change of their text each."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.soak.mutants.results import CHECKOUT

Change = tuple[int, int, str]
"""Start, end, and what stands there instead."""


@dataclass(frozen=True)
class Language:
    """How a language is changed, in patterns of text without comments and strings.

    Attributes:
        operators: Patterns, each with what replaces a match.
        conditions: Finds conditions, and negates them.
        number: Pattern whose first group is an integer, which becomes greater by 1.
        statement: Pattern of a statement that can be left out.
        declaration: Pattern of a statement that cannot.
        kept: Pattern of lines that stay as they are.
    """

    operators: Sequence[tuple[str, Sequence[str]]]
    conditions: Callable[[str], Iterator[Change]]
    number: str
    statement: str
    declaration: str
    kept: str

    def changes(self, code: str) -> Iterator[Change]:
        """Yield all changes of a source without comments and strings."""
        for pattern, replacements in self.operators:
            for match in re.finditer(pattern, code):
                for replacement in replacements:
                    yield match.start(), match.end(), replacement
        yield from self.conditions(code)
        for match in re.finditer(self.number, code):
            yield match.start(1), match.end(1), str(int(match[1].replace("_", "")) + 1)
        for match in re.finditer(self.statement, code):
            if not re.match(self.declaration, match[0]):
                yield match.start(), match.end(), ""


class Mutant(NamedTuple):
    """One change of one source.

    Attributes:
        name: Source, old text, new text, and the line around them.
        start: Place of the change in the text.
        text: What stands there instead.
    """

    name: str
    source: str
    start: int
    end: int
    text: str

    def applied(self, original: str) -> str:
        """Return the source with the change."""
        return original[: self.start] + self.text + original[self.end :]


def mutants_of(source: str, language: Language) -> list[Mutant]:
    """Return every mutant of one source of the checkout."""
    text = (CHECKOUT / source).read_text("utf-8")
    lines = text.splitlines()
    found, seen = [], Counter[str]()
    for start, end, replacement in language.changes(without_text(text)):
        line = lines[text.count("\n", 0, start)]
        if re.match(language.kept, line):
            continue
        old = " ".join(text[start:end].split())
        name = f"{source}: {old} → {replacement or '(nothing)'} in `{line.strip()}`"
        seen[name] += 1
        number = f" (number {seen[name]})" if seen[name] > 1 else ""
        found.append(Mutant(name + number, source, start, end, replacement))
    return found


def without_text(text: str) -> str:
    """Return a source with comments and strings blanked; places stay the same."""
    return re.sub(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"',
        lambda match: (
            re.sub(r"[^\n]", " ", match[0])
            if not match[0].startswith('"')
            else '"' + "s" * (len(match[0]) - 2) + '"'
        ),
        text,
        flags=re.DOTALL,
    )
