"""Rules on opened ballots: what all of them have, and reading any of them.

The contract cannot compute these rules. Nodes attest their outcomes, and audits recompute them.
They depend on the multiset of ballots alone, never on an order.

Source: docs/protocol.md §14.10. Vectors: tests/vectors/ballot_outcomes.json.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, tagged_hash, unsigned, word
from ostraka_verifier.outcome.rule import AMOUNT_BYTES, Kind, OutcomeRule, refuse, require_range
from ostraka_verifier.outcome.steps import Step

Ballot = tuple[int, ...]
"""The slots of one voter."""


class BallotMethod(IntEnum):
    """Second byte of a rule on opened ballots."""

    EQUAL_SHARES = 0
    INSTANT_RUNOFF = 1
    TRANSFERABLE_VOTE = 2
    PHRAGMEN = 3


@dataclass(frozen=True, kw_only=True)
class BallotOutcome(OutcomeRule):
    """A rule that needs the ballots themselves; its awards are 0 or 1.

    Attributes:
        objection_time: Seconds between the attested outcome and its becoming final, at least 1.
        veto_holder: 20 bytes, the account that may void the outcome meanwhile; zeros for nobody.

    Raises:
        Rejected: A value is out of range (check P2).
    """

    objection_time: int
    veto_holder: bytes = bytes(ADDRESS_BYTES)

    def __post_init__(self) -> None:
        require_range("objection_time", self.objection_time, 1, 32)
        if len(self.veto_holder) != ADDRESS_BYTES:
            raise ValueError("veto_holder: expected 20 bytes")

    @property
    @abstractmethod
    def method(self) -> BallotMethod:
        """Which of the rules it is."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """Number of options, each with one slot."""

    @abstractmethod
    def parameters(self) -> bytes:
        """Return the bytes after those that all rules on ballots have."""

    @abstractmethod
    def decide(self, votes: "Profile") -> tuple[list[int], list[Step]]:
        """Return the winners, in the order in which they won, and the steps."""

    def encode(self) -> bytes:
        """Return canonical bytes (§14.10)."""
        head = [unsigned(value, 1) for value in (Kind.BALLOTS, self.method)]
        head += [unsigned(self.objection_time, 4), self.veto_holder]
        return b"".join(head) + self.parameters()

    def check_slots(self, slots: int) -> None:
        """Check that each option has one slot."""
        if self.slots != slots:
            raise refuse("options", f"{self.slots}, expected {slots}")

    def check_counting(self, shuffled: bool) -> None:
        """Check that the poll opens its ballots."""
        if not shuffled:
            raise refuse("kind", "a rule on ballots needs a shuffled poll, which opens them")

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return an empty list: the contract ranks nothing."""
        return []

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Raise TypeError: a tally does not determine the outcome."""
        raise TypeError("a rule on ballots needs the ballots: call awards_of")

    def awards_of(self, ballots: Iterable[Ballot]) -> list[int]:
        """Return 1 for each winner.

        Args:
            ballots: Opened ballots in any order, each with the slots of the rule.

        Raises:
            Rejected: A ballot has another number of slots (check P2).
        """
        winners, _ = self.decide(self.profile(ballots))
        return [int(slot in winners) for slot in range(self.slots)]

    def explain(self, ballots: Iterable[Ballot]) -> list[Step]:
        """Return the steps to the outcome; the arguments are those of `awards_of`."""
        return self.decide(self.profile(ballots))[1]

    def profile(self, ballots: Iterable[Ballot]) -> "Profile":
        """Return how many voters cast each ballot."""
        counted = Counter(tuple(ballot) for ballot in ballots)
        for ballot in counted:
            self.check_slots(len(ballot))
        return Profile(tuple(sorted(counted.items())))


@dataclass(frozen=True)
class Profile:
    """Different ballots, each with the number of its voters.

    Attributes:
        groups: (ballot, voters), sorted.
    """

    groups: tuple[tuple[Ballot, int], ...]

    @property
    def voters(self) -> int:
        """Number of ballots."""
        return sum(count for _, count in self.groups)

    def by_slot(self, slots: int) -> list[list[int]]:
        """Return for each slot the indices of the groups with points for it."""
        found: list[list[int]] = [[] for _ in range(slots)]
        for number, (ballot, _) in enumerate(self.groups):
            for slot, points in enumerate(ballot):
                if points:
                    found[slot].append(number)
        return found

    def rankings(self) -> list[tuple[Ballot, int]]:
        """Return how many voters ranked options so: the highest slot first, zeros left out.

        Of equal slots, which ballots of a ranking question never have, the lower one is first.
        """
        counted = Counter[Ballot]()
        for ballot, count in self.groups:
            ranked = [slot for slot, points in enumerate(ballot) if points]
            counted[tuple(sorted(ranked, key=lambda slot: -ballot[slot]))] += count
        return sorted(counted.items())


def awards_hash(awards: Sequence[int]) -> bytes:
    """Return the hash of a poll's awards, which nodes sign (§18.11), 32 bytes.

    Args:
        awards: Of each slot, at most 65535.
    """
    return tagged_hash("awards", unsigned(len(awards), 2), *map(word, awards))


def require_costs(costs: Sequence[int], budget: int) -> None:
    """Raise Rejected (check P2) if a cost or the budget is out of range."""
    for slot, cost in enumerate(costs):
        require_range(f"costs[{slot}]", cost, 1, 128)
    require_range("budget", budget, 0, 128)


def write_costs(costs: Sequence[int]) -> bytes:
    """Return the number of options and their costs."""
    return unsigned(len(costs), 2) + b"".join(unsigned(cost, AMOUNT_BYTES) for cost in costs)


def read_costs(reader: Reader) -> tuple[int, tuple[int, ...]]:
    """Read budget, number of options and costs."""
    budget = reader.unsigned(AMOUNT_BYTES, "budget")
    count = reader.unsigned(2, "slots")
    return budget, tuple(reader.unsigned(AMOUNT_BYTES, "costs") for _ in range(count))
