"""Questions answered by a number for each option: score, points, split, quadratic.

Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, isqrt
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, require_count
from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.question.votes import (
    bits_of_slots,
    disambiguate,
    integer,
    one_for_each,
    typed_numbers,
)
from ostraka_verifier.rule import Terms


@dataclass(frozen=True)
class Amounts(Question):
    """A question with a number for each option; each option is a slot."""

    options: tuple[str, ...]

    def labels(self) -> tuple[str, ...]:
        """Return the options."""
        return self.options

    def typed(self, text: str) -> list[int]:
        """Return a number for each option."""
        return typed_numbers(text, "a number for each option")

    def answer(self, bits: Sequence[int]) -> tuple[str, ...]:
        """Return options with their amounts, those of 0 left out."""
        values = self.rule.slot_values(bits)
        labels = disambiguate(self.options)
        return tuple(
            f"{label}: {value}" for label, value in zip(labels, values, strict=True) if value
        )

    def _chosen(self, vote: Any) -> dict[int, int]:
        names = self.options
        values = [
            integer(value, name)
            for value, name in zip(
                one_for_each(vote, "values", len(names), "option"), names, strict=True
            )
        ]
        for name, value, largest in zip(names, values, self.rule.slot_maxima, strict=True):
            if not 0 <= value <= largest:
                raise ValueError(f"{name}: {value}, allowed are 0 to {largest}")
        low, given, high = self._total(values)
        if not low <= given <= high:
            allowed = str(high) if low == high else f"{low} to {high}"
            raise ValueError(f"the values come to {given}, allowed are {allowed}")
        return bits_of_slots(self.rule, values)

    def _total(self, values: Sequence[int]) -> tuple[int, int, int]:
        """Return least total, total and greatest total; without bounds only the total."""
        return 0, sum(values), sum(values)

    def _draw_amounts(self, draft: Draft, largest: int) -> list[Terms]:
        amounts = [draft.span(largest) for _ in self.options]
        for amount in amounts:
            draft.slot(amount)
        return amounts


@dataclass(frozen=True)
class Score(Amounts):
    """A score in 0 … `max_score` for each option."""

    kind: ClassVar[str] = "score"
    max_score: int

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Score":
        """Read the question from JSON."""
        return cls(title, fields.texts("options"), fields.integer("max_score"))

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"A score of 0 to {self.max_score} for each option, as in 3,0,5"

    def _check(self) -> None:
        require_count("options", self.options, 1)
        if self.max_score < 1:
            raise refuse("max_score", f"{self.max_score}, at least 1")

    def _draw(self, draft: Draft) -> None:
        self._draw_amounts(draft, self.max_score)

    def _members(self) -> dict[str, Any]:
        return {"options": list(self.options), "max_score": written(self.max_score)}


@dataclass(frozen=True)
class Points(Amounts):
    """At most `credits` points, distributed over the options.

    Attributes:
        credits: At least 1.
        at_least: Least number of points to distribute.
        max_per_option: Maximum for one option; `credits` if absent.
    """

    kind: ClassVar[str] = "points"
    credits: int
    at_least: int = 0
    max_per_option: int | None = None

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Points":
        """Read the question from JSON."""
        return cls(
            title,
            fields.texts("options"),
            fields.integer("credits"),
            fields.integer("at_least", 0),
            fields.integer("max_per_option") if fields.has("max_per_option") else None,
        )

    @property
    def largest(self) -> int:
        """Maximum for one option."""
        return self.credits if self.max_per_option is None else self.max_per_option

    @property
    def possible_answers(self) -> int:
        """Number of ways to distribute points, at most."""
        unbounded = comb(self.credits + len(self.options), len(self.options))
        return min(unbounded, super().possible_answers)

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Points for each option, at most {self.credits} together, as in 3,0,5"

    def _total(self, values: Sequence[int]) -> tuple[int, int, int]:
        return self.at_least, sum(values), self.credits

    def _check(self) -> None:
        require_count("options", self.options, 1)
        if self.credits < 1:
            raise refuse("credits", f"{self.credits}, at least 1")
        if not 0 <= self.at_least <= self.credits:
            raise refuse("at_least", f"{self.at_least} outside 0 … {self.credits}")
        if not 1 <= self.largest <= self.credits:
            raise refuse("max_per_option", f"{self.largest} outside 1 … {self.credits}")
        if self.largest * len(self.options) < self.at_least:
            most = self.largest * len(self.options)
            raise refuse("at_least", f"{self.at_least}, at most {most} can be given")

    def _draw(self, draft: Draft) -> None:
        amounts = self._draw_amounts(draft, self.largest)
        given = (term for amount in amounts for term in amount)
        draft.row((*given, *draft.span(self.credits - self.at_least)), self.credits)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options), "credits": written(self.credits)}
        if self.at_least:
            members["at_least"] = written(self.at_least)
        if self.max_per_option is not None:
            members["max_per_option"] = written(self.max_per_option)
        return members


@dataclass(frozen=True)
class Split(Amounts):
    """A whole, divided completely among the options.

    Attributes:
        total: Units of the whole, at least 1.
    """

    kind: ClassVar[str] = "split"
    total: int = 100

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Split":
        """Read the question from JSON."""
        return cls(title, fields.texts("options"), fields.integer("total", 100))

    @property
    def possible_answers(self) -> int:
        """Number of ways to divide the total."""
        return comb(self.total + len(self.options) - 1, len(self.options) - 1)

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Parts of {self.total} for each option, as in 60,40"

    def _total(self, values: Sequence[int]) -> tuple[int, int, int]:
        return self.total, sum(values), self.total

    def _check(self) -> None:
        require_count("options", self.options, 2)
        if self.total < 1:
            raise refuse("total", f"{self.total}, at least 1")

    def _draw(self, draft: Draft) -> None:
        amounts = self._draw_amounts(draft, self.total)
        draft.row((term for amount in amounts for term in amount), self.total)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        return members | ({"total": written(self.total)} if self.total != 100 else {})


@dataclass(frozen=True)
class Quadratic(Amounts):
    """Votes whose squares cost credits, at most `credits` of them."""

    kind: ClassVar[str] = "quadratic"
    credits: int

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Quadratic":
        """Read the question from JSON."""
        return cls(title, fields.texts("options"), fields.integer("credits"))

    @property
    def largest(self) -> int:
        """Most votes for one option."""
        return isqrt(self.credits)

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Votes for each option whose squares sum to at most {self.credits}"

    def _total(self, values: Sequence[int]) -> tuple[int, int, int]:
        return 0, sum(value**2 for value in values), self.credits

    def _check(self) -> None:
        require_count("options", self.options, 1)
        if self.credits < 1:
            raise refuse("credits", f"{self.credits}, at least 1")

    def _draw(self, draft: Draft) -> None:
        self._draw_amounts(draft, self.largest)
        slots = range(len(self.options))
        draft.quadratic_row(slots, draft.span(self.credits), self.credits)

    def _members(self) -> dict[str, Any]:
        return {"options": list(self.options), "credits": written(self.credits)}
