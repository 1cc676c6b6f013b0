"""Titles and names that people cannot read or distinguish."""

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
        ("a\u200bb", "U+200B is invisible"),
        ("a\u2028b", "U+2028 is invisible"),
        ("a\nb", "U+000A is invisible"),
        ("\u3164", "U+3164 is invisible"),
        ("a\ud800", "U+D800 is invisible"),
        ("a\ufff0", "U+FFF0 is invisible"),
        ("a\U000e0fff", "U+E0FFF is invisible"),
        ("\u180b", "blank"),
    ],
)
def test_titles_with_bad_characters_are_refused(text: str, problem: str | None) -> None:
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
def test_names_that_look_alike_are_found(one: str, other: str) -> None:
    assert first_alike([one, "other", other]) == (2, 0)
    assert first_alike([one, "other", other + "x"]) is None
