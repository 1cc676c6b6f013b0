"""How long the checks of a poll will take on the reference engine, before they begin.

Multiplications of curve points take nearly all of that time. One is measured, and those of the poll
are counted.

Source: docs/protocol.md §8.5, §12.2, §19.7.
"""

import secrets
import time
from dataclasses import dataclass

from ostraka_verifier.board_opened import OpenedBallots, OpenedShape
from ostraka_verifier.checks import Audit
from ostraka_verifier.commitment import derive_generator
from ostraka_verifier.curve import Curve, R
from ostraka_verifier.errors import AuditError

_SAMPLES = 3


@dataclass(frozen=True)
class Estimate:
    """Time of an audit in seconds: of each ballot, and of everything else."""

    ballots: int
    each_s: float
    rest_s: float

    @property
    def total_s(self) -> float:
        """Time of the whole audit."""
        return self.ballots * self.each_s + self.rest_s


def estimate_of(audit: Audit, multiplication_s: float) -> Estimate | None:
    """Return the estimate for an audit; None if its ballots or its rule cannot be read.

    Args:
        multiplication_s: Time of one multiplication of a point by a scalar of 254 bits.
    """
    try:
        ballots, rule = len(audit.records), audit.rule
        shares, threshold = len(audit.shares), audit.committee.threshold
        weighted = audit.parameters.total_weight != audit.parameters.voters
    except AuditError:
        # The checks report errors.
        return None
    # Of V, C, A_V and D, the last two by half as many bits; with a separate U and A_U as for V.
    proof = 3.0 if rule.slots_are_bits else 4.5
    # Recovery of a key takes as long as one multiplication: its curve has a faster library.
    each = 1 + proof + (threshold + 1 if weighted else 0)
    each += _of_opening(audit)
    rest = 1 + rule.width + 2 * shares * (len(rule.slots) + 1)
    return Estimate(ballots, each * multiplication_s, rest * multiplication_s)


def _of_opening(audit: Audit) -> float:
    """Return the multiplications for each ballot of a run and of what it opens."""
    section = audit.board.opened
    if section is None:
        return 0.0
    try:
        shape = OpenedShape.of(audit.rule, audit.committee.threshold, len(audit.records))
        steps = OpenedBallots(section, shape).steps
    except AuditError:
        return 0.0
    # Once K and V. In each step c, the chain and V', and the masks of the chain by half as many
    # bits. V again, by half as many bits, where it opens.
    return 2.0 + 3.5 * steps + 0.5


def measured_multiplication_s(curve: Curve) -> float:
    """Return how long this machine takes for one multiplication, the fastest of a few."""
    point = curve.decode(derive_generator(1))
    times = []
    for _ in range(_SAMPLES):
        scalar = 1 + secrets.randbelow(R - 1)
        started_monotonic_s = time.perf_counter()
        curve.scale(point, [scalar])
        times.append(time.perf_counter() - started_monotonic_s)
    return min(times)
