"""Amounts as people write them: in units of the coin or token."""

import json
import tomllib
from pathlib import Path

import pytest

from ostraka.planning.account_file import WrongLines
from ostraka.planning.money import Currency
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


PLN = Currency("PLN", 2)
NAMELESS = Currency(None, 0)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("600.5 PLN", 60_050),
        ("600PLN", 60_000),
        (" 7 ", 700),
        ("600.5", 60_050),
        ("0.01 PLN", 1),
        ("7 base units", 7),
        ("1 base unit", 1),
        ("9" * 39 + " base units", int("9" * 39)),
        ("1234567890123 PLN", 123_456_789_012_300),
    ],
)
def test_amounts_are_in_units_of_the_token(text: str, units: int) -> None:
    assert PLN.units(text) == units


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("-1", PLN, "expected an amount such as"),
        ("1,000 PLN", PLN, "expected an amount such as"),
        ("600 EUR", PLN, "EUR is not PLN"),
        ("0.001 PLN", PLN, "2 decimal places"),
        ("0.001", PLN, "2 decimal places"),
        ("1000000000000000000", PLN, "needs a unit"),
        ("600 PLN", NAMELESS, '"600 base units"'),
        ("600", NAMELESS, '"600 base units"'),
    ],
)
def test_other_and_ambiguous_amounts_are_refused(
    text: str, currency: Currency, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        currency.units(text)


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (60_050, PLN, "600.5 PLN"),
        ("5", PLN, "0.05 PLN"),
        (10**18, Currency("ETH", 18), "1 ETH"),
        (1, Currency("ETH", 18), "0.000000000000000001 ETH"),
        (7, Currency("PLN", 0), "7 PLN"),
        (7, NAMELESS, "7 base units"),
    ],
)
def test_amounts_are_shown_as_they_are_read(
    units: int | str, currency: Currency, text: str
) -> None:
    assert currency.written(units) == text
    assert currency.units(text) == int(units)


def test_nothing_needs_no_unit() -> None:
    assert NAMELESS.units("0") == 0


def test_a_rounds_file_may_name_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "round.toml"
    path.write_text(FILE.format(budget="1000.5 PLN"))
    wanted = read_specification(path, RoundSpecification, NOW, lambda token: PLN)
    assert (wanted["budget"], wanted["maximum_amount"]) == ("100050", "60000")
    assert wanted["outcome"]["budgets"] == ["150", "200"]
    # Without a gateway, the decimals of coins do.
    assert read_specification(path, RoundSpecification, NOW)["budget"] == "1000500000000000000000"


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("10 EUR", "budget: EUR is not PLN"),
        ("599 PLN", "maximum_amount: 600 PLN, more than the budget of 599 PLN"),
    ],
)
def test_wrong_amounts_are_named_with_their_member(tmp_path: Path, budget: str, said: str) -> None:
    path = tmp_path / "round.toml"
    path.write_text(FILE.format(budget=budget))
    with pytest.raises(WrongLines, match=said):
        read_specification(path, RoundSpecification, NOW, lambda token: PLN)


def test_numbers_of_toml_count_as_whole_units(tmp_path: Path) -> None:
    path = tmp_path / "round.toml"
    path.write_text(FILE.format(budget="x").replace('"x"', "700"))
    assert read_specification(path, RoundSpecification, NOW, lambda _: PLN)["budget"] == "70000"
    path.write_text(FILE.format(budget="x").replace('"x"', "700.5"))
    with pytest.raises(WrongLines, match="budget: write it in quotes"):
        read_specification(path, RoundSpecification, NOW, lambda _: PLN)


def test_integers_of_json_are_exact(tmp_path: Path) -> None:
    content = tomllib.loads(FILE.format(budget="700"))
    content |= {"budget": "60050", "maximum_amount": 600, "minimum_amount": "1 PLN"}
    content["outcome"]["budgets"] = ["150", 200]
    path = tmp_path / "round.json"
    path.write_text(json.dumps(content))
    wanted = read_specification(path, RoundSpecification, NOW, lambda _: PLN)
    names = ("budget", "minimum_amount", "maximum_amount")
    assert [wanted[name] for name in names] == ["60050", "100", 600]
    assert wanted["outcome"]["budgets"] == ["150", 200]
