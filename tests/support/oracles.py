"""Programs of others, which decide the same votes as Ostraka.

They and their packages take over a gigabyte, so tests compare with answers that are committed:
`make soak ARGS=oracles` asks the programs and writes `tests/oracles/answers`.

A program `tests/oracles/NAME.py` reads questions as JSON from standard input and writes answers. It
imports nothing of Ostraka's, so that it cannot share a mistake.
"""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
FILE_POLLS = 12
"""Random polls whose files tests compare; each makes a file for every rule."""
_FOLDER = CHECKOUT / "tests" / "oracles"


def oracle(name: str, asked: Sequence[Any]) -> list[Any]:
    """Ask a program now, in the environment that scripts/oracles makes."""
    made = subprocess.run(
        [CHECKOUT / "scripts" / "oracles"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr[-2000:]
    done = subprocess.run(
        [made.stdout.strip(), _FOLDER / f"{name}.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[Any] = json.loads(done.stdout)
    return answers


def recorded(name: str, asked: Sequence[Any]) -> list[Any]:
    """Return the program's committed answers to exactly these questions."""
    answers = json.loads(answers_file(name).read_text())
    missing = [one for one in asked if question_id(one) not in answers]
    assert not missing, f"{name} was never asked {missing[0]}: make soak ARGS='oracles {name}'"
    return [answers[question_id(one)] for one in asked]


def record_answers(name: str, asked: Sequence[Any]) -> list[Any]:
    """Ask a program now, and write its answers where `recorded` reads them."""
    answers = oracle(name, asked)
    found = {question_id(one): answer for one, answer in zip(asked, answers, strict=True)}
    lines = [f"{json.dumps(key)}: {json.dumps(found[key])}" for key in sorted(found)]
    answers_file(name).parent.mkdir(exist_ok=True)
    answers_file(name).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return answers


def answers_file(name: str) -> Path:
    """Path of a program's committed answers."""
    return _FOLDER / "answers" / f"{name}.json"


def question_id(asked: Any) -> str:
    """Digest of a question: 128 bits of its SHA-256."""
    written = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:32]
