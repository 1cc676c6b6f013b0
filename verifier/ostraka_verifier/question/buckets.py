"""Questions answered by one of several buckets: histogram, cross-tabulation.

Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, require_distinct
from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.question.selection import OneOption, draw_single_choice
from ostraka_verifier.question.votes import (
    one_for_each,
    one_of,
    place,
    typed_numbers,
)


@dataclass(frozen=True)
class Histogram(OneOption):
    """A question answered by one bucket.

    Attributes:
        options: Names of the buckets, at least two.
        bounds: If buckets are brackets of a number: bucket `j` holds
            `bounds[j] <= x < bounds[j + 1]`; strictly increasing, one more than buckets.
    """

    kind: ClassVar[str] = "histogram"
    cells_are_groups: ClassVar[bool] = True
    bounds: tuple[int, ...] | None = None

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Histogram":
        """Read the question from JSON."""
        bounds = fields.integers("bounds") if fields.has("bounds") else None
        return cls(title, fields.texts("options"), bounds)

    @property
    def cells(self) -> int:
        """The buckets."""
        return len(self.options)

    def _check(self) -> None:
        require_distinct("options", self.options, 2)
        if self.bounds is None:
            return
        if len(self.bounds) != len(self.options) + 1:
            raise refuse("bounds", f"{len(self.bounds)}, expected {len(self.options) + 1}")
        if any(low >= high for low, high in pairwise(self.bounds)):
            raise refuse("bounds", "not strictly increasing")

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        if self.bounds is not None:
            members["bounds"] = [written(bound) for bound in self.bounds]
        return members


@dataclass(frozen=True)
class CrossTabulation(Question):
    """A question answered by one row and one column, counted together.

    Attributes:
        rows, columns: Their names, at least two each; slot `row · columns + column`.
    """

    kind: ClassVar[str] = "cross_tabulation"
    cells_cross: ClassVar[bool] = True
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def read(cls, title: str, fields: Fields) -> "CrossTabulation":
        """Read the question from JSON."""
        return cls(title, fields.texts("rows"), fields.texts("columns"))

    def labels(self) -> tuple[str, ...]:
        """Return `row / column` for each slot."""
        return tuple(f"{row} / {column}" for row in self.rows for column in self.columns)

    @property
    def cells(self) -> int:
        """Pairs of a row and a column."""
        return len(self.rows) * len(self.columns)

    @property
    def possible_answers(self) -> int:
        """Pairs of a row and a column."""
        return self.cells

    def names(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Return rows, and columns."""
        yield "rows", self.rows
        yield "columns", self.columns

    def choices(self) -> list[str]:
        """Return rows, then columns, each numbered on its own."""
        rows = [f"row {number}: {name}" for number, name in enumerate(self.rows, 1)]
        return rows + [f"column {number}: {name}" for number, name in enumerate(self.columns, 1)]

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return "Number of your row and of your column, as in 1,2"

    def typed(self, text: str) -> list[int]:
        """Return the numbers of a row and of a column."""
        numbers = typed_numbers(text, "row and column")
        if len(numbers) != 2:
            raise ValueError("expected a row and a column, as in 1,2")
        row, column = numbers
        return [
            place(row, "row", len(self.rows)),
            place(column, "column", len(self.columns)),
        ]

    def _chosen(self, vote: Any) -> dict[int, int]:
        row, column = one_for_each(vote, "vote", 2, "row and column")
        pair = len(self.columns) * one_of(self.rows, row, "row")
        pair += one_of(self.columns, column, "column")
        return {slot: int(slot == pair) for slot in range(self.cells)}

    def _check(self) -> None:
        require_distinct("rows", self.rows, 2)
        require_distinct("columns", self.columns, 2)

    def _draw(self, draft: Draft) -> None:
        draw_single_choice(draft, len(self.rows) * len(self.columns))

    def _members(self) -> dict[str, Any]:
        return {"rows": list(self.rows), "columns": list(self.columns)}
