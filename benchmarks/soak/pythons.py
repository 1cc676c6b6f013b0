"""Other versions of Python, each from a fresh clone: set-up, a demo to its audit, and the tests.

    make soak ARGS="pythons [PYTHON…]"

PYTHON is an interpreter, or a version that uv finds or can install; by default 3.11, 3.12 and 3.13.
Clones the newest commit into build/soak-pythons and keeps what each step printed there. Tests of
browsers are left out: they do not depend on Python. Goes on with the next version after a failure.

For 3.14, which uses the same lock, `make soak ARGS="pythons --wheels 3.14"` only lists the locked
packages that have no wheel for it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "build" / "soak-pythons"
LOCK = CHECKOUT / "requirements" / "development.txt"
VERSIONS = ("3.11", "3.12", "3.13")
STEPS = (
    ("setup", ("make", "setup")),
    ("demo", ("make", "demo", "ARGS=--exit --voters 40")),
    (
        "tests",
        (".venv/bin/pytest", "-q", "-n", "2", "tests", "--ignore", "tests/browser"),
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Run every step with every version; exit code 1 if one failed."""
    if arguments[:1] == ["--wheels"]:
        return without_wheels(arguments[1])
    failed = []
    for version in arguments or VERSIONS:
        interpreter = found(version)
        if interpreter is None:
            print(f"{version}: no such interpreter, and none to install")
            failed.append(version)
            continue
        clone = FOLDER / re.sub(r"\W+", "-", version)
        shutil.rmtree(clone, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        for name, command in STEPS:
            done = run(command, clone, FOLDER / f"{clone.name}-{name}.log", interpreter)
            print(f"{version} {name}: {'done' if done else 'FAILED'}", flush=True)
            if not done:
                failed.append(f"{version} {name}")
                break
    print("failed: " + ", ".join(failed) if failed else "every version works")
    return 1 if failed else 0


def found(version: str) -> str | None:
    """Return the path of an interpreter; uv installs a missing version where it can."""
    if Path(version).is_file():
        return version
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for path in sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True):
        return str(path)
    for install in (False, True):
        if install:
            subprocess.run(["uv", "python", "install", "--quiet", version], check=False)
        done = subprocess.run(
            ["uv", "python", "find", "--system", "--no-project", version],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def run(command: Sequence[str], at: Path, log: Path, interpreter: str) -> bool:
    """Run a step in a clone, with an environment that names nothing of this checkout."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "ARGS")
    }
    path = os.pathsep.join(
        one for one in kept["PATH"].split(os.pathsep) if not one.startswith(str(CHECKOUT))
    )
    # `make` passes its own variables on to the makes that it starts.
    kept = {name: value for name, value in kept.items() if not name.startswith(("MAKE", "MFLAGS"))}
    with log.open("w") as output:
        done = subprocess.run(
            list(command),
            cwd=at,
            env={**kept, "PATH": path, "PYTHON": interpreter},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def without_wheels(version: str) -> int:
    """Print the locked packages without a wheel for a version; exit code 1 if there are any."""
    left_out: list[str] = []
    while True:
        command = ["uv", "pip", "install", "--dry-run", "--python-version", version]
        command += ["--target", str(FOLDER / "wheels"), "--only-binary", ":all:"]
        command += ["--no-deps", "--requirements", str(_lock_without(left_out))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        named = re.search(r"Because (\S+)==\S+ has no (?:usable )?wheels", done.stderr)
        if named is None or named[1] in left_out:
            print(done.stderr, file=sys.stderr)
            return 1
        left_out.append(named[1])
    print(f"without a wheel for {version}: {', '.join(left_out) or 'none'}")
    return 1 if left_out else 0


def _lock_without(names: Sequence[str]) -> Path:
    """Write the lock without some packages, and return the file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    packages = re.split(r"(?m)^(?=[a-z0-9])", LOCK.read_text())
    path = FOLDER / "wheels.txt"
    path.write_text("".join(one for one in packages if one.split("==")[0] not in names))
    return path
