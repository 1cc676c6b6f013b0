"""`ostraka propose …`: members sign what they typed, whatever a gateway shows."""

from pathlib import Path

from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.planning.proposal_details import ProposalDetails
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex
from ostraka_verifier import typed_data
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from tests.support.stub_gateway import PLN, StubGateway, answer, refusal, run

NO_DETAILS = "0x" + 64 * "0"


def test_members_sign_what_they_typed(stub: StubGateway, tmp_path: Path) -> None:
    """Whatever typed data a gateway shows, the signature is of the member's own words."""
    key = SigningKey()
    write_key(tmp_path / "key", key, None)
    stub.routes["GET /rounds/3"] = answer(200, PLN)
    given = {"authorization": {"nonce": "7", "deadline": 9}, "typed_data": {"message": "evil"}}
    stub.routes["POST /typed-data"] = answer(200, given)
    stub.routes["POST /rounds/3/proposals"] = answer(
        201, {"proposal": "0x" + "aa" * 32, "transaction": "0x"}
    )
    not_invited = refusal(ProblemType.NO_SUCH_MEMBER, "", "account")
    stub.routes[f"GET /rounds/3/members/{key.address_hex}"] = not_invited
    recipient = "0x" + "ab" * 20
    command = ("propose", "new", "3", "--key", str(tmp_path / "key"), "--title", "Ławka")
    command += ("--amount", "4", "--category", "2", "--recipient", recipient)
    result = run(stub, *command)
    assert result.exit_code == 0, result.output
    (sent,) = stub.bodies("POST /rounds/3/proposals")
    item = {
        "recipient": recipient,
        "amount": "400",
        "title": "Ławka",
        "text": "",
        "category": 2,
        "details": NO_DETAILS,
    }
    assert sent["item"] == item
    domain = Domain(31337, bytes([0x22] * 20))
    words = (3, key.address, from_hex(recipient, ""), 400, 2, "Ławka", "", bytes(32), 7, 9)
    digest = domain.digest(typed_data.PROPOSAL, *words)
    signature = from_hex(sent["authorization"]["signature"], "")
    assert recover(digest, signature) == key.address
    assert sent["authorization"]["member"] == key.address_hex


def test_editing_keeps_unset_values_except_the_recipient(stub: StubGateway, tmp_path: Path) -> None:
    """A gateway that shows another recipient gets no signature for it."""
    key, invitation = SigningKey(), "0x" + "cd" * 20
    stub.routes["GET /rounds/3"] = answer(200, PLN)
    write_key(tmp_path / "key", key, None)
    stub.routes[f"GET /rounds/3/members/{key.address_hex}"] = answer(200, {"account": invitation})
    identity, recipient = "0x" + "aa" * 32, "0x" + "ab" * 20
    item = {
        "recipient": recipient,
        "amount": "400",
        "title": "Bench",
        "text": "",
        "category": 1,
        "details": NO_DETAILS,
    }
    thief = item | {"recipient": "0x" + "ef" * 20}
    stub.routes[f"GET /proposals/{identity}"] = answer(200, thief | {"round": "3"})
    given = {"authorization": {"nonce": "0", "deadline": 9}}
    stub.routes["POST /typed-data"] = answer(200, given)
    stub.routes[f"PUT /proposals/{identity}"] = answer(200, {"transaction": "0x"})
    command = ("propose", "edit", identity, "--key", str(tmp_path / "key"), "--amount", "3.50")
    assert run(stub, *command).exit_code == 2
    assert not stub.requests
    assert run(stub, *command, "--recipient", recipient).exit_code == 0
    (sent,) = stub.bodies(f"PUT /proposals/{identity}")
    assert sent["item"] == item | {"amount": "350"}
    # The member is the invitation that is bound to the key.
    assert sent["authorization"]["member"] == invitation


def test_place_and_picture_are_part_of_what_is_signed(stub: StubGateway, tmp_path: Path) -> None:
    key = SigningKey()
    stub.routes["GET /rounds/3"] = answer(200, PLN)
    write_key(tmp_path / "key", key, None)
    not_invited = refusal(ProblemType.NO_SUCH_MEMBER, "", "account")
    stub.routes[f"GET /rounds/3/members/{key.address_hex}"] = not_invited
    (tmp_path / "bench.png").write_bytes(b"a picture")
    stub.routes["POST /images"] = answer(201, {"sha256": "0x" + "cd" * 32})
    stub.routes["POST /typed-data"] = answer(200, {"authorization": {"nonce": "7", "deadline": 9}})
    stub.routes["POST /rounds/3/proposals"] = answer(
        201, {"proposal": "0x" + "aa" * 32, "transaction": "0x"}
    )
    command = ("propose", "new", "3", "--key", str(tmp_path / "key"), "--title", "Bench")
    command += ("--amount", "4", "--recipient", "0x" + "ab" * 20)
    command += ("--place", "52.229676,21.012229", "--place-label", "Market square")
    command += ("--image", str(tmp_path / "bench.png"))
    refused = run(stub, *command)
    assert refused.exit_code == 2
    assert "--alt" in refused.output
    result = run(stub, *command, "--alt", "A bench")
    assert result.exit_code == 0, result.output
    (sent,) = stub.bodies("POST /rounds/3/proposals")
    assert sent["details"] == {
        "place": {"latitude": 52229676, "longitude": 21012229, "label": "Market square"},
        "image": {"sha256": "0x" + "cd" * 32, "alt": "A bench"},
    }
    details = ProposalDetails.model_validate(sent["details"])
    assert sent["item"]["details"] == "0x" + details.digest().hex()
    refused = run(stub, *command[:-4], "--place", "95,0")
    assert refused.exit_code == 2
    assert "place" in refused.output
