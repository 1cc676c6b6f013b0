"""People who type commands: operators of nodes and a gateway, an organizer, and voters.

On anvil, in one folder. Services run as processes, from the settings files that `init` wrote.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from ostraka.chain.contract import checksum, connect
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.sending import Payer
from ostraka.chain.signers import KeySigner
from ostraka.cli.main import app
from ostraka.demo.chains import Anvil
from ostraka.demo.processes import Processes, free_ports
from tests.support.town import eventually

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

    def __init__(self, folder: Path, rpc: str, processes: Processes, nodes: int) -> None:
        self.folder, self.rpc, self._processes = folder, rpc, processes
        self.node_ports = free_ports(nodes)
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
