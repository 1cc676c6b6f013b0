"""Questions answered by selecting options: single choice, approval, knapsack.

Options may share a name: they may be proposals, and a copied title must not block a poll.

Source: docs/protocol.md §5.5. Vectors: tests/vectors/constructors.json, questions.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, numbered, require_count
from ostraka_verifier.question.caps import Cap, check_caps, draw_caps
from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.question.votes import one_of, selected, typed_one, typed_places
from ostraka_verifier.rule import BallotRule, Terms


@dataclass(frozen=True)
class OneOption(Question):
    """A question answered by exactly one option; each option is a slot."""

    options: tuple[str, ...]

    def labels(self) -> tuple[str, ...]:
        """Return the options."""
        return self.options

    @property
    def possible_answers(self) -> int:
        """Number of options."""
        return len(self.options)

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return "Number of your choice"

    def typed(self, text: str) -> int:
        """Return the number of one option."""
        return typed_one(text, "option", len(self.options))

    def _chosen(self, vote: Any) -> dict[int, int]:
        chosen = one_of(self.options, vote, "option")
        return {option: int(option == chosen) for option in range(len(self.options))}

    def _draw(self, draft: Draft) -> None:
        draw_single_choice(draft, len(self.options))


@dataclass(frozen=True)
class SingleChoice(OneOption):
    """Exactly one option of at least one.

    Attributes:
        abstain: Whether the last one is an abstention. The rule does not depend on it.
    """

    kind: ClassVar[str] = "single_choice"
    abstain: bool = False

    @classmethod
    def read(cls, title: str, fields: Fields) -> "SingleChoice":
        """Read the question from JSON."""
        return cls(title, fields.texts("options"), fields.flag("abstain"))

    @property
    def abstentions(self) -> int:
        """1 if the last option is an abstention, else 0."""
        return int(self.abstain)

    def _check(self) -> None:
        require_count("options", self.options, 1)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        return members | {"abstain": True} if self.abstain else members


@dataclass(frozen=True)
class Approval(Question):
    """Between `at_least` and `at_most` options, within caps.

    Attributes:
        options: At least one.
        at_least, at_most: How many.
        caps: Each binds.
        costs: Cost of each option, if a cap counts costs.
    """

    kind: ClassVar[str] = "approval"
    options: tuple[str, ...]
    at_least: int
    at_most: int
    caps: tuple[Cap, ...] = ()
    costs: tuple[int, ...] | None = None

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Approval":
        """Read the question from JSON."""
        return cls(
            title,
            fields.texts("options"),
            fields.integer("at_least"),
            fields.integer("at_most"),
            tuple(Cap.read(one) for one in fields.objects("caps")),
            fields.integers("costs") if fields.has("costs") else None,
        )

    def labels(self) -> tuple[str, ...]:
        """Return the options."""
        return self.options

    @property
    def possible_answers(self) -> int:
        """Number of sets of options; caps may forbid some of them."""
        sizes = range(self.at_least, self.at_most + 1)
        return sum(comb(len(self.options), size) for size in sizes)

    @property
    def option_costs(self) -> tuple[int, ...] | None:
        """Costs, if a cap counts them."""
        return self.costs

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Numbers of {self.at_least} to {self.at_most} options, as in 1,3"

    def typed(self, text: str) -> list[int]:
        """Return numbers of options."""
        return typed_places(text, "option", len(self.options))

    def _chosen(self, vote: Any) -> dict[int, int]:
        chosen = selected(self.options, vote)
        if not self.at_least <= len(chosen) <= self.at_most:
            allowed = f"{self.at_least} to {self.at_most}"
            raise ValueError(f"options chosen: {len(chosen)}, allowed are {allowed}")
        for cap in self.caps:
            cap.check(self.options, self.costs, chosen)
        return {option: int(option in chosen) for option in range(len(self.options))}

    def _check(self) -> None:
        count = len(self.options)
        require_count("options", self.options, 1)
        _check_bounds(count, self.at_least, self.at_most)
        if self.costs is not None:
            _check_costs(self.costs, count)
            if all(cap.budget is None for cap in self.caps):
                raise refuse("costs", "no cap counts them")
        check_caps(self.caps, count, self.costs)
        most, bound = count, set[int]()
        for number, cap in enumerate(self.caps):
            alone = len(cap.options) - cap.selectable(self.costs)
            # The reductions by disjoint caps add up. Of an overlapping cap only its own is certain.
            if bound.isdisjoint(cap.options):
                most -= alone
                bound.update(cap.options)
            left = min(most, count - alone)
            if left < self.at_least:
                reason = f"{left} can be approved, at least {self.at_least} asked"
                raise refuse(f"caps[{number}]", reason)

    def _draw(self, draft: Draft) -> None:
        options = draw_approval(draft, len(self.options), self.at_least, self.at_most)
        draw_caps(draft, self.caps, options, self.costs)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        members |= {"at_least": self.at_least, "at_most": self.at_most}
        if self.costs is not None:
            members["costs"] = [written(cost) for cost in self.costs]
        return members | ({"caps": [cap.to_json() for cap in self.caps]} if self.caps else {})


@dataclass(frozen=True)
class Knapsack(Question):
    """Any options that together cost at most `budget`, within caps.

    Attributes:
        options: At least one.
        costs: Cost of each option, at least 1.
        budget: At least 1.
        caps: Each binds.
    """

    kind: ClassVar[str] = "knapsack"
    options: tuple[str, ...]
    costs: tuple[int, ...]
    budget: int
    caps: tuple[Cap, ...] = ()

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Knapsack":
        """Read the question from JSON."""
        return cls(
            title,
            fields.texts("options"),
            fields.integers("costs"),
            fields.integer("budget"),
            tuple(Cap.read(one) for one in fields.objects("caps")),
        )

    def labels(self) -> tuple[str, ...]:
        """Return the options."""
        return self.options

    @property
    def option_costs(self) -> tuple[int, ...]:
        """Costs."""
        return self.costs

    def choices(self) -> list[str]:
        """Return options with their numbers and costs."""
        return numbered(
            f"{option} ({cost:,})" for option, cost in zip(self.options, self.costs, strict=True)
        )

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Numbers of options that cost at most {self.budget:,} together"

    def typed(self, text: str) -> list[int]:
        """Return numbers of options."""
        return typed_places(text, "option", len(self.options))

    def _chosen(self, vote: Any) -> dict[int, int]:
        chosen = selected(self.options, vote)
        spent = sum(self.costs[option] for option in chosen)
        if spent > self.budget:
            raise ValueError(f"the choice costs {spent}, the budget is {self.budget}")
        for cap in self.caps:
            cap.check(self.options, self.costs, chosen)
        return {option: int(option in chosen) for option in range(len(self.options))}

    def _check(self) -> None:
        require_count("options", self.options, 1)
        _check_costs(self.costs, len(self.options))
        if self.budget < 1:
            raise refuse("budget", f"{self.budget}, at least 1")
        check_caps(self.caps, len(self.options), self.costs)

    def _draw(self, draft: Draft) -> None:
        options = draw_knapsack(draft, self.costs, self.budget)
        draw_caps(draft, self.caps, options, self.costs)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        members |= {"costs": [written(cost) for cost in self.costs]}
        members |= {"budget": written(self.budget)}
        return members | ({"caps": [cap.to_json() for cap in self.caps]} if self.caps else {})


def single_choice(options: int) -> BallotRule:
    """Return the rule for exactly one of `options`; a vote is the chosen option's bit vector."""
    if options < 1:
        raise refuse("options", f"{options}, at least 1")
    draft = Draft()
    draw_single_choice(draft, options)
    return draft.rule()


def approval(options: int, at_least: int, at_most: int) -> BallotRule:
    """Return the rule for `at_least` to `at_most` of `options`."""
    if options < 1:
        raise refuse("options", f"{options}, at least 1")
    _check_bounds(options, at_least, at_most)
    draft = Draft()
    draw_approval(draft, options, at_least, at_most)
    return draft.rule()


def knapsack(costs: Sequence[int], budget: int) -> BallotRule:
    """Return the rule for options within a budget; costs and budget are at least 1."""
    if not costs:
        raise refuse("options", "0, at least 1")
    _check_costs(costs, len(costs))
    if budget < 1:
        raise refuse("budget", f"{budget}, at least 1")
    draft = Draft()
    draw_knapsack(draft, costs, budget)
    return draft.rule()


def draw_single_choice(draft: Draft, options: int) -> Terms:
    """Add a bit and a slot for each option, and one row."""
    chosen = draft.options(options)
    draft.row(chosen, 1)
    return chosen


def draw_approval(draft: Draft, options: int, at_least: int, at_most: int) -> Terms:
    """Add a bit and a slot for each option, then slack and one row unless everything is allowed."""
    chosen = draft.options(options)
    if (at_least, at_most) != (0, options):
        draft.row((*chosen, *draft.span(at_most - at_least)), at_most)
    return chosen


def draw_knapsack(draft: Draft, costs: Sequence[int], budget: int) -> Terms:
    """Add a bit and a slot for each option, then slack and one row."""
    chosen = draft.options(len(costs))
    priced = ((bit, cost) for (bit, _), cost in zip(chosen, costs, strict=True))
    draft.row((*priced, *draft.span(budget)), budget)
    return chosen


def _check_bounds(options: int, at_least: int, at_most: int) -> None:
    if not 1 <= at_most <= options:
        raise refuse("at_most", f"{at_most} of {options}")
    if not 0 <= at_least <= at_most:
        raise refuse("at_least", f"{at_least} outside 0 … {at_most}")


def _check_costs(costs: Sequence[int], options: int) -> None:
    if len(costs) != options:
        raise refuse("costs", f"{len(costs)}, expected {options}")
    for option, cost in enumerate(costs):
        if cost < 1:
            raise refuse(f"costs[{option}]", f"{cost}, at least 1")
