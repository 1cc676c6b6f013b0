"""Commands take and show amounts in units of a round's coin or token, and send exact integers."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostraka.wire.problem_types import ProblemType
from tests.support.stub_gateway import PLN, StubGateway, answer, refusal, run

TOKEN = "0x" + "aa" * 20
REGISTRY = "0x" + "bb" * 20
SENT = [{"transaction": "0x" + "ab" * 32, "gas_used": 1, "block": 1}]
ROUND = f"""
title = "Spring"
token = "{TOKEN}"
budget = "10.5"
proposals_close_at = "+1d"
voting_opens_at = "+2d"
voting_closes_at = "+3d"

[members]
kind = "members"
contract = "{REGISTRY}"

[ballot]
kind = "knapsack"
"""


def contract(*functions: str, symbol: str | None = "PLN", decimals: int = 2) -> Any:
    """What a gateway knows of a contract with these functions."""
    return answer(200, {"symbol": symbol, "decimals": decimals, "functions": list(functions)})


@pytest.mark.parametrize(
    ("typed", "units"), [("600.5 PLN", "60050"), ("600.5", "60050"), ("7 base units", "7")]
)
def test_money_is_deposited_in_units_of_the_token(
    stub: StubGateway, typed: str, units: str
) -> None:
    stub.routes["GET /rounds/1"] = answer(200, PLN)
    stub.routes["POST /rounds/1/funding"] = answer(200, SENT)
    done = run(stub, "round", "fund", "1", typed)
    assert stub.bodies("POST /rounds/1/funding") == [{"amount": units}]
    assert f"Deposited {'0.07' if units == '7' else '600.5'} PLN." in done.stdout


@pytest.mark.parametrize("typed", ["0", "5 EUR", "0.001", "60050000000000"])
def test_other_amounts_are_not_sent(stub: StubGateway, typed: str) -> None:
    stub.routes["GET /rounds/1"] = answer(200, PLN)
    assert run(stub, "round", "fund", "1", typed).exit_code == 2
    assert not stub.bodies("POST /rounds/1/funding")


def test_people_confirm_the_amount(stub: StubGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostraka.cli.warnings._someone_types", lambda: True)
    stub.routes["GET /rounds/1"] = answer(200, PLN)
    stub.routes["POST /rounds/1/funding"] = answer(200, SENT)
    refused = run(stub, "round", "fund", "1", "1000")
    assert "Deposit 1000 PLN in round 1?" in refused.stderr
    assert not stub.bodies("POST /rounds/1/funding")
    assert run(stub, "round", "fund", "1", "1000", "--yes").exit_code == 0


def test_lists_show_amounts_with_their_symbol_and_keep_exact_ones(stub: StubGateway) -> None:
    listed = {"round": "1", "title": "Spring", "phase": "proposing", "token": TOKEN}
    listed |= {"budget": "100000", "deposited": "60050", "voting_closes_at": 1_800_000_000}
    coins = {**listed, "round": "2", "token": None, "budget": "15" + "0" * 17}
    rounds = [one | {"organizer": REGISTRY} for one in (listed, coins)]
    proposal = {"slot": 0, "title": "Trees", "amount": "40005", "recipient": TOKEN}
    proposal |= {"proposal": "0x" + "01" * 32, "withdrawn": False, "funded": True, "paid": False}
    stub.routes["GET /rounds"] = answer(200, rounds)
    stub.routes[f"GET /tokens/{TOKEN}"] = contract("balanceOf")
    stub.routes["GET /rounds/1"] = answer(200, PLN)
    stub.routes["GET /rounds/1/proposals"] = answer(200, [proposal])
    shown = run(stub, "round", "list").stdout
    assert all(text in shown for text in ("1000 PLN", "1.5 ETH", "proposing"))
    told = json.loads(run(stub, "round", "list", "--json").stdout)
    assert [(one["budget"], one["symbol"], one["decimals"]) for one in told] == [
        ("100000", "PLN", 2),
        ("15" + "0" * 17, "ETH", 18),
    ]
    assert "400.05 PLN" in run(stub, "round", "proposals", "1").stdout
    (one,) = json.loads(run(stub, "round", "proposals", "1", "--json").stdout)
    assert (one["amount"], one["symbol"], one["decimals"]) == ("40005", "PLN", 2)
    paid = f"POST /proposals/{proposal['proposal']}/payout"
    stub.routes[paid] = answer(200, SENT[0])
    assert "400.05 PLN" in run(stub, "round", "claim", "1").stdout


@pytest.mark.parametrize(
    ("token", "registry", "said"),
    [
        (contract("balanceOf"), contract("weightOf"), None),
        (contract("getVotes"), contract("weightOf"), f"token: {TOKEN} is not an ERC-20 token"),
        (
            contract("balanceOf"),
            contract("balanceOf"),
            f"members.contract: {REGISTRY} is not a member registry: it has no weightOf(address)",
        ),
        (
            answer(200, {"symbol": None, "decimals": 0, "functions": None}),
            contract("weightOf"),
            f"token: there is no contract at {TOKEN}",
        ),
        (
            contract("balanceOf", decimals=0),
            contract("weightOf"),
            'budget: "10.5": PLN has 0 decimal places',
        ),
    ],
)
def test_files_are_checked_on_the_chain(
    stub: StubGateway, tmp_path: Path, token: Any, registry: Any, said: str | None
) -> None:
    stub.routes |= {f"GET /tokens/{TOKEN}": token, f"GET /tokens/{REGISTRY}": registry}
    path = tmp_path / "round.toml"
    path.write_text(ROUND)
    done = run(stub, "round", "check", str(path))
    assert done.exit_code == (2 if said else 0), done.stderr
    if said:
        assert f"{path}: {said}" in done.stderr
    stub.routes[f"GET /tokens/{TOKEN}"] = refusal(ProblemType.CHAIN_UNREACHABLE, "silence")
    done = run(stub, "round", "check", str(path))
    assert (done.exit_code, "Not checked on the chain" in done.stderr) == (0, True)
    done = run(stub, "round", "check", str(path), "--json")
    assert json.loads(done.stdout)["checked_on_chain"] is False
