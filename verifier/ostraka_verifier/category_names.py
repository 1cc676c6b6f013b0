"""Names of a round's categories: the last lines of the text that the chain has of the round.

The treasury knows categories by number. A round that names them ends its text with one line for
each, in order: `[1] Parks`, `[2] Sport`. Every client can read them, and nobody can change them.

Source: docs/protocol.md §17.1.
"""

import re
from collections.abc import Sequence

_LINE = re.compile(r"\[([1-9][0-9]{0,2})\] (.+)")


def named_text(text: str, names: Sequence[str]) -> str:
    """Return a round's text with the names of its categories."""
    lines = [f"[{number}] {name}" for number, name in enumerate(names, start=1)]
    return "\n".join([*([text, ""] if text else []), *lines])


def split_names(text: str, count: int) -> tuple[str, list[str]]:
    """Return a round's text without the names of its categories, and the names.

    Args:
        count: Number of categories that the round's rule has.

    Returns:
        The text, and one name for each category; the whole text and no names if it does not end
        with exactly `count` names in order.
    """
    lines = text.split("\n")
    found = [_LINE.fullmatch(line) for line in lines[max(0, len(lines) - count) :]]
    names = [
        one[2].strip()
        for number, one in enumerate(found, start=1)
        if one is not None and int(one[1]) == number
    ]
    if not count or len(names) != count or not all(names):
        return text, []
    return "\n".join(lines[: len(lines) - count]).rstrip(), names
