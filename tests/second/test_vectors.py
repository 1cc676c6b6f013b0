"""The second verifier agrees on every item of every vector file."""

import json
import re
import subprocess
from pathlib import Path

from tests.support.vectors import FOLDER


def run(program: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(program), "vectors", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_every_item_agrees(program: Path) -> None:
    completed = run(program, FOLDER)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    counted = re.findall(r"^(\w+) +(\d+) of +(\d+) agree$", completed.stdout, re.MULTILINE)
    names = {file.stem for file in FOLDER.glob("*.json")}
    assert {name for name, _, _ in counted} == names | {"all"}
    assert all(int(agreeing) == int(items) > 0 for _, agreeing, items in counted)


def test_an_item_that_differs_is_named(program: Path, tmp_path: Path) -> None:
    given = json.loads((FOLDER / "slack.json").read_text("utf-8"))
    given["cases"][3]["coefficients"][0] = "2"
    (tmp_path / "slack.json").write_text(json.dumps(given), "utf-8")
    completed = run(program, tmp_path)
    assert completed.returncode == 1
    assert "3: [1 2], not [2 2]" in completed.stdout


def test_vectors_that_nobody_compares_are_an_error(program: Path, tmp_path: Path) -> None:
    (tmp_path / "novel.json").write_text("{}", "utf-8")
    completed = run(program, tmp_path)
    assert completed.returncode == 2
    assert "novel.json" in completed.stderr
