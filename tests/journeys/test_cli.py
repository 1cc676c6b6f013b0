"""A round and a poll driven by nothing but the command line, over the whole stack.

Only chain time, which nobody commands, is moved by the test.
"""

import csv
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostraka.app.local_stack import LocalStack
from ostraka.gateway.courier import Courier
from ostraka.keys import SigningKey
from ostraka.wire.records import to_hex
from tests.support.api import wait_for_heads
from tests.support.town import eventually

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
NOWHERE = "http://127.0.0.1:1"
TIMES = """
[times]
freeze_delay = "5s"
round_duration = "8s"
max_rounds = 100
dispute_window = "10m"
"""


class Shell:
    """Somebody at a terminal in a folder of their own."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.environment = {
            "OSTRAKA_GATEWAY": stack.gateway_url,
            "OSTRAKA_ORGANIZER_TOKEN": stack.organizer_token,
        }

    def __call__(self, *command: object, code: int = 0) -> Any:
        """Answer of a command for programs; what it refuses with for another exit code."""
        done = self.start(*command, "--json").wait()
        assert done.returncode == code, (command, done.stdout, done.stderr)
        assert self.stack.organizer_token not in done.stdout + done.stderr
        return json.loads(done.stderr)["error"] if code == 1 else json.loads(done.stdout or "null")

    def start(self, *command: object, module: str = "ostraka") -> "Running":
        return Running([sys.executable, "-m", module, *map(str, command)], self)


class Running:
    """A command that runs beside others."""

    def __init__(self, command: list[str], shell: Shell) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=shell.folder,
            env={"PATH": "/usr/bin:/bin", **shell.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> subprocess.CompletedProcess[str]:
        stdout, stderr = self.process.communicate(timeout=120)
        return subprocess.CompletedProcess(
            self.process.args, self.process.returncode, stdout, stderr
        )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("cli"), 4) as stack:
        stack.start_chain()
        stack.start_nodes()
        courier = Courier(stack.registry, stack.organizer)
        committee, _ = courier.register_committee(stack.node_urls, 2, 1)
        stack.start_gateway([committee.digest])
        yield stack


@pytest.fixture
def shell(stack: LocalStack, tmp_path: Path) -> Shell:
    return Shell(stack, tmp_path)


def template(shell: Shell, noun: str, **changes: str) -> str:
    """A template as printed, with short times and some lines changed."""
    text = shell.start(noun, "template").wait().stdout
    text = text[: text.index("[times]")] + TIMES
    for name, line in changes.items():
        (old,) = [one for one in text.splitlines() if one.removeprefix("# ").startswith(f"{name} ")]
        text = text.replace(old, line)
    return text


def finish(shell: Shell, poll: int) -> None:
    """Let chain time pass until the tally."""
    shell.stack.move_time(shell("poll", "show", poll)["closes_at"] + 5)
    eventually(lambda: shell("poll", "show", poll)["releasable_at"] is not None, "anchored", 60)
    shell.stack.move_time(shell("poll", "show", poll)["releasable_at"])
    eventually(lambda: shell("poll", "show", poll)["status"] == "tallied", "tallied", 60)


def audit(shell: Shell, poll: int, board: str) -> str:
    done = shell.start(
        *("audit", "--rpc", shell.stack.rpc_url, "--poll", poll, "--board", board, "--json"),
        *("--registry", to_hex(shell.stack.registry.address)),
        module="ostraka_verifier",
    ).wait()
    return str(json.loads(done.stdout)["verdict"])


def test_a_round(stack: LocalStack, shell: Shell) -> None:
    token, _ = stack.deploy_token("Test", "TST", 10_000)
    names = ["ada", "ben", "cem"]
    keys = {name: SigningKey() for name in names}
    for name, key in keys.items():
        key.write(shell.folder / name)
    rows = [f"{key.address_hex},1," for key in keys.values()]
    (shell.folder / "members.csv").write_text("\n".join(["account,weight,signing_key", *rows]))
    text = template(shell, "round", token=f'token = "{to_hex(token.address)}"')
    (shell.folder / "round.toml").write_text(text)

    # What organizers do.
    round_ = shell("round", "create", "round.toml")
    number, plan = round_["round"], round_["plan"]
    assert [sent["gas_used"] > 0 for sent in shell("round", "fund", number, 1000)] == [True, True]
    assert shell("round", "list")[-1]["title"] == "Spring budget"
    assert shell("invite", plan, "--count", 3, "--out", "codes.csv")["count"] == 3
    with (shell.folder / "codes.csv").open(newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]

    # What members do; none of them shows a token.
    del shell.environment["OSTRAKA_ORGANIZER_TOKEN"]
    assert "token" in shell("round", "fund", number, 1, code=1)["detail"]
    recipients = [SigningKey().address for _ in names]
    proposals = []
    for name, amount, recipient in zip(names, (400, 100, 500), recipients, strict=True):
        sent = shell(
            *("propose", "new", number, "--key", name, "--title", f"{name}'s", "--amount", amount),
            *("--recipient", to_hex(recipient)),
        )
        proposals.append(sent["proposal"])
    assert shell("propose", "edit", proposals[2], "--key", "ada", "--amount", 1, code=1)
    shell("propose", "edit", proposals[2], "--key", "cem", "--amount", 600, "--text", "more")
    shell("propose", "withdraw", proposals[1], "--key", "ben")
    listed = shell("round", "proposals", number)
    assert [(one["slot"], one["title"], one["amount"], one["text"]) for one in listed] == [
        (0, "ada's", "400", ""),
        (None, "ben's", "100", ""),
        (1, "cem's", "600", "more"),
    ]
    guests = ["eva", "fay"]
    for code, name in zip(codes, guests, strict=False):
        assert shell("register", code, "--key", name)["plan"] == plan
    assert shell("register", codes[0], "--key", "gus", code=1)["title"] == "Used before"

    stack.move_time(shell("round", "show", number)["proposals_close_at"])
    assert shell("round", "results", number, code=1)["title"] == "Not tallied"
    eventually(lambda: shell("round", "show", number)["poll"] is not None, "voting starts")
    poll = int(shell("round", "show", number)["poll"])
    eventually(lambda: shell("poll", "show", plan)["poll_keys"] is not None, "the poll opens")

    # What voters do: through the gateway, checked on chain, or with no gateway at all.
    checked = ["--rpc", stack.rpc_url, "--registry", to_hex(stack.registry.address)]
    early = shell("vote", poll, "--key", "ada", "--choose", "1", *checked, code=1)
    assert early["title"] == "Not open"
    stack.move_time(shell("round", "show", number)["voting_opens_at"])
    wait_for_heads(stack)
    ways = {
        "ada": [*checked, "--direct", "--gateway", NOWHERE],
        "ben": checked,
        "cem": ["--trust-gateway", "--direct"],
        "eva": checked[:2],
        "fay": ["--trust-gateway"],
    }
    choices = {"ada": "1", "ben": "2", "cem": "1,2", "eva": "1,2", "fay": ""}
    running = [
        shell.start(
            *("vote", poll, "--key", name, "--choose", choices[name], *way),
            *("--file", f"{name}.json", "--json"),
        )
        for name, way in ways.items()
    ]
    for one in running:
        done = one.wait()
        assert done.returncode == 0, (done.args, done.stdout, done.stderr)
        assert len(json.loads(done.stdout)["receipts"]) == 4
    again = shell(*("vote", poll, "--key", "ben", "--choose", "1", "--file", "ben.json"), *checked)
    first, second = shell("vote", "receipts", "ben.json")
    assert second["ballot_digest"] == again["ballot_digest"] != first["ballot_digest"]
    counts = shell("poll", "watch", poll, "--once")
    assert (counts["voted"], counts["voters"]) == (5, 5)

    finish(shell, poll)
    eventually(lambda: shell("round", "show", number)["status"] == "decided", "decided", 60)
    result = shell("round", "results", number)
    assert [(one["option"], one["votes"], one["winner"]) for one in result["options"]] == [
        ("ada's", "4", True),
        ("cem's", "2", True),
    ]
    paid = shell("round", "claim", number)
    assert [(one["title"], one["problem"]) for one in paid] == [("ada's", None), ("cem's", None)]
    assert shell("round", "claim", number) == []
    assert [token.balance(recipient) for recipient in recipients] == [400, 0, 600]
    assert shell("watch", plan)["status"] == "tallied"
    shell("board", "export", poll, "--out", "round.ostraka")
    assert audit(shell, poll, "round.ostraka") == "holds"


def test_a_poll(stack: LocalStack, shell: Shell) -> None:
    """Weights of their own, so not a secret poll; a crash between writing and sending a ballot."""
    key = SigningKey()
    key.write(shell.folder / "ada")
    (shell.folder / "members.csv").write_text(f"account,weight\n{key.address_hex},3\n")
    text = template(
        shell,
        "poll",
        accounts_file='accounts_file = "members.csv"',
        registration_closes_at='registration_closes_at = "+1h"',
        secret="secret = false",
        minimum_ballots="minimum_ballots = 1",
    )
    (shell.folder / "poll.toml").write_text(text)
    plan = shell("poll", "create", "poll.toml")["plan"]
    shell("invite", plan, "--weight", 2, "--out", "codes.csv")
    code = (shell.folder / "codes.csv").read_text().splitlines()[1].split(",")[0]
    assert shell("register", code, "--key", "ben")["weight"] == "2"
    planned = shell("poll", "show", plan)
    assert (planned["status"], planned["invitations"]["redeemed"]) == ("planned", 1)
    assert plan in [one["plan"] for one in shell("poll", "list")]
    assert shell("poll", "results", plan, code=1)["title"] == "Not on the chain yet"
    stack.move_time(stack.registry.head().timestamp + 3600)
    eventually(
        lambda: shell("poll", "show", plan).get("poll_keys") is not None, "the poll opens", 60
    )
    poll = int(shell("poll", "show", plan)["poll"])
    wait_for_heads(stack)

    checked = ["--rpc", stack.rpc_url, "--registry", to_hex(stack.registry.address)]
    cast = ["vote", plan, "--key", "ada", "--choose", "2", "--file", "ada.json", *checked]
    digest = shell(*cast)["ballot_digest"]
    # What a crash after writing leaves: the ballot without receipts.
    path = shell.folder / "ada.json"
    content = json.loads(path.read_text())
    content["ballots"][0]["receipts"] = []
    path.write_text(json.dumps(content))
    assert shell(*cast, code=1)["title"] == "Unfinished"
    sent = shell("vote", "send", "ada.json", "--direct", "--gateway", NOWHERE)
    assert (sent["recorded"], sent["ballot_digest"]) == (True, digest)
    path.write_text(json.dumps(content))
    assert shell("vote", "receipts", "ada.json", "--fetch")[0]["recorded"]
    shell("vote", plan, "--key", "ben", "--choose", "3", "--trust-gateway", "--direct")
    assert [path.name for path in (shell.folder / "votes").iterdir()] == [
        f"{poll}-{SigningKey.read(shell.folder / 'ben').address_hex[:12]}.json"
    ]
    SigningKey().write(shell.folder / "stranger")
    command = ("vote", plan, "--key", "stranger", "--choose", "1", "--trust-gateway")
    assert "census" in shell(*command, code=1)["detail"]

    finish(shell, poll)
    result = shell("poll", "results", plan)
    assert [one["votes"] for one in result["options"]] == ["0", "3", "2"]
    exported = shell("board", "export", plan, "--node", stack.node_urls[2])
    assert exported["file"] == f"poll-{poll}.ostraka"
    assert audit(shell, poll, exported["file"]) == "holds"


def test_examples(shell: Shell) -> None:
    running = {}
    for path in sorted(EXAMPLES.glob("*.toml")):
        noun = "round" if "proposals_close_at" in tomllib.loads(path.read_text()) else "poll"
        running[path.stem] = noun, shell.start(noun, "create", path, "--json")
    assert len(running) >= 4
    for noun, one in running.values():
        done = one.wait()
        assert done.returncode == 0, (done.args, done.stderr)
        plan = json.loads(done.stdout)
        assert (plan["round"] is not None) == (noun == "round")
    number = json.loads(shell.start("round", "list", "--json").wait().stdout)[-1]["round"]
    shown = shell.start("round", "show", number).wait()
    assert "Neighbourhood budget" in shown.stdout
    assert "knapsack" in shown.stdout
