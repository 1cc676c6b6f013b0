"""The texts of the web client in one language, read from its message catalogues."""

import json
import re
from functools import cache
from itertools import chain

from ostraka.demo.chains import CHECKOUT

LANGUAGES = ("en", "de", "es", "pl")
_MESSAGES = CHECKOUT / "web" / "src" / "messages"
_ENTRY = re.compile(r'^msgid ("(?:.*"\n")*.*")\nmsgstr ("(?:.*"\n")*.*")$', re.MULTILINE)
_CASE = re.compile(r"\s*(?:=\d+|[\w ]+?)\s*(?=\{)")
_NUMBER = r"[\d.,\s\u00a0\u202f]+"
_LETTERS = re.compile(r"[^\W\d_]{3}")


class Texts:
    """Messages of one language by id."""

    def __init__(self, language: str) -> None:
        self._messages = _read(language)

    def __call__(self, message: str) -> str:
        """A message without values."""
        text = self._messages[message]
        assert "{" not in text, f"{message} has values: use `like`"
        return text

    def like(self, message: str, **values: str) -> re.Pattern[str]:
        """Whatever a message can say, with these values and any others."""
        return re.compile(_pattern(self._messages[message], values))

    def contains(self, text: str) -> bool:
        """Whether a text is a message of this language."""
        return any(one.fullmatch(text) for one in self._patterns())

    def _patterns(self) -> list[re.Pattern[str]]:
        return _patterns(tuple(self._messages.values()))


@cache
def _read(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(_MESSAGES.glob(f"*/{language}.po")):
        for name, text in _ENTRY.findall(file.read_text()):
            found[_unquoted(name)] = _unquoted(text)
    del found[""]
    return found


def _unquoted(lines: str) -> str:
    return "".join(json.loads(line) for line in lines.split("\n"))


@cache
def _patterns(messages: tuple[str, ...]) -> list[re.Pattern[str]]:
    """Patterns of messages; those that consist of values only say nothing."""
    return [
        re.compile(_pattern(text, {}))
        for text in messages
        if _LETTERS.search(re.sub(r"\{[^{}]*\}", "", text))
    ]


def _pattern(text: str, values: dict[str, str]) -> str:
    """A regular expression for a message in ICU's format."""
    written, at = [], 0
    while at < len(text):
        if text[at] == "{":
            end = _closing(text, at)
            written.append(_value(text[at + 1 : end], values))
            at = end + 1
        else:
            written.append(re.escape(text[at]))
            at += 1
    return "".join(written)


def _value(inner: str, values: dict[str, str]) -> str:
    name, _, rest = inner.partition(",")
    if name.strip() in values:
        return re.escape(values[name.strip()])
    kind, _, cases = rest.partition(",")
    if not cases:
        return _NUMBER if kind.strip() == "number" else ".+?"
    spans, at = [], 0
    while match := _CASE.match(cases, at):
        end = _closing(cases, match.end())
        spans.append(cases[match.end() + 1 : end])
        at = end + 1
    numbered = ("#".join(_pattern(part, values) for part in span.split("#")) for span in spans)
    return f"(?:{'|'.join(chain(one.replace('#', _NUMBER) for one in numbered))})"


def _closing(text: str, opening: int) -> int:
    """Where the bracket ends that opens there."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return at
    raise ValueError(f"a bracket is not closed: {text}")
