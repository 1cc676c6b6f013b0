"""The single transferable vote by the rules of Scottish local elections.

Source: docs/protocol.md §14.10.4; The Scottish Local Government Elections Order 2007, schedule 1,
rules 45 to 52. Vectors: tests/vectors/ballot_outcomes.json.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ostraka_verifier.encoding import Reader, unsigned
from ostraka_verifier.outcome.ballots import Ballot, BallotMethod, BallotOutcome, Profile
from ostraka_verifier.outcome.rule import refuse, require_range
from ostraka_verifier.outcome.steps import Count, Step

_ONE = 100_000
"""A whole vote. Votes are counted to five decimal places."""


@dataclass(frozen=True)
class TransferableVote(BallotOutcome):
    """Several winners of rankings.

    Attributes:
        seats: Number of winners, at least 1.
        options: Number of options, at least `seats`.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    seats: int
    options: int

    method = BallotMethod.TRANSFERABLE_VOTE

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("options", self.options, 1, 16)
        if not 1 <= self.seats <= self.options:
            raise refuse("seats", f"{self.seats} for {self.options} options")

    @property
    def slots(self) -> int:
        """Number of options."""
        return self.options

    def parameters(self) -> bytes:
        """Return the numbers of seats and options."""
        return unsigned(self.seats, 2) + unsigned(self.options, 2)

    @classmethod
    def read(cls, reader: Reader, objection_time: int, veto_holder: bytes) -> "TransferableVote":
        """Read the bytes after those that all rules on ballots have."""
        seats = reader.unsigned(2, "seats")
        options = reader.unsigned(2, "options")
        return cls(seats, options, objection_time=objection_time, veto_holder=veto_holder)

    def decide(self, votes: Profile) -> tuple[list[int], list[Step]]:
        """Return the elected, or nobody if no ballot ranks an option, and the counts."""
        return _Count(self.seats, self.options, votes.rankings()).run()


@dataclass(frozen=True)
class _Parcel:
    """Ballot papers alike: those at one place of their ranking, at one value."""

    ranking: Ballot
    place: int
    papers: int
    value: int

    def moved(self, continuing: set[int], value: int) -> "_Parcel | None":
        """Return the papers at their next continuing option, if they have one."""
        for place in range(self.place + 1, len(self.ranking)):
            if self.ranking[place] in continuing:
                return _Parcel(self.ranking, place, self.papers, value)
        return None


class _Count:
    """The stages of a count; votes in units of 10⁻⁵."""

    def __init__(self, seats: int, options: int, rankings: list[tuple[Ballot, int]]) -> None:
        self._seats = seats
        self._continuing = set(range(options))
        self._elected = list[int]()
        self._eliminated = set[int]()
        self._piles: list[list[_Parcel]] = [[] for _ in range(options)]
        self._votes = [0] * options
        self._exhausted = 0
        self._stages = list[list[int]]()
        self._steps = list[Step]()
        self._papers = sum(count for ranking, count in rankings if ranking)
        self._quota = (self._papers // (seats + 1) + 1) * _ONE
        for ranking, count in rankings:
            if ranking:
                self._give(_Parcel(ranking, 0, count, _ONE))

    def run(self) -> tuple[list[int], list[Step]]:
        """Return the elected in their order, and the stages."""
        while self._papers:
            self._stages.append(list(self._votes))
            elected = self._elect()
            if not self._continuing or len(self._elected) == self._seats:
                self._steps.append(self._stage(elected))
                break
            surpluses = {slot for slot in self._elected if self._votes[slot] > self._quota}
            if surpluses:
                self._transfer_surplus(elected, surpluses)
            else:
                self._eliminate(elected)
        return self._elected, self._steps

    def _elect(self) -> list[int]:
        """Elect those with a quota, and all that are left if there are no more than seats."""
        reached = {slot for slot in self._continuing if self._votes[slot] >= self._quota}
        if len(self._continuing) <= self._seats - len(self._elected):
            reached = set(self._continuing)
        elected = sorted(reached, key=lambda slot: (-self._votes[slot], slot))
        self._elected += elected
        self._continuing -= reached
        return elected

    def _transfer_surplus(self, elected: list[int], having: set[int]) -> None:
        total = max(self._votes[slot] for slot in having)
        tied = {slot for slot in having if self._votes[slot] == total}
        slot, looked_back = self._untie(tied, max, min)
        surplus = total - self._quota
        # Rule 48 (3): five decimal places, any remainder ignored.
        values = [surplus * parcel.value // total for parcel in self._piles[slot]]
        given = self._move(slot, values)
        step = self._stage(elected, tied, looked_back, given, surplus - sum(given))
        self._steps.append(replace(step, surplus=slot))
        self._votes[slot] = self._quota
        self._exhausted += surplus - sum(given)

    def _eliminate(self, elected: list[int]) -> None:
        fewest = min(self._votes[slot] for slot in self._continuing)
        tied = {slot for slot in self._continuing if self._votes[slot] == fewest}
        slot, looked_back = self._untie(tied, min, max)
        self._continuing.remove(slot)
        given = self._move(slot, [parcel.value for parcel in self._piles[slot]])
        step = self._stage(elected, tied, looked_back, given, fewest - sum(given))
        self._steps.append(replace(step, eliminated=slot))
        self._votes[slot] = 0
        self._exhausted += fewest - sum(given)
        self._eliminated.add(slot)

    def _untie(
        self,
        tied: set[int],
        by_votes: Callable[[Iterable[int]], int],
        by_slot: Callable[[Iterable[int]], int],
    ) -> tuple[int, int | None]:
        """Return one of several: by the latest stage where they differ; else by its slot."""
        for stage in reversed(range(len(self._stages) - 1)):
            if len(tied) == 1:
                break
            votes = self._stages[stage]
            chosen = by_votes([votes[slot] for slot in tied])
            tied = {slot for slot in tied if votes[slot] == chosen}
            if len(tied) == 1:
                return tied.pop(), stage
        return by_slot(tied), None

    def _move(self, source: int, values: Sequence[int]) -> list[int]:
        """Move an option's papers at new values to continuing options; return what each gets."""
        parcels, self._piles[source] = self._piles[source], []
        before = list(self._votes)
        for parcel, value in zip(parcels, values, strict=True):
            moved = parcel.moved(self._continuing, value)
            if moved:
                self._give(moved)
        return [now - then for now, then in zip(self._votes, before, strict=True)]

    def _give(self, parcel: _Parcel) -> None:
        slot = parcel.ranking[parcel.place]
        self._piles[slot].append(parcel)
        self._votes[slot] += parcel.papers * parcel.value

    def _stage(
        self,
        elected: Sequence[int],
        tied: Collection[int] = (),
        looked_back: int | None = None,
        given: Sequence[int] | None = None,
        lost: int = 0,
    ) -> Count:
        return Count(
            votes=tuple(
                None if slot in self._eliminated else Fraction(votes, _ONE)
                for slot, votes in enumerate(self._stages[-1])
            ),
            exhausted=Fraction(self._exhausted, _ONE),
            quota=Fraction(self._quota, _ONE),
            elected=tuple(elected),
            eliminated=None,
            surplus=None,
            tied=tuple(sorted(tied)) if len(tied) > 1 else (),
            looked_back=looked_back,
            transfers=tuple(Fraction(votes, _ONE) for votes in given or [0] * len(self._votes)),
            transferred_exhausted=Fraction(lost, _ONE),
        )
