"""What every question is: a title, a ballot rule, and names for its slots.

Source: docs/protocol.md §5.5, §5.7, §5.8.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields
from ostraka_verifier.question.votes import completed, disambiguate
from ostraka_verifier.rule import BallotRule


@dataclass(frozen=True)
class Question(ABC):
    """One question of a poll.

    Attributes:
        kind: As JSON names it.
        title: What is asked.

    Raises:
        Rejected: At construction, when nobody could answer, or the rule is invalid (check P2).
    """

    kind: ClassVar[str]
    competes: ClassVar[bool] = True
    """Whether its slots are options of which an outcome rule can choose."""
    cells_cross: ClassVar[bool] = False
    """Whether a cell of voters (`cells`) shows how its voters answered something else."""
    cells_are_groups: ClassVar[bool] = False
    """Whether the result speaks about each cell by itself."""
    title: str

    def __post_init__(self) -> None:
        self._check()
        _ = self.rule

    @cached_property
    def rule(self) -> BallotRule:
        """The ballot rule of this question alone."""
        draft = Draft()
        self._draw(draft)
        return draft.rule()

    @classmethod
    @abstractmethod
    def read(cls, title: str, fields: Fields) -> "Question":
        """From the members of the JSON form, all but kind and title."""

    def to_json(self) -> dict[str, Any]:
        """The JSON form, without what is left at its default."""
        return {"kind": self.kind, "title": self.title, **self._members()}

    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """What each slot stands for."""

    @property
    def cells(self) -> int:
        """Parts into which the question openly divides the voters; 1 where it does not."""
        return 1

    @property
    def abstentions(self) -> int:
        """Options at the end that are no choice: 0 or 1."""
        return 0

    @property
    def option_costs(self) -> tuple[int, ...] | None:
        """What each option costs, where the question says it."""
        return None

    def names(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Members of the JSON form whose entries a person must be able to tell apart."""
        yield "options", self.labels()

    def vote_bits(self, vote: Any) -> list[int]:
        """Bits of a vote, slack included.

        Args:
            vote: What JSON can state (§5.9); indices count from 0.

        Raises:
            ValueError: No such vote can be cast; says why.
        """
        return completed(self.rule, self._chosen(vote))

    def answer(self, bits: Sequence[int]) -> tuple[str, ...]:
        """What bits that obey the rule state, a line each."""
        values = self.rule.slot_values(bits)
        labels = disambiguate(self.labels())
        return tuple(label for label, value in zip(labels, values, strict=True) if value)

    def choices(self) -> list[str]:
        """What a person can choose from, a line each, numbered from 1 when shown."""
        return list(self.labels())

    @abstractmethod
    def how_to_answer(self) -> str:
        """One line that says what to type."""

    @abstractmethod
    def typed(self, text: str) -> Any:
        """The vote that a person types, options counted from 1; ValueError when it is none."""

    @abstractmethod
    def _chosen(self, vote: Any) -> dict[int, int]:
        """Bits that state a vote, slack left out; ValueError when it is none."""

    @abstractmethod
    def _check(self) -> None:
        """Refuse parameters that make no question."""

    @abstractmethod
    def _draw(self, draft: Draft) -> None:
        """Ask for bits, slots and rows in the order of §5.5."""

    @abstractmethod
    def _members(self) -> dict[str, Any]:
        """Members of the JSON form beside kind and title."""


def require_count(field: str, options: tuple[str, ...], least: int) -> None:
    """Refused below a number of options."""
    if len(options) < least:
        raise refuse(field, f"{len(options)}, at least {least}")


def require_distinct(field: str, options: tuple[str, ...], least: int) -> None:
    """Refused below a number of options, and when two have one name."""
    require_count(field, options, least)
    for number, name in enumerate(options):
        if name in options[:number]:
            raise refuse(f"{field}[{number}]", f"named {name!r} as another before")
