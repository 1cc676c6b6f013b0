"""Check O1: the outcome.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.checks.audit import Audit, readable
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.outcome import BallotOutcome, NoOutcome, OutcomeRule
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.wording import counted


def check_o1(audit: Audit) -> str:
    """O1: the outcome recomputed from the tally is the one that the contract gives."""
    rule, tally = audit.outcome_rule, audit.tally
    if isinstance(rule, NoOutcome):
        return "the tally is the result"
    awards = awards_of(rule, tally, "R1")
    given = readable(audit.chain.awards)
    if given is None or list(given) != awards:
        raise Rejected("O1", "outcome", "the contract has a different one")
    return f"{sum(map(bool, awards))} of {counted(len(awards), 'option', 'options')} awarded"


def awards_of(rule: OutcomeRule, tally: Tally, needed: str) -> list[int]:
    """Return the awards of a tally; Undecided, naming check `needed`, if its length is wrong."""
    if isinstance(rule, BallotOutcome):
        raise Undecided("needs the opened ballots")
    try:
        return rule.awards(tally.values)
    except Rejected:
        raise Undecided(f"needs {needed}") from None
