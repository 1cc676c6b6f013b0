"""Build what can be installed without a checkout, into build/packages or another folder.

    python scripts/packages.py [FOLDER]

Wheels of `ostraka` (with web client, contracts and the pages of its HTTP interface inside), of
`ostraka-verifier` and of its native engine; and an npm package of the voter's client. Only files
that git tracks go in, and what set-up built from them. Wheels of Python code come out byte for byte
the same from the same commit. SHA256SUMS has the hashes to publish: those of the packages, and that
of the web client. Needs a checkout that is set up, with cargo.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import native_flags

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts"
SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js", "LICENSE", "NOTICE")
SUMS = "SHA256SUMS"
CLIENT = "web_bundle in a gateway's /api/v1/config"
TESTS_ONLY = ("TestMembership", "TestTimestampToken", "TestWallet")
"""Contracts of tests; `chain deploy` can deploy TestToken."""
NPM_NAME = "ostraka-voter"
IMPORTED = re.compile(r"""(?:from|import\() ?["']((?:@[\w-]+/)?[\w-]+)""")


def main() -> None:
    """Build every package anew."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "packages").resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="ostraka-packages-") as folder:
        for stage in (stage_backend, stage_verifier):
            place = Path(folder) / stage.__name__
            stage(place)
            wheel(place, out)
        npm_package(Path(folder) / NPM_NAME, out)
    native_wheel(out)
    (out / SUMS).write_text(sums(out))
    for made in sorted(out.iterdir()):
        print(f"{made}  {made.stat().st_size:,} bytes")


def sums(out: Path) -> str:
    """Return the hash of each package for `sha256sum -c`, and that of the web client."""
    client = output(sys.executable, "scripts/client_hash.py").strip()
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(out.iterdir())
    ]
    return "\n".join([f"# web client ({CLIENT}): {client}", *lines, ""])


def stage_backend(stage: Path) -> None:
    """Put the sources of `ostraka` and what other compilers built for it into a folder."""
    copy_tracked("backend", stage)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, stage)
    built = stage / "backend" / "ostraka" / "built"
    shutil.copytree(ROOT / "web" / "dist", built / "web", ignore=lambda *_: {".built"})
    pages = built / "swagger-ui"
    pages.mkdir()
    for name in SWAGGER_UI:
        shutil.copy(ROOT / "node_modules" / "swagger-ui-dist" / name, pages)
    stage_contracts(built / "artifacts")


def stage_contracts(to: Path) -> None:
    """Copy ABI and code of each contract, and what the compiler was given for source checks."""
    infos = set()
    for path in sorted((ARTIFACTS / "contracts").glob("**/*.json")):
        if path.stem in TESTS_ONLY:
            continue
        copy(path, to / path.relative_to(ARTIFACTS))
        infos.add(json.loads(path.read_text())["buildInfoId"])
    for name in infos:
        copy(ARTIFACTS / "build-info" / f"{name}.json", to / "build-info" / f"{name}.json")


def stage_verifier(stage: Path) -> None:
    """Put the sources of `ostraka-verifier` into a folder."""
    copy_tracked("verifier/ostraka_verifier", stage)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / "verifier" / name, stage)
    shutil.move(stage / "verifier" / "ostraka_verifier", stage)
    (stage / "verifier").rmdir()
    shutil.copy(ROOT / "LICENSE", stage)


def wheel(stage: Path, out: Path) -> None:
    """Build a wheel of Python code with the tools of the lock, and the commit's time."""
    uv = ("uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
    run(*uv, "--out-dir", out, stage, SOURCE_DATE_EPOCH=commit_time())
    # uv makes one in a folder of its own.
    (out / ".gitignore").unlink(missing_ok=True)


def native_wheel(out: Path) -> None:
    """Build the native engine's wheel, from locked crates and without this machine's paths."""
    run(sys.executable, ROOT / "scripts" / "lock_native.py", "write")
    run(
        *("maturin", "build", "--quiet", "--release", "--locked"),
        *("--manifest-path", ROOT / "verifier" / "native" / "Cargo.toml"),
        *("--out", out),
        RUSTFLAGS=native_flags.flags(),
        SOURCE_DATE_EPOCH=commit_time(),
    )


def npm_package(stage: Path, out: Path) -> None:
    """Build the voter's client as ES modules with types, which depend on the locked libraries."""
    run("npx", "tsc", "-p", ROOT / "web" / "tsconfig.voter.json", "--outDir", stage / "lib")
    whole = json.loads((ROOT / "package.json").read_text())
    imported: set[str] = set()
    for path in (stage / "lib").glob("**/*.js"):
        imported.update(IMPORTED.findall(path.read_text()))
    manifest = {
        "name": NPM_NAME,
        "version": whole["version"],
        "description": "Cast and check ballots of Ostraka polls",
        "license": whole["license"],
        "type": "module",
        "engines": whole["engines"],
        "sideEffects": False,
        "exports": {".": {"types": "./lib/web/src/voter.d.ts", "import": "./lib/web/src/voter.js"}},
        "files": ["lib"],
        "dependencies": {name: whole["dependencies"][name] for name in sorted(imported)},
    }
    (stage / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    shutil.copy(ROOT / "LICENSE", stage)
    shutil.copy(ROOT / "docs" / "sdk.md", stage / "README.md")
    run("npm", "pack", "--silent", "--pack-destination", out, stage)


def copy_tracked(folder: str, to: Path) -> None:
    """Copy what git tracks in a folder."""
    for name in output("git", "ls-files", "-z", "--", folder).split("\0"):
        # Alembic's template only helps to write a migration.
        if name and not name.endswith(".mako"):
            copy(ROOT / name, to / name)


def copy(source: Path, to: Path) -> None:
    """Copy a file, and make its folder."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, to)


def commit_time() -> str:
    """Return the time of the commit in Unix seconds: the same commit gives the same bytes."""
    return output("git", "log", "-1", "--format=%ct").strip()


def output(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(  # noqa: S603 - our own commands
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def run(*command: str | Path, **environment: str) -> None:
    """Run a command in the checkout; its output goes to ours only if it fails."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{command[0]} failed with exit code {done.returncode}")


if __name__ == "__main__":
    main()
