"""A stage of one build: chain, nodes and gateway in processes of their own."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load.builds import Build


class RunningStage:
    """Talks with a stage line by line."""

    def __init__(self, build: Build, process: "subprocess.Popen[str]") -> None:
        self._build = build
        self._process = process

    def listen(self) -> str:
        """Return the stage's next line; RuntimeError if it ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._build.name}: its stack ended")
        return line

    def tell(self, line: str) -> None:
        """Send the stage a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@contextmanager
def running_stage(build: Build, script: Path, *arguments: object) -> Iterator[RunningStage]:
    """Run a script of this package under a build, until the context ends."""
    process = subprocess.Popen(
        [str(build.python), "-P", str(script), *map(str, arguments)],
        cwd=build.folder,
        env=build.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    # Stages stop when their input ends.
    with process:
        yield RunningStage(build, process)


def processor_s(pids: Sequence[int]) -> float:
    """Return the processor time that processes have used, all threads, as Linux counts it."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
