"""Work in a fork of this process, which cannot change it, and ends after a time."""

import contextlib
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable

LONGEST_WAIT_S = 600.0


def forked(work: Callable[[int], bool], seconds: int) -> bytes:
    """Run work in a fork and return what it wrote, then 1 if it returned true; b"" if it died.

    Args:
        seconds: Processor time that it may take. The clock only ends what waits forever: on a
            busy machine work may have to wait for long.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if not process:
        try:
            os.close(reader)
            # A group to end, in the same session: Linux gives another one a share of its own,
            # however nice this run is.
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silent, stream)
            if work(writer):
                os.write(writer, b"\1")
        finally:
            os._exit(0)
    os.close(writer)
    answer, until = b"", time.monotonic() + 10 * seconds + LONGEST_WAIT_S
    while select.select([reader], [], [], max(0.0, until - time.monotonic()))[0]:
        part = os.read(reader, 1 << 20)
        if not part:
            break
        answer += part
    os.close(reader)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return answer
