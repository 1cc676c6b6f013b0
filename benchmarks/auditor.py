"""Audits of large boards: time, memory, an older build, and another voting system's verifier.

Every audit runs in a process of its own: all checks, with signatures and census. The board is read
from a file, and the chain's evidence is in memory. The native prover makes the boards.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.auditing import belenios
from benchmarks.auditing.boards import Took, audited, median_of, write_board, write_own_board
from benchmarks.figures import figure_at_least, figure_at_most
from benchmarks.load.builds import build_of, this_build
from ostraka_verifier.question import Points

OLD = "0773662"
VOTERS, OLD_VOTERS, POINTS_VOTERS = 100_000, 20_000, 10_000
_AMOUNTS = Points("How much?", ("A", "B", "C", "D", "E"), 100)
_VOTES = ([100, 0, 0, 0, 0], [20, 20, 20, 20, 20], [1, 2, 3, 4, 5], [0, 50, 0, 49, 0])
_REPEATS = 3
_BELENIOS = "against Debian's belenios-tool"
_OLD = f"against build {OLD}"


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        choice = _of(folder / "choice", VOTERS)
        how = f"{VOTERS} ballots of 1 of 5, median of {_REPEATS}; {_words(choice)}"
        yield figure_at_most("auditor", "100,000 ballots", choice.wall_s, "s", 4.5, how, 2)
        yield figure_at_most("auditor", "memory of that", choice.peak_mb, "MB", 1000, "", 0)
        points = _of(folder / "points", POINTS_VOTERS, _AMOUNTS, _VOTES)
        how = f"{POINTS_VOTERS} ballots of 100 points for 5 options, median of {_REPEATS}"
        yield figure_at_most("auditor", "10,000 of points", points.wall_s, "s", 0.8, how, 2)
        yield _against_old(folder)
        yield _against_belenios(folder, choice)


def _of(folder: Path, voters: int, *of: Any) -> Took:
    write_board(folder, voters, *of)
    return median_of([audited(this_build(), folder) for _ in range(_REPEATS)])


def _words(took: Took) -> str:
    return f"{took.wall_s:.2f} s, {took.cpu_s:.2f} s of processor, {took.peak_mb:.0f} MB"


def _against_old(folder: Path) -> dict[str, Any]:
    """Audit as many ballots by both builds in turns, each those of a board in its own format."""
    try:
        old = build_of(OLD)
    except RuntimeError as error:
        return figure_at_least("auditor", _OLD, None, "times", 5, str(error).splitlines()[0], 1)
    write_own_board(old, folder / "old", OLD_VOTERS)
    write_board(folder / "new", OLD_VOTERS)
    olds, news = [], []
    for _ in range(_REPEATS):
        olds.append(audited(old, folder / "old"))
        news.append(audited(this_build(), folder / "new"))
    was, now = median_of(olds), median_of(news)
    how = f"{OLD_VOTERS} ballots of 1 of 5, in turns: {_words(now)}, against {_words(was)}"
    return figure_at_least("auditor", _OLD, was.wall_s / now.wall_s, "times", 5, how, 1)


def _against_belenios(folder: Path, choice: Took) -> dict[str, Any]:
    """Compare processor time a ballot: its verifier uses one core, this one all."""
    missing = belenios.missing()
    if missing:
        return figure_at_least("auditor", _BELENIOS, None, "times", 300, missing, 0)
    election = folder / "belenios"
    election.mkdir()
    theirs, ours = belenios.cpu_s_a_ballot(election), choice.cpu_s / VOTERS
    how = (
        f"processor time a ballot of 1 of 5: {1e6 * ours:.0f} µs of {VOTERS}, against"
        f" {1e6 * theirs:.0f} µs of {belenios.BALLOTS} in its group {belenios.GROUP}"
    )
    return figure_at_least("auditor", _BELENIOS, theirs / ours, "times", 300, how, 0)
