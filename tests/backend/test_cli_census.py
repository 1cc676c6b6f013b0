"""`ostraka census …`, and electorates whose weights are made equal within classes."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.planning.account_file import read_accounts
from ostraka.planning.electorates import census_of_list
from ostraka.planning.specification import AccountList
from ostraka.wire.problems import Problem

WEIGHTS = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610]


def account(number: int) -> str:
    return f"0x{number:040x}"


@pytest.fixture
def members(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    rows = [f"{account(number)},{weight}," for number, weight in enumerate(WEIGHTS, start=1)]
    rows[3] += account(99)
    path.write_text("\n".join(["account,weight,signing_key", *rows]))
    return path


def run(*command: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["census", "classes", *map(str, command)])
    assert done.exit_code == code, done.output
    return done


def answer(*command: object) -> Any:
    return json.loads(run(*command, "--json").stdout)


def test_classes_of_a_file_are_written(members: Path) -> None:
    out = members.with_name("classes.csv")
    found = answer(members, "--classes", 2, "--out", out)
    written = read_accounts(out)
    assert [one["account"] for one in written] == [one["account"] for one in read_accounts(members)]
    assert written[3]["signing_key"] == account(99)
    weights = [one["weight"] for one in written]
    assert {str(weight): voters for weight, voters in Counter(weights).items()} == {
        one["weight"]: one["voters"] for one in found["classes"]
    }
    assert min(Counter(weights).values()) >= 5
    total = sum(WEIGHTS)
    changes = [
        Fraction(new, sum(weights)) / Fraction(old, total) - 1
        for old, new in zip(WEIGHTS, weights, strict=True)
    ]
    assert found["distortion"] == {
        "largest_loss": str(min(changes)),
        "largest_gain": str(max(changes)),
        "largest_holders": 10,
        "largest_before": str(Fraction(sum(WEIGHTS[-10:]), total)),
        "largest_after": str(Fraction(sum(weights[-10:]), sum(weights))),
        "rank_inversions": 0,
    }
    shares = [Fraction(one["share_after"]) for one in found["classes"]]
    assert sum(shares) == 1
    text = run(members, "--classes", 2).stdout
    assert "Largest loss" in text
    assert f"{float(100 * min(changes)):.4g} %" in text
    # Nobody's file is overwritten.
    run(members, "--classes", 2, "--out", out, code=1)


def test_other_class_rules_are_applied(members: Path) -> None:
    assert [one["weight"] for one in answer(members, "--classes", "equal")["classes"]] == ["1"]
    doubling = answer(members, "--classes", "powers_of_two")["classes"]
    assert all(int(one["weight"]).bit_count() == 1 for one in doubling)
    assert len(answer(members)["classes"]) == 3
    assert [one["voters"] for one in answer(members, "--shared-by", 9)["classes"]] == [15]


def test_files_without_possible_classes_are_refused(members: Path) -> None:
    for wrong in ("0", "321", "-1", "many", "1.5", "9" * 30):
        run(members, "--classes", wrong, code=2)
    members.write_text(f"account\n{account(1)}\n")
    assert "1 voter cannot form a class" in run(members, code=1).output


def electorate(**changes: object) -> AccountList:
    accounts = [
        {"account": account(number), "weight": weight}
        for number, weight in enumerate(WEIGHTS, start=1)
    ]
    content = {"kind": "list", "accounts": accounts} | changes
    return AccountList.model_validate(content)


def test_specified_lists_are_put_into_classes() -> None:
    assert not census_of_list(electorate(classes=2)).identifying_weights()
    assert census_of_list(electorate()).identifying_weights()
    with pytest.raises(Problem, match="1 voter cannot form a class of at least 5"):
        census_of_list(electorate(accounts=[{"account": account(1)}], classes="equal"))
    with pytest.raises(Problem, match="would be empty"):
        census_of_list(electorate(accounts=[]))
