"""Everything that a poll fixes before it opens, and the context that binds signatures to it.

Source: docs/protocol.md §3, §4. Vectors: tests/vectors/board.json.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from ostraka_verifier.census import CensusView
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    HASH_BYTES,
    WORD_BYTES,
    Reader,
    keccak256,
    tagged_hash,
    unsigned,
    word,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.settling_clock import SettlingClock
from ostraka_verifier.shuffle import MAX_SHUFFLING_NODES, may_shuffle
from ostraka_verifier.units import Seconds, UnixSeconds, later

MAX_NODES = 64
MAX_URL_BYTES = 256


@dataclass(frozen=True)
class Member:
    """One tallying node: 20-byte address of its signing key, and the URL at which it serves."""

    address: bytes
    url: str


@dataclass(frozen=True)
class Committee:
    """The nodes of a poll in order; node `i` is `members[i − 1]`.

    Attributes:
        members: The nodes.
        threshold: `t`: fewer nodes than this learn nothing.
        faults: `f`: number of nodes that may fail or lie.

    Raises:
        Rejected: A bound of §3 is broken (check P3).
    """

    members: tuple[Member, ...]
    threshold: int
    faults: int

    def __post_init__(self) -> None:
        n, t, f = len(self.members), self.threshold, self.faults
        addresses = {member.address for member in self.members}
        if n > MAX_NODES:
            raise _no_committee(f"{n} nodes, at most {MAX_NODES}")
        if len(addresses) != n or bytes(ADDRESS_BYTES) in addresses:
            raise _no_committee("node addresses must be distinct and not zero")
        if any(not 1 <= len(member.url.encode()) <= MAX_URL_BYTES for member in self.members):
            raise _no_committee(f"every node needs a URL of 1 to {MAX_URL_BYTES} bytes")
        if t < 2:
            raise _no_committee(f"threshold t = {t}, at least 2")
        if not 0 <= f <= t - 1:
            raise _no_committee(f"faults f = {f} outside 0 … t − 1 = {t - 1}")
        if n < t + 2 * f or n < 3 * f + 1:
            raise _no_committee(f"n = {n} nodes, at least max(t + 2f, 3f + 1)")
        if self.quorum > n - f:
            raise _no_committee(f"quorum q = {self.quorum} exceeds n − f = {n - f}")

    @property
    def quorum(self) -> int:
        """`q`: receipts that record a ballot, and signatures that anchor a root."""
        n, t, f = len(self.members), self.threshold, self.faults
        return max(t + f, (n + f) // 2 + 1)

    @property
    def candidate_receipts(self) -> int:
        """`q − f`: receipts that make a ballot a candidate for the root (§10.2)."""
        return self.quorum - self.faults

    def index_of(self, address: bytes) -> int | None:
        """Return the committee index (from 1) of a node's address."""
        for number, member in enumerate(self.members, start=1):
            if member.address == address:
                return number
        return None

    @cached_property
    def digest(self) -> bytes:
        """Digest on chain, 32 bytes."""
        head = (len(self.members), self.threshold, self.faults, self.quorum)
        parts = [word(value) for value in head]
        for member in self.members:
            parts += [word(member.address), keccak256(member.url.encode())]
        return tagged_hash("committee", *parts)

    def encode(self) -> bytes:
        """Encode board section 6."""
        head = (len(self.members), self.threshold, self.faults, self.quorum)
        parts = [unsigned(value, 1) for value in head]
        for member in self.members:
            url = member.url.encode()
            parts += [member.address, unsigned(len(url), 2), url]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "Committee":
        """Read board section 6; Malformed or Rejected (check P3)."""
        reader = Reader(data, "committee")
        n, t, f, q = (reader.unsigned(1, name) for name in "ntfq")
        members = []
        for number in range(1, n + 1):
            address = reader.take(ADDRESS_BYTES, f"node {number}")
            url = reader.prefixed(2, f"url {number}")
            try:
                members.append(Member(address, url.decode()))
            except UnicodeDecodeError as error:
                raise Malformed(f"committee.url {number}", "not UTF-8") from error
        reader.end()
        committee = cls(tuple(members), t, f)
        if committee.quorum != q:
            raise _no_committee(f"quorum {q}, expected {committee.quorum}")
        return committee


def shuffle_objection(committee: Committee) -> str | None:
    """Return in words why a committee cannot shuffle ballots (§19.1); None if it can."""
    n, t, f = len(committee.members), committee.threshold, committee.faults
    if may_shuffle(n, t, f):
        return None
    able = "able are (4, 2, 1), (5, 2, 1), (6, 3, 1), (7, 3, 2)"
    named = f"({n}, {t}, {f}) cannot shuffle ballots"
    if n > MAX_SHUFFLING_NODES:
        return f"{named}: {n} nodes, at most {MAX_SHUFFLING_NODES}; {able}"
    return (
        f"{named}: with {f} silent, {n - f} of {n} nodes are left, but it takes "
        f"2t − 1 = {2 * t - 1} to find {t} without any of {t - 1} bad ones; {able}"
    )


_NEVER = UnixSeconds(0)
"""The contracts' value for a time that has not come yet."""
SUMMED, SHUFFLED = 0, 1
"""How a poll counts: nodes open the sum of all ballots, or each ballot without its voter's name."""
MINIMUM_OPENED = 5
"""Lowest allowed `openMinimum`: among fewer ballots, each says too much about its voter."""
_NO_SHUFFLE = Seconds(0)
_NOT_DISPUTABLE = Seconds(0)
"""Times for disputes in a registry without disputes."""


@dataclass(frozen=True)
class PollParameters:
    """The twenty-four words of §4.1; names, order and types are those of the contract's struct.

    Some of the last are reserved for later kinds of poll; a program refuses unknown values.

    Attributes:
        counting: `SUMMED` or `SHUFFLED`.
        open_minimum: With fewer ballots a shuffled poll opens their sum only; 0 in a summed one.
        shuffle_period: Seconds after the dispute window in which nodes shuffle; 0 in a summed one.
    """

    committee: bytes
    rule: bytes
    outcome_rule: bytes
    description: bytes
    census_root: bytes
    voters: int
    total_weight: int
    secret: bool
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    freeze_delay: Seconds
    round_duration: Seconds
    max_rounds: int
    dispute_window: Seconds
    tally_period: Seconds
    minimum_ballots: int
    counting: int = SUMMED
    casting: int = 0
    identity: int = 0
    open_minimum: int = 0
    shuffle_period: Seconds = _NO_SHUFFLE
    response_time: Seconds = _NOT_DISPUTABLE
    max_dispute_delay: Seconds = _NOT_DISPUTABLE
    extension: bytes = bytes(HASH_BYTES)

    def encode(self) -> bytes:
        """Encode twenty-four words."""
        values = (getattr(self, field.name) for field in fields(self))
        return b"".join(word(value) for value in values)

    @classmethod
    def decode(cls, data: bytes) -> "PollParameters":
        """Read twenty-four words; Malformed when one is out of its type's range."""
        reader = Reader(data, "parameters")
        values: dict[str, Any] = {name: reader.take(HASH_BYTES, name) for name in _DIGESTS}
        for name, bits in _NUMBERS:
            value = reader.unsigned(WORD_BYTES, name)
            if value >= 1 << bits:
                raise Malformed(f"parameters.{name}", f"{value} exceeds {bits} bits")
            values[name] = value
        values["extension"] = reader.take(HASH_BYTES, "extension")
        reader.end()
        values["secret"] = bool(values["secret"])
        return cls(**values)

    @property
    def is_shuffled(self) -> bool:
        """Whether every ballot is opened, without its voter's name (§19)."""
        return self.counting == SHUFFLED

    def check_known(self) -> None:
        """Check that the poll counts in a known way, and that the reserved words are zero.

        Raises:
            Rejected: The poll is of a kind that this program does not know (check P1).
        """
        for name in _KINDS:
            value = getattr(self, name)
            known = (SUMMED, SHUFFLED) if name == "counting" else (0, bytes(HASH_BYTES))
            if value not in known:
                shown = "0x" + value.hex() if isinstance(value, bytes) else value
                reason = f"{shown} is of a kind of poll unknown to this program"
                raise Rejected("P1", f"parameters.{name}", reason)

    def check_bounds(self) -> None:
        """Check the bounds of §4.1, which the contract should have enforced.

        Raises:
            Rejected: A bound is broken; the item names the parameter (check P6).
        """
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise _out_of_bounds(name, "0, at least 1")
        if self.opens_at >= self.closes_at:
            raise _out_of_bounds("opens_at", "not before voting closes")
        if self.closes_at > _MAX_TIME:
            raise _out_of_bounds("closes_at", f"above {_MAX_TIME}")
        if self.round_duration * self.max_rounds > _MAX_TIME:
            raise _out_of_bounds("max_rounds", f"rounds longer than {_MAX_TIME} s together")
        if self.minimum_ballots > self.voters:
            raise _out_of_bounds("minimum_ballots", f"above the {self.voters} voters")
        if self.total_weight < self.voters:
            raise _out_of_bounds("total_weight", "below the number of voters")
        response, delay = self.response_time, self.max_dispute_delay
        if (response == 0) != (delay == 0):
            raise _out_of_bounds("max_dispute_delay", f"{delay} s, the response time {response} s")
        if delay < LEAST_ANSWERS * response:
            reason = f"{delay} s, below {LEAST_ANSWERS} times the response time of {response} s"
            raise _out_of_bounds("max_dispute_delay", reason)
        self._check_shuffle()

    def _check_shuffle(self) -> None:
        least, period, half = self.open_minimum, self.shuffle_period, self.tally_period // 2
        if not self.is_shuffled:
            for name, value in (("open_minimum", least), ("shuffle_period", period)):
                if value:
                    raise _out_of_bounds(name, f"{value}, although ballots are only summed")
            return
        if not MINIMUM_OPENED <= least <= self.voters:
            reason = f"{least} outside {MINIMUM_OPENED} … {self.voters} voters"
            raise _out_of_bounds("open_minimum", reason)
        if not 1 <= period <= half:
            reason = f"{period} s outside 1 … {half} s, half of the tally period"
            raise _out_of_bounds("shuffle_period", reason)
        if self.total_weight % self.voters:
            total = f"{self.total_weight} is no multiple of the {self.voters} voters"
            raise _out_of_bounds("total_weight", f"{total}; {DIFFERENT_WEIGHTS}")

    def check_committee(self, committee: Committee) -> None:
        """Check that a shuffled poll's committee can shuffle (§19.1).

        Raises:
            Rejected: It cannot; the reason names committees that can (check P6).
        """
        objection = shuffle_objection(committee) if self.is_shuffled else None
        if objection is not None:
            raise _out_of_bounds("committee", objection)

    def check_weights(self, census: CensusView) -> None:
        """Check that a shuffled poll's voters all have the same weight (§19.1).

        Raises:
            Rejected: Two weights differ (check C3).
        """
        different = census.different_weights() if self.is_shuffled else None
        if different is not None:
            shown = f"{different[0]} and {different[1]}"
            raise Rejected("C3", f"weights {shown}", DIFFERENT_WEIGHTS)

    @property
    def freezes_at(self) -> UnixSeconds:
        """Chain time at which nodes stop signing receipts."""
        return later(self.closes_at, self.freeze_delay)

    def settling(
        self, rejected_rounds: int = 0, rejected_at: UnixSeconds = _NEVER
    ) -> SettlingClock:
        """Return the clock of the settling rounds (§10.3).

        Args:
            rejected_rounds: One more than the number of the last round with a rejected root; 0
                without one.
            rejected_at: Chain time of that rejection; 0 without one.
        """
        starts_at = rejected_at if rejected_rounds else self.freezes_at
        return SettlingClock(starts_at, rejected_rounds, self.round_duration, self.max_rounds)


_DIGESTS = ("committee", "rule", "outcome_rule", "description", "census_root")
_NUMBERS = (
    ("voters", 32),
    ("total_weight", 128),
    ("secret", 1),
    ("opens_at", 64),
    ("closes_at", 64),
    ("freeze_delay", 32),
    ("round_duration", 32),
    ("max_rounds", 32),
    ("dispute_window", 32),
    ("tally_period", 32),
    ("minimum_ballots", 32),
    ("counting", 8),
    ("casting", 8),
    ("identity", 8),
    ("open_minimum", 32),
    ("shuffle_period", 32),
    ("response_time", 32),
    ("max_dispute_delay", 32),
)


_KINDS = ("counting", "casting", "identity", "extension")
DIFFERENT_WEIGHTS = "a poll that opens every ballot needs voters of equal weight"
LEAST_ANSWERS = 4
"""Response times that the longest delay by disputes has at least (§11.3)."""
_AT_LEAST_ONE = (
    "voters",
    "total_weight",
    "round_duration",
    "max_rounds",
    "dispute_window",
    "tally_period",
    "minimum_ballots",
)
_MAX_TIME = UnixSeconds(1 << 40)
"""Latest time that a registry accepts."""


def _out_of_bounds(name: str, reason: str) -> Rejected:
    return Rejected("P6", f"parameters.{name}", reason)


@dataclass(frozen=True)
class PollIdentity:
    """Identity of a poll: chain id, 20-byte registry address, poll id."""

    chain_id: int
    registry: bytes
    poll_id: int

    def encode(self) -> bytes:
        """Encode board section 1."""
        return word(self.chain_id) + self.registry + word(self.poll_id)

    @classmethod
    def decode(cls, data: bytes) -> "PollIdentity":
        """Read board section 1."""
        reader = Reader(data, "poll")
        identity = cls(
            reader.unsigned(WORD_BYTES, "chain_id"),
            reader.take(ADDRESS_BYTES, "registry"),
            reader.unsigned(WORD_BYTES, "poll_id"),
        )
        reader.end()
        return identity

    def context(self, parameters: PollParameters, rule: BallotRule) -> bytes:
        """Return `pollContext` (§4.2), 32 bytes."""
        return tagged_hash(
            "poll",
            word(self.chain_id),
            word(self.registry),
            word(self.poll_id),
            parameters.encode(),
            word(len(rule.slots)),
            word(rule.max_slot_value),
        )


def _no_committee(reason: str) -> Rejected:
    return Rejected("P3", "committee", reason)
