"""People at terminals: the command line in folders of their own, against a whole stack."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ostraka.demo.local_stack import LocalStack
from tests.support.api import TIMES_TOML


class Shell:
    """Somebody at a terminal in a folder of their own."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.environment = {
            "OSTRAKA_GATEWAY": stack.gateway_url,
            "OSTRAKA_ORGANIZER_TOKEN": stack.organizer_token,
            "OSTRAKA_PLAIN_KEY": "1",
        }

    def __call__(self, *command: object, code: int = 0) -> Any:
        """Answer of a command for programs; what it refuses with for another exit code."""
        done = self.start(*command, "--json").wait()
        assert done.returncode == code, (command, done.stdout, done.stderr)
        assert self.stack.organizer_token not in done.stdout + done.stderr
        return json.loads(done.stderr)["error"] if code == 1 else json.loads(done.stdout or "null")

    def start(
        self, *command: object, module: str = "ostraka", typed: str | None = None
    ) -> "Running":
        return Running([sys.executable, "-m", module, *map(str, command)], self, typed)


class Running:
    """A command that runs beside others; `typed` is what it reads."""

    def __init__(self, command: list[str], shell: Shell, typed: str | None = None) -> None:
        self.typed = typed
        self.process = subprocess.Popen(
            command,
            cwd=shell.folder,
            env={"PATH": "/usr/bin:/bin", **shell.environment},
            stdin=subprocess.DEVNULL if typed is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> subprocess.CompletedProcess[str]:
        stdout, stderr = self.process.communicate(self.typed, timeout=120)
        return subprocess.CompletedProcess(
            self.process.args, self.process.returncode, stdout, stderr
        )


def template(shell: Shell, noun: str, **changes: str) -> str:
    """A template as printed, with short times and some lines changed."""
    text = shell.start(noun, "template").wait().stdout
    text = text[: text.index("[times]")] + TIMES_TOML
    for name, line in changes.items():
        (old,) = [one for one in text.splitlines() if one.removeprefix("# ").startswith(f"{name} ")]
        text = text.replace(old, line)
    return text
