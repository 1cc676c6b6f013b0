"""Builds to measure: this checkout, and older commits, each with an environment of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_CACHE = CHECKOUT / "build" / "builds"
_SET_UP_S = 1800


@dataclass(frozen=True)
class Build:
    """A checkout that is set up.

    Attributes:
        name: For people.
        folder: Root of the checkout.
        python: Its interpreter.
    """

    name: str
    folder: Path
    python: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which its programs find their own packages only."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "OSTRAKA_")) and name != "VIRTUAL_ENV"
        }
        path = f"{self.python.parent}{os.pathsep}{kept.get('PATH', '')}"
        return kept | {
            "PATH": path,
            "PYTHONPATH": str(self.folder),
            "HARDHAT_DISABLE_TELEMETRY": "true",
        }


def this_build() -> Build:
    """Return the build that runs this."""
    return Build("this build", CHECKOUT, Path(sys.executable))


def build_of(commit: str) -> Build:
    """Return the build of a commit, made in build/builds/ unless it is there.

    Raises:
        RuntimeError: Git does not have the commit, or its set-up failed.
    """
    folder = _CACHE / commit
    if not folder.exists():
        _check_out(commit, folder)
    # Does nothing if everything is there.
    output = _CACHE / f"{commit}.log"
    with output.open("w") as log:
        made = subprocess.run(
            ["scripts/setup"],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=_SET_UP_S,
            check=False,
        )
    # Without the native engine the set-up succeeds, but nothing would be comparable.
    if made.returncode or not (folder / ".venv" / ".native").exists():
        raise RuntimeError(f"the build of {commit} failed: {output.read_text()[-2000:]}")
    return Build(commit, folder, folder / ".venv" / "bin" / "python")


def _check_out(commit: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # An archive instead of a worktree: `make clean` removes it without a trace in Git.
    archive = subprocess.run(
        ["git", "archive", commit], cwd=CHECKOUT, capture_output=True, check=False
    )
    if archive.returncode:
        raise RuntimeError(f"commit {commit}: {archive.stderr.decode().strip()}")
    partial = folder.with_suffix(".partial")
    partial.mkdir(exist_ok=True)
    subprocess.run(["tar", "x", "-C", str(partial)], input=archive.stdout, check=True)
    partial.rename(folder)
