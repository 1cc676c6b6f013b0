"""Check O1: the outcome.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.checks.audit import Audit, readable
from ostraka_verifier.checks.opened import opened_votes
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.evidence import (
    OUTCOME_ATTESTED,
    OUTCOME_MISSED,
    OUTCOME_VETOED,
    OutcomeEvidence,
)
from ostraka_verifier.outcome import BallotOutcome, NoOutcome, OutcomeRule
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import ballots_hash
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.wording import counted


def check_o1(audit: Audit) -> str:
    """O1: the outcome recomputed from the tally is the one that the contract gives; where opened
    ballots decide, recomputed from them, the one that nodes attested."""
    rule, tally = audit.outcome_rule, audit.tally
    if isinstance(rule, NoOutcome):
        return "the tally is the result"
    if isinstance(rule, BallotOutcome):
        return _check_attested(audit)
    awards = awards_of(rule, tally, "R1")
    given = readable(audit.chain.awards)
    if given is None or list(given) != awards:
        raise Rejected("O1", "outcome", "the contract has a different one")
    return _awarded(awards)


def recomputed(audit: Audit, needed: str) -> list[int]:
    """Return the awards of the tally, or of the opened ballots where they decide.

    Args:
        needed: Number of the check that fails if the rule does not fit.

    Raises:
        Undecided: The tally does not fit, or the board has no opened ballots.
    """
    rule = audit.outcome_rule
    if not isinstance(rule, BallotOutcome):
        return awards_of(rule, audit.tally, needed)
    ballots = opened_votes(audit)
    try:
        return rule.awards_of(ballots)
    except Rejected:
        raise Undecided(f"needs {needed}") from None


def awards_of(rule: OutcomeRule, tally: Tally, needed: str) -> list[int]:
    """Return the awards of a tally; Undecided, naming check `needed`, if its length is wrong."""
    try:
        return rule.awards(tally.values)
    except Rejected:
        raise Undecided(f"needs {needed}") from None


def _check_attested(audit: Audit) -> str:
    attested = readable(audit.chain.outcome)
    if attested is None:
        raise Undecided("the chain shows no outcome that nodes attested")
    if audit.board.opened is None and attested.state == OUTCOME_MISSED:
        return "no ballot was opened, and nobody attested an outcome"
    awards = recomputed(audit, "P2")
    said = _awarded(awards)
    if attested.state not in OUTCOME_ATTESTED:
        if attested.state == OUTCOME_MISSED:
            return f"{said}, but nobody attested it in time"
        raise Undecided("nodes have not attested the outcome yet")
    _compare(audit, attested, awards)
    return f"{said}, but vetoed" if attested.state == OUTCOME_VETOED else said


def _compare(audit: Audit, attested: OutcomeEvidence, awards: list[int]) -> None:
    openings = [Share(votes, 0) for votes in opened_votes(audit)]
    if attested.ballots_hash != ballots_hash(openings):
        raise Rejected("O1", "outcome", "nodes attested that of other ballots")
    if list(attested.awards) != awards:
        raise Rejected("O1", "outcome", "nodes attested a different one")


def _awarded(awards: list[int]) -> str:
    return f"{sum(map(bool, awards))} of {counted(len(awards), 'option', 'options')} awarded"
