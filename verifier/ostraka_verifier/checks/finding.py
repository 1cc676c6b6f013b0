"""Outcomes of the numbered checks."""

from dataclasses import dataclass
from enum import Enum

from ostraka_verifier.ballot import Ballot


class Verdict(Enum):
    """Result of a check or of a whole audit."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """Outcome of one check.

    Attributes:
        check: Its number.
        claim: The statement that it checks.
        verdict: Whether the claim holds.
        item: What failed, "" otherwise.
        detail: Why it failed, what is missing, or what was counted.
        assumes: What it only assumes, "" for nothing. Completes "holds, assuming".
    """

    check: str
    claim: str
    verdict: Verdict
    item: str = ""
    detail: str = ""
    assumes: str = ""

    def to_json(self) -> dict[str, str]:
        """Return stable members."""
        return {
            "check": self.check,
            "claim": self.claim,
            "verdict": self.verdict.value,
            "item": self.item,
            "detail": self.detail,
            "assumes": self.assumes,
        }


@dataclass(frozen=True)
class Held:
    """Details of a check that holds: what was counted, and what is only assumed."""

    detail: str
    assumes: str = ""


def ballot_name(ballot: Ballot) -> str:
    """Return a ballot's name in reports."""
    return f"ballot 0x{ballot.digest.hex()[:16]}… of voter 0x{ballot.voter.hex()}"
