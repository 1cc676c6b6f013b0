"""The native engine is built from the locked packages, or not at all.

The attacker serves another package, or has cargo resolve to another one. Under the old rule (exact
versions in Cargo.toml and no lock) cargo takes it; set-up's own build refuses.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    "requirements/native.txt",
    "scripts/build_native",
    "scripts/lock_native.py",
    "scripts/native_flags.py",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What set-up needs to build the engine, where a test may spoil it."""
    ignored = shutil.ignore_patterns("target", "Cargo.lock")
    shutil.copytree(ROOT / "verifier/native", tmp_path / "verifier/native", ignore=ignored)
    for name in COPIED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # Offline: nothing that a registry says today may decide a test.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CARGO_NET_OFFLINE": "true"}
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def lock(checkout: Path, action: str) -> subprocess.CompletedProcess[str]:
    return run(checkout, sys.executable, "scripts/lock_native.py", action)


def resolve(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What cargo does first in every build: settle the packages."""
    manifest = str(checkout / "verifier/native/Cargo.toml")
    return run(
        checkout,
        "cargo",
        "metadata",
        "--format-version",
        "1",
        "--manifest-path",
        manifest,
        *options,
    )


def build(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Set-up's build, into a folder of the test's."""
    return run(checkout, "scripts/build_native", "--target", str(checkout / "site"))


def installed(checkout: Path) -> list[Path]:
    return list((checkout / "site").glob("ostraka_verifier_native*"))


def change_list(checkout: Path, change: Callable[[str], str]) -> None:
    path = checkout / "requirements/native.txt"
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before


def another_hash(text: str) -> str:
    return re.sub(
        r"^(sha3 \S+ )(.)", lambda m: m[1] + ("1" if m[2] == "0" else "0"), text, flags=re.M
    )


def without_an_edge(text: str) -> str:
    return re.sub(r"^(sha3 .*\n    digest) keccak$", r"\1", text, flags=re.M)


def another_version(text: str) -> str:
    return re.sub(r"^sha3 \S+", "sha3 0.10.8", text, flags=re.M)


def test_cargo_accepts_the_honest_list(checkout: Path) -> None:
    assert lock(checkout, "write").returncode == 0
    settled = resolve(checkout, "--locked")
    assert settled.returncode == 0, settled.stderr
    assert lock(checkout, "check").returncode == 0


def test_a_package_with_another_hash_is_refused(checkout: Path) -> None:
    change_list(checkout, another_hash)
    # The old rule: nobody notices that the registry serves what the list does not know.
    assert resolve(checkout).returncode == 0
    refused = build(checkout)
    assert refused.returncode != 0
    assert "checksum for `sha3 v0.10.9` changed between lock files" in refused.stderr
    assert not installed(checkout)


@pytest.mark.parametrize("change", [without_an_edge, another_version])
def test_a_list_that_does_not_fit_is_refused(checkout: Path, change: Callable[[str], str]) -> None:
    change_list(checkout, change)
    assert lock(checkout, "write").returncode == 0
    # Without `--locked` cargo puts its own choice in place of the lock's and goes on.
    assert resolve(checkout).returncode == 0
    assert lock(checkout, "check").returncode == 1
    refused = build(checkout)
    assert refused.returncode != 0
    assert "because --locked was passed" in refused.stderr
    assert not installed(checkout)


def test_a_changed_manifest_is_refused(checkout: Path) -> None:
    manifest = checkout / "verifier/native/Cargo.toml"
    manifest.write_text(
        manifest.read_text().replace("[profile.release]", 'fnv = "1"\n\n[profile.release]')
    )
    assert resolve(checkout).returncode == 0
    refused = build(checkout)
    assert refused.returncode != 0
    assert "because --locked was passed" in refused.stderr


def test_a_build_without_the_lock_is_refused(checkout: Path) -> None:
    """Whoever installs the folder by pip alone gets no engine of other packages either."""
    assert resolve(checkout).returncode == 0
    (checkout / "verifier/native/Cargo.lock").unlink()
    refused = run(
        checkout,
        *("uv", "pip", "install", "--no-build-isolation", "--no-deps", "--python", sys.executable),
        *("--target", str(checkout / "site"), "./verifier/native"),
    )
    assert refused.returncode != 0
    assert "because --locked was passed" in refused.stderr


def test_check_finds_a_lock_that_differs_from_the_list(checkout: Path) -> None:
    assert "run make setup" in lock(checkout, "check").stderr
    lock(checkout, "write")
    assert lock(checkout, "check").returncode == 0
    change_list(checkout, another_hash)
    assert "run make setup" in lock(checkout, "check").stderr


def test_list_and_cargo_lock_convert_into_each_other(checkout: Path) -> None:
    lock(checkout, "write")
    path = checkout / "requirements/native.txt"
    before = path.read_text()
    path.unlink()
    assert lock(checkout, "record").returncode == 0
    assert path.read_text() == before


def test_another_source_cannot_be_recorded(checkout: Path) -> None:
    lock(checkout, "write")
    cargo_lock = checkout / "verifier/native/Cargo.lock"
    text = cargo_lock.read_text()
    cargo_lock.write_text(
        re.sub(r'source = "registry\+[^"]*', 'source = "git+https://example.org/x', text, count=1)
    )
    refused = lock(checkout, "record")
    assert refused.returncode == 1
    assert "another registry" in refused.stderr


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sha3 0.10.9", "only our own package has no SHA-256"),
        ("sha3 0.10.9 " + "0" * 63, "neither `name version sha256` nor dependencies"),
        ("sha3 0.10.9 " + "A" * 64, "neither `name version sha256` nor dependencies"),
        ('sha3" 0.10.9 ' + "0" * 64, "neither `name version sha256` nor dependencies"),
        ("aaa 1.0.0 " + "0" * 64, "is not in alphabetical order"),
        ("    digest keccak\n    digest", "unexpected or invalid line of dependencies"),
        ("", "neither `name version sha256` nor dependencies"),
    ],
)
def test_a_bad_line_is_named(checkout: Path, line: str, reason: str) -> None:
    change_list(checkout, lambda text: re.sub(r"^sha3 .*", lambda _: line, text, flags=re.M))
    refused = lock(checkout, "write")
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "native.txt" in refused.stderr
    assert not (checkout / "verifier/native/Cargo.lock").exists()


def test_a_package_twice_is_named(checkout: Path) -> None:
    change_list(checkout, lambda text: re.sub(r"^(sha3 .*)", r"\1\n\1", text, flags=re.M))
    assert "sha3 0.10.9 occurs twice" in lock(checkout, "write").stderr


def test_the_reference_engine_never_loads_the_crate(tmp_path: Path) -> None:
    """For auditors who do not want to rely on it: `--engine reference`."""
    evil = tmp_path / "ostraka_verifier_native.py"
    evil.write_text("raise SystemExit('the crate runs')\n")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from ostraka_verifier import census_tree, cli, curve, encoding, signatures\n"
        "engine = cli._engine(sys.argv[2] or None)\n"
        "engine.fixed_bases(engine.decode((1).to_bytes(32, 'big') + (2).to_bytes(32, 'big')))\n"
        "census_tree.tree_root(bytes(112), engine.name)\n"
        "census_tree.prove(bytes(112), 0, engine.name)\n"
        "encoding.keccak256(b'')\n"
        "signatures.recover_signers([bytes(32)], [bytes(32) + bytes([1] * 32) + b'\\x1b'])\n"
    )

    def audit(engine: str) -> subprocess.CompletedProcess[str]:
        return run(tmp_path, sys.executable, "-c", program, str(tmp_path), engine)

    assert "the crate runs" in audit("native").stderr
    safe = audit("reference")
    assert safe.returncode == 0, safe.stderr
