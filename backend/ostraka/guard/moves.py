"""What a watchtower can do about one root, each as one transaction.

Source: docs/protocol.md §11.3.
"""

from dataclasses import dataclass

from ostraka.chain.disputes import Challenge, LeafEvidence, ReceiptedBallot
from ostraka.guard.faults import FalseOrder, FalsePadding, FalseSum
from ostraka.guard.receipts import Recorded
from ostraka_verifier.merkle_sum import Leaf, SumNode


@dataclass(frozen=True)
class Prove:
    """Show at once that the root is false. Costs no bond."""

    fault: FalseSum | FalsePadding | FalseOrder

    @property
    def name(self) -> str:
        """What the contract calls it."""
        names = {FalseSum: "sum", FalsePadding: "padding", FalseOrder: "order"}
        return names[type(self.fault)]


@dataclass(frozen=True)
class DemandLeaf:
    """Ask for a leaf, for a bond.

    Attributes:
        is_guess: Whether it may have an answer, so that the bond may be lost.
    """

    index: int
    reason: str
    is_guess: bool = False


@dataclass(frozen=True)
class DemandBallot:
    """Say that a recorded ballot is missing, for a bond."""

    recorded: Recorded


@dataclass(frozen=True)
class AnswerLeaf:
    """Show a leaf that somebody asks for."""

    challenge: Challenge
    index: int
    evidence: LeafEvidence


@dataclass(frozen=True)
class AnswerOmission:
    """Show that the voter's ballot is counted, or a later one."""

    challenge: Challenge
    ballot: ReceiptedBallot
    index: int
    leaf: tuple[Leaf, bytes]
    siblings: tuple[SumNode, ...]


@dataclass(frozen=True)
class AnswerInvalid:
    """Show that the missing ballot must not count."""

    challenge: Challenge
    ballot: ReceiptedBallot
    content: bytes


@dataclass(frozen=True)
class Expire:
    """Have the root rejected, as a challenge has no answer in time."""

    challenge: Challenge


@dataclass(frozen=True)
class Close:
    """Get the bond of a challenge back, as its root is gone."""

    challenge: Challenge


Answer = AnswerLeaf | AnswerOmission | AnswerInvalid
Demand = DemandLeaf | DemandBallot
Move = Prove | Demand | Answer | Expire | Close


def described(move: Move) -> str:
    """Return a move in words, for logs and tables."""
    match move:
        case Prove():
            return f"show the false {move.name}"
        case DemandLeaf():
            return f"challenge leaf {move.index}: {move.reason}"
        case DemandBallot():
            return f"challenge the omission of a ballot of 0x{move.recorded.ballot.voter.hex()}"
        case AnswerLeaf():
            return f"answer for leaf {move.index}"
        case AnswerOmission():
            return f"answer with the counted ballot of 0x{move.ballot.voter.hex()}"
        case AnswerInvalid():
            return f"answer that the ballot of 0x{move.ballot.voter.hex()} is invalid"
        case Expire():
            return f"reject the root: {_subject(move.challenge)} has no answer"
        case Close():
            return f"get the bond for {_subject(move.challenge)} back"


def _subject(challenge: Challenge) -> str:
    if isinstance(challenge.subject, int):
        return f"leaf {challenge.subject}"
    return f"the omitted ballot of 0x{challenge.subject.voter.hex()}"
