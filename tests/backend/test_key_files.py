"""Key files: a passphrase protects them, nobody else reads them, damage is named."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.key_files import COST, FORMAT, Cost, read_key, rewrite_key, write_key
from ostraka.keys import SigningKey
from ostraka.passphrases import Passphrases

CHEAP = Cost(1, 8192)
"""What is tested here is not what a guess costs."""
WORD = "correct horse battery"
SOURCE = Passphrases("OSTRAKA_TEST_PASSPHRASE", "--plain-key")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", WORD)
    return tmp_path / "key"


def test_a_key_is_read_only_with_its_passphrase(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SigningKey()
    write_key(path, key, WORD, CHEAP)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.secret() not in path.read_bytes()
    assert key.secret().hex() not in path.read_text()
    content = json.loads(path.read_text())
    assert (content["format"], content["address"]) == (FORMAT, key.address_hex)
    assert read_key(path, SOURCE).secret() == key.secret()
    # Children of this process find it nowhere.
    assert "OSTRAKA_TEST_PASSPHRASE" not in os.environ
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", WORD + "!")
    with pytest.raises(ValueError, match="wrong passphrase") as caught:
        read_key(path, SOURCE)
    assert WORD not in str(caught.value)
    with pytest.raises(FileExistsError):
        write_key(path, SigningKey(), WORD, CHEAP)


def test_two_files_of_a_key_differ(tmp_path: Path) -> None:
    key = SigningKey()
    for name in "ab":
        write_key(tmp_path / name, key, WORD, CHEAP)
    first, second = (json.loads((tmp_path / name).read_text()) for name in "ab")
    for member in ("salt", "nonce", "ciphertext"):
        assert first[member] != second[member]


def test_a_guess_costs_what_libsodium_calls_moderate() -> None:
    assert (COST.operations, COST.memory_bytes) == (3, 256 << 20)


def test_a_passphrase_has_one_spelling(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = SigningKey()
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", "zwo\u0308lf Boxka\u0308mpfer")
    write_key(path, key, SOURCE.new(path), CHEAP)
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", "zw\u00f6lf Boxk\u00e4mpfer")
    assert read_key(path, SOURCE).address == key.address


CHANGES: list[tuple[str, Any, str]] = [
    ("format", "ostraka/key/v9", "key.format: expected ostraka/key/v2"),
    ("kdf", "scrypt", "key.kdf: expected argon2id"),
    ("cipher", "none", "key.cipher: expected"),
    ("operations", 0, "key.operations: expected a whole number from 1 to 16"),
    ("operations", True, "key.operations"),
    ("operations", 17, "key.operations"),
    ("memory_bytes", 1 << 31, "key.memory_bytes"),
    ("salt", "0x00", "key.salt: expected 0x-hex of 16 bytes"),
    ("nonce", "00" * 24, "key.nonce"),
    ("ciphertext", "0x" + "00" * 48, "wrong passphrase, or the file was changed"),
    ("address", "0x" + "00" * 20, "key.address: does not match the key"),
    ("address", None, "key.address: expected"),
    ("more", 1, "key.more: unknown member"),
]


@pytest.mark.parametrize(("member", "value", "said"), CHANGES)
def test_problems_of_a_file_are_named(path: Path, member: str, value: Any, said: str) -> None:
    write_key(path, SigningKey(), WORD, CHEAP)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {member: value}))
    with pytest.raises(ValueError, match=said):
        read_key(path, SOURCE)


@pytest.mark.parametrize("member", ["address", "kdf", "salt", "ciphertext", "operations"])
def test_every_member_is_required(path: Path, member: str) -> None:
    write_key(path, SigningKey(), WORD, CHEAP)
    content = json.loads(path.read_text())
    del content[member]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"key.{member}: missing"):
        read_key(path, SOURCE)


def test_a_plain_key_is_read_only_if_allowed(path: Path) -> None:
    key, warnings = SigningKey(), list[str]()
    write_key(path, key, None)
    with pytest.raises(ValueError, match=r"no passphrase protects this key.*--plain-key") as caught:
        read_key(path, SOURCE, warn=warnings.append)
    assert key.secret().hex() not in str(caught.value)
    assert warnings == []
    assert read_key(path, SOURCE, plain=True, warn=warnings.append).address == key.address
    assert "a key without a passphrase" in warnings[0]
    path.write_text("xyz")
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        read_key(path, SOURCE, plain=True)


def test_a_file_that_others_may_read_is_refused_with_the_fix(path: Path) -> None:
    for passphrase in (None, WORD):
        write_key(path, SigningKey(), passphrase, CHEAP)
        for mode in (0o640, 0o604, 0o602):
            path.chmod(mode)
            with pytest.raises(ValueError, match=f"others may read.*run: chmod 600 {path}"):
                read_key(path, SOURCE, plain=True)
        path.unlink()


def test_a_key_file_of_the_browser_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by web/src/client/key_file.ts."""
    made = subprocess.run(
        [
            "node",
            str(Path(__file__).parents[1] / "web" / "support" / "browser_key.ts"),
            "3" * 64,
            WORD,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    path.write_text(made.stdout)
    path.chmod(0o600)
    assert read_key(path, SOURCE).secret().hex() == "3" * 64
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", "another passphrase")
    with pytest.raises(ValueError, match="wrong passphrase"):
        read_key(path, SOURCE)
    content = json.loads(made.stdout)
    for member, value, said in (
        ("address", SigningKey().address_hex, "wrong passphrase, or the file was changed"),
        ("iterations", 10_000_001, "key.iterations"),
        ("cipher", "AES-128-GCM", "key.cipher: expected AES-256-GCM"),
    ):
        monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", WORD)
        path.write_text(json.dumps(content | {member: value}))
        with pytest.raises(ValueError, match=said):
            read_key(path, SOURCE)


def test_a_keys_passphrase_is_added_and_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, path, other = SigningKey(), tmp_path / "me.key", "another passphrase"
    write_key(path, key, None)
    run, files = CliRunner(), {"OSTRAKA_KEY_NEW_PASSPHRASE": WORD}
    result = run.invoke(app, ["key", "passphrase", str(path)], env=files)
    assert result.exit_code == 0, result.output
    assert json.loads(path.read_text())["memory_bytes"] == COST.memory_bytes
    files = {"OSTRAKA_KEY_PASSPHRASE": WORD, "OSTRAKA_KEY_NEW_PASSPHRASE": other}
    assert run.invoke(app, ["key", "passphrase", str(path)], env=files).exit_code == 0
    monkeypatch.setenv("OSTRAKA_TEST_PASSPHRASE", other)
    assert read_key(path, SOURCE).secret() == key.secret()
    result = run.invoke(app, ["key", "passphrase", str(path)], env=files)
    assert (result.exit_code, "wrong passphrase" in result.stderr) == (1, True)
    assert not {WORD, other} & set(result.output.split("\n"))
    rewrite_key(path, key, other, CHEAP)
    files = {"OSTRAKA_KEY_PASSPHRASE": other}
    result = run.invoke(app, ["key", "passphrase", str(path), "--plain-key"], env=files)
    assert (result.exit_code, "a key without a passphrase" in result.stderr) == (0, True)
    assert path.read_text().strip() == key.secret().hex()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_old_plain_key_is_overwritten(tmp_path: Path) -> None:
    key, path = SigningKey(), tmp_path / "me.key"
    write_key(path, key, None)
    link = tmp_path / "link.key"
    link.symlink_to(path)
    # Who holds the file open sees what became of its bytes.
    with path.open("rb") as held:
        content = held.read()
        rewrite_key(link, key, WORD, CHEAP)
        held.seek(0)
        assert held.read() == bytes(len(content))
    assert link.is_symlink()
    assert json.loads(path.read_text())["format"] == FORMAT
    assert sorted(tmp_path.iterdir()) == [link, path]
