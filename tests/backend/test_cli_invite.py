"""`ostraka invite …`: invitations that an organizer makes, and voters who register with them."""

import json
from pathlib import Path
from typing import Any

from ostraka.cli.invite import read_codes
from ostraka.gateway_client.config import domain_of
from ostraka.keys import SigningKey
from ostraka.planning.account_file import read_invitations
from ostraka.wire.invitations import InvitationCode, InvitedElectorate
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.redemption import Redemption, check_redemption
from tests.support.keys import plain_key
from tests.support.stub_gateway import CONFIG, StubGateway, answer, refusal, run

PLAN = "0123456789abcdef"


def test_invitations_are_made_locally_and_saved(stub: StubGateway, tmp_path: Path) -> None:
    codes, listed = tmp_path / "codes.csv", tmp_path / "invitations.csv"
    command = (
        "invite",
        "--count",
        "2",
        "--weight",
        "3",
        "--out",
        str(codes),
        "--list",
        str(listed),
    )
    result = run(stub, *command)
    assert result.exit_code == 0
    assert not stub.requests
    head, *rows = [line.split(",") for line in codes.read_text().splitlines()]
    assert (head, [row[1] for row in rows]) == (["code", "weight"], ["3", "3"])
    assert not any(code in result.output for code, _ in rows)
    assert codes.stat().st_mode & 0o777 == 0o600
    addresses = [one["address"] for one in read_invitations(listed)]
    assert addresses == [InvitationCode.read(code).invitation.address_hex for code, _ in rows]
    before = codes.read_text()
    assert run(stub, *command).exit_code == 1
    assert codes.read_text() == before


def test_residents_of_a_spreadsheet_get_codes_and_letters(
    stub: StubGateway, tmp_path: Path
) -> None:
    """Names stay in the organizer's file: the public list has no names, nor their order."""
    source, codes = tmp_path / "residents.csv", tmp_path / "codes.csv"
    names = [f"Łucja {number}" for number in range(12)]
    rows = "".join(f"{name};ul. Długa {at}\r\n" for at, name in enumerate(names))
    source.write_bytes(("\ufeffMieszkaniec;Adres\r\n" + rows).encode())
    listed = tmp_path / "invitations.csv"
    mapped = ("--map", "name=mieszkaniec", "--map", "address=Adres")
    files = ("--out", str(codes), "--list", str(listed))
    result = run(stub, "invite", "--from", str(source), *mapped, *files, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["count"] == 12
    saved = read_codes(codes)
    assert [(one.name, one.address) for one in saved] == [
        (name, f"ul. Długa {at}") for at, name in enumerate(names)
    ]
    addresses = [one["address"] for one in read_invitations(listed)]
    assert addresses == sorted(one.code.invitation.address_hex for one in saved)
    assert "Łucja" not in listed.read_text()
    # The letters need nothing but the file of codes.
    pdf = tmp_path / "letters.pdf"
    site = ("--site", "https://vote.example/", "--out", str(pdf), "--sender", "Town hall|Main")
    result = run(stub, "invite", "letters", str(codes), *site, "--language", "pl", "--json")
    assert result.exit_code == 0, result.output
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert pdf.read_bytes().count(b"/Type /Page\n") == 12
    assert pdf.stat().st_mode & 0o777 == 0o600
    assert run(stub, "invite", "letters", str(listed), *site).exit_code == 2
    assert not stub.requests
    wrong = run(stub, "invite", "--from", str(source), "--map", "name=Name", *files)
    assert (wrong.exit_code, "'Mieszkaniec', 'Adres'" in wrong.stderr) == (2, True)


def test_registering_binds_an_invitation_to_a_key(stub: StubGateway, tmp_path: Path) -> None:
    invitation, gateway = SigningKey(), SigningKey()
    code = invitation.secret().hex()
    domain = domain_of(CONFIG, "registry")
    electorate = InvitedElectorate(domain, bytes(32), None, bytes([5] * 32))
    place = {
        "plan": PLAN,
        "title": "Where?",
        "weight": "1",
        "electorate": electorate.to_json(),
        "signing_key": None,
        "open": True,
    }
    stub.routes["GET /config"] = answer(200, CONFIG | {"account": gateway.address_hex})
    stub.routes[f"GET /invitations/{invitation.address_hex}"] = answer(200, [place])

    def redeem(body: bytes, by: SigningKey = gateway) -> Any:
        sent = json.loads(body)
        key = from_hex(sent["signing_key"], "")
        signed = Redemption(
            from_hex(sent["by_invitation"], ""), from_hex(sent["by_signing_key"], "")
        )
        check_redemption(signed, invitation.address, key, electorate.digest, domain)
        statement = domain.digest(typed_data.REDEEMED, electorate.digest, invitation.address, key)
        sent |= {"weight": "1", "statement": to_hex(by.sign(statement))}
        return answer(200, sent)

    stub.routes["POST /invitations/redemption"] = redeem
    path = tmp_path / "keys" / "me.key"
    for _ in range(2):
        result = run(stub, "register", code, "--key", str(path), "--json")
        assert result.exit_code == 0, result.output
    assert path.stat().st_mode & 0o777 == 0o600
    bound = {one["signing_key"] for one in stub.bodies("POST /invitations/redemption")}
    assert bound == {plain_key(path).address_hex}
    # A gateway that does not sign what it registered could leave it out afterwards.
    stub.routes["POST /invitations/redemption"] = lambda body: redeem(body, SigningKey())
    result = run(stub, "register", code, "--key", str(path))
    assert (result.exit_code, "did not sign" in result.stderr) == (1, True)
    stub.routes["POST /invitations/redemption"] = refusal(
        ProblemType.INVITATION_USED, "bound to another key", "invitation"
    )
    result = run(stub, "register", code, "--key", str(path))
    assert (result.exit_code, code in result.output) == (1, False)
    closed = place | {"open": False}
    stub.routes[f"GET /invitations/{invitation.address_hex}"] = answer(200, [closed])
    assert "Registration closed" in run(stub, "register", code, "--key", str(path)).stderr
    for wrong in ("c0de", code.upper(), code + "00", ""):
        assert run(stub, "register", wrong, "--key", str(path)).exit_code == 2
