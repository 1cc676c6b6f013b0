"""The numbered checks of an audit, in the order of the protocol's table.

A failing check blocks only those that depend on it.

Source: docs/protocol.md §13. Tests: tests/verifier/checks kills each check by a mutation, and
test_switched_off.py shows for each a lie that nothing else refuses.
"""

from collections.abc import Sequence

from ostraka_verifier.checks.audit import Check
from ostraka_verifier.checks.ballots import (
    check_b1,
    check_b2,
    check_b3,
    check_b4,
    check_b5,
    check_b6,
)
from ostraka_verifier.checks.census import check_c1, check_c2, check_c3, check_c4
from ostraka_verifier.checks.finding import Finding, Verdict
from ostraka_verifier.checks.generators import check_g1, check_g2
from ostraka_verifier.checks.opened import (
    check_a1,
    check_a2,
    check_a3,
    check_a4,
    check_a5,
    check_a6,
)
from ostraka_verifier.checks.outcome import check_o1
from ostraka_verifier.checks.poll import check_p1, check_p2, check_p3, check_p4, check_p5, check_p6
from ostraka_verifier.checks.result import check_r1, check_r2, check_r3
from ostraka_verifier.checks.round import check_d1, check_d2, check_d3, check_d4
from ostraka_verifier.checks.shares import check_s1, check_s2
from ostraka_verifier.checks.tree import check_t1, check_t2, check_t3, check_t4
from ostraka_verifier.errors import Malformed

CHECKS: Sequence[Check] = (
    Check("P1", "the board is of this poll, with its context on chain", check_p1),
    Check("P2", "rules and description are those that the poll fixes", check_p2),
    Check("P3", "the committee obeys its bounds", check_p3),
    Check("P4", "poll keys are valid, signed by every node, and pinned on chain", check_p4),
    Check("P5", "the questions make the ballot rule", check_p5),
    Check("P6", "the parameters are within their bounds", check_p6),
    Check("G1", "the contract's generators are derived as specified", check_g1),
    Check("G2", "the registry is of a known release", check_g2),
    Check("C1", "the census is sorted and has its root", check_c1),
    Check("C2", "voters and weights add up", check_c2),
    Check("C3", "no weight in a secret poll identifies a voter", check_c3),
    Check("C4", "the census matches its source", check_c4),
    Check("B1", "every ballot is canonical", check_b1),
    Check("B2", "no voter is counted twice", check_b2),
    Check("B3", "every voter is in the census", check_b3),
    Check("B4", "every ballot is signed by its voter", check_b4),
    Check("B5", "every ballot was cast in time", check_b5),
    Check("B6", "every ballot obeys the rule", check_b6),
    Check("T1", "the root is computed from the ballots", check_t1),
    Check("T2", "the root is anchored on chain", check_t2),
    Check("T3", "enough nodes signed the root", check_t3),
    Check("T4", "the root was anchored in time", check_t4),
    Check("S1", "every aggregate share is good", check_s1),
    Check("S2", "the shares give the tally", check_s2),
    Check("R1", "the tally opens the anchored sum", check_r1),
    Check("R2", "no option has more votes than possible", check_r2),
    Check("R3", "nothing was opened before the dispute window ended", check_r3),
    Check("A1", "the run of the shuffle and the opened ballots can be read", check_a1),
    Check("A2", "fewer nodes than the threshold do not know whose ballot is whose", check_a2),
    Check("A3", "every step only shuffles the ballots", check_a3),
    Check("A4", "enough nodes signed the shuffled ballots", check_a4),
    Check("A5", "every opened ballot is one of the shuffled ones", check_a5),
    Check("A6", "the opened ballots add up to the tally", check_a6),
    Check("O1", "the outcome follows from the tally or the opened ballots", check_o1),
    Check("D1", "the poll decides about the round's proposals", check_d1),
    Check("D2", "the treasury funds the winners", check_d2),
    Check("D3", "payouts went to the winners, once", check_d3),
    Check("D4", "the treasury is of a known release", check_d4),
)


def numbered(*numbers: str) -> tuple[Check, ...]:
    """Return the checks with these numbers, in the protocol's order."""
    return tuple(check for check in CHECKS if check.number in numbers)


def no_board(error: Malformed) -> list[Finding]:
    """Return the findings on a board without valid sections."""
    first, *others = CHECKS
    return [
        Finding(first.number, first.claim, Verdict.FAILS, error.item, error.reason),
        *(
            Finding(number, claim, Verdict.NOT_CHECKED, "", "needs P1")
            for number, claim, _ in others
        ),
    ]
