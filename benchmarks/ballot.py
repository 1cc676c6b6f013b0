"""Ballots: preparing, size, verifying in batches and one by one; other kinds, numbers of bits."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from statistics import median
from typing import Any

from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.commitment import generators
from ostraka_verifier.curve import Curve, load
from ostraka_verifier.curve.native import Native
from ostraka_verifier.encoding import SIGNATURE_BYTES
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.question import Points, Quadratic, Question, Score, approval
from ostraka_verifier.rule import BallotRule, slack_bits
from ostraka_verifier.typed_data import Domain

GROUP = "ballot"
RULE = approval(8, 0, 5)
VOTE = [1, 0, 1, 1, 0, 0, 0, 0, *slack_bits(5, 2)]
THRESHOLD = 3
CONTEXT = bytes(range(32))
BALLOTS = 2000
REPEATS = 5
POINTS = Points("Points?", tuple(f"option {n}" for n in range(5)), 100)
QUADRATIC = Quadratic("Votes?", tuple(f"option {n}" for n in range(10)), 100)
NUMBERS_OF_BITS = (8, 16, 32, 64, 128, 256, 320)


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    yield from approvals()
    yield from kind("points 5 × 100", POINTS, [40, 30, 20, 10, 0], 2200)
    yield from kind("quadratic 10 × 100 credits", QUADRATIC, [7, 5, 4, 3, 1, 0, 0, 0, 0, 0], 2400)
    for bits in NUMBERS_OF_BITS:
        yield from cost(bits)


def approvals() -> Iterator[dict[str, Any]]:
    """Yield figures of a city's ballot: preparing, size, batches, one by one, slow reference."""
    factory = factory_of(RULE)
    voters = count()
    encoded: list[bytes] = []

    def prepare() -> None:
        voter = next(voters).to_bytes(20, "big")
        encoded.append(factory.share(voter, VOTE, 1_800_000_000).ballot.encoded)

    start = time.perf_counter()
    for _ in range(BALLOTS):
        prepare()
    prepared = (time.perf_counter() - start) / BALLOTS
    yield figure(
        "prepare and prove", prepared * 1e3, "ms/ballot", 5, "<=", f"mean of {BALLOTS}, unsealed"
    )
    yield figure(
        "canonical ballot and signature",
        len(encoded[0]) + SIGNATURE_BYTES,
        "bytes",
        1200,
        "<=",
        f"approval of at most 5 of 8, t = {THRESHOLD}",
    )
    one_thread = Native(threads=1)
    batched = seconds(lambda: verify(one_thread, encoded)) / BALLOTS
    yield figure(
        "batched verification, one core",
        batched * 1e6,
        "µs/ballot",
        250,
        "<=",
        f"median of {REPEATS} runs over {BALLOTS} ballots, from bytes: decoding, hashing, rows, "
        "equations; one thread",
    )
    singly = seconds(lambda: [verify(one_thread, [one]) for one in encoded[:200]]) / 200
    yield figure(
        "one by one, native",
        singly * 1e6,
        "µs/ballot",
        5000,
        "<=",
        f"median of {REPEATS} runs over 200 ballots, one thread",
    )
    reference = load("reference")
    points = generators(reference, RULE.width)
    slow = seconds(lambda: verify(reference, encoded[:1], points), repeats=3)
    yield figure(
        "batched native against one by one on reference",
        slow / batched,
        "times",
        500,
        ">=",
        f"{slow * 1e3:.0f} ms per ballot on py_ecc, median of 3, in the same run",
    )


def kind(name: str, question: Question, vote: Any, largest: int) -> Iterator[dict[str, Any]]:
    """Yield size and verification of another kind of ballot."""
    rule = question.rule
    encoded = ballots(factory_of(rule), question.vote_bits(vote), 1000)
    size = len(encoded[0]) + SIGNATURE_BYTES
    how = f"t = {THRESHOLD}, {rule.bits} bits"
    yield figure(f"{name}: ballot and signature", size, "bytes", largest, "<=", how)
    alone, batched = verifying(rule, encoded)
    how = f"CPU time, median of {REPEATS} runs, from bytes"
    yield figure(f"{name}: verified alone", alone * 1e3, "ms/ballot", 5, "<=", how)
    how = f"{how}, {len(encoded)} ballots"
    yield figure(f"{name}: batched", batched * 1e3, "ms/ballot", 0.5, "<=", how)


def cost(bits: int) -> Iterator[dict[str, Any]]:
    """Yield proving and verifying by the number of bits, with scores in 0 … 3."""
    options = tuple(f"option {n}" for n in range(bits // 2))
    rule, many = Score("Scores?", options, 3).rule, 200
    vote = [bit % 2 for bit in range(bits)]
    factory = factory_of(rule)
    start = time.process_time()
    encoded = ballots(factory, vote, many)
    proving = (time.process_time() - start) / many
    alone, batched = verifying(rule, encoded)
    how = f"CPU time, {many} ballots of {len(encoded[0]) + SIGNATURE_BYTES} bytes with signature"
    # Linear in the bits, plus the cost of every ballot.
    yield figure(f"{bits} bits: prove", proving * 1e3, "ms", 1 + bits / 10, "<=", how)
    yield figure(f"{bits} bits: verified alone", alone * 1e3, "ms", 1 + bits / 32, "<=", how)
    yield figure(f"{bits} bits: batched", batched * 1e3, "ms", 0.2 + bits / 320, "<=", how)


def verifying(rule: BallotRule, encoded: list[bytes]) -> tuple[float, float]:
    """Return CPU seconds per ballot, alone and batched. A busy machine hardly affects CPU time."""
    native, few = Native(threads=1), encoded[:20]

    def singly() -> None:
        for one in few:
            verify(native, [one], rule=rule)

    alone = seconds(singly, clock=time.process_time) / len(few)
    together = seconds(lambda: verify(native, encoded, rule=rule), clock=time.process_time)
    return alone, together / len(encoded)


def factory_of(rule: BallotRule) -> BallotFactory:
    """Return a factory of unsealed ballots of a rule."""
    return BallotFactory(load("native"), rule, THRESHOLD, Domain(31337, bytes(20)), CONTEXT, [])


def ballots(factory: BallotFactory, bits: Sequence[int], many: int) -> list[bytes]:
    """Return canonical ballots of `many` voters, all with the same vote."""
    voters = [number.to_bytes(20, "big") for number in range(many)]
    return [factory.share(voter, bits, 1_800_000_000).ballot.encoded for voter in voters]


def verify(curve: Curve, encoded: list[bytes], points: Any = None, rule: BallotRule = RULE) -> None:
    """Decode and verify ballots together."""
    shape = ProofShape(rule, THRESHOLD)
    decoded = BallotLayout(shape).decode_many(curve, encoded)
    proofs = [ballot.proof for ballot in decoded]
    points = points or generators(curve, rule.width)
    verify_proofs(curve, points, shape, CONTEXT, proofs, secrets.randbits)


def seconds(
    action: Callable[[], object],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the median time, by default wall time, after one run that is not counted."""
    action()
    times = []
    for _ in range(repeats):
        start = clock()
        action()
        times.append(clock() - start)
    return median(times)


def figure(name: str, value: float, unit: str, goal: float, op: str, how: str) -> dict[str, Any]:
    """Return a figure of this group."""
    met = value <= goal if op == "<=" else value >= goal
    return {
        "group": GROUP,
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": round(goal, 3),
        "op": op,
        "met": met,
        "how": how,
    }
