"""Titles and names that people cannot read, or cannot tell apart."""

import pytest

from ostraka.wire.titles import cleaned, first_alike, title_problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Where?", None),
        ("می‌خواهم", None),
        ("\U0001f469\u200d\U0001f33e", None),
        (" ", "blank"),
        ("\u200d", "blank"),
        ("a\u202eb", "U+202E changes the direction of text"),
        ("a\u2066b", "U+2066 changes the direction of text"),
        ("a\u200bb", "U+200B cannot be seen"),
        ("a\u2028b", "U+2028 cannot be seen"),
        ("a\nb", "U+000A cannot be seen"),
        ("\u3164", "U+3164 cannot be seen"),
        ("a\ud800", "U+D800 cannot be seen"),
        ("a\ufff0", "U+FFF0 cannot be seen"),
        ("a\U000e0fff", "U+E0FFF cannot be seen"),
        ("\u180b", "blank"),
    ],
)
def test_titles(text: str, problem: str | None) -> None:
    assert title_problem(text) == problem
    assert title_problem(cleaned(text) or "–") in (None, "blank")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a "),
        ("\uff21", "A"),
        ("Straße", "STRASSE"),
        ("\u00e9", "e\u0301"),
        ("a  b", "a\u00a0b"),
        ("a\u200db", "ab"),
        ("\u2764\ufe0f", "\u2764"),
        ("a\u180b", "a"),
        ("a\u180f", "a"),
    ],
)
def test_names_that_nobody_can_tell_apart(one: str, other: str) -> None:
    assert first_alike([one, "other", other]) == (2, 0)
    assert first_alike([one, "other", other + "x"]) is None
