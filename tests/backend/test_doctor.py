"""`ostraka doctor …` names what is wrong with the settings of a service, and what to do."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from ostraka.chain.contract import checksum, connect, deploy
from ostraka.chain.deployment import ChainIdentity, Deployer, Deployment, Order
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Payer
from ostraka.chain.signers import KeySigner
from ostraka.cli.main import app
from ostraka.demo.chains import Anvil
from ostraka.keys import SigningKey
from ostraka.services import doctor
from ostraka.wire.node_client import node_http
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.parameters import Committee, Member
from tests.support.chains import running
from tests.support.faulty_rpc import FaultyRpc


@pytest.fixture(scope="module")
def rpc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(Anvil(), tmp_path_factory.mktemp("chain")) as url:
        yield url


@pytest.fixture(scope="module")
def record(rpc: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    web3 = connect(rpc)
    payer = Payer(KeySigner(Anvil().payer), MemoryJournal())
    deployed = Deployer(web3, ChainIdentity.of(web3), payer, Order()).deploy()
    path = tmp_path_factory.mktemp("record") / "31337.json"
    deployed.write(path)
    return path


@pytest.fixture
def node(rpc: str, record: Path, tmp_path: Path) -> Path:
    options = ("--deployment", str(record), "--rpc", rpc, "--url", "http://127.0.0.1:9")
    result = run("node", "init", str(tmp_path / "node"), "--plain-key", *options)
    assert result.exit_code == 0, result.output
    return tmp_path / "node" / "node.toml"


@pytest.fixture
def gateway(rpc: str, record: Path, tmp_path: Path) -> Path:
    options = ("--deployment", str(record), "--rpc", rpc)
    result = run("gateway", "init", str(tmp_path / "gateway"), "--plain-key", *options)
    assert result.exit_code == 0, result.output
    return tmp_path / "gateway" / "gateway.toml"


def run(*command: str) -> Any:
    return CliRunner().invoke(app, list(command), env={"COLUMNS": "200"})


def findings(kind: str, settings: Path, code: int) -> dict[str, tuple[str, str]]:
    """Return level and detail of each subject; of several, the worst."""
    result = run("doctor", kind, "--settings", str(settings), "--json")
    assert result.exit_code == code, result.output
    answer = json.loads(result.stdout)
    assert answer["good"] == (code == 0)
    worst: dict[str, tuple[str, str]] = {}
    for one in answer["findings"]:
        assert (one["remedy"] == "") == (one["level"] == "good"), one
        levels = ["good", "warning", "bad"]
        before = worst.get(one["subject"], ("good", ""))
        if levels.index(one["level"]) >= levels.index(before[0]):
            worst[one["subject"]] = (one["level"], one["detail"])
    return worst


def edit(settings: Path, old: str, new: str) -> None:
    text = settings.read_text()
    assert old in text
    settings.write_text(text.replace(old, new))


def test_a_new_node_s_settings_are_good_but_for_what_it_waits_for(node: Path) -> None:
    found = findings("node", node, 0)
    assert found["registry"] == ("good", "PollRegistry of release 0.1.0")
    assert found["disputes"] == ("good", "Disputes of release 0.1.0")
    assert found["database_url"][0] == found["finality"][0] == found["logs"][0] == "good"
    assert found["url"][0] == found["committees"][0] == found["rpc_urls"][0] == "warning"


def test_results_that_nobody_or_a_stranger_may_reject(rpc: str, node: Path, record: Path) -> None:
    deployed = Deployment.read(record)
    registry = deployed.contracts["PollRegistry"].address
    stranger = bytes.fromhex(deployed.contracts["BudgetTreasury"].address[2:])
    for disputes, reason in (
        (bytes(20), "the registry has none"),
        (stranger, f"0x{stranger.hex()} may reject results"),
    ):
        address, _ = deploy(rpc, Anvil().payer, "PollRegistry", 3600, checksum(disputes))
        edit(node, registry, "0x" + address.hex())
        level, detail = findings("node", node, 0)["disputes"]
        assert (level, reason in detail) == ("warning", True)
        edit(node, "0x" + address.hex(), registry)


def test_a_wrong_registry_is_named(node: Path, record: Path) -> None:
    treasury = Deployment.read(record).contracts["BudgetTreasury"].address
    registry = Deployment.read(record).contracts["PollRegistry"].address
    edit(node, registry, treasury)
    assert findings("node", node, 1)["registry"] == (
        "bad",
        "the code there belongs to no known release",
    )
    edit(node, treasury, "0x" + "11" * 20)
    assert findings("node", node, 1)["registry"] == ("bad", "no contract there on chain 31337")


def test_files_that_others_may_read_are_named(node: Path) -> None:
    key = node.parent / "key"
    key.chmod(0o644)
    level, detail = findings("node", node, 1)[str(key)]
    assert (level, "others may read" in detail) == ("bad", True)


def test_a_damaged_database_is_named_with_the_command_that_mends_it(node: Path) -> None:
    findings("node", node, 0)
    with (node.parent / "node.db").open("r+b") as file:
        page_bytes = int.from_bytes(file.read(18)[16:], "big")
        file.seek(2 * page_bytes)
        file.write(b"\xff" * page_bytes)
    answer = json.loads(run("doctor", "node", "--settings", str(node), "--json").stdout)
    [found] = [one for one in answer["findings"] if one["subject"] == "database_url"]
    assert found["level"] == "bad"
    assert "node.db: damaged (" in found["detail"]
    # Neither SQLite's heading nor the remedy.
    assert "***" not in found["detail"]
    assert "\n" not in found["detail"]
    assert "rebuild" not in found["detail"]
    assert "ostraka node rebuild" in found["remedy"]


def test_an_unreachable_provider_is_named_without_its_path(node: Path, rpc: str) -> None:
    edit(node, f'["{rpc}"]', f'["{rpc}", "http://127.0.0.1:9/v3/SECRET"]')
    result = run("doctor", "node", "--settings", str(node), "--json")
    assert "SECRET" not in result.output
    assert "no connection to the RPC endpoint" in result.output


def test_a_provider_s_limit_of_logs_is_named(node: Path, rpc: str) -> None:
    with FaultyRpc(rpc) as proxy:
        edit(node, f'["{rpc}"]', f'["{proxy.url}"]')
        connect(rpc).provider.make_request("anvil_mine", [100])  # type: ignore[arg-type]
        proxy.log_range = 40
        level, detail = findings("node", node, 0)["logs"]
        assert (level, "serves logs of only" in detail) == ("warning", True)
        proxy.log_range = 2
        level, detail = findings("node", node, 1)["logs"]
    assert (level, "refuses logs" in detail) == ("bad", True)


def test_a_chain_without_finality_is_named(node: Path, rpc: str) -> None:
    with FaultyRpc(rpc) as proxy:
        edit(node, f'["{rpc}"]', f'["{proxy.url}"]')
        proxy.no_finality = True
        level, detail = findings("node", node, 1)["finality"]
        assert (level, "shows no final block" in detail) == ("bad", True)
        edit(node, "# confirmations = 64", "confirmations = 12")
        level, detail = findings("node", node, 0)["finality"]
        assert (level, "12 blocks behind" in detail) == ("good", True)
        proxy.healthy()
        level, detail = findings("node", node, 0)["finality"]
        assert (level, "the chain has finality" in detail) == ("warning", True)


def test_an_empty_account_is_named(gateway: Path) -> None:
    found = findings("gateway", gateway, 1)
    assert found["account"][0] == "bad"
    assert "has 0 coins: enough for about 0 polls" in found["account"][1]
    assert found["committees"] == ("bad", "names none: no poll can be created")
    assert found["treasury"] == ("good", "BudgetTreasury of release 0.1.0")
    assert found["public_rpc_url"][0] == "warning"


def test_a_committee_that_nobody_registered_is_named(gateway: Path) -> None:
    digest = "0x" + "ab" * 32
    edit(gateway, "committees = []", f'committees = ["{digest}"]')
    found = findings("gateway", gateway, 1)
    assert found[f"committee {digest[:10]}…"] == ("warning", "not registered on chain yet")


def test_a_committee_of_fellows_is_checked(node: Path, rpc: str, record: Path) -> None:
    own, fellow, other, silent, stranger = (SigningKey() for _ in range(5))
    fellows = ", ".join(f'"{one.address_hex}"' for one in (fellow, other, silent))
    edit(node, '# fellow_nodes = ["0x…"]', f"fellow_nodes = [{fellows}]")
    level, detail = findings("node", node, 0)["fellow_nodes"]
    assert (level, "no committee of them with a node at" in detail) == ("warning", True)
    registry = Registry(
        rpc, from_hex(Deployment.read(record).contracts["PollRegistry"].address, "registry")
    )
    digests = []
    for last in (stranger, silent):
        # Nobody listens at these URLs.
        members = tuple(
            Member(key.address, f"http://127.0.0.1:{9 + number}")
            for number, key in enumerate((own, fellow, other, last))
        )
        committee = Committee(members, 2, 1)
        digest = registry.domain.digest(typed_data.COMMITTEE, committee.digest)
        signatures = [key.sign(digest) for key in (own, fellow, other, last)]
        registry.register_committee(Anvil().payer, committee, signatures)
        digests.append(f"committee {to_hex(committee.digest)[:10]}…")
    with_a_stranger, of_fellows = digests
    found = findings("node", node, 1)
    assert with_a_stranger not in found
    assert "fellow_nodes" not in found
    level, detail = found[of_fellows]
    assert level == "bad"
    assert all(f"node {number}: " in detail for number in range(1, 5))
    edit(node, "# minimum_threshold = 2", "minimum_threshold = 3")
    assert findings("node", node, 0)["fellow_nodes"][0] == "warning"


def test_a_provider_for_browsers_is_not_waited_for_without_end(
    gateway: Path, rpc: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_PROVIDER_S", 0.5)
    with FaultyRpc(rpc) as proxy:
        edit(gateway, '# public_rpc_url = "https://…"', f'public_rpc_url = "{proxy.url}"')
        proxy.drip_s = 0.05
        started = time.monotonic()
        assert findings("gateway", gateway, 1)["public_rpc_url"][0] == "bad"
        assert time.monotonic() - started < 10
        proxy.healthy()
        # It answers, but not to pages.
        level, detail = findings("gateway", gateway, 1)["public_rpc_url"]
    assert (level, "no CORS header" in detail) == ("bad", True)


def test_nodes_that_contradict_their_checkpoints_are_named() -> None:
    url, answers = "http://node.example", {"suspects": {"2": "contradiction", "3": "unproven"}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/config"):
            return httpx.Response(200, json={"node": "0x" + "11" * 20, "url": url})
        return httpx.Response(200, json=[{"poll": "7"} | answers])

    def found() -> list[doctor.Diagnosis]:
        with node_http(httpx.MockTransport(answer)) as http:
            return list(doctor._itself(url, http))

    reached, forked, unproven = found()
    assert reached.level is doctor.Level.GOOD
    assert {forked.level, unproven.level} == {doctor.Level.BAD}
    assert "node 2 showed different receipts" in forked.detail
    assert "/api/v1/polls/7/checkpoints" in forked.remedy
    assert "node 3 did not prove" in unproven.detail
    answers.clear()
    assert [one.level for one in found()] == [doctor.Level.GOOD, doctor.Level.WARNING]
