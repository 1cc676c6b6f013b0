"""The browser's protocol as Python calls it: `support/bridge.ts` under Node.js, on the sources."""

import json
import subprocess
import sysconfig
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from ostraka_verifier.errors import AuditError, Malformed, Rejected

SCRIPT = Path(__file__).parent / "support" / "bridge.ts"
NODE = Path(sysconfig.get_path("scripts")) / "node"


class Refused(Exception):
    """The TypeScript side threw; `kind` names the class of its error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Browser:
    """One process that answers requests in order.

    Attributes:
        cpu_ms: Processor time of the latest one.
    """

    def __init__(self) -> None:
        self.cpu_ms = 0.0
        self._process = subprocess.Popen(
            [NODE, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, command: str, **arguments: Any) -> Any:
        """Result of one command; Refused when it throws."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"command": command, **plain(arguments)}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        self.cpu_ms = answer["cpu_ms"]
        if "error" in answer:
            raise Refused(answer["error"], answer["message"])
        return answer["result"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)


def plain(value: Any) -> Any:
    """JSON of anything of the verifier's: bytes as 0x-hex, integers as decimal strings."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Rejected):
        return {"unreadable": "Rejected", "item": value.item, "reason": value.reason}
    if isinstance(value, Malformed):
        item, _, reason = str(value).partition(": ")
        return {"unreadable": "Malformed", "item": item, "reason": reason}
    if isinstance(value, AuditError):
        return {"unreadable": "Undecided", "reason": str(value)}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value]
