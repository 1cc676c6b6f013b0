"""`ostraka poll rehearse` and `round rehearse`: what they ask, and that codes stay here."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ostraka.cli.templates import POLL, ROUND
from ostraka.wire.invitations import InvitationCode
from tests.support.stub_gateway import CONFIG, TOKEN, StubGateway, answer, run

PLAN = "0a" * 8
MADE = answer(201, {"plan": PLAN})


@pytest.fixture
def stub(stub: StubGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubGateway:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    stub.routes["GET /config"] = answer(200, CONFIG)
    stub.routes["POST /rehearsals"] = MADE
    rows = [f"0x{number:040x}" for number in range(1, 8)]
    (tmp_path / "members.csv").write_text("\n".join(["account", *rows]))
    for name, text in (("poll", POLL), ("round", ROUND)):
        (tmp_path / f"{name}.toml").write_text(text)
    return stub


def codes_in(path: Path) -> list[InvitationCode]:
    with path.open(newline="") as file:
        return [InvitationCode.read(row["code"]) for row in csv.DictReader(file)]


def body_of(stub: StubGateway) -> Any:
    return stub.bodies("POST /rehearsals")[-1]


@pytest.mark.parametrize("kind", ["poll", "round"])
def test_a_file_is_rehearsed_by_codes_that_stay_here(
    stub: StubGateway, tmp_path: Path, kind: str
) -> None:
    done = run(stub, kind, "rehearse", f"{kind}.toml", "--out", "codes.csv", "--voters", "3")
    assert done.exit_code == 0, done.output
    assert PLAN in done.output
    body = body_of(stub)
    assert body[kind]["title"]
    assert (body["registration_minutes"], body["voting_minutes"]) == (10, 20)
    codes = codes_in(tmp_path / "codes.csv")
    asked = [one["address"] for one in body["invitations"]]
    assert asked == [code.invitation.address_hex for code in codes]
    assert len(asked) == 3
    assert not any(str(code) in json.dumps(body) for code in codes)
    assert (tmp_path / "codes.csv").stat().st_mode & 0o777 == 0o600
    assert f"{stub.url}/register#{codes[0]}" in (tmp_path / "codes.csv").read_text()
    assert TOKEN not in done.output


def test_a_plan_is_rehearsed_and_a_repetition_is_the_same_request(stub: StubGateway) -> None:
    command = ("poll", "rehearse", PLAN, "--out", "codes.csv", "--label", "Probe", "--json")
    stub.routes["POST /rehearsals"] = answer(503, b"")
    assert run(stub, *command).exit_code != 0
    stub.routes["POST /rehearsals"] = MADE
    assert run(stub, *command).exit_code == 0
    first, *_, last = stub.bodies("POST /rehearsals")
    assert first == last
    assert (last["plan"], last["label"]) == (PLAN, "Probe")
    keys = {
        headers["Idempotency-Key"]
        for name, headers, _ in stub.requests
        if name == "POST /rehearsals"
    }
    assert len(keys) == 1
    other = run(stub, *command, "--voters", "2")
    assert other.exit_code == 1
    assert "5 codes" in other.output
