"""Interface of every question: a title, a ballot rule, and names for its slots.

Source: docs/protocol.md §5.5, §5.7, §5.8.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from math import prod
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
        Rejected: At construction, if no answer is possible or the rule is invalid (check P2).
    """

    kind: ClassVar[str]
    competes: ClassVar[bool] = True
    """Whether its slots are options that an outcome rule can choose."""
    cells_cross: ClassVar[bool] = False
    """Whether a cell of voters (`cells`) reveals its voters' other answers."""
    cells_are_groups: ClassVar[bool] = False
    """Whether the result has numbers for each cell."""
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
        """Read a question from its JSON members apart from kind and title."""

    @classmethod
    def members(cls) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return names of JSON members (§5.8) without kind and title: required, optional."""
        own = [one for one in fields(cls) if one.name != "title"]
        return (
            tuple(one.name for one in own if one.default is MISSING),
            tuple(one.name for one in own if one.default is not MISSING),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form without default values."""
        return {"kind": self.kind, "title": self.title, **self._members()}

    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """Return a label for each slot."""

    @property
    def cells(self) -> int:
        """Number of groups into which the result openly divides the voters, at least 1."""
        return 1

    @property
    def abstentions(self) -> int:
        """Number of abstentions at the end of the options: 0 or 1."""
        return 0

    @property
    def contenders(self) -> int:
        """Number of slots, from the first, that an outcome rule can choose."""
        return len(self.rule.slots) - self.abstentions

    @property
    def slots_objection(self) -> str | None:
        """Why different answers have equal slots, in words; None if slots tell each answer."""
        return None

    @property
    def possible_answers(self) -> int:
        """Number of different answers; at most, if caps, costs or credits forbid some of them."""
        return prod(largest + 1 for largest in self.rule.slot_maxima)

    @property
    def option_costs(self) -> tuple[int, ...] | None:
        """Cost of each option; None if the question has no costs."""
        return None

    def names(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Return JSON members whose entries must look different from one another."""
        yield "options", self.labels()

    def vote_bits(self, vote: Any) -> list[int]:
        """Return bits of a vote, slack included.

        Args:
            vote: A vote in JSON (§5.9); indices count from 0.

        Raises:
            ValueError: No such vote is possible; names the reason.
        """
        return completed(self.rule, self._chosen(vote))

    def answer(self, bits: Sequence[int]) -> tuple[str, ...]:
        """Return the answer that valid bits state, in lines."""
        values = self.rule.slot_values(bits)
        labels = disambiguate(self.labels())
        return tuple(label for label, value in zip(labels, values, strict=True) if value)

    def choices(self) -> list[str]:
        """Return the lines to show before the answer is typed, with the numbers to type."""
        return numbered(self.labels())

    @abstractmethod
    def how_to_answer(self) -> str:
        """Return one line that states what to type."""

    @abstractmethod
    def typed(self, text: str) -> Any:
        """Return a typed vote, options counted from 1; ValueError if it is invalid."""

    @abstractmethod
    def _chosen(self, vote: Any) -> dict[int, int]:
        """Return the bits of a vote without slack; ValueError if it is invalid."""

    @abstractmethod
    def _check(self) -> None:
        """Raise Rejected (check P2) if the parameters are invalid."""

    @abstractmethod
    def _draw(self, draft: Draft) -> None:
        """Add bits, slots and rows in the order of §5.5."""

    @abstractmethod
    def _members(self) -> dict[str, Any]:
        """Return the JSON members apart from kind and title."""


def numbered(names: Iterable[str]) -> list[str]:
    """Return names with numbers from 1 in front, which `typed` reads."""
    return [f"{number:4} {name}" for number, name in enumerate(names, start=1)]


def require_count(field: str, options: tuple[str, ...], least: int) -> None:
    """Raise Rejected (check P2) below a number of options."""
    if len(options) < least:
        raise refuse(field, f"{len(options)}, at least {least}")


def require_distinct(field: str, options: tuple[str, ...], least: int) -> None:
    """Raise Rejected (check P2) below a number of options, or if two share a name."""
    require_count(field, options, least)
    for number, name in enumerate(options):
        if name in options[:number]:
            raise refuse(f"{field}[{number}]", f"named {name!r} as another before")
