"""Corrupted boards: the native pass, the readable checks and the reference engine say the same.

    make soak ARGS="corruptions [NUMBER [NUMBER_BY_REFERENCE [SEED]]]"

By default 10,000 boards, 200 of them by the reference engine too, from a fresh seed, which is
printed. Exit code 1 at the first board of which two say different things.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from random import Random
from unittest import mock

from tests.support.corrupted_boards import Readable, corrupted, findings, keep_generators

from ostraka_verifier.checks import Verdict
from ostraka_verifier.curve import Curve, load
from ostraka_verifier.curve.native import Native

CORRUPTIONS = 10_000
BY_REFERENCE = 200


def main(arguments: Sequence[str]) -> int:
    """Compare all findings on each board; exit code 1 where they differ."""
    given = [*map(int, arguments[:2])]
    number, by_reference = [*given, *(CORRUPTIONS, BY_REFERENCE)[len(given) :]]
    seed = arguments[2] if len(arguments) > 2 else secrets.token_hex(8)
    print(f"seed {seed}", flush=True)
    keep_generators(lambda name, value: mock.patch(name, value).start())
    random, failed = Random(seed), Counter[str]()
    native, readable, reference = Native(1), Readable(1), load("reference")
    for place in range(number):
        board, chain = corrupted(random)
        with mock.patch("ostraka_verifier.board_leaves.CHUNK_RECORDS", random.randint(1, 7)):
            natively = findings(native, board, chain, seed)
        others: list[Curve] = [readable, reference] if place < by_reference else [readable]
        for curve in others:
            found = findings(curve, board, chain, seed)
            if found != natively:
                pairs = zip(natively, found, strict=True)
                print(
                    f"board {place}, {curve.name}:", *[p for p in pairs if p[0] != p[1]], sep="\n"
                )
                return 1
        failed.update(one.check for one in natively if one.verdict is Verdict.FAILS)
        if place % 500 == 499:
            print(f"{place + 1} boards", flush=True)
    print(f"the same of {number} boards, {min(by_reference, number)} by the reference engine too")
    print("failed:", ", ".join(f"{check} {times}" for check, times in sorted(failed.items())))
    return 0
