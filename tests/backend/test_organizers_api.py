"""Organizers over HTTP: tokens, roles, the audit log, and sign-in by wallet."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from eth_account.messages import _hash_eip191_message, encode_defunct
from fastapi.testclient import TestClient

from ostraka.gateway.api import build_api
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.plans import Plans
from ostraka.gateway.roles import Role
from ostraka.gateway.team import Team
from ostraka.keys import SigningKey
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import to_hex

MEMBER = SigningKey(bytes([9] * 32))
Ask = Callable[..., httpx.Response]


@pytest.fixture
def gateway(tmp_path: Path) -> GatewayContext:
    """A gateway of which only the organizers are asked."""
    engine = open_database(f"sqlite:///{tmp_path / 'gateway.db'}", Schema.GATEWAY)
    unused: Any = None
    registry: Any = SimpleNamespace(domain=SimpleNamespace(chain_id=31337, registry=bytes(20)))
    return GatewayContext(
        rpc_url="http://127.0.0.1:9",
        registry=registry,
        treasury=registry,
        indexer=unused,
        plans=Plans(engine),
        account=SimpleNamespace(address=MEMBER.address),  # type: ignore[arg-type]
        requests=unused,
        curve=unused,
        committees=[],
        electorates=unused,
        team=Team(engine, hashlib.sha256(b"a token").digest()),
        attachments=unused,
    )


@pytest.fixture
def ask(gateway: GatewayContext) -> Ask:
    """Ask the gateway with a token."""
    api = TestClient(build_api(gateway, httpx.AsyncClient()))

    def ask(method: str, path: str, token: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return api.request(method, f"/api/v1{path}", headers=headers, json=body)

    return ask


def reported(answer: httpx.Response) -> ProblemType:
    """Type of the problem that an answer reports."""
    (kind,) = [one for one in ProblemType if one.uri == answer.json()["type"]]
    assert answer.status_code == kind.status
    return kind


def test_organizers_over_http_from_their_addition_to_their_end(ask: Ask) -> None:
    added = ask("POST", "/organizers", "a token", {"name": "Olga", "role": "observer"}).json()
    token, name = added["token"], added["organizer"]["id"]
    again = ask("POST", "/organizers", "a token", {"name": "Olga", "role": "observer"})
    assert reported(again) is ProblemType.ORGANIZER_EXISTS
    assert ask("GET", "/organizer", token).json()["permissions"] == ["read-log"]
    refused = ask("POST", "/rounds/7/funding", token, {"amount": "1"})
    assert reported(refused) is ProblemType.ROLE_REQUIRED
    assert "administrator or organizer" in refused.json()["detail"]
    assert reported(ask("GET", "/organizers", token)) is ProblemType.ROLE_REQUIRED
    rotated = ask("POST", f"/organizers/{name}/rotation", "a token").json()
    assert reported(ask("GET", "/audit-log", token)) is ProblemType.NOT_ORGANIZER
    token = rotated["token"]
    page = ask("GET", "/audit-log?limit=2", token).json()
    assert [(one["action"], one["result"]) for one in page["entries"]] == [
        ("organizer.rotate", "done"),
        ("organizer.add", "organizer-exists"),
    ]
    assert page["before"] == 2
    rest = ask("GET", "/audit-log?before=2", token).json()
    assert [one["target"] for one in rest["entries"]] == [f"organizer {name}, Olga, observer"]
    assert rest["before"] is None
    assert token not in str(page) + str(rest)
    listed = ask("GET", "/organizers", "a token").json()
    assert [(one["id"], one["active"]) for one in listed] == [("first", True), (name, True)]
    assert not ask("POST", f"/organizers/{name}/revocation", "a token").json()["active"]
    assert reported(ask("GET", "/audit-log", token)) is ProblemType.NOT_ORGANIZER
    late = ask("PUT", f"/organizers/{name}/role", "a token", {"role": "organizer"})
    assert reported(late) is ProblemType.NO_SUCH_ORGANIZER
    unknown = ask("POST", f"/organizers/{'0' * 16}/rotation", "a token")
    assert reported(unknown) is ProblemType.NO_SUCH_ORGANIZER


def test_a_role_is_changed_in_place(ask: Ask) -> None:
    """The same token allows more from the next request on, and the log says who changed it."""
    added = ask("POST", "/organizers", "a token", {"name": "Olga", "role": "observer"}).json()
    token, path = added["token"], f"/organizers/{added['organizer']['id']}/role"
    assert reported(ask("PUT", path, token, {"role": "administrator"})) is ProblemType.ROLE_REQUIRED
    changed = ask("PUT", path, "a token", {"role": "moderator"})
    assert changed.json()["role"] == "moderator"
    assert ask("GET", "/organizer", token).json()["permissions"] == ["moderate"]
    unknown = ask("PUT", path, "a token", {"role": "emperor"})
    assert reported(unknown) is ProblemType.INVALID_REQUEST
    first = ask("PUT", "/organizers/first/role", "a token", {"role": "observer"})
    assert reported(first) is ProblemType.NO_SUCH_ORGANIZER
    entries = ask("GET", "/audit-log", "a token").json()["entries"]
    assert [(one["action"], one["result"]) for one in entries[:2]] == [
        ("organizer.role", "no-such-organizer"),
        ("organizer.role", "done"),
    ]
    assert entries[1]["target"].endswith("Olga, now moderator")
    assert entries[1]["name"] == "First administrator"


def test_an_organizer_signs_in_by_wallet_over_http(gateway: GatewayContext) -> None:
    api = TestClient(build_api(gateway, httpx.AsyncClient(), public_url="https://vote.example"))
    gateway.team.add("Anna", Role.ORGANIZER, MEMBER.address, None)
    asked = {"address": MEMBER.address_hex}
    message = api.post("/api/v1/sign-in/message", json=asked).json()["message"]
    signature = to_hex(MEMBER.sign(_hash_eip191_message(encode_defunct(text=message))))
    sent = {"message": message, "signature": signature}
    token = api.post("/api/v1/sign-in", json=sent).json()["token"]
    assert reported(api.post("/api/v1/sign-in", json=sent)) is ProblemType.SIGN_IN_FAILED
    bearer = {"Authorization": f"Bearer {token}"}
    assert api.get("/api/v1/organizer", headers=bearer).json()["name"] == "Anna"
    (entry,) = api.get("/api/v1/audit-log", headers=bearer).json()["entries"]
    assert (entry["action"], entry["name"]) == ("session.open", "Anna")
    assert api.post("/api/v1/sign-out", headers=bearer).json() == {"closed": True}
    gone = api.get("/api/v1/organizer", headers=bearer)
    assert reported(gone) is ProblemType.NOT_ORGANIZER
    without = TestClient(build_api(gateway, httpx.AsyncClient()))
    refused = without.post("/api/v1/sign-in/message", json=asked)
    assert reported(refused) is ProblemType.SIGN_IN_UNAVAILABLE
