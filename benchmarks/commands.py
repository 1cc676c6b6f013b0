"""Starting the command line: processor time of its list of commands, and of one command's help."""

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

REPEATS = 7


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    how = f"user and system time of a process; median of {REPEATS}"
    for words, goal in (((), 0.4), (("poll",), 1.0)):
        value = median(processor_time_s(*words, "--help") for _ in range(REPEATS))
        yield {
            "group": "commands",
            "name": " ".join(("ostraka", *words, "--help")),
            "value": round(value, 3),
            "unit": "s",
            "goal": goal,
            "op": "<=",
            "met": value <= goal,
            "how": how,
        }


def processor_time_s(*arguments: str) -> float:
    """Return the seconds of processor time of a command."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ostraka", *arguments], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ChildProcessError(f"ostraka {' '.join(arguments)}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime
