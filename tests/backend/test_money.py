"""Amounts that people write with a symbol, and amounts in the smallest unit."""

from pathlib import Path

import pytest

from ostraka.planning.account_file import WrongLines
from ostraka.planning.money import smallest_units, written
from ostraka.planning.specification import RoundSpecification
from ostraka.planning.specification_file import read_specification
from ostraka_verifier.units import UnixSeconds

NOW = UnixSeconds(1_790_000_000)
FILE = """
title = "Spring"
budget = "{budget}"
maximum_amount = "600"
proposals_close_at = "+1d"
voting_opens_at = "+2d"
voting_closes_at = "+3d"

[members]
kind = "members"
contract = "0x00000000000000000000000000000000000000aa"

[ballot]
kind = "knapsack"

[outcome]
kind = "categories"
budgets = ["1.5 PLN", "2"]
"""


@pytest.mark.parametrize(
    ("text", "units"),
    [("600.5 PLN", 60_050), ("600PLN", 60_000), (" 7 ", 7), ("0.01 PLN", 1)],
)
def test_an_amount_with_a_symbol_counts_in_its_unit(text: str, units: int) -> None:
    assert smallest_units(text, "PLN", 2) == units


@pytest.mark.parametrize(
    ("text", "symbol", "reason"),
    [
        ("600.5", "PLN", "expected an amount such as"),
        ("1,000 PLN", "PLN", "expected an amount such as"),
        ("600 EUR", "PLN", "EUR is not PLN"),
        ("0.001 PLN", "PLN", "2 decimal places"),
        ("600 PLN", None, "in the smallest unit"),
    ],
)
def test_other_amounts_are_refused(text: str, symbol: str | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        smallest_units(text, symbol, 2)


@pytest.mark.parametrize(
    ("units", "symbol", "decimals", "text"),
    [
        (60_050, "PLN", 2, "600.5 PLN"),
        (5, "PLN", 2, "0.05 PLN"),
        (10**18, "ETH", 18, "1 ETH"),
        (7, "PLN", 0, "7 PLN"),
        (7, None, 0, "7"),
    ],
)
def test_amounts_are_shown_with_their_symbol(
    units: int, symbol: str | None, decimals: int, text: str
) -> None:
    assert written(units, symbol, decimals) == text
    if symbol is not None:
        assert smallest_units(text, symbol, decimals) == units


def test_a_rounds_file_may_name_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "round.toml"
    path.write_text(FILE.format(budget="10.5 PLN"))
    wanted = read_specification(path, RoundSpecification, NOW, lambda token: ("PLN", 2))
    assert (wanted["budget"], wanted["maximum_amount"]) == ("1050", "600")
    assert wanted["outcome"]["budgets"] == ["150", "2"]
    # Without a gateway, the decimals of coins do.
    assert read_specification(path, RoundSpecification, NOW)["budget"] == "10500000000000000000"


def test_the_wrong_unit_is_named_with_its_member(tmp_path: Path) -> None:
    path = tmp_path / "round.toml"
    path.write_text(FILE.format(budget="10 EUR"))
    with pytest.raises(WrongLines, match="budget: EUR is not PLN"):
        read_specification(path, RoundSpecification, NOW, lambda token: ("PLN", 2))
