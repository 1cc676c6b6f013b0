"""`ostraka organizer`: what it asks a gateway, and what it finds in a changed log."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostraka.wire.audit_entries import START, hash_of
from ostraka.wire.records import to_hex
from tests.support.stub_gateway import TOKEN, StubGateway, answer, run

ANNA = {
    "id": "0a" * 8,
    "name": "Anna",
    "role": "organizer",
    "active": True,
    "wallet": None,
    "has_token": True,
    "created_at": 1_800_000_000,
    "expires_at": 1_900_000_000,
    "revoked_at": None,
}
MADE = answer(201, {"organizer": ANNA, "token": "token.0a.secret"})


def log_of(count: int) -> list[dict[str, Any]]:
    """An unchanged log, the earliest entry first."""
    entries: list[dict[str, Any]] = []
    previous = START
    for number in range(1, count + 1):
        entry: dict[str, Any] = {
            "number": number,
            "at": 1_800_000_000 + number,
            "organizer": ANNA["id"],
            "name": "Anna",
            "role": "organizer",
            "action": "poll.create",
            "target": f"plan {number}",
            "result": "done",
            "previous": to_hex(previous),
        }
        previous = hash_of(entry, previous)
        entries.append(entry | {"hash": to_hex(previous)})
    return entries


def serve(stub: StubGateway, entries: list[dict[str, Any]]) -> None:
    """Serve a log in two pages."""
    newest = entries[::-1]
    first = newest[0]["number"] - 1 if newest else 1
    stub.routes["GET /audit-log?limit=500"] = answer(
        200, {"entries": newest[:2], "before": first if len(newest) > 2 else None}
    )
    stub.routes[f"GET /audit-log?limit=500&before={first}"] = answer(
        200, {"entries": newest[2:], "before": None}
    )


def test_an_added_organizer_gets_a_token_once(stub: StubGateway) -> None:
    stub.routes["POST /organizers"] = MADE
    done = run(stub, "organizer", "add", "Anna", "--role", "organizer", "--days", "90")
    assert done.exit_code == 0, done.output
    assert "token.0a.secret" in done.output
    (sent,) = stub.bodies("POST /organizers")
    assert (sent["name"], sent["role"]) == ("Anna", "organizer")
    assert sent["expires_at"] > 1_700_000_000
    assert TOKEN not in done.output


def test_an_organizer_is_found_by_name(stub: StubGateway) -> None:
    former = ANNA | {"id": "0b" * 8, "revoked_at": 1_800_000_001, "active": False}
    stub.routes["GET /organizers"] = answer(200, [former, ANNA])
    stub.routes[f"POST /organizers/{ANNA['id']}/rotation"] = MADE
    assert "token.0a.secret" in run(stub, "organizer", "rotate", "Anna").output
    stub.routes[f"POST /organizers/{ANNA['id']}/revocation"] = answer(200, ANNA)
    assert "no access" in run(stub, "organizer", "revoke", "Anna").output
    stub.routes[f"PUT /organizers/{ANNA['id']}/role"] = answer(200, ANNA | {"role": "observer"})
    assert "Anna is observer now" in run(stub, "organizer", "role", "Anna", "observer").output
    assert stub.bodies(f"PUT /organizers/{ANNA['id']}/role") == [{"role": "observer"}]
    refused = run(stub, "organizer", "revoke", "Bert")
    assert refused.exit_code == 1
    assert "Bert" in refused.output
    listed = run(stub, "organizer", "list").output
    assert "revoked" in listed
    assert "until" in listed


def test_a_log_is_listed(stub: StubGateway) -> None:
    page = {"entries": log_of(2)[::-1], "before": None}
    stub.routes["GET /audit-log?limit=50"] = answer(200, page)
    assert "poll.create" in run(stub, "organizer", "log").output
    assert json.loads(run(stub, "organizer", "log", "--json").output) == page


@pytest.mark.parametrize("count", [0, 1, 4])
def test_an_unchanged_log_holds(stub: StubGateway, count: int) -> None:
    entries = log_of(count)
    serve(stub, entries)
    done = run(stub, "organizer", "verify", "--json")
    assert done.exit_code == 0, done.output
    head = f"{count}:{entries[-1]['hash']}" if entries else None
    assert json.loads(done.output) == {"entries": count, "flaw": None, "head": head}


def test_a_changed_or_shortened_log_is_refused(stub: StubGateway) -> None:
    entries = log_of(4)
    noted = f"4:{entries[-1]['hash']}"
    serve(stub, [*entries[:2], entries[2] | {"target": "plan 9"}, entries[3]])
    changed = run(stub, "organizer", "verify")
    assert changed.exit_code == 1
    assert "entry 3" in changed.output
    serve(stub, entries[:3])
    assert run(stub, "organizer", "verify").exit_code == 0
    shorter = run(stub, "organizer", "verify", "--head", noted)
    assert shorter.exit_code == 1
    assert "entry 4 is missing" in shorter.output
    rewritten = [one | {"name": "Bert"} for one in entries]
    previous = START
    for one in rewritten:
        one["previous"] = to_hex(previous)
        previous = hash_of(one, previous)
        one["hash"] = to_hex(previous)
    serve(stub, rewritten)
    assert run(stub, "organizer", "verify").exit_code == 0
    assert run(stub, "organizer", "verify", "--head", noted).exit_code == 1
    assert run(stub, "organizer", "verify", "--head", "nonsense").exit_code == 2


def test_an_exported_log_is_checked_without_the_gateway(stub: StubGateway, tmp_path: Path) -> None:
    entries = log_of(4)
    serve(stub, entries)
    file = tmp_path / "log.json"
    assert run(stub, "organizer", "export", str(file)).exit_code == 0
    assert run(stub, "organizer", "export", str(file)).exit_code == 1
    assert file.stat().st_mode & 0o777 == 0o600
    stub.routes.clear()
    verify = ("organizer", "verify", "--file", str(file))
    done = run(stub, *verify, "--head", f"4:{entries[-1]['hash']}", "--json")
    assert json.loads(done.output)["flaw"] is None
    # Pages of the API have the newest entry first.
    file.write_text(json.dumps({"entries": entries[::-1], "before": None}))
    assert run(stub, *verify).exit_code == 0
    for flawed, reason in (
        ([*entries[:2], entries[2] | {"role": "observer"}, entries[3]], "entry 3 was changed"),
        ([*entries[:1], *entries[2:]], "entry 2 is missing"),
        (entries[1:], "entry 2 does not follow"),
    ):
        file.write_text(json.dumps({"entries": flawed}))
        refused = run(stub, *verify)
        assert refused.exit_code == 1
        assert reason in refused.output
    for content in ("", "[]", '{"entries": [1]}', '{"entries": [{"number": 1}]}'):
        file.write_text(content)
        refused = run(stub, *verify)
        assert refused.exit_code == 1
        assert "Not an audit log" in refused.output
