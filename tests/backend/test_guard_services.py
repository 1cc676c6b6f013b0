"""The watchtower as a command and in services: what they show, take, and pass on."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from ostraka.chain.contract import checksum, deploy
from ostraka.cli.main import app
from ostraka.gateway.api import build_api
from ostraka.guard.evidence import Evidence
from ostraka.guard.receipts import ReceiptFolder, Recorded
from ostraka.guard.sources import FolderSource
from ostraka.guard.tower import Tower
from ostraka.key_files import write_key
from ostraka.node.phases import Anchoring
from ostraka.services.guarding import of_tower
from ostraka.services.run_gateway import open_gateway
from ostraka.services.settings import GatewaySettings
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import PeerReceipt
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Malformed
from tests.support.disputed import MINIMUM_BOND, DisputedChain, Fraud, Shown, moved, root_of
from tests.support.node_polls import move, observation, settling_service
from tests.support.polls import approval_poll


@pytest.fixture(autouse=True)
def _same_logs() -> Iterator[None]:
    """The command sets up logs on a stream of its own."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def omitting(chain: DisputedChain) -> Fraud:
    """A root without the ballot of voter 3, and the board that gives it."""
    fraud = chain.poll()
    ballots = fraud.poll.prepared[:3] + fraud.poll.prepared[4:]
    fraud.show(fraud.leaves(ballots))
    fraud.anchor(root_of(fraud.nodes(ballots)))
    return fraud


@pytest.fixture
def gateway(chain: DisputedChain, tmp_path: Path) -> TestClient:
    """The API of a gateway of the committee, with a folder of receipts."""
    fraud = chain.poll()
    address, _ = deploy(chain.url, chain.payer, "VotingKeys")
    folder = tmp_path / "gateway"
    folder.mkdir(mode=0o700)
    write_key(folder / "key", chain.payer, None)
    settings = GatewaySettings(
        key_file=folder / "key",
        plain_key=True,
        database_url=f"sqlite:///{folder / 'gateway.db'}",
        rpc_url=chain.url,
        registry="0x" + chain.registry.address.hex(),
        treasury="0x" + address.hex(),
        deployed_at=chain.registry.deployment_block,
        committees=["0x" + fraud.poll.committee.digest.hex()],
        organizer_token_sha256="0" * 64,
        confirmations=1,
    )
    context = open_gateway(settings, open_database(settings.database_url, Schema.GATEWAY))
    receipts = ReceiptFolder(tmp_path / "receipts")
    return TestClient(build_api(context, httpx.AsyncClient(), receipts=receipts))


def test_a_gateway_shows_disputes(chain: DisputedChain, gateway: TestClient) -> None:
    fraud = chain.poll()
    root = fraud.poll.root()
    nothing = gateway.get(f"/api/v1/polls/{fraud.number}/disputes").json()
    assert (nothing["disputable"], nothing["round"], nothing["bond"]) == (True, None, None)
    fraud.anchor(root)
    liar = chain.account()
    chain.disputes.challenge_leaf(liar, fraud.disputed, root.digest, 4, MINIMUM_BOND)
    shown = gateway.get(f"/api/v1/polls/{fraud.number}/disputes").json()
    view = chain.registry.poll(fraud.number)
    (challenge,) = shown.pop("challenges")
    assert shown == {
        "poll": str(fraud.number),
        "disputable": True,
        "round": 0,
        "contested": True,
        "window_ends_at": view.releasable_at,
        "ends_at_latest": view.anchored_at + 1000,
        "leaves_until": view.anchored_at + 400,
        "omissions_until": view.anchored_at + 400,
        "bond": str(MINIMUM_BOND),
        "rejections": [],
    }
    assert challenge["kind"] == "leaf"
    assert (challenge["leaf"], challenge["voter"], challenge["state"]) == (4, None, "open")
    assert challenge["challenger"] == liar.address_hex
    (known,) = fraud.docket().challenges
    assert challenge["deadline"] == known.deadline
    assert challenge["bond"] == str(MINIMUM_BOND)


def test_a_gateway_shows_why_a_root_fell(chain: DisputedChain, gateway: TestClient) -> None:
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    root = fraud.poll.root()
    fraud.anchor(type(root)(root.hash, moved(root.sum), root.count))
    fraud.tower().turn()
    shown = gateway.get(f"/api/v1/polls/{fraud.number}/disputes").json()
    assert [(one["round"], one["ground"]) for one in shown["rejections"]] == [(0, "sum")]
    assert shown["window_ends_at"] is None


def test_receipts_are_handed_in_and_passed_on(
    chain: DisputedChain, gateway: TestClient, tmp_path: Path
) -> None:
    fraud = omitting(chain)
    path = f"/api/v1/polls/{fraud.number}/omitted"
    assert gateway.get(path).json() == []
    receipt = fraud.receipt(3).to_json()
    assert gateway.post(path, json=receipt).json() == receipt
    assert gateway.get(path).json() == [receipt]
    # An earlier ballot of the voter adds nothing; a later one replaces it.
    later = fraud.receipt_for(fraud.forged(3)).to_json()
    assert gateway.post(path, json=later).json() == later
    assert gateway.post(path, json=receipt).json() == later
    assert gateway.get(path).json() == [later]
    folder = FolderSource(ReceiptFolder(tmp_path / "receipts"))
    tower = fraud.tower(sources=[Shown(fraud), folder])
    (step,) = tower.turn()
    assert step.move.startswith("challenge the omission")
    assert step.outcome == "sent"


def test_bad_receipts_are_refused_by_name(chain: DisputedChain, gateway: TestClient) -> None:
    fraud = omitting(chain)
    path = f"/api/v1/polls/{fraud.number}/omitted"
    receipt = fraud.receipt(3).to_json()
    few = receipt | {"receipts": receipt["receipts"][:3]}
    answer = gateway.post(path, json=few)
    assert answer.status_code == 400
    assert "not of 4 nodes for this ballot" in answer.json()["detail"]
    twice = receipt | {"receipts": receipt["receipts"][:3] + receipt["receipts"][:1]}
    assert "not one for each node" in gateway.post(path, json=twice).json()["detail"]
    late = receipt | {"cast_at": receipt["cast_at"] + 10_000}
    assert gateway.post(path, json=late).status_code == 400
    assert gateway.get(path).json() == []


def test_a_node_lists_what_a_root_leaves_out(tmp_path: Path) -> None:
    poll = approval_poll()
    service, settling = settling_service(poll, tmp_path, ballots=7)
    statements = [Recorded.from_json(_receipts(poll, place), poll.published) for place in range(7)]
    service.served.store.add_peer_receipts(
        [
            PeerReceipt(poll_id=1, digest=one.ballot.digest, node=by.node, signature=by.signature)
            for one in statements
            for by in one.receipts
            if by.node != service.served.node
        ]
    )
    assert service.witness.omitted() == []
    move(service, lambda: settling.anchored(Anchoring(0, poll.root())))
    # It knows no leaves of that root, so all may be missing.
    assert [one.ballot.voter for one in service.witness.omitted()] == poll.accounts
    evidence = Evidence(load(), poll.published)
    # As if the registry pinned no poll keys, which this test has no chain for.
    service.progress.observed = observation(poll, poll_keys=bytes(32))
    evidence.add_board(service.witness.own_board())
    assert [one.voter for one in evidence.known()] == poll.accounts


def _receipts(poll: object, place: int) -> dict[str, object]:
    return Fraud(None, poll).receipt(place, (1, 2, 3)).to_json()  # type: ignore[arg-type]


def test_a_folder_ignores_what_is_not_receipts(chain: DisputedChain, tmp_path: Path) -> None:
    fraud = omitting(chain)
    folder = ReceiptFolder(tmp_path / "receipts")
    (tmp_path / "receipts" / "notes.json").write_text("{}")
    (tmp_path / "receipts" / "broken.json").write_text("{")
    assert folder.add(fraud.published, fraud.receipt(3)) == fraud.receipt(3)
    prepared = fraud.poll.prepared[5]
    votes = {
        "format": "ostraka/votes/v2",
        "voter": "0x" + prepared.ballot.voter.hex(),
        "ballots": [
            {
                "ballot": "0x" + prepared.ballot.encoded.hex(),
                "receipts": fraud.receipt(5).to_json()["receipts"],
            }
        ],
    }
    (tmp_path / "receipts" / "votes.json").write_text(json.dumps(votes))
    found, ballots = ReceiptFolder(tmp_path / "receipts").read(fraud.published)
    assert [one.ballot.voter for one in found] == [fraud.poll.accounts[3], fraud.poll.accounts[5]]
    assert ballots == [prepared.ballot.encoded]
    # Of another poll, nothing counts.
    assert ReceiptFolder(tmp_path / "receipts").read(chain.poll().published) == ([], [])


def test_receipts_need_a_quorum_of_the_committee(chain: DisputedChain) -> None:
    fraud = omitting(chain)
    content = fraud.receipt(3).to_json()
    content["digest"] = "0x" + bytes(32).hex()
    with pytest.raises(Malformed, match="not of 4 nodes"):
        Recorded.from_json(content, fraud.published)


def test_the_command_finds_disputes_and_ends(
    chain: DisputedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fraud = chain.poll()
    root = fraud.poll.root()
    fraud.anchor(type(root)(root.hash, moved(root.sum), root.count))
    board = tmp_path / "board.ostraka"
    board.write_bytes(fraud.poll.board(fraud.leaves()).encode())
    key = chain.account()
    monkeypatch.setenv("OSTRAKA_SECRET_KEY", key.secret().hex())
    command = ["watch", str(fraud.number), "--guard", "--once", "--rpc", chain.url]
    command += ["--registry", checksum(chain.registry.address)]
    command += ["--board", str(board), "--journal", str(tmp_path / "journal")]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0] == {"poll": fraud.number, "root": "false", "reason": "sum"}
    assert (lines[1]["move"], lines[1]["outcome"]) == ("show the false sum", "sent")
    assert fraud.rejected_rounds == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--guard"], "--rpc"),
        (["--guard", "--rpc", "http://127.0.0.1:9"], "--registry"),
        ([], "name a poll, or pass --guard"),
        (["--guard", "--max-bond", "much"], "expected coins"),
    ],
)
def test_the_command_names_what_is_missing(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["watch", *arguments], env={"OSTRAKA_RPC": ""})
    assert result.exit_code == 2
    assert said in result.output


def test_metrics_count_what_a_watchtower_does(chain: DisputedChain) -> None:
    fraud = omitting(chain)
    fraud.received.append(fraud.receipt(3))
    tower: Tower = fraud.tower()
    tower.turn()
    moves, roots = of_tower(tower)
    counted = {one.labels["kind"]: one.value for one in moves.samples}
    assert counted["raised"] == 1
    assert counted["failed"] == 0
    assert {one.labels["finding"]: one.value for one in roots.samples} == {
        "sound": 0,
        "false": 0,
        "omits": 1,
        "unproven": 0,
    }
    assert of_tower(None) == []
