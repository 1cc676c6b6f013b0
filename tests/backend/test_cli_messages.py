"""What people read when they give a command something wrong: field and reason, never innards."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ostraka.cli.main import app
from ostraka.demo.processes import free_ports
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka_verifier.cli import app as verifier
from tests.support.stub_gateway import PLN, StubGateway, answer

NOBODY = "http://127.0.0.1:9"
ADDRESS = "0x" + "11" * 20
CHAIN = ("--rpc", NOBODY, "--registry", ADDRESS)
POLL = """
title = "Where?"
closes_at = "+10d"
[voters]
accounts_file = "members.csv"
[[questions]]
kind = "single_choice"
title = "Where?"
options = ["Here", "There"]
[[outcomes]]
kind = "plurality"
seats = 1
"""
INNARDS = ("Traceback", "Errno", "pydantic", "object at 0x", "<class")


class Desk:
    """A folder with some good and some bad files, and commands that run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        accounts = "".join(f"0x{number:040x}\n" for number in range(1, 8))
        self.write("members.csv", f"account\n{accounts}")
        self.write("poll.toml", POLL)
        self.write("text.json", "not JSON")
        self.write("semicolons.csv", f"account;weight\n{ADDRESS};1\n")
        write_key(folder / "key", SigningKey(), None)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def run(self, *command: str, program: typer.Typer = app) -> Result:
        environment = {name: None for name in os.environ if "OSTRAKA" in name}
        with chdir(self.folder):
            done = CliRunner().invoke(
                program, command, env={**environment, "OSTRAKA_PLAIN_KEY": "1", "COLUMNS": "200"}
            )
        # Nothing else becomes an exit code without a traceback.
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    def start(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process of its own."""
        kept = {name: value for name, value in os.environ.items() if "OSTRAKA" not in name}
        return subprocess.run(
            [sys.executable, "-m", "ostraka", *command],
            cwd=self.folder,
            env={**kept, "OSTRAKA_PLAIN_KEY": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    folder.chmod(0o700)
    return Desk(folder)


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    # A missing file.
    (("poll", "check", "none.toml"), 2, "none.toml: No such file"),
    (("poll", "check", "."), 2, ".: Is a directory"),
    (("round", "check", "none.toml"), 2, "none.toml: No such file"),
    (("census", "classes", "none.csv"), 2, "none.csv: No such file"),
    (("gateway", "run", "--settings", "none.toml"), 2, "none.toml: No such file"),
    (("node", "run", "--settings", "none.toml"), 2, "none.toml: No such file"),
    (("doctor", "node", "--settings", "none.toml"), 2, "none.toml: No such file"),
    (("committee", "sign", "none.json"), 2, "none.json: No such file"),
    (("vote", "send", "none.json"), 2, "none.json: No such file"),
    (("demo", "none.pb", "--exit"), 2, "none.pb: No such file"),
    (("propose", "withdraw", "0x" + "aa" * 32, "--key", "none"), 2, "none: No such file"),
    (("node", "init", "n1", "--deployment", "none.json"), 2, "none.json: No such file"),
    # A file that is something else.
    (("poll", "check", "members.csv"), 2, "members.csv: not TOML"),
    (("poll", "check", "text.json"), 2, "text.json: not JSON"),
    (("census", "classes", "semicolons.csv"), 2, "semicolon"),
    (("gateway", "run", "--settings", "text.json"), 2, "text.json: not TOML"),
    (("vote", "send", "text.json"), 2, "text.json: not a file of votes"),
    (("vote", "receipts", "members.csv"), 2, "members.csv: not a file of votes"),
    (("committee", "sign", "text.json"), 2, "text.json: "),
    (("committee", "register", "text.json", "--rpc", NOBODY, "--key", "key"), 2, "text.json: "),
    (("members", "list", "--rpc", NOBODY, "--deployment", "text.json"), 2, "text.json: "),
    (("demo", "members.csv", "--exit"), 2, "members.csv: expected a .pb file"),
    # Nothing is overwritten.
    (("key", "new", "key"), 1, "key: this key file already exists"),
    (
        ("census", "classes", "members.csv", "--out", "members.csv"),
        1,
        "members.csv: already exists",
    ),
    (("invite", "--out", "members.csv", "--list", "l.csv"), 1, "members.csv: already exists"),
    # Wrong words.
    (("pol", "list"), 2, "Did you mean 'poll'?"),
    (("poll", "shw", "1"), 2, "Did you mean 'show'?"),
    (("poll", "show", "first"), 2, "expected the number of a poll"),
    (("round", "fund", "1", "much"), 2, "expected an amount"),
    (("members", "remove", "0x12", *CHAIN, "--key", "key"), 2, "ACCOUNT"),
    (("poll", "list", "--gateway", "ftp://example"), 2, "expected an http(s) URL"),
    (("vote", "1", "--key", "key"), 2, "--trust-gateway"),
    # Nobody there.
    (("poll", "list", "--gateway", NOBODY), 3, "cannot be reached: no connection"),
    (("watch", "1", "--gateway", NOBODY), 3, "cannot be reached"),
    (("board", "export", "1", "--gateway", NOBODY), 3, "cannot be reached"),
    (("chain", "check", "--rpc", NOBODY), 3, "no connection"),
    (("members", "list", *CHAIN), 3, "no connection"),
    (("committee", "propose", "--node", NOBODY, "-t", "1", "-f", "0"), 3, "cannot be reached"),
]


@pytest.mark.parametrize(
    ("command", "code", "said"), WRONG, ids=[" ".join(one[0])[:60] for one in WRONG]
)
def test_wrong_input_is_named_with_its_reason(
    desk: Desk, command: tuple[str, ...], code: int, said: str
) -> None:
    before = sorted(desk.folder.rglob("*"))
    done = desk.run(*command)
    assert (done.exit_code, said in done.stderr) == (code, True), (done.stdout, done.stderr)
    assert not [one for one in INNARDS if one in done.stdout + done.stderr]
    assert sorted(desk.folder.rglob("*")) == before


CHANGED = [
    ("options =", "optionz =", "questions[0].optionz: unknown; did you mean options"),
    ('kind = "single_choice"', 'kind = "singel_choice"', "did you mean single_choice"),
    ('kind = "single_choice"', 'knd = "single_choice"', "questions[0].knd: unknown; did you mean"),
    ('options = ["Here"', 'at_most = 1\noptions = ["Here"', "single_choice has title, options"),
    ("seats = 1", "seatz = 1", "outcomes[0].seatz: unknown; did you mean seats"),
    ('title = "Where?"', 'titel = "Where?"', "titel: unknown; did you mean title"),
    ("accounts_file", "acounts_file", "voters.acounts_file: unknown; did you mean accounts_file"),
    ('"+10d"', '"tomorrow"', "closes_at: expected a date and time with a zone"),
    ('"+10d"', "2020-01-01T00:00:00Z", "closes_at: voting must close after now"),
    ('"+10d"', "2020-01-01", "closes_at: a time needs a date, an hour and a zone"),
    ('"Here", "There"', '"Here", "Here"', "questions[0]"),
]


@pytest.mark.parametrize(("old", "new", "said"), CHANGED, ids=[one[1] for one in CHANGED])
def test_mistakes_in_a_specification_name_file_member_and_suggestion(
    desk: Desk, old: str, new: str, said: str
) -> None:
    assert desk.run("poll", "check", "poll.toml").exit_code == 0
    path = desk.write("changed.toml", POLL.replace(old, new, 1))
    done = desk.run("poll", "check", str(path))
    path.unlink()
    assert done.exit_code == 2, done.stderr
    assert f"ostraka: {path}: " in done.stderr
    assert said in done.stderr
    told = json.loads(run_json(desk, POLL.replace(old, new, 1)))
    assert told["error"]["exit_code"] == 2
    assert any(said in one for one in told["error"]["problems"])


def run_json(desk: Desk, text: str) -> str:
    path = desk.write("changed.toml", text)
    said = desk.run("poll", "check", str(path), "--json").stderr
    path.unlink()
    return said


def test_settings_are_named_where_they_were_written(desk: Desk) -> None:
    path = desk.write("gateway.toml", 'rpc_url = "x"\nprot = 8200\ncommittees = ["0x1"]\n')
    done = desk.run("gateway", "run", "--settings", str(path))
    assert done.exit_code == 2
    assert f"{path}: rpc_url: expected an http(s) URL" in done.stderr
    assert f"{path}: prot: unknown; did you mean port" in done.stderr
    assert f"{path}: committees[0]: " in done.stderr
    assert f"{path}: key_file: missing, and OSTRAKA_GATEWAY_KEY_FILE is not set" in done.stderr
    path.unlink()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("service", ["gateway", "node"])
def test_a_port_in_use_is_named(desk: Desk, service: str, taken: int) -> None:
    folder = desk.folder / f"{service}-{taken}"
    assert desk.run(service, "init", str(folder), "--plain-key").exit_code == 0
    settings = folder / f"{service}.toml"
    (free,) = free_ports(1)
    default = {"gateway": 8200, "node": 8100}[service]
    text = (
        settings.read_text()
        .replace('"0x…"', f'"{ADDRESS}"')
        .replace('url = ""', 'url = "http://n"')
    )
    text = text.replace("# passphrase_file", "plain_key = true\n# passphrase_file")
    text = text.replace("http://127.0.0.1:8545", NOBODY)
    for host, port, code, said in (
        ("127.0.0.1", taken, 1, f"127.0.0.1:{taken}: another program listens there"),
        ("192.0.2.1", free, 1, f"192.0.2.1:{free}: not an address of this machine"),
        ("127.0.0.1", free, 3, "no connection"),
    ):
        changed = text.replace(f"port = {default}", f"port = {port}")
        settings.write_text(changed.replace('host = "127.0.0.1"', f'host = "{host}"'))
        done = desk.start(service, "run", "--settings", str(settings))
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
        assert not [one for one in INNARDS if one in done.stdout + done.stderr]


VERIFY: list[tuple[tuple[str, ...], int, str]] = [
    (("audit", *CHAIN, "--poll", "1", "--board", "none"), 2, "neither an http(s) URL nor a file"),
    (("audit", *CHAIN, "--poll", "0", "--board", "key"), 2, "--poll"),
    (("audit", "--rpc", "x", "--registry", ADDRESS, "--poll", "1", "--board", "key"), 2, "--rpc"),
    (("audit", "--rpc", NOBODY, "--registry", "0x1", "--poll", "1", "--board", "key"), 2, "--reg"),
    (("audit", *CHAIN, "--poll", "1", "--board", "key", "--engine", "fast"), 2, "--engine"),
    (("challenge", "none", "--digest", "0x" + "11" * 32, *CHAIN, "--poll", "1"), 2, "none"),
    (("challenge", "key", "--digest", "0x11", *CHAIN, "--poll", "1"), 2, "64 hexadecimal digits"),
    (("receipt", "none", *CHAIN, "--poll", "1"), 2, "none"),
]


@pytest.mark.parametrize(
    ("command", "code", "said"), VERIFY, ids=[" ".join(one[0])[:60] for one in VERIFY]
)
def test_the_verifier_names_wrong_input(
    desk: Desk, command: tuple[str, ...], code: int, said: str
) -> None:
    done = desk.run(*command, program=verifier)
    assert (done.exit_code, said in done.stderr) == (code, True), (done.stdout, done.stderr)
    assert not [one for one in INNARDS if one in done.stdout + done.stderr]


def test_polls_are_listed_with_state_and_times(desk: Desk) -> None:
    one: dict[str, Any] = {"poll": "1", "title": "Where?", "opens_at": 1_800_000_000}
    one |= {"closes_at": 1_800_086_400, "round": None}
    plan = {"plan": "0123456789abcdef", "poll": None, "round": None, "finished": False}
    plan |= {"problem": None, "specification": {"title": "Next", "closes_at": 1_800_172_800}}
    with StubGateway() as stub:
        stub.routes["GET /polls"] = answer(200, [one])
        stub.routes["GET /plans"] = answer(200, [plan])
        stub.routes["GET /polls/1"] = answer(200, {"status": "tallied"})
        shown = desk.run("poll", "list", "--gateway", stub.url)
        told = json.loads(desk.run("poll", "list", "--gateway", stub.url, "--json").stdout)
    assert [(one["poll"], one["status"]) for one in told] == [("1", "tallied"), (None, "planned")]
    assert "2027-01-15 08:00:00 UTC" in shown.stdout
    assert "0123456789abcdef" in shown.stdout


def test_paying_too_early_says_what_the_round_waits_for(desk: Desk) -> None:
    with StubGateway() as stub:
        stub.routes["GET /rounds/1"] = answer(200, PLN)
        stub.routes["GET /rounds/1/proposals"] = answer(200, [])
        early = desk.run("round", "claim", "1", "--gateway", stub.url)
        stub.routes["GET /rounds/1"] = answer(200, PLN | {"status": "decided"})
        late = desk.run("round", "claim", "1", "--gateway", stub.url)
    assert "no winners yet: the round is proposing" in early.stdout
    assert "Nothing is left to pay." in late.stdout
