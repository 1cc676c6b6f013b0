"""Several questions in one poll, each decided by a rule of its own; reading any outcome rule.

Source: docs/protocol.md §14.8. Vectors: tests/vectors/outcome.json.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.outcome.ballots import BallotMethod, BallotOutcome
from ostraka_verifier.outcome.categories import GreedyByCategory
from ostraka_verifier.outcome.condorcet import Condorcet
from ostraka_verifier.outcome.equal_shares import EqualShares
from ostraka_verifier.outcome.greedy import Greedy
from ostraka_verifier.outcome.majority import Majority
from ostraka_verifier.outcome.none import NoOutcome
from ostraka_verifier.outcome.phragmen import Phragmen
from ostraka_verifier.outcome.plurality import Plurality
from ostraka_verifier.outcome.proportional import Proportional
from ostraka_verifier.outcome.rule import Kind, OutcomeRule, refuse, require_range
from ostraka_verifier.outcome.runoff import InstantRunoff
from ostraka_verifier.outcome.transferable import TransferableVote


@dataclass(frozen=True)
class Parts(OutcomeRule):
    """Consecutive groups of slots, each decided by its own rule.

    Attributes:
        parts: (slots, rule) of each, at least two; no rule has parts itself.

    Raises:
        Rejected: Fewer than two parts, nested parts, or a rule does not fit its slots (check P2).
    """

    parts: tuple[tuple[int, OutcomeRule], ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.parts) <= 255:
            raise refuse("parts", f"{len(self.parts)}, expected 2 … 255")
        for number, (slots, rule) in enumerate(self.parts):
            if isinstance(rule, Parts):
                raise refuse(f"parts[{number}]", "parts do not nest")
            if isinstance(rule, BallotOutcome):
                raise refuse(f"parts[{number}]", "a rule on ballots decides a whole poll")
            require_range(f"parts[{number}].slots", slots, 1, 16)
            rule.check_slots(slots)

    def check_slots(self, slots: int) -> None:
        """Check that the parts together have these slots."""
        together = sum(count for count, _ in self.parts)
        if together != slots:
            raise refuse("parts", f"{together} slots, expected {slots}")

    def encode(self) -> bytes:
        """Return canonical bytes (§14.8)."""
        encoded = [unsigned(Kind.PARTS, 1), unsigned(len(self.parts), 1)]
        for slots, rule in self.parts:
            data = rule.encode()
            encoded += [unsigned(slots, 2), unsigned(len(data), 2), data]
        return b"".join(encoded)

    @classmethod
    def read(cls, reader: Reader) -> "Parts":
        """Read the bytes after the kind."""
        parts = []
        for number in range(reader.unsigned(1, "parts")):
            slots = reader.unsigned(2, f"parts[{number}].slots")
            parts.append((slots, _decode(reader.prefixed(2, f"parts[{number}]"), _SIMPLE)))
        return cls(tuple(parts))

    def order(self, tally: Sequence[int]) -> list[int]:
        """Return the parts' orders one after another, each counting from the part's first slot."""
        return [slot for votes, rule in self._split(tally) for slot in rule.order(votes)]

    def awards(self, tally: Sequence[int]) -> list[int]:
        """Return the parts' awards one after another; zeros for a part without an outcome."""
        self.check_slots(len(tally))
        awarded = []
        for votes, rule in self._split(tally):
            awarded += rule.awards(votes) or [0] * len(votes)
        return awarded

    def _split(self, tally: Sequence[int]) -> Iterator[tuple[Sequence[int], OutcomeRule]]:
        start = 0
        for slots, rule in self.parts:
            yield tally[start : start + slots], rule
            start += slots


_Readers = Mapping[int, Callable[[Reader], OutcomeRule]]
_SIMPLE: _Readers = {
    Kind.NONE: lambda _: NoOutcome(),
    Kind.GREEDY: Greedy.read,
    Kind.MAJORITY: Majority.read,
    Kind.PLURALITY: Plurality.read,
    Kind.GREEDY_BY_CATEGORY: GreedyByCategory.read,
    Kind.PROPORTIONAL: Proportional.read,
    Kind.CONDORCET: Condorcet.read,
}
_OF_BALLOTS: Mapping[int, Callable[[Reader, int, bytes], BallotOutcome]] = {
    BallotMethod.EQUAL_SHARES: EqualShares.read,
    BallotMethod.INSTANT_RUNOFF: InstantRunoff.read,
    BallotMethod.TRANSFERABLE_VOTE: TransferableVote.read,
    BallotMethod.PHRAGMEN: Phragmen.read,
}


def _read_ballot_outcome(reader: Reader) -> BallotOutcome:
    """Read the bytes after the kind (§14.10)."""
    method = reader.unsigned(1, "method")
    if method not in _OF_BALLOTS:
        raise Malformed("outcome.method", f"unknown method {method}")
    objection_time = reader.unsigned(4, "objection_time")
    veto_holder = reader.take(ADDRESS_BYTES, "veto_holder")
    return _OF_BALLOTS[method](reader, objection_time, veto_holder)


_ANY: _Readers = {**_SIMPLE, Kind.PARTS: Parts.read, Kind.BALLOTS: _read_ballot_outcome}


def decode_outcome_rule(data: bytes) -> OutcomeRule:
    """Read an outcome rule.

    Raises:
        Malformed: Unknown kind or nested parts; bytes missing or left over.
        Rejected: A value is out of range (check P2).
    """
    return _decode(data, _ANY)


def outcome_rule_digest(encoded: bytes) -> bytes:
    """Return 32 bytes that stand for an outcome rule on chain."""
    return tagged_hash("outcome", encoded)


def _decode(data: bytes, readers: _Readers) -> OutcomeRule:
    reader = Reader(data, "outcome")
    kind = reader.unsigned(1, "kind")
    if kind not in readers:
        raise Malformed("outcome", f"unknown kind {kind}")
    rule = readers[kind](reader)
    reader.end()
    return rule
