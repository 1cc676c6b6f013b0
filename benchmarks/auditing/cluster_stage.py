"""Audit a board once by one thread, or with the workers of a Dask cluster, and print what it took.

    python -P cluster_stage.py FOLDER [SCHEDULER]

As `audit_stage.py`, of this build only. Without a scheduler, one core checks everything.
"""

import json
import os
import pickle
import resource
import secrets
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from ostraka_verifier.board import OpenedBoard
from ostraka_verifier.board_source import opened_board
from ostraka_verifier.checks import CHECKS, Audit
from ostraka_verifier.curve.native import Native
from ostraka_verifier.workers import helped


def main() -> None:
    """Audit the board of the folder that the command line names."""
    folder, scheduler = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    if scheduler is None:
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    claimed, chain = pickle.loads((folder / "evidence").read_bytes())
    source = str(folder / "board")
    with helped(None, scheduler, source, _fail) as workers, ExitStack() as opened:
        started = time.perf_counter()
        content = opened.enter_context(workers.opened() if workers else opened_board(source))
        board = OpenedBoard(content)
        board.read_to_leaves()
        audit = Audit(Native(1), claimed, chain, board, secrets.randbits, workers=workers)
        board.read_rest()
        findings = audit.run(CHECKS)
        wall_s = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    verdicts = Counter(finding.verdict.value for finding in findings)
    result = {
        "wall_s": wall_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "verdicts": verdicts,
    }
    print(json.dumps(result))


def _fail(message: str) -> None:
    raise RuntimeError(message)


if __name__ == "__main__":
    main()
