"""A question answered by a number, of which only sums become public.

Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, numbered, require_distinct
from ostraka_verifier.question.draft import Draft, negative, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.question.votes import (
    bits_of_slots,
    integer,
    one_of,
    place,
    typed_numbers,
)
from ostraka_verifier.rule import Terms

STATISTICS = ("mean", "variance")


@dataclass(frozen=True)
class Number(Question):
    """A number in `low … high` and a group; the result has each group's count, sum and squares.

    Attributes:
        low, high: `low < high`.
        unit: Of the number, for display.
        groups: Names of the groups, at least two; empty with a single group.
        statistics: "mean", "variance" or both, in this order; variance implies the mean.
    """

    kind: ClassVar[str] = "number"
    competes: ClassVar[bool] = False
    cells_cross: ClassVar[bool] = True
    cells_are_groups: ClassVar[bool] = True
    low: int
    high: int
    unit: str
    groups: tuple[str, ...] = ()
    statistics: tuple[str, ...] = ("mean",)

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Number":
        """Read the question from JSON."""
        return cls(
            title,
            fields.integer("low"),
            fields.integer("high"),
            fields.text("unit"),
            fields.texts("groups") if fields.has("groups") else (),
            fields.texts("statistics") if fields.has("statistics") else ("mean",),
        )

    @property
    def span(self) -> int:
        """`S = high − low`. The summed value is `y = x − low` in `0 … S`."""
        return self.high - self.low

    @property
    def squares(self) -> bool:
        """Whether squares are summed, too."""
        return "variance" in self.statistics

    @property
    def slots_per_group(self) -> int:
        """Count, sum and, with variance, the sum of squares."""
        return 3 if self.squares else 2

    @property
    def cells(self) -> int:
        """The groups."""
        return max(1, len(self.groups))

    @property
    def possible_answers(self) -> int:
        """Numbers, in each group."""
        return self.cells * (self.span + 1)

    def names(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Return the groups."""
        yield "groups", self.groups

    def choices(self) -> list[str]:
        """Return the groups with their numbers; empty without groups."""
        return numbered(self.groups)

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        group = ", and the number of your group" if self.groups else ""
        high = in_unit(self.high, self.unit)
        return f"A number from {self.low} to {high}{group}"

    def typed(self, text: str) -> dict[str, int]:
        """Return the number, and behind it the number of the group."""
        values = typed_numbers(text, "a number")
        if len(values) != 1 + bool(self.groups):
            group = " and the number of your group" if self.groups else ""
            raise ValueError(f"expected one number without separators{group}")
        vote = {"value": values[0]}
        if self.groups:
            vote["group"] = place(values[1], "group", len(self.groups))
        return vote

    def answer(self, bits: Sequence[int]) -> tuple[str, ...]:
        """Return the number in its group."""
        values, width = self.rule.slot_values(bits), self.slots_per_group
        group = values[::width].index(1)
        name = f"{self.groups[group]}: " if self.groups else ""
        return (name + in_unit(self.low + values[width * group + 1], self.unit),)

    def _chosen(self, vote: Any) -> dict[int, int]:
        if not isinstance(vote, dict) or not {"value"} <= set(vote) <= {"value", "group"}:
            raise ValueError('a vote is {"value": number, "group": index}')
        value = integer(vote["value"], "value")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value}, allowed are {self.low} to {self.high} {self.unit}")
        groups = self.groups or ("all",)
        if "group" not in vote and len(groups) > 1:
            raise ValueError("a group is missing")
        group = one_of(groups, vote.get("group", 0), "group")
        above, width = value - self.low, self.slots_per_group
        values = [0] * (width * len(groups))
        values[width * group : width * (group + 1)] = [1, above, above**2][:width]
        return bits_of_slots(self.rule, values)

    def labels(self) -> tuple[str, ...]:
        """Return for each group: count, sum of `x − low`, and sum of its squares."""
        above = f"{self.unit} above {self.low}"
        names = ("answers", f"sum ({above})", f"sum of squares ({above})")[: self.slots_per_group]
        prefixes = [f"{group}: " for group in self.groups] or [""]
        return tuple(prefix + name for prefix in prefixes for name in names)

    def _check(self) -> None:
        if self.low >= self.high:
            raise refuse("high", f"{self.high}, not above {self.low}")
        if self.groups:
            require_distinct("groups", self.groups, 2)
        if self.statistics not in (("mean",), ("variance",), STATISTICS):
            raise refuse("statistics", "not mean, variance or both in this order")

    def _draw(self, draft: Draft) -> None:
        groups = range(max(1, len(self.groups)))
        members, bounds = list[tuple[int, int]](), list[Terms]()
        for _ in groups:
            (member,) = draft.bits([1])
            members.append(member)
            draft.slot((member,))
            value = draft.span(self.span)
            slot = draft.slot(value)
            if self.squares:
                square = draft.span(self.span**2)
                draft.slot(square)
                draft.quadratic_row([slot], negative(square), 0)
            if len(groups) > 1:
                # In other groups than the voter's the value is 0. With
                # one group everybody is in it, and the bits alone keep the value within 0 … S.
                slack = draft.span(self.span)
                bounds.append(((member[0], -self.span), *value, *slack))
        draft.row(members, 1)
        for bound in bounds:
            draft.row(bound, 0)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"low": written(self.low), "high": written(self.high)}
        members["unit"] = self.unit
        if self.groups:
            members["groups"] = list(self.groups)
        if self.statistics != ("mean",):
            members["statistics"] = list(self.statistics)
        return members


def in_unit(number: int, unit: str) -> str:
    """Return a number with its unit; one that begins with a digit as in "45 × 100 €"."""
    times = " × " if unit[:1].isdecimal() else " "
    return f"{number}{times}{unit}".rstrip()
