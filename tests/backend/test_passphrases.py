"""Where passphrases come from: files, variables, terminals; never an argument."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from select import select
from typing import Any

import pytest

from ostraka.cli.main import app
from ostraka.passphrases import Passphrases

WORD = "correct horse battery"
SOURCE = Passphrases("OSTRAKA_TEST_PASSPHRASE", "--plain-key")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", WORD)
    return tmp_path / "key"


def test_passphrases_come_from_each_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    with pytest.raises(ValueError, match=r"set OSTRAKA_TEST_PASSPHRASE_FILE, .* or the systemd"):
        SOURCE.of(key)
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", "from the variable")
    assert SOURCE.of(key) == "from the variable"
    file = tmp_path / "word"
    file.write_text("from the file\r\n")
    file.chmod(0o644)
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE_FILE", str(file))
    with pytest.raises(ValueError, match="others may read"):
        SOURCE.of(key)
    file.chmod(0o600)
    assert SOURCE.of(key) == "from the file"
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", "from the variable")
    with pytest.raises(ValueError, match=r"given twice.*PASSPHRASE and .*_FILE") as caught:
        SOURCE.of(key)
    assert "from the" not in str(caught.value)
    monkeypatch.delenv("OSTRAKA_TEST_PASSPHRASE")
    monkeypatch.delenv("OSTRAKA_TEST_PASSPHRASE_FILE")
    # As systemd shows credentials: bits of the group stand for an access list.
    credential = tmp_path / SOURCE.credential
    assert credential.name == "ostraka-test-passphrase"
    credential.write_text("from systemd")
    credential.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SOURCE.of(key) == "from systemd"
    for content in (b"two\nlines", b"\xff\xfe", b"x" * 5000):
        credential.chmod(0o600)
        credential.write_bytes(content)
        with pytest.raises(ValueError, match="passphrase") as caught:
            SOURCE.of(key)
        assert "lines" not in str(caught.value)


def test_a_new_passphrase_has_ten_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("", "123456789"):
        monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", word)
        with pytest.raises(ValueError, match="shorter than 10"):
            SOURCE.new(tmp_path / "key")


def _at_a_terminal(command: list[str], answers: list[str]) -> tuple[int, str]:
    """Exit code and screen of a command whose user types an answer to each question."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ostraka", *command],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    shown = b""
    while select([leader], [], [], 30)[0]:
        try:
            read = os.read(leader, 4096)
        except OSError:
            # So Linux tells the end.
            break
        shown += read
        if read.endswith(b": ") and answers:
            os.write(leader, f"{answers.pop(0)}\n".encode())
    os.close(leader)
    return process.wait(30), shown.decode()


def test_passphrases_are_typed_unseen(tmp_path: Path) -> None:
    path = tmp_path / "me.key"
    command = ["key", "new", str(path)]
    code, shown = _at_a_terminal(command, [WORD, "another word"])
    assert (code, "typed differently" in shown, path.exists()) == (1, True, False)
    assert WORD not in shown
    code, shown = _at_a_terminal(command, [WORD, WORD])
    assert (code, WORD in shown) == (0, False)
    assert json.loads(path.read_text())["address"] in shown


def test_no_command_takes_a_passphrase_as_an_argument() -> None:
    import typer

    def options(group: Any) -> list[str]:
        group = getattr(group, "command", group)
        if hasattr(group, "commands"):
            return [name for one in group.commands.values() for name in options(one)]
        return [name for one in group.params for name in one.opts]

    found = options(typer.main.get_command(app))
    assert "--plain-key" in found
    assert [name for name in found if "passphrase" in name] == []
