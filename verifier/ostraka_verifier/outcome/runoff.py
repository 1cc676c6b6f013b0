"""Instant runoff: the option with the fewest votes goes until one has more than half.

Source: docs/protocol.md §14.10.3. Vectors: tests/vectors/ballot_outcomes.json.
"""

from dataclasses import dataclass
from fractions import Fraction

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.ballots import BallotMethod, BallotOutcome, Profile
from ostraka_verifier.outcome.rule import require_range
from ostraka_verifier.outcome.steps import Count, Step


@dataclass(frozen=True)
class InstantRunoff(BallotOutcome):
    """One winner of rankings.

    Attributes:
        options: Number of options, at least 1.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    options: int

    method = BallotMethod.INSTANT_RUNOFF

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("options", self.options, 1, 16)

    @property
    def slots(self) -> int:
        """Number of options."""
        return self.options

    def parameters(self) -> bytes:
        """Return the number of options."""
        return unsigned(self.options, 2)

    @classmethod
    def read(cls, reader: Reader, objection_time: int, veto_holder: bytes) -> "InstantRunoff":
        """Read the bytes after those that all rules on ballots have."""
        options = reader.unsigned(2, "options")
        return cls(options, objection_time=objection_time, veto_holder=veto_holder)

    def decide(self, votes: Profile) -> tuple[list[int], list[Step]]:
        """Return the winner, or nobody if no ballot ranks an option, and the counts."""
        rankings = votes.rankings()
        continuing = set(range(self.options))
        steps = list[Step]()
        while True:
            counts, exhausted = self._count(rankings, continuing)
            most = max(counts)
            shown = tuple(
                Fraction(count) if slot in continuing else None for slot, count in enumerate(counts)
            )
            if 2 * most > sum(counts) or not most:
                elected = (counts.index(most),) if most else ()
                nothing = (Fraction(),) * self.options
                lost = Fraction(exhausted)
                steps.append(
                    Count(shown, lost, None, elected, None, None, (), None, nothing, Fraction())
                )
                return list(elected), steps
            fewest = min(counts[slot] for slot in continuing)
            tied = sorted(slot for slot in continuing if counts[slot] == fewest)
            continuing.remove(tied[-1])
            after, then_exhausted = self._count(rankings, continuing)
            steps.append(
                Count(
                    shown,
                    Fraction(exhausted),
                    None,
                    (),
                    tied[-1],
                    None,
                    tuple(tied) if len(tied) > 1 else (),
                    None,
                    tuple(
                        Fraction(then - now if slot in continuing else 0)
                        for slot, (then, now) in enumerate(zip(after, counts, strict=True))
                    ),
                    Fraction(then_exhausted - exhausted),
                )
            )

    def _count(
        self, rankings: list[tuple[tuple[int, ...], int]], continuing: set[int]
    ) -> tuple[list[int], int]:
        """Return votes of each option, and the ballots that count for none."""
        counts, exhausted = [0] * self.options, 0
        for ranking, count in rankings:
            for slot in ranking:
                if slot in continuing:
                    counts[slot] += count
                    break
            else:
                exhausted += count
        return counts, exhausted
