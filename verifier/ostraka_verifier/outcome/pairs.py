"""Counts of a pairwise ranking: how many voters prefer one option to another.

Source: docs/protocol.md §5.5.13.
"""

from collections.abc import Sequence
from itertools import permutations

Pair = tuple[int, int]
"""Two different options, from 0."""


class PairCounts:
    """Counts of all ordered pairs of options."""

    def __init__(self, tally: Sequence[int], options: int) -> None:
        """Read the counts from a question's slots, `options²` of them.

        Raises:
            ValueError: The number of slots is another one.
        """
        if len(tally) != options * options:
            raise ValueError(f"{len(tally)} slots, expected {options * options}")
        self.options = options
        self._votes = dict(zip(self.pairs, tally[options:], strict=True))

    @property
    def pairs(self) -> list[Pair]:
        """Ordered pairs in the order of their slots, which follow those of the options."""
        return list(permutations(range(self.options), 2))

    def votes(self, one: int, other: int) -> int:
        """Return the votes of those who prefer `one` to `other`."""
        return self._votes[one, other]

    def beats(self, one: int, other: int) -> bool:
        """Return whether more votes prefer `one` to `other` than the reverse."""
        return self.votes(one, other) > self.votes(other, one)

    @property
    def condorcet_winner(self) -> int | None:
        """The option that beats every other one, if there is one."""
        for one in range(self.options):
            if all(self.beats(one, other) for other in range(self.options) if other != one):
                return one
        return None
