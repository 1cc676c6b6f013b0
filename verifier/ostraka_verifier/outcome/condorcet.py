"""Condorcet rules: a single winner from the counts of all pairs of options.

An option that beats every other one wins under each of them.

Source: docs/protocol.md §14.9. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.outcome.pairs import Pair, PairCounts
from ostraka_verifier.outcome.rule import Kind, OutcomeRule, read_flag, refuse, require_range


class Method(IntEnum):
    """How a winner is found where options beat one another in a cycle."""

    SCHULZE = 0
    RANKED_PAIRS = 1
    MINIMAX = 2
    COPELAND = 3


class Strength(IntEnum):
    """By what a defeat is stronger than another one."""

    WINNING_VOTES = 0
    MARGIN = 1


_Strength = tuple[int, int]
"""Compared in order: the greater one is stronger."""
_NONE: _Strength = (0, 0)
"""Weaker than any defeat."""


@dataclass(frozen=True)
class Condorcet(OutcomeRule):
    """The winner of a pairwise ranking.

    Attributes:
        options: Number of options, at least 2; the question has `options²` slots.
        method: How cycles are resolved.
        strength: By what defeats are compared; of no use to Copeland's method.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    options: int
    method: Method = Method.SCHULZE
    strength: Strength = Strength.WINNING_VOTES

    def __post_init__(self) -> None:
        require_range("options", self.options, 2, 16)
        if self.method is Method.COPELAND and self.strength is not Strength.WINNING_VOTES:
            raise refuse("strength", "Copeland's method compares no strengths")

    def check_slots(self, slots: int) -> None:
        """Check that the slots are those of a pairwise ranking."""
        if self.options * self.options != slots:
            raise refuse("options", f"{self.options}, with {slots} slots")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.9)."""
        head = [unsigned(value, 1) for value in (Kind.CONDORCET, self.method, self.strength)]
        return b"".join([*head, unsigned(self.options, 2)])

    @classmethod
    def read(cls, reader: Reader) -> "Condorcet":
        """Read the bytes after the kind."""
        method = reader.unsigned(1, "method")
        if method > max(Method):
            raise Malformed("outcome.method", f"unknown method {method}")
        strength = read_flag(reader, "strength")
        return cls(reader.unsigned(2, "options"), Method(method), Strength(strength))

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return the slots of all defeats, the strongest first; none if the method needs none."""
        if self.method in (Method.MINIMAX, Method.COPELAND):
            return []
        counts = PairCounts(tally, self.options)
        slots = {pair: self.options + number for number, pair in enumerate(counts.pairs)}
        return [slots[pair] for pair in self.defeats(counts)]

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return 1 for the winner; nobody wins if nobody prefers anything."""
        self.check_slots(len(tally))
        given = [0] * len(tally)
        if any(tally[self.options :]):
            given[self.tied(tally)[0]] = 1
        return given

    def tied(self, tally: Sequence[int]) -> list[int]:
        """Return the options that the method leaves; the lowest one wins."""
        counts = PairCounts(tally, self.options)
        match self.method:
            case Method.SCHULZE:
                return self._undefeated(counts)
            case Method.RANKED_PAIRS:
                beaten = {worse for _, worse in self.locked(counts)}
                return [option for option in range(self.options) if option not in beaten]
            case Method.MINIMAX:
                worst = [self._worst_defeat(counts, option) for option in range(self.options)]
                return [option for option, defeat in enumerate(worst) if defeat == min(worst)]
        points = [_copeland(counts, option) for option in range(self.options)]
        return [option for option, own in enumerate(points) if own == max(points)]

    def defeats(self, counts: PairCounts) -> list[Pair]:
        """Return all defeats, winner first, the strongest first; ties go to the lower slot."""
        found = [pair for pair in counts.pairs if counts.beats(*pair)]
        return sorted(found, key=lambda pair: self._strength(counts, pair), reverse=True)

    def locked(self, counts: PairCounts) -> list[Pair]:
        """Return the defeats that close no cycle with stronger ones, the strongest first."""
        below = [{option} for option in range(self.options)]
        found = []
        for better, worse in self.defeats(counts):
            if better in below[worse]:
                continue
            found.append((better, worse))
            for reached in below:
                if better in reached:
                    reached |= below[worse]
        return found

    def _undefeated(self, counts: PairCounts) -> list[int]:
        options = range(self.options)
        paths = [[self._strength(counts, (one, other)) for other in options] for one in options]
        for through in options:
            for one in options:
                for other in options:
                    path = min(paths[one][through], paths[through][other])
                    paths[one][other] = max(paths[one][other], path)
        return [
            one
            for one in options
            if all(paths[one][other] >= paths[other][one] for other in options)
        ]

    def _worst_defeat(self, counts: PairCounts, option: int) -> _Strength:
        return max(self._strength(counts, (other, option)) for other in range(self.options))

    def _strength(self, counts: PairCounts, pair: Pair) -> _Strength:
        if pair[0] == pair[1] or not counts.beats(*pair):
            return _NONE
        votes, against = counts.votes(*pair), counts.votes(*pair[::-1])
        if self.strength is Strength.MARGIN:
            return votes - against, 0
        # Among equal winning votes, fewer votes against make the stronger defeat.
        return votes, -against


def _copeland(counts: PairCounts, option: int) -> int:
    """Return two points for each win, one for each tie."""
    others = [other for other in range(counts.options) if other != option]
    return sum(1 + counts.beats(option, other) - counts.beats(other, option) for other in others)
