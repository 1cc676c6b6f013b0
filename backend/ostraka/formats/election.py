"""An election out of a file, as Ostraka asks and decides it.

Whatever the format: options, one question, an outcome rule, and votes as JSON says them (§5.9).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ostraka.wire.titles import cleaned, folded
from ostraka_verifier.outcome import OutcomeRule
from ostraka_verifier.question import Question


class FileError(ValueError):
    """A file that cannot be read, or one that Ostraka cannot honour; the message says why."""


@dataclass(frozen=True)
class Option:
    """What can be chosen.

    Attributes:
        option_id: As the file calls it.
        cost: In the smallest unit of the currency; 0 where nothing costs.
        category: Index of its category, where the budget has some.
        selected: Whether it won, None where the file does not say, or says something special.
        published: The votes or points that the file says it got, None where it does not.
    """

    option_id: str
    name: str
    cost: int = 0
    category: int = 0
    selected: bool | None = None
    published: int | None = None


@dataclass(frozen=True)
class FileVote:
    """One voter's answer.

    Attributes:
        number: Which voter of the file, from 1.
        vote: As JSON (§5.9); None where it says nothing that a ballot could.
        problem: Why there is none.
    """

    number: int
    vote: Any = None
    problem: str = ""


@dataclass(frozen=True)
class RoundRules:
    """The same ballots and outcome in the words of a treasury's round (§17.7)."""

    ballot: bytes
    outcome: bytes


@dataclass(frozen=True)
class Election:
    """One election.

    Attributes:
        question: What is asked; its options are `options`, in order.
        outcome: How it decides.
        round: The rules of a round, None where only a poll without one can carry them.
        says: One sentence: kind of ballot, outcome rule, round or poll, and why.
        budget: In the smallest unit; 0 where there is no money.
        currency: Symbol, "" where there is no money.
        decimals: Digits of an amount behind the point.
        honoured: Whether the outcome rule is the file's own.
        scores_as_published: Whether ballots count as the file's publisher counts them; where not,
            `says` tells how they count here, and nothing published can be compared.
    """

    title: str
    options: tuple[Option, ...]
    votes: tuple[FileVote, ...]
    question: Question
    outcome: OutcomeRule
    round: RoundRules | None
    says: str
    budget: int = 0
    currency: str = ""
    decimals: int = 0
    honoured: bool = True
    scores_as_published: bool = True


def shortened(text: str, most_bytes: int) -> str:
    """A title of at most so many bytes out of a file's text, and never empty."""
    return cleaned(text).encode()[:most_bytes].decode(errors="ignore").strip() or "–"


def distinct(names: Sequence[str], ids: Sequence[str], most_bytes: int) -> tuple[str, ...]:
    """Names of options that a person can tell apart: those that look alike get their ids behind.

    Args:
        ids: Of each option, as the file calls it.
        most_bytes: Of each name.
    """
    alike = Counter(map(folded, names))
    return tuple(
        name
        if alike[folded(name)] == 1
        else f"{shortened(name, max(1, most_bytes - len(option_id.encode()) - 3))} ({option_id})"
        for name, option_id in zip(names, ids, strict=True)
    )
