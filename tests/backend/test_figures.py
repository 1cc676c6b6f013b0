"""Exact numbers as people read them."""

import pytest

from ostraka.formats.figures import decimal, standard_deviation


@pytest.mark.parametrize(
    ("exact", "written", "root"),
    [
        (None, "", ""),
        ("0", "0", "0"),
        ("2", "2", "1.4142"),
        ("1/3", "0.3333", "0.5774"),
        ("100", "100", "10"),
        ("12345678901234567890", "12345678901234567890", "3513641828.8201"),
    ],
)
def test_figures_are_rounded_to_four_places(exact: str | None, written: str, root: str) -> None:
    assert (decimal(exact), standard_deviation(exact)) == (written, root)
    assert decimal("-7/3") == "-2.3333"
