"""Names of the rules that can decide a ranked file; quick to import."""

from enum import StrEnum


class RankedRule(StrEnum):
    """How the winner of a ranked file is found."""

    BORDA = "borda"
    SCHULZE = "schulze"
    RANKED_PAIRS = "ranked-pairs"
    MINIMAX = "minimax"
    COPELAND = "copeland"
    INSTANT_RUNOFF = "instant-runoff"
    STV = "stv"
