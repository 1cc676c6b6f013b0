"""Caps: limits on the number or on the total cost of some options.

Source: docs/protocol.md §5.5.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.rule import Terms


@dataclass(frozen=True)
class Cap:
    """A bound on some options together; it has exactly one of `at_most` and `budget`.

    Attributes:
        options: Their indices, strictly increasing.
        at_most: Maximum number of them.
        budget: Maximum cost of them together.
    """

    options: tuple[int, ...]
    at_most: int | None = None
    budget: int | None = None

    @classmethod
    def read(cls, fields: Fields) -> "Cap":
        """Read the question from JSON."""
        options = fields.integers("options")
        if fields.has("budget"):
            cap = cls(options, budget=fields.integer("budget"))
        else:
            cap = cls(options, fields.integer("at_most"))
        fields.end()
        return cap

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        bounds = {"at_most": self.at_most, "budget": self.budget}
        return {
            "options": list(self.options),
            **{name: written(bound) for name, bound in bounds.items() if bound is not None},
        }

    def prices(self, costs: Sequence[int] | None) -> tuple[int, ...]:
        """Return how much of the bound each option uses: 1, or its cost."""
        if self.budget is None or costs is None:
            return (1,) * len(self.options)
        return tuple(costs[option] for option in self.options)

    @property
    def bound(self) -> int:
        """Bound on its options together."""
        return (self.at_most if self.budget is None else self.budget) or 0

    def selectable(self, costs: Sequence[int] | None) -> int:
        """Return the maximum number of its options in one ballot."""
        left, count = self.bound, 0
        for price in sorted(self.prices(costs)):
            left -= price
            if left < 0:
                break
            count += 1
        return count

    def check(
        self, names: Sequence[str], costs: Sequence[int] | None, chosen: Collection[int]
    ) -> None:
        """Raise ValueError if a choice exceeds the bound.

        Args:
            names: Of all options.
            chosen: Indices of options.
        """
        prices = zip(self.options, self.prices(costs), strict=True)
        taken = sum(price for option, price in prices if option in chosen)
        if taken > self.bound:
            shown = ", ".join(names[option] for option in self.options)
            noun = "chosen" if self.budget is None else "spent"
            raise ValueError(f"{taken} {noun} of {shown}: at most {self.bound}")


def check_caps(caps: Sequence[Cap], options: int, costs: Sequence[int] | None) -> None:
    """Raise Rejected (check P2) on caps of unknown options, without costs, or without effect."""
    for number, cap in enumerate(caps):
        field = f"caps[{number}]"
        if list(cap.options) != sorted(set(cap.options)):
            raise refuse(f"{field}.options", "not strictly increasing")
        if any(not 0 <= option < options for option in cap.options):
            raise refuse(f"{field}.options", f"not all of 0 … {options - 1}")
        if (cap.at_most is None) == (cap.budget is None):
            raise refuse(field, "neither or both of at_most and budget")
        if cap.budget is not None and costs is None:
            raise refuse(f"{field}.budget", "there are no costs")
        if cap.bound < 1:
            raise refuse(field, f"{cap.bound}, at least 1")
        if cap.bound >= sum(cap.prices(costs)):
            raise refuse(field, "it never binds")


def draw_caps(
    draft: Draft, caps: Sequence[Cap], options: Terms, costs: Sequence[int] | None
) -> None:
    """Add one row for each cap, with slack bits of its own."""
    for cap in caps:
        bits = (options[option][0] for option in cap.options)
        priced = zip(bits, cap.prices(costs), strict=True)
        draft.row((*priced, *draft.span(cap.bound)), cap.bound)
