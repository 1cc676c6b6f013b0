"""Audit a board once, in a process that does nothing else, and print what it took.

    python -P audit_stage.py FOLDER

Reads `FOLDER/board` and `FOLDER/evidence`, pickled by the same build, and prints a JSON object with
`wall_s` and `cpu_s` of the audit including the reading of the board, `peak_mb` of the process and
`verdicts`, their numbers by name. Runs under the interpreter of a build, whose modules it imports;
so it uses only what builds have in common.
"""

import inspect
import json
import pickle
import resource
import secrets
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ostraka_verifier import checks
from ostraka_verifier.curve import load


def main() -> None:
    """Audit the board of the folder that the command line names."""
    folder = Path(sys.argv[1])
    claimed, chain = pickle.loads((folder / "evidence").read_bytes())
    curve = load("native")
    started, used = time.perf_counter(), _processor_s()
    with ExitStack() as opened:
        audit = _audit(curve, claimed, chain, folder / "board", opened)
        # Older builds perform all checks where none are named.
        named = "checks" in inspect.signature(audit.run).parameters
        findings = audit.run(checks.CHECKS) if named else audit.run()
    wall_s, cpu_s = time.perf_counter() - started, _processor_s() - used
    verdicts = Counter(finding.verdict.value for finding in findings)
    status = Path("/proc/self/status").read_text()
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    result = {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb, "verdicts": verdicts}
    print(json.dumps(result))


def _audit(curve: Any, claimed: Any, chain: Any, path: Path, opened: ExitStack) -> Any:
    """Return an audit that has read the board: as it arrives, where the build can do that."""
    try:
        from ostraka_verifier.board import OpenedBoard
        from ostraka_verifier.board_source import opened_board
    except ImportError:
        return checks.Audit(curve, claimed, chain, path.read_bytes(), secrets.randbits)
    board = OpenedBoard(opened.enter_context(opened_board(str(path))))
    board.read_to_leaves()
    audit = checks.Audit(curve, claimed, chain, board, secrets.randbits)
    audit.read_leaves()
    board.read_rest()
    return audit


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
