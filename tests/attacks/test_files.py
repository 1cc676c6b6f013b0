"""No other user of the machine reads a file of a node, a gateway or a voter, whatever the umask."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.key_files import FORMAT, Cost, write_key
from ostraka.node.poll_secrets import PollSecrets
from ostraka.services.node_store import open_store
from ostraka.services.settings import NODE_PASSPHRASES
from tests.support.polls import approval_poll

NOBODY = 65534
_MAKE = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[1], 8))
folder = Path(sys.argv[2])
from typer.testing import CliRunner
from ostraka.cli.main import app
from ostraka.files import replace_file
from ostraka.keys import SigningKey
from ostraka.node.poll_secrets import PollSecrets
from ostraka.storage.database import Schema, open_database
from ostraka.storage.leadership import Leadership
for command in (
    ("node", "init", str(folder / "node"), "--plain-key"),
    ("gateway", "init", str(folder / "gateway"), "--plain-key"),
    ("key", "new", str(folder / "me.key"), "--plain-key"),
):
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
PollSecrets(folder / "node" / "secrets", SigningKey()).keep(bytes(32), bytes(64))
node = open_database(f"sqlite:///{folder / 'node' / 'node.db'}", Schema.NODE)
gateway = open_database(f"sqlite:///{folder / 'gateway' / 'gateway.db'}", Schema.GATEWAY)
assert Leadership(gateway).held()
held = [engine.connect() for engine in (node, gateway)]
print(*sorted(str(path) for path in folder.rglob("*") if path.is_file()), flush=True)
sys.stdin.read()
"""
_MAKE_THE_OLD_WAY = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[1], 8))
folder = Path(sys.argv[2]) / "node"
folder.mkdir(parents=True)
import sqlite3
database = sqlite3.connect(folder / "node.db", isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("CREATE TABLE node_poll (secret_key BLOB)")
database.execute("INSERT INTO node_poll VALUES (?)", (bytes(32),))
print(*sorted(str(path) for path in folder.rglob("*")), flush=True)
sys.stdin.read()
"""
_READ_AS_NOBODY = """
import os, sys
nobody = int(sys.argv[1])
os.setgroups([]); os.setgid(nobody); os.setuid(nobody)
for path in sys.argv[2:]:
    try:
        open(path, "rb").read()
        print(path)
    except OSError:
        pass
"""


def _read_by_others(files: list[str]) -> list[str]:
    """Those of the files that another user reads; by their modes where this one is not root."""
    if os.geteuid() == 0:
        command = [sys.executable, "-S", "-c", _READ_AS_NOBODY, str(NOBODY), *files]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
        return done.stdout.split()
    return [path for path in files if Path(path).stat().st_mode & (stat.S_IROTH | stat.S_IRGRP)]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into, as /srv is."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _made(program: str, umask: str, folder: Path) -> tuple[list[str], list[str]]:
    """Files that a program made and holds open, and those of them that another user reads."""
    command = [sys.executable, "-c", program, umask, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        files = process.stdout.readline().split()
        return files, _read_by_others(files)


@pytest.mark.parametrize("umask", ["000", "022"])
def test_other_users_can_read_no_files(open_folder: Path, umask: str) -> None:
    files, read = _made(_MAKE_THE_OLD_WAY, umask, open_folder / "old")
    assert files
    assert read == files, "the old way leaks, or this test finds nothing"
    folder = open_folder / "new"
    folder.mkdir(mode=0o755)
    files, read = _made(_MAKE, umask, folder)
    names = {Path(path).name for path in files}
    assert {"key", "node.db", "node.db-wal", "node.db-shm", "gateway.toml", "me.key"} <= names
    assert {"gateway.db", "gateway.db-wal", "gateway.db.leader", f"{'00' * 32}.json"} <= names
    assert read == []
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


SETTINGS = {
    "OSTRAKA_NODE_RPC_URLS": '["http://127.0.0.1:1"]',
    "OSTRAKA_NODE_REGISTRY": "0x" + "11" * 20,
    "OSTRAKA_NODE_URL": "http://127.0.0.1:1",
    "OSTRAKA_NODE_PLAIN_KEY": "true",
}


def _run_node(folder: Path, **more: str) -> str:
    """The message of a node with these files before it ends."""
    files = {
        "OSTRAKA_NODE_KEY_FILE": str(folder / "key"),
        "OSTRAKA_NODE_DATABASE_URL": f"sqlite:///{folder / 'node.db'}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "ostraka", "node", "run"],
        env=os.environ | SETTINGS | files | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    return done.stderr


def test_a_node_refuses_to_start_on_files_that_others_may_read(tmp_path: Path) -> None:
    folder, key = tmp_path / "node", approval_poll().node_keys[0]
    folder.mkdir(mode=0o700)
    write_key(folder / "key", key, None)
    secrets = PollSecrets(folder / "secrets", key)
    opened = open_store(f"sqlite:///{folder / 'node.db'}")
    opened.claim(secrets)
    opened.close()
    secrets.keep(bytes(32), bytes(64))
    # With everything private it gets as far as the chain, which is not there.
    assert "no connection to the RPC endpoint" in _run_node(folder)
    secret = folder / "secrets" / f"{'00' * 32}.json"
    for path, bad in (
        (folder, 0o755),
        (folder / "key", 0o644),
        (folder / "secrets", 0o711),
        (secret, 0o640),
        (folder / "node.db", 0o604),
    ):
        good = stat.S_IMODE(path.stat().st_mode)
        path.chmod(bad)
        said = _run_node(folder)
        assert f"{path}: others may read this" in said
        assert f"run: chmod {good:o} {path}" in said
        path.chmod(good)


def test_a_node_refuses_plain_keys_and_shows_no_passphrase(tmp_path: Path) -> None:
    folder, key = tmp_path / "node", approval_poll().node_keys[0]
    folder.mkdir(mode=0o700)
    write_key(folder / "key", key, None)
    plain = _run_node(folder, OSTRAKA_NODE_PLAIN_KEY="false")
    assert "no passphrase protects this key" in plain
    (folder / "key").unlink()
    write_key(folder / "key", key, "the right passphrase", Cost(1, 8192))
    none = _run_node(folder)
    assert f"set {NODE_PASSPHRASES.variable}_FILE, " in none
    wrong = _run_node(folder, OSTRAKA_NODE_PASSPHRASE="the wrong passphrase")
    assert "wrong passphrase, or the file was changed" in wrong
    right = _run_node(folder, OSTRAKA_NODE_PASSPHRASE="the right passphrase")
    assert "no connection to the RPC endpoint" in right
    for said in (plain, none, wrong, right):
        assert key.secret().hex() not in said
        assert "the right passphrase" not in said
        assert "the wrong passphrase" not in said


def test_init_asks_for_a_passphrase_and_run_for_private_settings(tmp_path: Path) -> None:
    run, word = CliRunner(), "correct horse battery"
    for service in ("node", "gateway"):
        folder = tmp_path / service
        without = run.invoke(app, [service, "init", str(folder)], env={})
        assert (without.exit_code, "no passphrase" in without.stderr) == (1, True)
        assert not folder.exists()
        words = {f"OSTRAKA_{service.upper()}_PASSPHRASE": word}
        done = run.invoke(app, [service, "init", str(folder)], env=words)
        assert done.exit_code == 0, done.output
        assert word not in done.output
        assert json.loads((folder / "key").read_text())["format"] == FORMAT
        again = run.invoke(app, [service, "init", str(folder)], env=words)
        assert (again.exit_code, "not overwritten" in again.stderr) == (1, True)
    settings = tmp_path / "gateway" / "gateway.toml"
    settings.chmod(0o644)
    refused = run.invoke(app, ["gateway", "run", "--settings", str(settings)])
    assert (refused.exit_code, f"chmod 600 {settings}" in refused.stderr) == (2, True)
    settings.chmod(0o600)
    settings.write_text(f'{settings.read_text()}passphrase = "{word}"\n')
    refused = run.invoke(app, ["gateway", "run", "--settings", str(settings)])
    assert (refused.exit_code, f"{settings}: passphrase: unknown" in refused.stderr) == (2, True)
    assert word not in refused.output


_CRASH = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, resource.RLIM_INFINITY))
from ostraka.services import run_gateway
from ostraka.services import run_node
from ostraka.services.settings import GatewaySettings, NodeSettings
async def limit(_):
    # In place of serving.
    print(*resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)), flush=True)
run_node._serve = run_gateway._serve = limit
run_node.run_node(NodeSettings.model_construct())
run_gateway.run_gateway(GatewaySettings.model_construct())
"""


def test_a_crash_leaves_no_copy_of_the_memory() -> None:
    """Secrets are in the clear there; a service manager may have allowed dumps."""
    command = [sys.executable, "-c", _CRASH]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["0 0 0o77"] * 2
