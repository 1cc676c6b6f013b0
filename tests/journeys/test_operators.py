"""From nothing to an audited poll by commands alone, as five operators and an organizer type them.

On anvil: deploy, agree on a committee, register it, run a gateway, and vote.
"""

import json
import re
from collections.abc import Iterator

import pytest

from ostraka.demo.chains import Anvil
from ostraka.demo.processes import Processes
from tests.support.chains import running
from tests.support.operators import POLL, Operators, audit, created, give_coin
from tests.support.town import eventually

VOTERS, NODES = 5, 4


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operators]:
    folder = tmp_path_factory.mktemp("operators")
    with running(Anvil(), folder) as rpc, Processes(folder) as processes:
        yield Operators(folder, rpc, processes, NODES)


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
