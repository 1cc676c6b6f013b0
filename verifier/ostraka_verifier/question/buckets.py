"""Questions that put the voter into one of several buckets: histogram, cross-tabulation.

Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, require_distinct
from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.question.selection import draw_single_choice


@dataclass(frozen=True)
class Histogram(Question):
    """One bucket.

    Attributes:
        options: Names of the buckets, at least two.
        bounds: For buckets that are brackets of a number: bucket `j` holds
            `bounds[j] <= x < bounds[j + 1]`; strictly increasing, one more than buckets.
    """

    kind: ClassVar[str] = "histogram"
    options: tuple[str, ...]
    bounds: tuple[int, ...] | None = None

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Histogram":
        """From JSON."""
        bounds = fields.integers("bounds") if fields.has("bounds") else None
        return cls(title, fields.texts("options"), bounds)

    def labels(self) -> tuple[str, ...]:
        """The buckets."""
        return self.options

    def _check(self) -> None:
        require_distinct("options", self.options, 2)
        if self.bounds is None:
            return
        if len(self.bounds) != len(self.options) + 1:
            raise refuse("bounds", f"{len(self.bounds)}, expected {len(self.options) + 1}")
        if any(low >= high for low, high in pairwise(self.bounds)):
            raise refuse("bounds", "not strictly increasing")

    def _draw(self, draft: Draft) -> None:
        draw_single_choice(draft, len(self.options))

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        if self.bounds is not None:
            members["bounds"] = [written(bound) for bound in self.bounds]
        return members


@dataclass(frozen=True)
class CrossTabulation(Question):
    """One row and one column, counted together.

    Attributes:
        rows, columns: Their names, at least two each; slot `row · columns + column`.
    """

    kind: ClassVar[str] = "cross_tabulation"
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def read(cls, title: str, fields: Fields) -> "CrossTabulation":
        """From JSON."""
        return cls(title, fields.texts("rows"), fields.texts("columns"))

    def labels(self) -> tuple[str, ...]:
        """`row / column`."""
        return tuple(f"{row} / {column}" for row in self.rows for column in self.columns)

    def _check(self) -> None:
        require_distinct("rows", self.rows, 2)
        require_distinct("columns", self.columns, 2)

    def _draw(self, draft: Draft) -> None:
        draw_single_choice(draft, len(self.rows) * len(self.columns))

    def _members(self) -> dict[str, Any]:
        return {"rows": list(self.rows), "columns": list(self.columns)}
