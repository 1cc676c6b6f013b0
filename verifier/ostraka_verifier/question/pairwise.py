"""A question answered by a ranking of which every pair of options is counted.

Source: docs/protocol.md §5.5.13. Vectors: tests/vectors/questions.json.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import perm
from typing import Any, ClassVar

from ostraka_verifier.question.asked import Question, numbered, require_count
from ostraka_verifier.question.draft import Draft, negative, refuse
from ostraka_verifier.question.fields import Fields
from ostraka_verifier.question.votes import disambiguate, selected, typed_places
from ostraka_verifier.rule import Terms, slack_bits


@dataclass(frozen=True)
class Pairwise(Question):
    """The voter ranks options, the best first; those left out tie below all others.

    Slot `i` is the number of options below option `i`. The other slots are the ordered pairs: the
    voter prefers the first option of the pair to the second.

    Attributes:
        options: At least two.
        at_least: Number of options to rank; all of them if absent.
    """

    kind: ClassVar[str] = "pairwise"
    options: tuple[str, ...]
    at_least: int | None = None

    @classmethod
    def read(cls, title: str, fields: Fields) -> "Pairwise":
        """Read the question from JSON."""
        at_least = fields.integer("at_least") if fields.has("at_least") else None
        return cls(title, fields.texts("options"), at_least)

    @property
    def fewest(self) -> int:
        """Number of options to rank."""
        return len(self.options) if self.at_least is None else self.at_least

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Ordered pairs of different options, in the order of their slots."""
        return list(permutations(range(len(self.options)), 2))

    @property
    def contenders(self) -> int:
        """Number of options, which have the first slots."""
        return len(self.options)

    @property
    def possible_answers(self) -> int:
        """Number of rankings; an option alone at the end is ranked there, listed or not."""
        count = len(self.options)
        lengths = range(min(self.fewest, count - 1), count)
        return sum(perm(count, length) for length in lengths)

    def labels(self) -> tuple[str, ...]:
        """Return the options, then `A > B` for each pair."""
        pairs = (f"{self.options[better]} > {self.options[worse]}" for better, worse in self.pairs)
        return (*self.options, *pairs)

    def names(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Return the options."""
        yield "options", self.options

    def choices(self) -> list[str]:
        """Return the options with their numbers."""
        return numbered(self.options)

    def how_to_answer(self) -> str:
        """Return one line that states what to type."""
        return f"Numbers of options from the best on, {self.fewest} or more, as in 2,1,3"

    def typed(self, text: str) -> list[int]:
        """Return numbers of options, the best first."""
        return typed_places(text, "option", len(self.options))

    def answer(self, bits: Sequence[int]) -> tuple[str, ...]:
        """Return the options with their places; the last one, if it is the only one left."""
        wins = self.rule.slot_values(bits)[: len(self.options)]
        order = sorted(range(len(wins)), key=lambda option: -wins[option])
        names = disambiguate(self.options)
        placed = [option for option in order if wins[option] or wins.count(0) == 1]
        return tuple(f"{place}. {names[option]}" for place, option in enumerate(placed, start=1))

    def _chosen(self, vote: Any) -> dict[int, int]:
        placed = selected(self.options, vote)
        count = len(self.options)
        if not self.fewest <= len(placed):
            allowed = f"{self.fewest} to {count}"
            raise ValueError(f"options ranked: {len(placed)}, allowed are {allowed}")
        below = [0] * count
        for place, option in enumerate(placed, start=1):
            below[option] = count - place
        bits = [bit for wins in below for bit in slack_bits(count - 1, wins)]
        bits += (int(below[better] > below[worse]) for better, worse in self.pairs)
        if self._most_tied > 1:
            tied = max(1, count - len(placed))
            bits += (
                bit
                for wins in below
                for bit in slack_bits(self._most_tied - 1, 0 if wins else tied - 1)
            )
            bits += (int(tied == number) for number in range(1, self._most_tied + 1))
        return dict(enumerate(bits))

    @property
    def _most_tied(self) -> int:
        """Most options at the end of a ranking; 1 where each has a place of its own."""
        return max(1, len(self.options) - self.fewest)

    def _check(self) -> None:
        require_count("options", self.options, 2)
        if not 0 <= self.fewest <= len(self.options):
            raise refuse("at_least", f"{self.fewest} outside 0 … {len(self.options)}")

    def _draw(self, draft: Draft) -> None:
        count, most_tied = len(self.options), self._most_tied
        wins = [draft.span(count - 1) for _ in self.options]
        for terms in wins:
            draft.slot(terms)
        better: list[Terms] = [() for _ in self.options]
        worse: list[Terms] = [() for _ in self.options]
        for first, second in self.pairs:
            (bit,) = draft.bits([1])
            draft.slot((bit,))
            better[first] += (bit,)
            worse[second] += (bit,)
        # An option of the tied end is compared with one option less for each of its equals.
        slack = [draft.span(most_tied - 1) for _ in self.options]
        # Set is the bit of the number of options at the end.
        ends = draft.bits([1] * most_tied) if most_tied > 1 else ()
        for own, beaten in zip(wins, better, strict=True):
            draft.row((*own, *negative(beaten)), 0)
        for own, beating, rest in zip(wins, worse, slack, strict=True):
            draft.row((*own, *beating, *rest), count - 1)
        missing = tuple((bit, tied * (tied + 1) // 2) for tied, (bit, _) in enumerate(ends))[1:]
        if ends:
            draft.row(ends, 1)
            every = (term for terms in wins for term in terms)
            draft.row((*every, *missing), count * (count - 1) // 2)
        # The wins of linear orders, and of no others, have the largest sum of squares.
        squares = tuple((bit, _squares(tied)) for tied, (bit, _) in enumerate(ends))[1:]
        draft.quadratic_row(range(count), squares, _squares(count - 1))

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {"options": list(self.options)}
        return members | ({"at_least": self.at_least} if self.at_least is not None else {})


def _squares(last: int) -> int:
    """Return `0² + 1² + … + last²`."""
    return last * (last + 1) * (2 * last + 1) // 6
