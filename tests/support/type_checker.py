"""What mypy objects to in a piece of code, with the project's settings."""

import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]


def wrong_lines(source: str, folder: Path) -> dict[int, str]:
    """Return what mypy objects to, by line."""
    file = folder / "snippet.py"
    file.write_text(source)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context"]
    done = subprocess.run(
        [*command, str(file)], capture_output=True, text=True, check=False, cwd=_REPOSITORY
    )
    assert not done.stderr, done.stderr
    assert done.returncode in (0, 1), done.stdout
    found = {}
    for line in done.stdout.splitlines():
        path, number, kind, text = line.split(":", 3)
        assert Path(path).name == file.name, line
        if kind.strip() == "error":
            found[int(number)] = text
    return found
