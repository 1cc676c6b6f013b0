"""Time of a whole audit, size of its board, and time of the pass over leaves beside its floor.

The floor is the work that no such check can avoid, by the same code: decodings, hashes, square
roots and sums of points.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from tests.support.polls import REGISTRY, approval_poll

from benchmarks import ballot
from ostraka.keys import SigningKey
from ostraka.voter.prepare import BallotFactory
from ostraka_verifier import typed_data
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.commitment import generators
from ostraka_verifier.content import Within
from ostraka_verifier.curve import LeafTerms, load
from ostraka_verifier.curve.native import Native, NativeLeafCheck
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.packed_census import PackedCensus
from ostraka_verifier.question import Points, Question, SingleChoice
from ostraka_verifier.rule import slack_bits
from ostraka_verifier.units import UnixSeconds

VOTERS = 1000
THRESHOLD = 3
CONTEXT = bytes(range(32))
OPTIONS = tuple(f"option {number}" for number in range(5))
LEAVES = 8192
REPEATS = 5


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    yield from whole_audit()
    yield from beside_floor("single choice of 5", SingleChoice("Which?", OPTIONS), 2, LEAVES)
    points = Points("Points?", OPTIONS, 100)
    yield from beside_floor("points 5 × 100", points, [40, 30, 20, 10, 0], LEAVES // 2)


def whole_audit() -> Iterator[dict[str, Any]]:
    """Yield time and board of a whole audit."""
    vote = [1, 0, 1, 0, *slack_bits(2, 1)]
    poll = approval_poll(votes=[vote] * VOTERS, nodes=5, threshold=3)
    board, chain = poll.finish()
    encoded, curve = board.encode(), load("native")

    def audit() -> None:
        claimed = Claimed(REGISTRY, 1)
        findings = Audit(curve, claimed, chain, encoded, secrets.randbits).run(CHECKS)
        if {finding.verdict for finding in findings} != {Verdict.HOLDS}:
            raise RuntimeError("the audit does not hold")

    value = ballot.seconds(audit, repeats=3) / VOTERS
    yield {
        "group": "audit",
        "name": "whole audit",
        "value": round(value * 1e6, 1),
        "unit": "µs/ballot",
        "goal": 500,
        "op": "<=",
        "met": value * 1e6 <= 500,
        "how": f"median of 3 audits of {VOTERS} ballots, approval of 1 to 3 of 4, all checks, "
        "board and chain evidence in memory, both cores",
    }
    yield {
        "group": "audit",
        "name": "board",
        "value": round(len(encoded) / VOTERS, 1),
        "unit": "bytes/ballot",
        "goal": 1300,
        "op": "<=",
        "met": len(encoded) / VOTERS <= 1300,
        "how": f"whole board of {VOTERS} ballots, census included",
    }


@dataclass(frozen=True)
class MadeLeaves:
    """Leaves of a board with what checks them.

    Attributes:
        check: The engine's, with the census.
        board: Records of all leaves.
        census: The leaves' entries.
    """

    check: NativeLeafCheck
    board: bytes
    census: bytes


def made_leaves(question: Question, vote: object, leaves: int, threshold: int) -> MadeLeaves:
    """Return leaves that hold, all with one vote."""
    curve, rule = Native(), question.rule
    domain = typed_data.Domain(31337, REGISTRY)
    factory = BallotFactory(curve, rule, threshold, domain, CONTEXT, [])
    keys = [SigningKey(secrets.token_bytes(32)) for _ in range(leaves)]
    records, census, bits = list[bytes](), list[bytes](), question.vote_bits(vote)
    for key in sorted(keys, key=lambda key: key.address):
        made = factory.prove(key.address, bits, UnixSeconds(1_800_000_000)).ballot
        members = made.voter, made.cast_at_unix_s, made.digest, bytes(32)
        signature = key.sign(domain.digest(typed_data.BALLOT, CONTEXT, *members))
        records.append(made.encoded + key.public_key + bytes(32) + signature)
        census.append(2 * key.address + (1).to_bytes(16, "big"))
    board = b"".join(records)
    seed, entries = secrets.token_bytes(32), b"".join(census)
    blocks = PackedCensus(Within.all_of(unsigned(leaves, 4) + entries)).blocks
    check = curve.leaf_check(
        rule.encode(),
        threshold,
        CONTEXT,
        generators(curve, rule.width),
        LeafTerms(domain.separator, blocks, (0, 1 << 40), seed),
    )
    part = check.check(0, board)
    if part.root() is None or part.unproven or part.unsigned is not None:
        raise RuntimeError("the leaves do not hold")
    return MadeLeaves(check, board, entries)


def beside_floor(
    name: str, question: Question, vote: object, leaves: int
) -> Iterator[dict[str, Any]]:
    """Yield the time of the pass over the leaves of a board, and its ratio to the floor."""
    made = made_leaves(question, vote, leaves, THRESHOLD)
    check, board, entries = made.check, made.board, made.census
    turns = [
        (_seconds(partial(check.check, 0, board)), check.engine.floor(board, entries))
        for _ in range(REPEATS)
    ]
    passed = median(taken for taken, _ in turns) / leaves
    ratio = median(taken / sum(floor) for taken, floor in turns)
    parts = [
        median(part) / leaves * 1e6 for part in zip(*(floor for _, floor in turns), strict=True)
    ]
    kinds = ("decodings", "hashes", "square roots", "sums of points")
    floor_of = ", ".join(f"{kind} {part:.1f}" for kind, part in zip(kinds, parts, strict=True))
    how = f"{leaves} leaves from bytes, t = {THRESHOLD}, all cores, median of {REPEATS}"
    yield ballot.figure(f"pass over leaves, {name}", passed * 1e6, "µs/ballot", 40, "<=", how) | {
        "group": "audit"
    }
    yield ballot.figure(
        f"the same over its floor, {name}", ratio, "", 1.8, "<=", f"floor in µs: {floor_of}"
    ) | {"group": "audit"}


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
