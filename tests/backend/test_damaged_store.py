"""A store that lost data is refused at start with the way out; nothing is made in its place."""

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import text

from ostraka.keys import SigningKey
from ostraka.node.identity import claim
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.store import NodeStore
from ostraka.services import node_store
from ostraka.services.node_store import OpenStore, open_for_rebuild, open_store
from ostraka.storage.database import DamagedDatabase, Schema, files_of, open_database
from ostraka.storage.node_tables import StoredBallot

BALLOTS = 120
WAY_OUT = "ostraka node rebuild"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with ballots, all of it in one file."""
    path = tmp_path_factory.mktemp("whole") / "node.db"
    engine = open_database(f"sqlite:///{path}", Schema.NODE)
    fill(NodeStore(engine))
    NodeStore(engine).checkpoint()
    engine.dispose()
    return path


def fill(store: NodeStore) -> None:
    """Store ballots of a few kilobytes each."""
    store.add_ballots(
        [
            StoredBallot(
                poll_id=1,
                voter=bytes([number]) * 20,
                cast_at_unix_s=1_800_000_000 + number,
                digest=bytes([number]) * 32,
                signed=random.Random(number).randbytes(900),
                boxes=random.Random(-number).randbytes(2000),
                receipt=bytes(65),
                share_box=bytes(200),
            )
            for number in range(BALLOTS)
        ]
    )


def copy_of(whole: Path, folder: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copy(whole, folder / "node.db"))


def require_refused(path: Path, why: str = "node.db") -> None:
    """It is refused as damaged, with the way out, and nothing on the disk changes."""
    before = {one: one.read_bytes() for one in files_of(path)}
    with pytest.raises(DamagedDatabase, match=why) as caught:
        open_database(f"sqlite:///{path}", Schema.NODE)
    assert str(path) in str(caught.value)
    assert WAY_OUT in str(caught.value)
    assert path.read_bytes() == before[path]


def test_a_file_cut_anywhere_is_refused(whole: Path, tmp_path: Path) -> None:
    size = whole.stat().st_size
    lengths = {0, 1, 15, 16, 20, 68, 99, 100, 511, 512, 1000, 4095, 4096, 4097, 8192, size - 1}
    lengths |= {size - 4096, size - 4097, size // 2, size // 2 // 4096 * 4096}
    lengths |= {random.Random(1).randrange(size) for _ in range(20)}
    for length in sorted(lengths):
        path = copy_of(whole, tmp_path)
        with path.open("r+b") as file:
            file.truncate(length)
        try:
            require_refused(path)
        except BaseException:
            print("cut at", length)
            raise


@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\x5a"])
def test_overwritten_pages_are_refused_or_harmless(
    whole: Path, tmp_path: Path, filling: bytes
) -> None:
    """A page inside a ballot's own bytes opens: those are checked by their signature."""
    pages = whole.stat().st_size // 4096
    refused = 0
    for page in range(0, pages, 3):
        path = copy_of(whole, tmp_path)
        with path.open("r+b") as file:
            file.seek(4096 * page)
            file.write(filling * 4096)
        try:
            engine = open_database(f"sqlite:///{path}", Schema.NODE)
        except DamagedDatabase:
            refused += 1
            continue
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM stored_ballot")) == BALLOTS
        engine.dispose()
    assert refused > pages // 3 * 0.7


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    path.write_bytes(b"not a database at all" * 100)
    path.chmod(0o600)
    require_refused(path, "not a database")
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    path.chmod(0o600)
    require_refused(path, "not a database of an Ostraka node")
    path.unlink()
    open_database(f"sqlite:///{path}", Schema.GATEWAY).dispose()
    require_refused(path, "not a database of an Ostraka node")


def test_a_log_without_its_database_is_refused(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    log = tmp_path / "node.db-wal"
    log.write_bytes(b"log")
    log.chmod(0o600)
    with pytest.raises(DamagedDatabase, match="its log is still there"):
        open_database(f"sqlite:///{path}", Schema.NODE)
    assert not path.exists()


def test_a_new_database_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    """Killed at any moment of its making, the next start makes it; no half of one is taken."""
    script = (
        "import os, sys\n"
        "from ostraka.storage import database\n"
        "step = int(sys.argv[2])\n"
        "def trace(frame, event, argument):\n"
        "    global step\n"
        "    step -= 1\n"
        "    if step < 0: os.kill(os.getpid(), 9)\n"
        "sys.setprofile(trace)\n"
        "database.open_database(sys.argv[1], database.Schema.NODE)\n"
    )
    url = f"sqlite:///{tmp_path / 'node.db'}"
    for step in (1, 2000, 20_000, 60_000, 100_000):
        subprocess.run([sys.executable, "-c", script, url, str(step)], check=False, timeout=60)
        open_database(url, Schema.NODE).dispose()
        (tmp_path / "node.db").unlink()


def run_limited(url: str, limit: int) -> subprocess.CompletedProcess[str]:
    """Open a node's database in a process that may write files up to a size only.

    A write beyond it fails like one on a full or read-only disk.
    """
    script = (
        "import resource, signal, sys\n"
        "from ostraka.storage.database import Schema, open_database\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "try:\n"
        "    open_database(sys.argv[1], Schema.NODE)\n"
        "except ValueError as error:\n"
        "    sys.exit(str(error))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script, url, str(limit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_disk_that_takes_no_writes_is_noticed_at_start(whole: Path, tmp_path: Path) -> None:
    path = copy_of(whole, tmp_path)
    content = path.read_bytes()
    refused = run_limited(f"sqlite:///{path}", 0)
    assert refused.returncode == 1
    assert str(path) in refused.stderr
    assert "Traceback" not in refused.stderr
    assert path.read_bytes() == content
    new = tmp_path / "new.db"
    refused = run_limited(f"sqlite:///{new}", 20_000)
    assert "cannot be made" in refused.stderr
    assert [one.name for one in tmp_path.iterdir() if "new.db" in one.name] == []
    # With room again, both open.
    for one in (path, new):
        open_database(f"sqlite:///{one}", Schema.NODE).dispose()


def test_no_new_database_takes_the_place_of_a_used_one(tmp_path: Path, url: str) -> None:
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    opened = open_store(url)
    opened.claim(secrets)
    opened.close()
    again = open_store(url)
    again.claim(secrets)
    again.close()
    empty = f"sqlite:///{tmp_path / 'other.db'}"
    for context in (None, bytes(32)):
        if context is not None:
            secrets.keep(context, bytes(64))
        opened = open_store(empty)
        with pytest.raises(ValueError, match=WAY_OUT):
            opened.claim(secrets)
        opened.close()
    # Nor that of a node of which only the secrets are left.
    (secrets.folder / "store").unlink()
    opened = open_store(empty)
    with pytest.raises(ValueError, match=r"has the secrets of 1 polls.*rebuild"):
        opened.claim(secrets)
    opened.close()


def test_another_nodes_store_is_refused(tmp_path: Path, url: str) -> None:
    first_key = SigningKey()
    first = PollSecrets(tmp_path / "a", first_key)
    second, new = (PollSecrets(tmp_path / name, SigningKey()) for name in "bc")
    opened = open_store(url)
    opened.claim(first)
    other = NodeStore(open_database(f"sqlite:///{tmp_path / 'other.db'}", Schema.NODE))
    claim(other, second, "other.db")
    for other_node in (second, new):
        with pytest.raises(ValueError, match="another node's database"):
            opened.claim(other_node)
    # Its own, after its folder of secrets was lost.
    opened.claim(PollSecrets(tmp_path / "d", first_key))
    opened.close()


def test_an_older_copy_is_refused(tmp_path: Path) -> None:
    """It lacks what the node signed since, and so allows it to sign something else."""
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    path, url = tmp_path / "node.db", f"sqlite:///{tmp_path / 'node.db'}"
    copies = []
    for _ in range(2):
        opened = open_store(url)
        opened.claim(secrets)
        opened.close()
        copies.append(path.read_bytes())
    path.write_bytes(copies[0])
    opened = open_store(url)
    with pytest.raises(ValueError, match=rf"older copy.*{WAY_OUT}"):
        opened.claim(secrets)
    opened.close()
    with pytest.raises(ValueError, match="older copy; move it away"):
        open_for_rebuild(url, secrets, lambda *_: None)
    path.write_bytes(copies[1])
    opened = open_store(url)
    opened.claim(secrets)
    opened.close()


def test_a_copy_made_while_the_node_runs_is_older_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node may run for months: it marks its store as newer after writes, and not at rest."""
    monkeypatch.setattr(node_store, "_LOOK_S", 0.01)
    monkeypatch.setattr(node_store, "MARK_S", 0)
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    path, url = tmp_path / "node.db", f"sqlite:///{tmp_path / 'node.db'}"
    opened = open_store(url)
    opened.claim(secrets)
    backup = tmp_path / "backup.db"
    with sqlite3.connect(path) as source, sqlite3.connect(backup) as target:
        source.backup(target)

    async def guarded() -> int:
        with suppress(TimeoutError):
            await asyncio.wait_for(opened.guard(secrets), 0.3)
        identity = opened.store.identity()
        assert identity is not None
        return identity.generation

    at_rest = asyncio.run(guarded())
    assert at_rest == 1
    fill(opened.store)
    assert asyncio.run(guarded()) == 2
    assert asyncio.run(guarded()) == 2
    opened.close()
    for one in files_of(path):
        one.unlink()
    backup.rename(path)
    path.chmod(0o600)
    opened = open_store(url)
    with pytest.raises(ValueError, match=rf"older copy.*{WAY_OUT}"):
        opened.claim(secrets)
    opened.close()


def test_a_mark_that_fails_is_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops no node; another process on its store does."""
    monkeypatch.setattr(node_store, "MARK_S", 0)
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    opened = open_store(f"sqlite:///{tmp_path / 'node.db'}")
    opened.claim(secrets)
    fill(opened.store)
    with monkeypatch.context() as full:
        full.setattr(secrets, "remember_store", Mock(side_effect=OSError("no space left")))
        opened._mark(secrets)
    opened._mark(secrets)
    identity = opened.store.identity()
    assert identity is not None
    assert secrets.used_store() == (identity.identity, identity.generation)
    claim(opened.store, secrets, "another process")
    fill(opened.store)
    with pytest.raises(ValueError, match="another node used this database meanwhile"):
        opened._mark(secrets)
    opened.close()


def test_two_nodes_do_not_share_a_store(tmp_path: Path, url: str) -> None:
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    opened = open_store(url)
    opened.claim(secrets)
    script = (
        "import sys\n"
        "from ostraka.services import node_store\n"
        "node_store._PATIENCE_S = 0\n"
        "try:\n"
        "    node_store.open_store(sys.argv[1])\n"
        "except ValueError as error:\n"
        "    sys.exit(str(error))\n"
    )
    command = [sys.executable, "-c", script, url]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "another process uses this database" in refused.stderr
    opened.close()
    subprocess.run(command, check=True, timeout=60)


def test_a_damaged_file_is_moved_aside_for_a_rebuild(whole: Path, tmp_path: Path) -> None:
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    url = f"sqlite:///{tmp_path / 'node.db'}"

    def rebuild() -> tuple[OpenStore, list[tuple[Path, Path]]]:
        moved: list[tuple[Path, Path]] = []
        return open_for_rebuild(url, secrets, lambda old, new: moved.append((old, new))), moved

    with pytest.raises(ValueError, match="never ran"):
        rebuild()
    opened = open_store(url)
    opened.claim(secrets)
    with pytest.raises(ValueError, match="another process"):
        rebuild()
    opened.close()
    with pytest.raises(ValueError, match="nothing to build again"):
        rebuild()
    damaged = tmp_path / "node.db"
    damaged.write_bytes(b"")
    opened, moved = rebuild()
    assert [(old.name, new.name.startswith("node.db.damaged-")) for old, new in moved] == [
        ("node.db", True)
    ]
    # Until it is finished, no node runs on it, and it can be begun again.
    opened.close()
    opened = open_store(url)
    with pytest.raises(ValueError, match="not finished"):
        opened.claim(secrets)
    opened.close()
    opened, moved = rebuild()
    assert moved == []
    opened.close()
