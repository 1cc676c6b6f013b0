"""Secrets of polls: durable, sealed, never made twice, and gone when they are destroyed."""

from pathlib import Path

import pytest

from ostraka.keys import SigningKey
from ostraka.node.poll_secrets import LostSecret, PollSecrets

CONTEXT, OTHER = b"\1" * 32, b"\2" * 32
SECRET = bytes(range(64))


def test_a_secret_survives_a_restart_and_is_never_replaced(tmp_path: Path) -> None:
    key, folder = SigningKey(), tmp_path / "secrets"
    assert PollSecrets(folder, key).keep(CONTEXT, SECRET) == SECRET
    again = PollSecrets(folder, key)
    assert again.read(CONTEXT) == SECRET
    assert again.keep(CONTEXT, bytes(64)) == SECRET
    assert folder.stat().st_mode & 0o777 == 0o700
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    for shown in (file.read_text(), repr(again)):
        assert SECRET.hex() not in shown
        assert key.secret().hex() not in shown


def test_a_file_of_another_poll_or_node_is_not_opened(tmp_path: Path) -> None:
    key, folder = SigningKey(), tmp_path / "secrets"
    secrets = PollSecrets(folder, key)
    secrets.keep(CONTEXT, SECRET)
    file = folder / f"{CONTEXT.hex()}.json"
    moved = folder / f"{OTHER.hex()}.json"
    moved.write_bytes(file.read_bytes())
    moved.chmod(0o600)
    with pytest.raises(LostSecret, match="of another poll or node"):
        secrets.read(OTHER)
    with pytest.raises(LostSecret, match="of another poll or node"):
        PollSecrets(folder, SigningKey()).read(CONTEXT)
    for damage in (b"", b"{}", b'{"format": "ostraka/poll-secret/v2", "box": "0x00"}', b"\xff"):
        file.write_bytes(damage)
        with pytest.raises(LostSecret, match=str(file)):
            secrets.read(CONTEXT)
        # Damage is no reason to make another secret.
        with pytest.raises(LostSecret):
            secrets.keep(CONTEXT, SECRET)


def test_a_destroyed_secret_cannot_be_read(tmp_path: Path) -> None:
    secrets = PollSecrets(tmp_path / "secrets", SigningKey())
    secrets.keep(CONTEXT, SECRET)
    secrets.keep(OTHER, SECRET)
    file = tmp_path / "secrets" / f"{CONTEXT.hex()}.json"
    # Who holds the file open sees what became of its bytes.
    with file.open("rb") as held:
        content = held.read()
        for _ in range(2):
            secrets.destroy(CONTEXT)
        held.seek(0)
        assert held.read() == bytes(len(content))
    with pytest.raises(LostSecret, match="gone"):
        secrets.read(CONTEXT)
    assert secrets.read(OTHER) == SECRET


def test_leftovers_of_a_crash_are_erased(tmp_path: Path) -> None:
    """Nothing was announced of it: a secret is on the disk, under its name, before that."""
    folder = tmp_path / "secrets"
    PollSecrets(folder, SigningKey())
    left = folder / f"{CONTEXT.hex()}.json.new"
    left.write_bytes(b"half")
    left.chmod(0o600)
    PollSecrets(folder, SigningKey())
    assert list(folder.iterdir()) == []


def test_files_that_others_may_read_are_refused(tmp_path: Path) -> None:
    key, folder = SigningKey(), tmp_path / "secrets"
    PollSecrets(folder, key).keep(CONTEXT, SECRET)
    (file,) = folder.iterdir()
    file.chmod(0o640)
    with pytest.raises(ValueError, match="chmod 600"):
        PollSecrets(folder, key)
    file.chmod(0o600)
    folder.chmod(0o750)
    with pytest.raises(ValueError, match="chmod 700"):
        PollSecrets(folder, key)
