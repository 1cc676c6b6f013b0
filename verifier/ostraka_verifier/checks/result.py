"""Checks R1 to R3: the tally.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.tally_proof import verify_opening
from ostraka_verifier.wording import counted


def check_r1(audit: Audit) -> str:
    """R1: tally and blinding on chain open the anchored sum and have the stored digest."""
    tally = audit.tally
    largest = audit.parameters.total_weight * audit.rule.max_slot_value
    if len(tally.values) != len(audit.rule.slots):
        raise Rejected("R1", "tally", counted(len(tally.values), "entry", "entries"))
    encoded = b"".join(word(value) for value in (32, len(tally.values), *tally.values))
    if keccak256(encoded) != audit.chain.tally_digest:
        raise Rejected("R1", "tally digest", "of a different tally")
    try:
        verify_opening(audit.key, audit.chain.root.sum, tally, largest)
    except Rejected as error:
        # Check R2 reports an excess. Here it would hide whether the opening is correct.
        if error.check != "R2":
            raise
        raise Undecided("needs R2") from None
    return "opens the anchored sum"


def check_r2(audit: Audit) -> str:
    """R2: no slot exceeds the total weight times the largest slot value."""
    largest = audit.parameters.total_weight * audit.rule.max_slot_value
    for slot, votes in enumerate(audit.tally.values):
        if votes > largest:
            raise Rejected("R2", f"tally[{slot}]", f"{votes} votes, at most {largest} possible")
    return f"at most {largest} possible"


def check_r3(audit: Audit) -> str:
    """R3: the tally was accepted from the dispute window's end on, before its deadline."""
    tally = audit.tally
    at = audit.chain.tallied_at
    start, end = audit.chain.dispute_window_ends_at, audit.chain.tally_deadline
    if not start <= at < end:
        raise Rejected("R3", "tally", f"accepted at {at}, not in {start} … {end - 1}")
    return f"{counted(len(tally.values), 'result', 'results')} accepted at {at}"
