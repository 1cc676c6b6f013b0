"""Time of a whole audit, and size of its board."""

import secrets
from collections.abc import Iterator
from typing import Any

from tests.support.polls import REGISTRY, approval_poll

from benchmarks import ballot
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.curve import load
from ostraka_verifier.rule import slack_bits

VOTERS = 1000


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
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
