"""An election read from a file of any format, in Ostraka's terms.

It has options, one question, an outcome rule, and votes in their JSON form (§5.9).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ostraka.wire.titles import cleaned, folded
from ostraka_verifier.outcome import BallotOutcome, OutcomeRule
from ostraka_verifier.question import Question


class FileError(ValueError):
    """A file that is invalid, or whose rules Ostraka cannot honour; the message states why."""


@dataclass(frozen=True)
class Option:
    """An option of the question.

    Attributes:
        option_id: Id in the file.
        cost: In the smallest unit of the currency; 0 if options have no cost.
        category: Index of its category, if the budget has categories.
        place: Latitude and longitude in millionths of a degree; None if it has no place.
        labels: Its categories in the file, if the outcome does not depend on them.
        selected: Whether it won; None if the file does not state it, or marks it as special.
        published: Votes or points that it got according to the file; None if not stated.
    """

    option_id: str
    name: str
    cost: int = 0
    category: int = 0
    place: tuple[int, int] | None = None
    labels: str = ""
    selected: bool | None = None
    published: int | None = None


@dataclass(frozen=True)
class FileVote:
    """One voter's answer.

    Attributes:
        number: Number of the voter in the file, from 1.
        vote: JSON form (§5.9); None if no ballot can express it.
        problem: Why there is no vote.
    """

    number: int
    vote: Any = None
    problem: str = ""


@dataclass(frozen=True)
class RoundRules:
    """The ballot kind and outcome rule as a treasury's round takes them (§17.7).

    Attributes:
        categories: Names of the categories; empty without any.
    """

    ballot: bytes
    outcome: bytes
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Election:
    """One election.

    Attributes:
        question: The question; its options are `options`, in order.
        outcome: Outcome rule.
        round: Rules of a round; None if only a poll without a round can have them.
        says: One sentence: ballot kind, outcome rule, round or poll, and why.
        budget: In the smallest unit; 0 without money.
        currency: Symbol; "" without money.
        decimals: Digits of an amount after the decimal point.
        honoured: Whether the outcome rule is the file's own.
        scores_as_published: Whether ballots are counted as the file's publisher counts them. If
        not, `says` states how they are counted, and published results cannot be compared.
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

    @property
    def is_shuffled(self) -> bool:
        """Whether the outcome needs every ballot opened, without its voter."""
        return isinstance(self.outcome, BallotOutcome)


def shortened(text: str, most_bytes: int) -> str:
    """Shorten a file's text to a title of limited bytes, which is never empty."""
    return cleaned(text).encode()[:most_bytes].decode(errors="ignore").strip() or "–"


def distinct(names: Sequence[str], ids: Sequence[str], most_bytes: int) -> tuple[str, ...]:
    """Return distinguishable names of options; the option's id follows names that look alike.

    Args:
        ids: Id of each option in the file.
        most_bytes: Limit of each name.
    """
    alike = Counter(map(folded, names))
    return tuple(
        name
        if alike[folded(name)] == 1
        else f"{shortened(name, max(1, most_bytes - len(option_id.encode()) - 3))} ({option_id})"
        for name, option_id in zip(names, ids, strict=True)
    )
