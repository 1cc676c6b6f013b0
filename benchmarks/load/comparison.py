"""Compare the rates of this build with those of an older one, in turns on the same machine."""

from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Any

from benchmarks.load.builds import build_of, this_build
from benchmarks.load.measure import BATCH, BATCHES, RELAYED, SINGLE, VOTERS, Rate, Rates, rates_of

OLD = "0773662"
"""A build from before hybrid boxes: its boxes are 1,088 bytes shorter each, and cheaper to open."""
_TURNS = 2
_NAMES = {
    "single": (
        "single ballots to four nodes",
        3,
        f"{SINGLE} ballots of {VOTERS} voters at once, each to every node",
    ),
    "relayed": (
        "single ballots through the gateway",
        3,
        f"{RELAYED} ballots of {VOTERS} voters at once",
    ),
    "batch": (
        "batches to one node",
        2,
        f"{BATCHES} requests of {BATCH} ballots in turn; the other three pull",
    ),
}


def compared() -> Iterator[dict[str, Any]]:
    """Yield a figure for each rate: how many times the old build's it is."""
    try:
        old = build_of(OLD)
    except RuntimeError as error:
        yield from (_figure(kind, [], [], str(error).splitlines()[0]) for kind in _NAMES)
        return
    mine: list[Rates] = []
    olds: list[Rates] = []
    for _ in range(_TURNS):
        olds.append(rates_of(old))
        mine.append(rates_of(this_build()))
    for kind in _NAMES:
        rates = [[getattr(one, kind) for one in each] for each in (mine, olds)]
        yield _figure(kind, *rates, "")


def _figure(kind: str, mine: Sequence[Rate], olds: Sequence[Rate], missing: str) -> dict[str, Any]:
    name, goal, how = _NAMES[kind]
    ratio = None
    if mine and olds:
        ratio = mean(one.per_s for one in mine) / mean(one.per_s for one in olds)
    return {
        "group": "node",
        "name": f"{name}, against build {OLD}",
        "value": None if ratio is None else round(ratio, 2),
        "unit": "times",
        "goal": goal,
        "op": ">=",
        "met": ratio is not None and ratio >= goal,
        "how": missing or f"{_shown(mine)} against {_shown(olds)}; {how}",
    }


def _shown(rates: Sequence[Rate]) -> str:
    each = " and ".join(f"{rate.per_s:.0f}" for rate in rates)
    return f"{each} ballots/s ({mean(rate.cpu_ms for rate in rates):.1f} ms of processor each)"
