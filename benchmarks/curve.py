"""Cost of BN254 G1 on this machine, compared with mcl in the same run if it is installed.

Figures are medians of several runs, because the machine may be shared. Both engines receive scalars
as raw bytes, so that conversions of Python's integers are not measured.
"""

import ctypes
import importlib
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

from ostraka_verifier.curve import Points, R
from ostraka_verifier.curve.native import Native

LONG = 1 << 17
ROWS = 4096
BASES = 12
RUNS = 7
_MCL_CURVE, _MCL_COMPILED = 4, 44
"""BN_SNARK1, which is alt_bn128, and the sizes that the wheel was compiled for."""
_MCL_POINT, _MCL_SCALAR = 96, 32
_GENERATOR = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")

_LONG = f"{LONG} points"


def measure() -> Iterator[dict[str, Any]]:
    """Yield one figure after another, in less than three minutes."""
    random = Random("ostraka/v2/curve")
    one, two = Native(1), Native(2)
    full = [random.randrange(R) for _ in range(LONG)]
    # As in the check of many proofs: half the weights are 128 bits, half are full.
    mixed = [value >> 126 if index % 2 else value for index, value in enumerate(full)]
    packed, packed_mixed = _pack(full), _pack(mixed)
    tables = one.fixed_bases(one.decode(_GENERATOR))
    points = tables.commit([[random.randrange(R)] for _ in range(LONG)])
    encoded, reversed_points = points.encode(), points[::-1]

    alone = _median(lambda: one.msm(points, packed)) / LONG
    both = _median(lambda: two.msm(points, packed)) / LONG
    short = _median(lambda: one.msm(points, packed_mixed)) / LONG
    how = f"{_LONG}, 254-bit scalars, median of {RUNS}"
    yield _row("msm, one thread", alone, "µs/point", 7, "<=", how)
    yield _row("msm, two threads", both, "µs/point", 4, "<=", how)
    yield _row(
        "msm, half the scalars 128 bits, over all full",
        short / alone,
        "",
        0.9,
        "<=",
        f"{_LONG}, one thread",
    )
    yield from _beside_mcl(points, packed, (one, two))

    decode = _median(lambda: one.decode(encoded)) / LONG
    yield _row("decode and check", decode, "µs/point", 2, "<=", f"{_LONG}, one thread")
    add = _median(lambda: one.add(points, reversed_points)) / LONG
    yield _row("add", add, "µs/pair", 1.5, "<=", f"{_LONG}, one thread")
    bases = one.fixed_bases(points[:BASES])
    row = 32 * BASES
    rows = [packed[at : at + row] for at in range(0, ROWS * row, row)]
    commit = _median(lambda: bases.commit(rows)) / ROWS
    how = f"{ROWS} rows of {BASES} full scalars, one thread"
    yield _row("commit", commit, "µs/row", 60, "<=", how)


def _beside_mcl(
    points: Points, packed: bytes, engines: tuple[Native, Native]
) -> Iterator[dict[str, Any]]:
    """Yield our time divided by mcl's, measured in turns; nothing if `mclbn256` is missing."""
    names = ("msm over mcl, one thread", "msm over mcl, two threads")
    if importlib.util.find_spec("mclbn256") is None:
        return
    lib = importlib.import_module("mclbn256.mclbn256").lib
    if lib.mclBn_init(_MCL_CURVE, _MCL_COMPILED):
        raise RuntimeError("mcl refuses the curve")
    encoded = points.encode()
    theirs = _mcl_points(lib, encoded)
    values = _mcl_scalars(lib, packed)
    half = LONG // 2

    def sum_part(first: int, count: int) -> ctypes.Array[ctypes.c_char]:
        result = ctypes.create_string_buffer(_MCL_POINT)
        lib.mclBnG1_mulVec(
            result,
            ctypes.byref(theirs, first * _MCL_POINT),
            ctypes.byref(values, first * _MCL_SCALAR),
            ctypes.c_size_t(count),
        )
        return result

    with ThreadPoolExecutor(2) as threads:
        # mcl leaves threads to its caller; ctypes lets the interpreter lock go.
        def sum_in_halves() -> None:
            list(threads.map(sum_part, (0, half), (half, LONG - half)))

        if _mcl_encode(lib, sum_part(0, LONG)) != engines[0].msm(points, packed).encode():
            raise RuntimeError("mcl and native disagree")
        works: tuple[Callable[[], object], ...] = (lambda: sum_part(0, LONG), sum_in_halves)
        for name, ours, work in zip(names, engines, works, strict=True):
            turns = [
                (_seconds(partial(ours.msm, points, packed)), _seconds(work)) for _ in range(RUNS)
            ]
            ratio = statistics.median([mine / other for mine, other in turns])
            other = statistics.median([other for _, other in turns]) / LONG
            how = f"{_LONG}, median of {RUNS} turns, mcl {other * 1e6:.2f} µs/point"
            yield _row(name, ratio, "", 1, "<=", how)


def _mcl_points(lib: Any, encoded: bytes) -> ctypes.Array[ctypes.c_char]:
    points = ctypes.create_string_buffer(LONG * _MCL_POINT)
    for index in range(LONG):
        x = int.from_bytes(encoded[64 * index : 64 * index + 32], "big")
        y = int.from_bytes(encoded[64 * index + 32 : 64 * index + 64], "big")
        text = f"1 {x} {y}".encode()
        at = ctypes.byref(points, index * _MCL_POINT)
        if lib.mclBnG1_setStr(at, text, ctypes.c_size_t(len(text)), 10):
            raise RuntimeError("mcl refuses a point")
    return points


def _mcl_scalars(lib: Any, packed: bytes) -> ctypes.Array[ctypes.c_char]:
    scalars = ctypes.create_string_buffer(LONG * _MCL_SCALAR)
    for index in range(LONG):
        at = ctypes.byref(scalars, index * _MCL_SCALAR)
        little = packed[32 * index : 32 * index + 32][::-1]
        if lib.mclBnFr_setLittleEndian(at, little, ctypes.c_size_t(32)):
            raise RuntimeError("mcl refuses a scalar")
    return scalars


def _mcl_encode(lib: Any, point: ctypes.Array[ctypes.c_char]) -> bytes:
    text = ctypes.create_string_buffer(512)
    length = lib.mclBnG1_getStr(text, ctypes.c_size_t(512), point, 10)
    _, x, y = text.raw[:length].split()
    return int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")


def _pack(scalars: list[int]) -> bytes:
    return b"".join([scalar.to_bytes(32, "big") for scalar in scalars])


def _median(work: Callable[[], object]) -> float:
    """Return the median seconds of a run."""
    return statistics.median([_seconds(work) for _ in range(RUNS)])


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _row(
    name: str, value: float | None, unit: str, goal: float, op: str, how: str
) -> dict[str, Any]:
    """Return a figure as in build/bench.json. Seconds are converted to the µs of `unit`."""
    if value is not None:
        value = round(value * 1e6 if unit.startswith("µs") else value, 3)
    met = value is not None and (value <= goal if op == "<=" else value >= goal)
    return {
        "group": "curve",
        "name": name,
        "value": value,
        "unit": unit,
        "goal": goal,
        "op": op,
        "met": met,
        "how": how,
    }


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure, ensure_ascii=False))
