"""A node is lost for good and replaced; another one comes back with nothing but its key.

As docs/operations.md, "Replace a node", "Restore a gateway" and "Restore a
node", tells operators to do it, on anvil.
"""

import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from ostraka.demo.chains import Anvil
from ostraka.demo.processes import Processes
from tests.support.chains import running
from tests.support.operators import POLL, Operators, audit, created, give_coin
from tests.support.town import eventually

VOTERS, NODES = 5, 5
LOST, RESTORED, NEW = 5, 1, 6
PATIENCE_S = 120


class Town:
    """Five operators, an organizer and voters, who do not wait for one another at a keyboard."""

    def __init__(self, operators: Operators) -> None:
        self.operators = operators
        self.registry = ""
        self.addresses: dict[int, str] = {}

    def init_node(self, number: int) -> None:
        operators = self.operators
        url = f"http://127.0.0.1:{operators.node_ports[number - 1]}"
        options = ("--deployment", "record.json", "--rpc", operators.rpc, "--url", url)
        shown = operators.run("node", "init", f"node-{number}", *options, "--plain-key")
        self.addresses[number] = re.search(r"Node address: (\S+)", shown)[1]  # type: ignore[index]

    def allow(self, number: int, fellows: Sequence[int]) -> None:
        """Let a node join committees of these nodes, in place of those allowed before."""
        file = self.operators.folder / f"node-{number}/node.toml"
        allowed = json.dumps([self.addresses[fellow] for fellow in fellows])
        text = re.sub(
            r"(?m)^(# )?fellow_nodes = .*$", f"fellow_nodes = {allowed}", file.read_text()
        )
        file.write_text(text)

    def serve(self, number: int) -> None:
        self.operators.serve("node", number, self.operators.node_ports[number - 1])

    def register(self, numbers: Sequence[int]) -> str:
        """Propose, sign and register a committee; return its digest."""
        operators = self.operators
        ports = [operators.node_ports[number - 1] for number in numbers]
        nodes = [f"--node=http://127.0.0.1:{port}" for port in ports]
        file = ("--out", f"committee-{numbers[-1]}.json")
        digest: str = operators.answer("committee", "propose", *nodes, "-t", "3", "-f", "1", *file)[
            "committee"
        ]
        signed = operators.answer("committee", "sign", file[1])
        assert (signed["unsigned"], signed["refused"]) == ([], {})
        register = ("committee", "register", file[1], "--key", "deployer.key")
        assert operators.answer(*register)["transaction"] is not None
        return digest

    def open_poll(self) -> tuple[str, str]:
        """Create a poll; return plan and number once it is open."""
        operators = self.operators
        plan = operators.answer("poll", "create", "poll.toml")["plan"]
        eventually(lambda: created(operators, plan) is not None, "the poll is there", PATIENCE_S)
        number = str(created(operators, plan))
        eventually(
            lambda: bool(operators.poll(number)["poll_keys"]), "the nodes open it", PATIENCE_S
        )
        return plan, number

    def vote(self, plan: str) -> None:
        for voter in range(VOTERS):
            choice = "1" if voter < 3 else "2"
            self.operators.run("vote", plan, "--key", f"voter-{voter}.key", "--choose", choice)

    def finish(self, number: str) -> None:
        """Go on to the tally, and audit it."""
        operators = self.operators
        operators.move_time(operators.poll(number)["freezes_at"])
        eventually(
            lambda: bool(operators.poll(number)["releasable_at"]), "a root is anchored", PATIENCE_S
        )
        operators.move_time(operators.poll(number)["releasable_at"])
        eventually(
            lambda: operators.poll(number)["status"] == "tallied", "the tally is there", PATIENCE_S
        )
        assert audit(operators, self.registry, number)["verdict"] == "holds"
        results = operators.poll(number, "/results")
        assert [option["votes"] for option in results["options"]] == ["3", "2"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with running(Anvil(), folder) as rpc, Processes(folder) as processes:
        yield Town(Operators(folder, rpc, processes, NODES + 1))


def test_a_lost_node_is_replaced_and_another_one_restored(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polls finish without a lost node; the next ones open with its successor."""
    operators = town.operators
    folder = operators.folder
    monkeypatch.chdir(folder)
    set_up(town)

    first = range(1, NODES + 1)
    for number in first:
        town.init_node(number)
    for number in first:
        town.allow(number, first)
        town.serve(number)
    old = town.register(first)
    shown = operators.run(
        "gateway", "init", "gateway-1", "--deployment", "record.json", "--plain-key"
    )
    operators.token = re.search(r"shown only now\): (\S+)", shown)[1]  # type: ignore[index]
    give_coin(operators.rpc, re.search(r"pays: (0x\w+)", shown)[1])  # type: ignore[index]
    operators.set("gateway-1/gateway.toml", "committees = []", f'committees = ["{old}"]')
    operators.serve("gateway", 1, operators.gateway_port)

    # A node is lost for good, with its key, while people vote.
    plan, number = town.open_poll()
    operators.stop(f"node-{LOST}")
    shutil.rmtree(folder / f"node-{LOST}")
    town.vote(plan)
    town.finish(number)

    # Its operator, or another one, takes its place with a new key.
    second = [*first[:-1], NEW]
    town.init_node(NEW)
    for fellow in second:
        town.allow(fellow, second)
        if fellow != NEW:
            operators.stop(f"node-{fellow}")
        town.serve(fellow)
    new = town.register(second)
    operators.set("gateway-1/gateway.toml", f'["{old}"]', f'["{new}", "{old}"]')
    # The gateway's database is restored from a backup on the occasion.
    database = folder / "gateway-1/gateway.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"VACUUM INTO '{folder / 'backup.db'}'")
    operators.stop("gateway-1")
    for file in database.parent.glob("gateway.db*"):
        file.unlink()
    subprocess.run(["install", "-m", "600", folder / "backup.db", database], check=True)
    operators.serve("gateway", 1, operators.gateway_port)

    # Another node's disk fails during the next poll. It returns with its key and settings only.
    backup = folder / "backup"
    shutil.copytree(folder / f"node-{RESTORED}", backup, ignore=only("key", "node.toml"))
    plan, number = town.open_poll()
    operators.stop(f"node-{RESTORED}")
    shutil.rmtree(folder / f"node-{RESTORED}")
    shutil.copytree(backup, folder / f"node-{RESTORED}")
    town.serve(RESTORED)
    town.vote(plan)
    town.finish(number)

    # It serves the next poll: a poll opens only with the keys of all nodes.
    town.open_poll()


def set_up(town: Town) -> None:
    """Deploy the contracts, and make voters and a poll."""
    operators, folder = town.operators, town.operators.folder
    (folder / "deployer.key").write_text(Anvil().payer.secret().hex())
    (folder / "deployer.key").chmod(0o600)
    deployed = operators.answer("chain", "deploy", "--key", "deployer.key", "--period-floor-s", "1")
    shutil.copy(deployed["file"], folder / "record.json")
    town.registry = deployed["contracts"]["PollRegistry"]["address"]
    voters = [
        operators.answer("key", "new", f"voter-{number}.key", "--plain-key")["account"]
        for number in range(VOTERS)
    ]
    (folder / "voters.csv").write_text("\n".join(["account", *voters]) + "\n")
    (folder / "poll.toml").write_text(POLL)


def only(*names: str):  # type: ignore[no-untyped-def]
    """Return what `shutil.copytree` leaves out, to copy these files only."""

    def others(_: str, found: list[str]) -> set[str]:
        return {name for name in found if name not in names}

    return others
