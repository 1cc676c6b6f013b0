"""Titles from files: cut to a length, and distinguished by the ids of the file."""

import pytest

from ostraka.formats.election import distinct, shortened


@pytest.mark.parametrize(
    ("text", "most_bytes", "title"),
    [
        ("A park", 150, "A park"),
        ("  A  park \n", 150, "A  park"),
        ("A park", 3, "A p"),
        ("A park", 2, "A"),
        # Never half a character.
        ("żółw", 4, "żó"),
        ("żółw", 3, "ż"),
        ("ż", 1, "–"),
        ("", 10, "–"),
    ],
)
def test_a_title_is_shortened_and_never_empty(text: str, most_bytes: int, title: str) -> None:
    assert shortened(text, most_bytes) == title


def test_names_that_look_alike_get_their_ids() -> None:
    assert distinct(["Park", "Bench"], ["1", "2"], 20) == ("Park", "Bench")
    assert distinct(["Park", "park ", "Bench"], ["1", "2", "3"], 20) == (
        "Park (1)",
        "park (2)",
        "Bench",
    )
    (first, second) = distinct(["A long name"] * 2, ["11", "12"], 10)
    assert (first, second) == ("A lon (11)", "A lon (12)")
