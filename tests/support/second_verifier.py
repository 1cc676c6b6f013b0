"""The second verifier, in Go: built once, and asked about many boards by one process."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import ChainEvidence

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "verifier" / "second"
PROGRAM = ROOT / "build" / "ostraka-second"


def go_command() -> str:
    """Path of the Go compiler.

    Raises:
        RuntimeError: There is none. Tests must fail then: no comparison proves nothing.
    """
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        raise RuntimeError(
            "tests of the second verifier need Go 1.26.8 or newer, on PATH or in /usr/local/go/bin"
        )
    return found


@cache
def build() -> Path:
    """Build the program. Processes that build it at the same time do not disturb one another."""
    PROGRAM.parent.mkdir(exist_ok=True)
    made = PROGRAM.with_suffix(f".{os.getpid()}")
    command = [go_command(), "build", "-mod=readonly", "-o", str(made), "./cmd/ostraka-second"]
    completed = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        raise RuntimeError(f"go build failed:\n{completed.stderr}")
    made.replace(PROGRAM)
    return PROGRAM


def to_json(value: Any) -> Any:
    """Evidence in the JSON form that verifier/second/evidence reads."""
    if isinstance(value, AuditError):
        if isinstance(value, Undecided):
            return {"error": str(value)}
        # What a contract answered is invalid: the class says so, and the item what it is.
        assert isinstance(value, Malformed | Rejected)
        return {"error": value.reason, "item": value.item}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(one) for one in value]
    return value


def evidence_json(chain: ChainEvidence) -> dict[str, Any]:
    """What an audit takes from the chain, in that form."""
    written = to_json(chain)
    assert isinstance(written, dict)
    return written


@dataclass(frozen=True)
class Question:
    """A board to audit, with members of the evidence that differ from the usual ones."""

    board: bytes
    registry: bytes
    poll_id: int = 1
    changes: Mapping[str, Any] | None = None

    def line(self) -> str:
        asked = {
            "board": base64.b64encode(self.board).decode(),
            "registry": "0x" + self.registry.hex(),
            "poll": self.poll_id,
            "changes": dict(self.changes or {}),
        }
        return json.dumps(asked)


class SecondVerifier:
    """A running program that answers one line for each board."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [str(program), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "SecondVerifier":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)
        assert self._process.stdout
        self._process.stdout.close()

    def use(self, chain: ChainEvidence) -> None:
        """Set the evidence of the boards that follow."""
        self._write(json.dumps({"chain": evidence_json(chain)}))

    def audit(self, question: Question) -> dict[str, dict[str, str]]:
        """Findings of one board, by number."""
        self._write(question.line())
        return self._read()

    def audits(
        self, questions: Iterable[Question], at_once: int = 8
    ) -> Iterator[dict[str, dict[str, str]]]:
        """Findings of many boards in their order; a few are asked before the first answer."""
        waiting = 0
        for question in questions:
            self._write(question.line())
            waiting += 1
            if waiting > at_once:
                yield self._read()
                waiting -= 1
        for _ in range(waiting):
            yield self._read()

    def _write(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, dict[str, str]]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the second verifier ended with {self._process.wait(timeout=30)}")
        return {one["check"]: one for one in json.loads(line)["checks"]}


def audited(
    program: Path, rpc_url: str, registry: bytes, poll_id: int, board: str
) -> tuple[int, dict[str, Any]]:
    """Exit code and report of an audit against a chain."""
    command = [str(program), "audit", "--rpc", rpc_url, "--registry", "0x" + registry.hex()]
    command += ["--poll", str(poll_id), "--board", board, "--json"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    report: dict[str, Any] = json.loads(completed.stdout)
    return completed.returncode, report


def require_second_opinion(
    rpc_url: str, registry: bytes, poll_id: int, board: str, report: Mapping[str, Any]
) -> None:
    """Require that the second verifier gives each check the verdict and item of a report."""
    _, second = audited(build(), rpc_url, registry, poll_id, board)
    assert _judged(second) == _judged(report)


def _judged(report: Mapping[str, Any]) -> dict[str, tuple[str, str, bool]]:
    return {
        one["check"]: (one["verdict"], one["item"], bool(one["assumes"]))
        for one in report["checks"]
    }
