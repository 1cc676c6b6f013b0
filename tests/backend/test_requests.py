"""Commands that move money or create something, given again after they went without an answer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ostraka.cli.main import app
from ostraka.gateway_client import requests
from ostraka.wire.problem_types import ProblemType
from tests.support.stub_gateway import PLN, StubGateway, answer, refusal

SENT = [{"transaction": "0x" + "ab" * 32, "gas_used": 1, "block": 1}]
FUNDING = "POST /rounds/1/funding"
MOTION = """
title = "A motion"
closes_at = "+3d"
minimum_ballots = 1
[[questions]]
kind = "single_choice"
title = "Well?"
options = ["Yes", "No"]
[voters]
accounts_file = "voters.csv"
"""


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[StubGateway]:
    with StubGateway() as stub:
        stub.routes["GET /rounds/1"] = answer(200, PLN)
        yield stub


def run(stub: StubGateway, folder: Path, *command: str) -> Result:
    environment = {
        "OSTRAKA_GATEWAY": stub.url,
        "OSTRAKA_ORGANIZER_TOKEN": "token",
        "XDG_STATE_HOME": str(folder),
    }
    return CliRunner().invoke(app, list(command), env=environment)


def keys(stub: StubGateway, name: str) -> list[str]:
    return [headers["Idempotency-Key"] for one, headers, _ in stub.requests if one == name]


def test_a_repeated_command_continues_the_same_request(
    stub: StubGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_WORKING_PAUSE_S", 0)
    monkeypatch.setattr(requests, "_WORKING_TRIES", 2)
    # Nothing that a gateway answers here says that it did nothing and will do nothing.
    later = refusal(ProblemType.NOT_MINED, "wait")
    working = refusal(ProblemType.REQUEST_IN_PROGRESS, "wait", "Idempotency-Key")
    others = (answer(status, {}) for status in (504, 401, 429))
    for refused in (later, working, *others):
        stub.routes[FUNDING] = refused
        assert run(stub, tmp_path, "round", "fund", "1", "5").exit_code != 0
    stub.routes[FUNDING] = answer(200, SENT)
    done = run(stub, tmp_path, "round", "fund", "1", "5")
    assert (done.exit_code, "continued the earlier request" in done.stderr) == (0, True)
    asked = keys(stub, FUNDING)
    assert (len(asked), len(set(asked))) == (7, 1)
    # Another amount is another request, and so is the same one once it was answered.
    run(stub, tmp_path, "round", "fund", "1", "6")
    again = run(stub, tmp_path, "round", "fund", "1", "5")
    assert "continued the earlier request" not in again.stderr
    assert len(set(keys(stub, FUNDING))) == 3


def test_after_a_refusal_the_command_makes_a_new_request(stub: StubGateway, tmp_path: Path) -> None:
    for status in (404, 409, 422):
        stub.routes[FUNDING] = answer(status, {"title": "No", "detail": "no", "field": "amount"})
        assert run(stub, tmp_path, "round", "fund", "1", "5").exit_code == 1
    assert len(set(keys(stub, FUNDING))) == 3


def test_durations_count_from_the_first_request(stub: StubGateway, tmp_path: Path) -> None:
    motion, voters = tmp_path / "motion.toml", tmp_path / "voters.csv"
    motion.write_text(MOTION)
    voters.write_text("account\n0x" + "11" * 20 + "\n")
    for second in (1, 2):
        stub.routes["GET /config"] = answer(200, {"head": {"timestamp": 1_800_000_000 + second}})
        stub.routes["POST /polls"] = refusal(ProblemType.NOT_MINED, "wait")
        assert run(stub, tmp_path, "poll", "create", str(motion), "--yes").exit_code == 3
    first, second_body = stub.bodies("POST /polls")
    assert first == second_body
    assert len(set(keys(stub, "POST /polls"))) == 1
    voters.write_text("account\n0x" + "22" * 20 + "\n")
    run(stub, tmp_path, "poll", "create", str(motion), "--yes")
    assert len(set(keys(stub, "POST /polls"))) == 2
    kept = [
        json.loads(one.read_text()) for one in (tmp_path / "ostraka/requests").glob("*[0-9a-f]")
    ]
    assert len(kept) == 2
