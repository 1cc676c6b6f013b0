"""BN254 G1: both engines give the vectors' bytes, and the group laws hold where they branch.

Vectors: tests/vectors/curve.json.
"""

import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import ostraka_verifier_native as engine
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka_verifier.curve import Curve, FixedBases, P, Points, R, load
from ostraka_verifier.curve.native import Native
from ostraka_verifier.errors import Malformed

# Native is imported at the top: where it is missing, this module fails and skips nothing.
ENGINES: dict[str, Curve] = {name: load(name) for name in ("reference", "native")}
NATIVE, REFERENCE = ENGINES["native"], ENGINES["reference"]
VECTORS = json.loads((Path(__file__).parents[1] / "vectors/curve.json").read_text("utf-8"))
IDENTITY = bytes(64)
GENERATOR = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
LAMBDA = 21888242871839275217838484774961031246154997185409878258781734729429964517155
"""Eigenvalue of the endomorphism that the native engine splits scalars by."""

edge_scalars = st.sampled_from(
    [0, 1, 2, 3, R - 1, R - 2, R // 2, LAMBDA, R - LAMBDA]
    + [2**bits + around for bits in (8, 64, 125, 126, 127, 128, 253) for around in (-1, 0, 1)]
)
scalars = st.one_of(edge_scalars, st.integers(0, R - 1), st.integers(0, 2**16))
# Few multiples of few points: equal and opposite ones, and the identity, meet all the time.
logarithms = st.one_of(st.integers(-3, 3), st.integers(0, R - 1))


def as_bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def points(curve: Curve, logs: Sequence[int]) -> Points:
    """Multiples of the generator, by a way that shares no code with `scale` and `msm`."""
    return generator_tables(curve).commit([[log % R] for log in logs])


@cache
def generator_tables(curve: Curve) -> FixedBases:
    return curve.fixed_bases(curve.decode(GENERATOR))


def identity(curve: Curve) -> Points:
    return curve.decode(IDENTITY, identity=True)


def random_points(count: int) -> Points:
    random = Random(count)
    return points(NATIVE, [random.randrange(R) for _ in range(count)])


@pytest.mark.parametrize("curve", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("case", VECTORS["decode"], ids=lambda case: case["name"])
def test_decode_vectors(curve: Curve, case: dict[str, Any]) -> None:
    data = as_bytes(case["data"])
    if "expect" not in case:
        assert curve.decode(data, identity=case["identity"]).encode() == data
        return
    assert case["expect"] == "Malformed"
    with pytest.raises(Malformed) as caught:
        curve.decode(data, identity=case["identity"])
    assert str(caught.value) == case["reason"]


@pytest.mark.parametrize("curve", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize(
    "case", VECTORS["operations"], ids=lambda case: f"{case['operation']}, {case['name']}"
)
def test_operation_vectors(curve: Curve, case: dict[str, Any]) -> None:
    vector = curve.decode(as_bytes(case["points"]), identity=True)
    values = [int(value) for value in case.get("scalars", [])]
    others = curve.decode(as_bytes(case.get("others", "")), identity=True)
    operations: dict[str, Callable[[], Points]] = {
        "add": lambda: curve.add(vector, others),
        "negate": lambda: curve.negate(vector),
        "sum": lambda: curve.sum(vector),
        "scale": lambda: curve.scale(vector, values),
        "msm": lambda: curve.msm(vector, values),
    }
    assert operations[case["operation"]]().encode() == as_bytes(case["result"])


@pytest.mark.parametrize("curve", ENGINES.values(), ids=ENGINES)
def test_vectors_behave_as_python_sequences(curve: Curve) -> None:
    vector = points(curve, [1, 2, 3, 4, 5])
    data = vector.encode()
    chunks = [data[at : at + 64] for at in range(0, len(data), 64)]
    for chosen in (
        slice(None),
        slice(1, 4),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(-2, None),
        slice(4, 0, -3),
        slice(3, 1),
        slice(-(10**30), 10**30),
    ):
        assert vector[chosen].encode() == b"".join(chunks[chosen])
    for index in range(-5, 5):
        assert len(vector[index]) == 1
        assert vector[index].encode() == chunks[index]
    for index in (5, -6, sys.maxsize, -sys.maxsize - 1):
        with pytest.raises(IndexError):
            vector[index]
    assert vector == curve.concat([vector[:2], vector[2:2], vector[2:]])
    assert vector != vector[::-1]
    assert vector != data
    assert hash(vector) == hash(vector[:])
    assert len(curve.concat([])) == 0
    assert curve.concat([]).encode() == b""


@pytest.mark.parametrize("curve", ENGINES.values(), ids=ENGINES)
def test_caller_mistakes_are_value_errors(curve: Curve) -> None:
    three = points(curve, [1, 2, 3])
    bases = curve.fixed_bases(three)
    mistakes: list[Callable[[], object]] = [
        lambda: curve.add(three, three[:2]),
        lambda: curve.fixed_bases(three[:0]),
    ]
    bad: list[Sequence[int] | bytes] = [
        [1, 2],
        [1, 2, 3, 4],
        [1, 2, R],
        [1, 2, -1],
        [1, 2, 2**256],
        bytes(95),
        bytes(97),
        bytes(128),
        bytes(64) + R.to_bytes(32, "big"),
    ]
    for values in bad:
        mistakes += [
            partial(curve.scale, three, values),
            partial(curve.msm, three, values),
            partial(bases.commit, [values]),
            partial(bases.commit, [[1, 2, 3], values]),
        ]
    # Lengths that are wrong row by row and right in all.
    mistakes.append(lambda: bases.commit([[1, 2], [3, 4, 5, 6]]))
    for mistake in mistakes:
        with pytest.raises(ValueError):
            mistake()


def test_engines_do_not_mix() -> None:
    for curve, other in ((NATIVE, REFERENCE), (REFERENCE, NATIVE)):
        with pytest.raises(TypeError):
            curve.sum(points(other, [1]))


def test_packed_scalars_equal_integers() -> None:
    values = [0, 1, R - 1]
    packed = b"".join([value.to_bytes(32, "big") for value in values])
    for curve in ENGINES.values():
        three = points(curve, [1, 2, 3])
        assert curve.scale(three, packed) == curve.scale(three, values)
        assert curve.msm(three, packed) == curve.msm(three, values)
        bases = curve.fixed_bases(three)
        assert bases.commit([packed, values]) == bases.commit([values, packed])


def test_load_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OSTRAKA_CURVE", raising=False)
    assert load().name == "native"
    for name in ("reference", "native"):
        monkeypatch.setenv("OSTRAKA_CURVE", name)
        assert load().name == name
    monkeypatch.setenv("OSTRAKA_CURVE", "other")
    with pytest.raises(ValueError, match="other"):
        load()


def test_a_forced_engine_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv("OSTRAKA_CURVE", raising=False)
    assert load().name == "reference"
    with pytest.raises(RuntimeError, match="not installed"):
        load("native")
    monkeypatch.setenv("OSTRAKA_CURVE", "native")
    with pytest.raises(RuntimeError, match="not installed"):
        load()


@settings(deadline=None, max_examples=60)
@given(st.lists(logarithms, max_size=70), st.data())
def test_addition_follows_logarithms(logs: list[int], data: st.DataObject) -> None:
    others = data.draw(st.lists(logarithms, min_size=len(logs), max_size=len(logs)))
    left, right = points(NATIVE, logs), points(NATIVE, others)
    expected = points(NATIVE, [one + two for one, two in zip(logs, others, strict=True)])
    assert NATIVE.add(left, right) == expected == NATIVE.add(right, left)
    assert NATIVE.add(left, NATIVE.negate(left)).encode() == bytes(64 * len(logs))
    assert NATIVE.negate(left) == points(NATIVE, [-log for log in logs])
    assert NATIVE.sum(left) == points(NATIVE, [sum(logs)])
    assert NATIVE.decode(left.encode(), identity=True) == left


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(logarithms, scalars), max_size=70))
def test_multiplication_follows_logarithms(terms: list[tuple[int, int]]) -> None:
    logs, values = [log for log, _ in terms], [value for _, value in terms]
    vector = points(NATIVE, logs)
    multiples = NATIVE.scale(vector, values)
    products = [log * value for log, value in terms]
    assert multiples == points(NATIVE, products)
    assert NATIVE.msm(vector, values) == points(NATIVE, [sum(products)]) == NATIVE.sum(multiples)
    if terms:
        assert NATIVE.fixed_bases(vector).commit([values]) == NATIVE.msm(vector, values)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.tuples(logarithms, scalars), min_size=1, max_size=3))
def test_engines_agree(terms: list[tuple[int, int]]) -> None:
    logs, values = [log for log, _ in terms], [value for _, value in terms]
    results = []
    for curve in ENGINES.values():
        vector = points(curve, logs)
        results.append(
            [
                vector.encode(),
                curve.scale(vector, values).encode(),
                curve.msm(vector, values).encode(),
                curve.add(vector, vector[::-1]).encode(),
                curve.sum(vector).encode(),
            ]
        )
    assert results[0] == results[1]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 23, 24, 25, 47, 48, 511, 4097, 9001])
def test_lengths_around_the_batches(threads: int, count: int) -> None:
    curve, random = Native(threads), Random(count)
    logs = [random.choice((0, 1, -1, random.randrange(R))) for _ in range(count)]
    values = [random.choice((0, 1, R - 1, random.getrandbits(128))) for _ in range(count)]
    vector = points(curve, logs)
    products = [log * value for log, value in zip(logs, values, strict=True)]
    assert curve.sum(vector) == points(curve, [sum(logs)])
    assert curve.add(vector, vector[::-1]) == points(
        curve, [one + two for one, two in zip(logs, logs[::-1], strict=True)]
    )
    assert curve.scale(vector, values) == points(curve, products)
    assert curve.msm(vector, values) == points(curve, [sum(products)])


@pytest.mark.parametrize("bits", [1, 8, 20, 64, 126, 127, 128, 129, 254])
def test_every_bucket_width_and_scalar_length(bits: int) -> None:
    # All points fall into the same buckets: doublings in every round of the batched additions.
    for count in (30, 333, 3000):
        value = min(2**bits - 1, R - 1)
        repeated = NATIVE.concat([points(NATIVE, [5])] * count)
        assert NATIVE.msm(repeated, [value] * count) == points(NATIVE, [5 * value * count])
        cancelling = points(NATIVE, [7, -7] * (count // 2))
        assert NATIVE.msm(cancelling, [value] * len(cancelling)) == identity(NATIVE)


@pytest.mark.parametrize("bases", [1, 2, 12, 33, 321, 1200])
def test_commit_is_an_msm_for_every_table_width(bases: int) -> None:
    random, vector = Random(bases), random_points(bases)
    tables = NATIVE.fixed_bases(vector)
    rows = [
        [random.randrange(R) for _ in range(bases)],
        [0] * bases,
        [R - 1] * bases,
        [random.getrandbits(1) for _ in range(bases)],
    ]
    expected = NATIVE.concat([NATIVE.msm(vector, row) for row in rows])
    assert len(tables) == bases
    assert tables.commit(rows) == expected
    assert expected[1] == identity(NATIVE)
    assert len(tables.commit([])) == 0


def test_bases_may_be_the_identity_and_may_repeat() -> None:
    for curve in ENGINES.values():
        vector = curve.concat([identity(curve), points(curve, [3, 3, -3])])
        assert curve.fixed_bases(vector).commit([[9, 1, 1, 2], [9, 1, 1, 1]]) == points(
            curve, [0, 3]
        )


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_break_decoding(data: bytes, allowed: bool) -> None:
    outcomes: list[bytes | str] = []
    for curve in ENGINES.values():
        try:
            outcomes.append(curve.decode(data, identity=allowed).encode())
        except Malformed as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] == data or isinstance(outcomes[0], str)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), st.integers(0, 4))
def test_no_bytes_break_the_extension(data: bytes, count: int) -> None:
    vector = points(NATIVE, range(count))
    raw = engine.Engine(1)
    assert isinstance(vector, engine.Points)
    limbs = [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]
    valid = len(data) == 32 * count and all(limb < R for limb in limbs)
    for operation in (raw.scale, raw.msm):
        if valid:
            operation(vector, data)
        else:
            with pytest.raises(ValueError):
                operation(vector, data)
    if count:
        bases = raw.fixed_bases(vector)
        if len(data) % (32 * count) or any(limb >= R for limb in limbs):
            with pytest.raises(ValueError):
                bases.commit(data)
        else:
            assert len(bases.commit(data)) == len(data) // (32 * count)


def test_the_first_bad_point_is_named_in_any_batch() -> None:
    data = bytearray(random_points(10_000).encode())
    for index in (9_999, 4_096, 4_095, 17):
        data[64 * index : 64 * index + 32] = P.to_bytes(32, "big")
        with pytest.raises(Malformed, match=rf"^points\[{index}\]: x >= p$"):
            NATIVE.decode(bytes(data))


@pytest.mark.parametrize("threads", [0, -1, 10**6, 10**30])
def test_impossible_thread_counts_are_refused(threads: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        Native(threads)


def test_the_interpreter_lock_is_released() -> None:
    vector = random_points(1 << 16)
    values = (Random(2).randbytes(31) for _ in range(len(vector)))
    packed = b"".join([b"\0" + value for value in values])
    # No switch of threads by force: whoever holds the lock keeps it until it is let go.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    running = threading.Event()
    woken: list[float] = []

    def watch() -> None:
        running.set()
        while len(woken) < 5:
            time.sleep(0.002)
            woken.append(time.perf_counter())

    try:
        watcher = threading.Thread(target=watch)
        watcher.start()
        running.wait()
        Native(1).msm(vector, packed)
        finished = time.perf_counter()
        watcher.join()
    finally:
        sys.setswitchinterval(interval)
    assert woken[-1] < finished


def test_an_engine_works_after_a_fork() -> None:
    vector = random_points(4096)
    expected = NATIVE.sum(vector)
    child = os.fork()
    if child == 0:
        # The parent's threads are not here; the child must not wait for them.
        os._exit(0 if NATIVE.sum(vector) == expected else 1)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        finished, status = os.waitpid(child, os.WNOHANG)
        if finished:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    pytest.fail("the child waits for threads that it does not have")
