"""A question answered by ranking options.

Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import perm
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, require_count
from ostraka_verifier.question.draft import Draft, refuse
from ostraka_verifier.question.fields import Fields, written
from ostraka_verifier.question.votes import disambiguate, selected, typed_places
from ostraka_verifier.rule import Terms


@dataclass(frozen=True)
class Ranking(Question):
    """The voter fills the first places without gaps; each place has a score.

    Attributes:
        options: At least one.
        scores: Scores of place 1, 2, …: never rising, never negative, the first at least 1.
        at_least: Number of places to fill; all of them if absent.
    """

    kind: ClassVar[str] = "ranking"
    options: tuple[str, ...]
    scores: tuple[int, ...]
    at_least: int | None = None

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Ranking":
        """Read the question from JSON."""
        return cls(
            title,
            fields.texts("options"),
            fields.integers("scores"),
            fields.integer("at_least") if fields.has("at_least") else None,
        )

    @property
    def fewest(self) -> int:
        """Number of places to fill."""
        return len(self.scores) if self.at_least is None else self.at_least

    @property
    def slots_objection(self) -> str | None:
        """Why different answers have equal slots, in words; None if slots tell each answer."""
        if len(set(self.scores)) < len(self.scores):
            return "places with equal scores: opened ballots would not tell them apart"
        # If every option has a place, the one without a score is in the last.
        if not self.scores[-1] and self.fewest < len(self.options):
            return "a place scores 0: opened ballots would not tell it from no place"
        return None

    @property
    def possible_answers(self) -> int:
        """Number of rankings of allowed length."""
        lengths = range(self.fewest, len(self.scores) + 1)
        return sum(perm(len(self.options), length) for length in lengths)

    def bit(self, option: int, place: int) -> int:
        """Return the number of the bit that puts an option into a place, both from 0."""
        return option * len(self.scores) + place

    def labels(self) -> tuple[str, ...]:
        """Return the options."""
        return self.options

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Numbers of options from the best on, {self.fewest} or more, as in 2,1,3"

    def typed(self, text: str) -> list[int]:
        """Return numbers of options, the best first."""
        return typed_places(text, "option", len(self.options))

    def answer(self, bits: Sequence[int]) -> tuple[str, ...]:
        """Return the options with their places."""
        return tuple(
            f"{place + 1}. {option}"
            for place in range(len(self.scores))
            for number, option in enumerate(disambiguate(self.options))
            if bits[self.bit(number, place)]
        )

    def _chosen(self, vote: Any) -> dict[int, int]:
        placed = selected(self.options, vote)
        places = len(self.scores)
        if not self.fewest <= len(placed) <= places:
            allowed = f"{self.fewest} to {places}"
            raise ValueError(f"places filled: {len(placed)}, allowed are {allowed}")
        bits = {
            self.bit(option, place): 0
            for option in range(len(self.options))
            for place in range(places)
        }
        return bits | {self.bit(option, place): 1 for place, option in enumerate(placed)}

    def _check(self) -> None:
        require_count("options", self.options, 1)
        places = len(self.scores)
        if not 1 <= places <= len(self.options):
            raise refuse("scores", f"{places} places for {len(self.options)} options")
        if list(self.scores) != sorted(self.scores, reverse=True):
            raise refuse("scores", "a later place scores more")
        if self.scores[0] < 1 or self.scores[-1] < 0:
            raise refuse("scores", "the first is at least 1, none is negative")
        if not 0 <= self.fewest <= places:
            raise refuse("at_least", f"{self.fewest} outside 0 … {places}")

    def _draw(self, draft: Draft) -> None:
        options, places = range(len(self.options)), range(len(self.scores))
        draft.bits([1] * (len(options) * len(places)))
        for option in options:
            scored = ((self.bit(option, place), self.scores[place]) for place in places)
            draft.slot(tuple(term for term in scored if term[1]))
        # One bit fills at most one place. A full ranking omits no option.
        slack: Terms = ()
        if len(places) > 1 and self.fewest < len(options):
            slack = draft.bits([1] * len(options))
        # At most one of these bits is set: that of the first empty place. It empties all later
        # places, so that there is no gap.
        ends = draft.bits([1] * (len(places) - self.fewest))
        for place in places:
            placed = ((self.bit(option, place), 1) for option in options)
            draft.row((*placed, *ends[: max(0, place - self.fewest + 1)]), 1)
        if len(places) > 1:
            for option in options:
                own = ((self.bit(option, place), 1) for place in places)
                draft.row((*own, *slack[option : option + 1]), 1)

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        members["scores"] = [written(score) for score in self.scores]
        return members | ({"at_least": self.at_least} if self.at_least is not None else {})
