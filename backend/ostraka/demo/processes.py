"""Child processes of the demo and of tests. None outlives its parent."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_STOP_S = 5
_PR_SET_PDEATHSIG = 1


class Processes:
    """Starts processes and stops all of them on leaving the context."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: Folder for the output of each process, `<name>.log`.
        """
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path
    ) -> None:
        """Start one process under a name of its own."""
        with (self._folder / f"{name}.log").open("ab") as output:
            self._running[name] = subprocess.Popen(  # noqa: S603 - commands are our own
                list(command),
                env={**os.environ, **environment},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def kill(self, name: str) -> None:
        """Kill one process at once, like a crash."""
        process = self._running.pop(name)
        _signal_group(process, signal.SIGKILL)
        process.wait()

    def pause(self, name: str) -> None:
        """Pause one process: its connections stay open, and it sends nothing."""
        _signal_group(self._running[name], signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Resume a paused process."""
        _signal_group(self._running[name], signal.SIGCONT)

    def check(self, name: str) -> None:
        """Raise RuntimeError, with the end of its output, if a process has ended."""
        process = self._running[name]
        if process.poll() is not None:
            output = (self._folder / f"{name}.log").read_text(errors="replace")
            raise RuntimeError(f"{name} ended with {process.returncode}:\n{output[-2000:]}")

    def stop(self) -> None:
        """Stop all processes: first by SIGTERM, then by SIGKILL."""
        for process in self._running.values():
            _signal_group(process, signal.SIGTERM)
        deadline_monotonic_s = time.monotonic() + _STOP_S
        for process in self._running.values():
            try:
                # One deadline for all, because all got the signal at once.
                process.wait(max(0, deadline_monotonic_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        self._running.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_ports(count: int) -> list[int]:
    """Return different unused ports of the loopback interface."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    # So that a killed demo leaves no node behind.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
