"""`ostraka talk …`: members sign their own words, and readers see whose signature holds."""

import json
from pathlib import Path

from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.talk import CommentStatement, EndorsementStatement
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds
from tests.support.stub_gateway import TOKEN, StubGateway, answer, run

PROPOSAL = bytes([0xAA] * 32)
PATH = f"/proposals/{to_hex(PROPOSAL)}"
DOMAIN = Domain(31337, bytes([0x22] * 20))
NOW = UnixSeconds(1_800_000_000)


def test_a_member_comments_and_endorses(stub: StubGateway, tmp_path: Path) -> None:
    key = SigningKey()
    write_key(tmp_path / "key", key, None)
    option = ("--key", str(tmp_path / "key"))
    stub.routes[f"POST {PATH}/comments"] = answer(201, {"comment": "0x" + "bb" * 32})
    text = "Ławka,\nplease."
    result = run(stub, "talk", "comment", to_hex(PROPOSAL), "--text", text, *option)
    assert result.exit_code == 0, result.output
    (sent,) = stub.bodies(f"POST {PATH}/comments")
    digest = CommentStatement.of(PROPOSAL, key.address, text, NOW).digest(DOMAIN)
    assert recover(digest, from_hex(sent.pop("signature"), "")) == key.address
    assert sent == {"author": key.address_hex, "text": text, "written_at": NOW}

    path = f"PUT {PATH}/endorsements/{key.address_hex}"
    stub.routes[path] = answer(200, {"member": key.address_hex, "endorses": False})
    assert run(stub, "talk", "endorse", to_hex(PROPOSAL), "--undo", *option).exit_code == 0
    (sent,) = stub.bodies(path)
    statement = EndorsementStatement(PROPOSAL, key.address, False, NOW)
    assert recover(statement.digest(DOMAIN), from_hex(sent["signature"], "")) == key.address

    blank = run(stub, "talk", "comment", to_hex(PROPOSAL), "--text", " ", *option)
    assert blank.exit_code == 2
    assert "blank" in blank.output


def test_readers_see_which_signatures_hold(stub: StubGateway) -> None:
    """A gateway that changes a text, or hides what nobody signed, is found out."""
    key = SigningKey()

    def shown(said: str, signed: str, hidden: bool = False) -> dict[str, object]:
        statement = CommentStatement.of(PROPOSAL, key.address, signed, NOW)
        return {
            "comment": to_hex(statement.digest(DOMAIN)),
            "author": key.address_hex,
            "signing_key": key.address_hex,
            "text": None if hidden else said,
            "text_hash": to_hex(keccak256(said.encode())),
            "written_at": NOW,
            "signature": to_hex(key.sign(statement.digest(DOMAIN))),
            "hidden": {"reason": "Personal data."} if hidden else None,
        }

    honest, changed = shown("Yes", "Yes"), shown("No", "Yes")
    secret, invented = shown("Yes", "Yes", hidden=True), shown("No", "Yes", hidden=True)
    first = {"comments": [honest, changed], "next": 2}
    stub.routes[f"GET {PATH}/comments"] = answer(200, first)
    rest = {"comments": [secret, invented], "next": None}
    stub.routes[f"GET {PATH}/comments?after=2"] = answer(200, rest)
    endorsed = {"endorsements": [], "next": None}
    stub.routes[f"GET {PATH}/endorsements"] = answer(200, endorsed)
    result = run(stub, "talk", "show", to_hex(PROPOSAL), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)["comments"]
    assert [one["signature_holds"] for one in found] == [True, False, True, False]
    assert "(hidden: Personal data.)" in run(stub, "talk", "show", to_hex(PROPOSAL)).output


def test_organizers_hide_comments_and_anybody_reads_the_log(stub: StubGateway) -> None:
    comment = "0x" + "bb" * 32
    entry = {
        "comment": comment,
        "hidden": True,
        "reason": "Spam.",
        "moderator": "organizer",
        "decided_at": NOW,
    }
    stub.routes[f"POST /comments/{comment}/moderation"] = answer(201, entry)
    assert run(stub, "talk", "hide", comment, "--reason", "Spam.").exit_code == 0
    assert run(stub, "talk", "unhide", comment, "--reason", "It is none.").exit_code == 0
    sent = stub.bodies(f"POST /comments/{comment}/moderation")
    assert [one["hidden"] for one in sent] == [True, False]
    (_, headers, _), *_ = stub.requests
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    stub.routes["GET /rounds/3/moderation"] = answer(200, {"entries": [entry], "next": None})
    result = run(stub, "talk", "log", "3", token=None)
    assert "Spam." in result.output
    stub.routes["GET /rounds/3/moderation"] = answer(200, {"entries": [entry], "next": 1})
    stub.routes["GET /rounds/3/moderation?after=1"] = answer(200, {"entries": [], "next": 1})
    assert "do not end" in run(stub, "talk", "log", "3").output
