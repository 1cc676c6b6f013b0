"""What every question is: a title, a ballot rule, and names for its slots.

Source: docs/protocol.md §5.5, §5.7, §5.8.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields
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
