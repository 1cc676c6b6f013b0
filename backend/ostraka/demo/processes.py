"""Child processes of the demo and of tests. None outlives its parent.

Services are forked from one process that has imported their modules. Importing takes two seconds of
processor time, which a town of five nodes and a gateway would otherwise pay six times.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

_STOP_S = 5
_PR_SET_PDEATHSIG = 1
_SERVICES = ["ostraka.cli.main", "ostraka.services.run_node", "ostraka.services.run_gateway"]


class _Running(Protocol):
    """A started process."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; subprocess.TimeoutExpired if it goes on."""


class _Forked:
    """A process forked by the server, with the interface of `subprocess.Popen`."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_SERVICES)
        self._process = context.Process(
            target=_run_ostraka, args=(list(arguments), dict(environment), cwd, log)
        )
        self._process.start()

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None, "it was started"
        return pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("ostraka", timeout or 0)
        return code


class Processes:
    """Starts processes and stops all of them on leaving the context."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: Folder for the output of each process, `<name>.log`.
        """
        self._folder = folder
        self._running: dict[str, _Running] = {}

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

    def start_ostraka(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path
    ) -> None:
        """Start `ostraka` with these arguments under a name of its own."""
        log = self._folder / f"{name}.log"
        whole = {**os.environ, **environment}
        self._running[name] = _Forked(arguments, whole, cwd, log)

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
        """Raise RuntimeError, with the end of its output, if a started process has ended."""
        process = self._running.get(name)
        ended = process.poll() if process is not None else None
        if ended is not None:
            output = (self._folder / f"{name}.log").read_text(errors="replace")
            raise RuntimeError(f"{name} ended with {ended}:\n{output[-2000:]}")

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


def _run_ostraka(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path
) -> None:
    """Be the command `ostraka`, in a process that was just forked."""
    os.setsid()
    threading.Thread(target=_end_with_starter, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    sys.argv = ["ostraka", *arguments]
    runpy.run_module("ostraka", run_name="__main__", alter_sys=True)


def _signal_group(process: _Running, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        # It ended, or it was forked a moment ago and has no group of its own yet.
        if process.poll() is None:
            os.kill(process.pid, number)


def _end_with_starter() -> None:
    # The parent is the server that forks, which itself lives as long as any of its children.
    starter = multiprocessing.parent_process()
    assert starter is not None, "somebody started it"
    starter.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _die_with_parent() -> None:
    # So that a killed demo leaves no node behind.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
