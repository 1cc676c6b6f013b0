"""Ballots: preparing, size, and verifying them in batches and one by one."""

import secrets
import time
from collections.abc import Callable, Iterator
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
from ostraka_verifier.question import approval
from ostraka_verifier.rule import slack_bits
from ostraka_verifier.typed_data import Domain

GROUP = "ballot"
RULE = approval(8, 0, 5)
VOTE = [1, 0, 1, 1, 0, 0, 0, 0, *slack_bits(5, 2)]
THRESHOLD = 3
CONTEXT = bytes(range(32))
BALLOTS = 2000
REPEATS = 5


def measure() -> Iterator[dict[str, Any]]:
    """Figures of the group."""
    factory = BallotFactory(load("native"), RULE, THRESHOLD, Domain(31337, bytes(20)), CONTEXT, [])
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
        f"{slow * 1e3:.0f} ms a ballot on py_ecc, median of 3, in the same run",
    )


def verify(curve: Curve, encoded: list[bytes], points: Any = None) -> None:
    """Decode and verify ballots together."""
    shape = ProofShape(RULE, THRESHOLD)
    ballots = BallotLayout(shape).decode_many(curve, encoded)
    proofs = [ballot.proof for ballot in ballots]
    points = points or generators(curve, RULE.width)
    verify_proofs(curve, points, shape, CONTEXT, proofs, secrets.randbits)


def seconds(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median wall time after one run that is not counted."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return median(times)


def figure(name: str, value: float, unit: str, goal: float, op: str, how: str) -> dict[str, Any]:
    """One figure of this group."""
    met = value <= goal if op == "<=" else value >= goal
    return {
        "group": GROUP,
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "op": op,
        "met": met,
        "how": how,
    }
