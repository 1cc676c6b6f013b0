"""From nothing to an audited poll by commands alone, as five operators and an organizer type them.

On anvil: deploy, agree on a committee, register it, run a gateway, and vote.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from ostraka.chain.contract import checksum, connect
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.sending import Payer
from ostraka.chain.signers import KeySigner
from ostraka.cli.main import app
from ostraka.demo.chains import Anvil
from ostraka.demo.processes import Processes, free_ports
from tests.support.chains import running
from tests.support.town import eventually

VOTERS, NODES = 5, 4
POLL = """\
title = "Shall we build the bridge?"
closes_at = "+1h"
minimum_ballots = 5

[[questions]]
kind = "single_choice"
title = "The bridge"
options = ["Build it", "Leave it"]

[[outcomes]]
kind = "plurality"

[voters]
accounts_file = "voters.csv"

[times]
freeze_delay = "5s"
round_duration = "8s"
dispute_window = "60s"
tally_period = "1d"
"""


class Operators:
    """The folder in which everybody of this test types commands, and the running services."""

    def __init__(self, folder: Path, rpc: str, processes: Processes) -> None:
        self.folder, self.rpc, self._processes = folder, rpc, processes
        self.node_ports = free_ports(NODES)
        (self.gateway_port,) = free_ports(1)
        self.gateway = f"http://127.0.0.1:{self.gateway_port}"
        self.token = ""

    def run(self, *command: str, code: int = 0) -> str:
        """Run `ostraka` and return what it prints."""
        environment = {
            "OSTRAKA_PLAIN_KEY": "1",
            "OSTRAKA_RPC": self.rpc,
            "OSTRAKA_GATEWAY": self.gateway,
            "OSTRAKA_ORGANIZER_TOKEN": self.token,
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        result = CliRunner().invoke(app, list(command), env=environment)
        assert result.exit_code == code, f"{command}: {result.output}"
        return result.stdout

    def answer(self, *command: str) -> Any:
        """Run `ostraka` with --json and return its answer."""
        return json.loads(self.run(*command, "--json"))

    def poll(self, number: str, part: str = "") -> Any:
        """Return what the gateway shows of a poll; a gateway may ask for patience (503)."""
        answers: list[httpx.Response] = []

        def shown() -> bool:
            url = f"{self.gateway}/api/v1/polls/{number}{part}"
            answers.append(httpx.get(url, trust_env=False, timeout=30))
            return answers[-1].status_code == 200

        try:
            eventually(shown, "the gateway shows the poll", 60)
        except AssertionError as error:
            raise AssertionError(answers[-1].text) from error
        return answers[-1].json()

    def serve(self, kind: str, number: int, port: int) -> None:
        """Start a service from the settings file that its `init` wrote."""
        name = f"{kind}-{number}"
        self._processes.start(
            name,
            [sys.executable, "-m", "ostraka", kind, "run", "--settings", f"{name}/{kind}.toml"],
            {f"OSTRAKA_{kind.upper()}_PORT": str(port)},
            self.folder,
        )

        def answers() -> bool:
            self._processes.check(name)
            try:
                config = httpx.get(f"http://127.0.0.1:{port}/api/v1/config", trust_env=False)
            except httpx.HTTPError:
                return False
            return config.status_code == 200 and config.json()["head"] is not None

        eventually(answers, f"{name} answers", 60)

    def stop(self, name: str) -> None:
        self._processes.kill(name)

    def set(self, file: str, old: str, new: str) -> None:
        """Edit a settings file."""
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def move_time(self, unix_s: int) -> None:
        Anvil().move_time(connect(self.rpc), unix_s)


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operators]:
    folder = tmp_path_factory.mktemp("operators")
    with running(Anvil(), folder) as rpc, Processes(folder) as processes:
        yield Operators(folder, rpc, processes)


def test_a_poll_from_nothing_to_its_audit_by_commands(
    operators: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deploy, register a committee, run a gateway, vote and audit."""
    folder = operators.folder
    monkeypatch.chdir(folder)
    (folder / "deployer.key").write_text(Anvil().payer.secret().hex())
    (folder / "deployer.key").chmod(0o600)

    deployment = operators.answer(
        "chain", "deploy", "--key", "deployer.key", "--period-floor-s", "1"
    )
    record = deployment["file"]

    for number, port in enumerate(operators.node_ports, start=1):
        url = f"http://127.0.0.1:{port}"
        options = ("--deployment", record, "--rpc", operators.rpc, "--url", url, "--plain-key")
        operators.run("node", "init", f"node-{number}", *options)
        operators.serve("node", number, port)

    nodes = [f"--node=http://127.0.0.1:{port}" for port in operators.node_ports]
    committee = operators.answer("committee", "propose", *nodes, "-t", "2", "-f", "1")["committee"]
    # No operator has allowed it yet.
    refused = operators.run("committee", "sign", "committee.json", "--json", code=1)
    assert len(json.loads(refused)["refused"]) == NODES
    operators.run("committee", "sign", "committee.json", "--key", "node-1/key")
    for number, port in enumerate(operators.node_ports, start=1):
        operators.set(
            f"node-{number}/node.toml", "committees = []", f'committees = ["{committee}"]'
        )
        operators.stop(f"node-{number}")
        operators.serve("node", number, port)
    signed = operators.answer("committee", "sign", "committee.json")
    assert (signed["unsigned"], signed["refused"]) == ([], {})
    register = ("committee", "register", "committee.json", "--key", "deployer.key")
    assert operators.answer(*register)["transaction"] is not None
    assert operators.answer(*register)["transaction"] is None

    shown = operators.run("gateway", "init", "gateway-1", "--deployment", record, "--plain-key")
    operators.token = re.search(r"shown only now\): (\S+)", shown)[1]  # type: ignore[index]
    operators.set("gateway-1/gateway.toml", "committees = []", f'committees = ["{committee}"]')
    give_coin(operators.rpc, re.search(r"pays: (0x\w+)", shown)[1])  # type: ignore[index]
    operators.serve("gateway", 1, operators.gateway_port)

    for kind, number in (("node", 1), ("gateway", 1)):
        settings = f"{kind}-{number}/{kind}.toml"
        assert operators.answer("doctor", kind, "--settings", settings)["good"]

    voters = [
        operators.answer("key", "new", f"voter-{number}.key", "--plain-key")["account"]
        for number in range(VOTERS)
    ]
    (folder / "voters.csv").write_text("\n".join(["account", *voters]) + "\n")
    (folder / "poll.toml").write_text(POLL)
    plan = operators.answer("poll", "create", "poll.toml")["plan"]
    eventually(lambda: created(operators, plan) is not None, "the gateway creates the poll", 90)
    number = str(created(operators, plan))
    eventually(lambda: bool(operators.poll(number)["poll_keys"]), "the nodes open the poll", 90)
    for voter in range(VOTERS):
        choice = "1" if voter < 3 else "2"
        operators.run("vote", plan, "--key", f"voter-{voter}.key", "--choose", choice)
    operators.move_time(operators.poll(number)["freezes_at"])
    eventually(lambda: bool(operators.poll(number)["releasable_at"]), "a root is anchored", 90)
    operators.move_time(operators.poll(number)["releasable_at"])
    eventually(lambda: operators.poll(number)["status"] == "tallied", "the tally is there", 90)

    report = audit(operators, deployment["contracts"]["PollRegistry"]["address"], number)
    assert report["verdict"] == "holds"
    results = operators.poll(number, "/results")
    assert [option["votes"] for option in results["options"]] == ["3", "2"]


def created(operators: Operators, plan: str) -> str | None:
    """Return the number of a plan's poll, once it is on chain."""
    answer = httpx.get(
        f"{operators.gateway}/api/v1/plans/{plan}",
        headers={"Authorization": f"Bearer {operators.token}"},
        trust_env=False,
    ).json()
    number: str | None = answer["poll"]
    return number


def audit(operators: Operators, registry: str, number: str) -> Any:
    """Audit as anybody would, by the verifier alone."""
    board = f"{operators.gateway}/api/v1/polls/{number}/board"
    command = ["audit", "--rpc", operators.rpc, "--registry", registry, "--poll", number]
    done = subprocess.run(
        [sys.executable, "-m", "ostraka_verifier", *command, "--board", board, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return json.loads(done.stdout)


def give_coin(rpc: str, account: str) -> None:
    """Give a gateway's account coin to pay from, as its operator would from a wallet."""
    web3 = connect(rpc)
    name = checksum(bytes.fromhex(account[2:]))
    payer = Payer(KeySigner(Anvil().payer), MemoryJournal())
    nonce = web3.eth.get_transaction_count(checksum(payer.address))
    _, raw = KeySigner(Anvil().payer).sign_transaction(
        {
            "type": 2,
            "nonce": nonce,
            "to": name,
            "value": 10**18,
            "data": "0x",
            "chainId": web3.eth.chain_id,
            "gas": 21_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
        }
    )
    web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(raw))
