"""Everything that a poll fixes before it opens, and the context that binds signatures to it.

Source: docs/protocol.md §3, §4. Vectors: tests/vectors/board.json.
"""

import re
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    HASH_BYTES,
    WORD_BYTES,
    Reader,
    keccak256,
    parse_json,
    tagged_hash,
    unsigned,
    word,
)
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.question import (
    Question,
    implied_question,
    poll_labels,
    poll_rule,
    read_questions,
)
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.settling_clock import SettlingClock
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, read_census_origin
from ostraka_verifier.units import UnixSeconds

MAX_NODES = 64
MAX_URL_BYTES = 256
MAX_DESCRIPTION_BYTES = 65_536


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


_NEVER = UnixSeconds(0)
"""The contracts' value for a time that has not come yet."""


@dataclass(frozen=True)
class PollParameters:
    """The twenty-four words of §4.1; names, order and types are those of the contract's struct.

    The last eight are reserved for later kinds of poll; a program refuses unknown values.
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
    freeze_delay: int
    round_duration: int
    max_rounds: int
    dispute_window: int
    tally_period: int
    minimum_ballots: int
    counting: int = 0
    casting: int = 0
    identity: int = 0
    open_minimum: int = 0
    shuffle_period: int = 0
    response_time: int = 0
    max_dispute_delay: int = 0
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

    def check_known(self) -> None:
        """Check that the reserved words are zero, as in every known kind of poll.

        Raises:
            Rejected: The poll is of a kind that this program does not know (check P1).
        """
        for name in _RESERVED:
            value = getattr(self, name)
            if value not in (0, bytes(HASH_BYTES)):
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

    @property
    def freezes_at(self) -> UnixSeconds:
        """Chain time at which nodes stop signing receipts."""
        return UnixSeconds(self.closes_at + self.freeze_delay)

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


_RESERVED = (
    "counting",
    "casting",
    "identity",
    "open_minimum",
    "shuffle_period",
    "response_time",
    "max_dispute_delay",
    "extension",
)
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


@dataclass(frozen=True)
class RoundReference:
    """A round of a treasury, about whose money a poll decides."""

    treasury: bytes
    round_id: int


@dataclass(frozen=True)
class Description:
    """The questions of a poll and the meaning of its slots.

    Attributes:
        encoded: The bytes that were hashed.
        census: Source of the electorate, None if the organizer listed it.
        shared_keys: Whether one signing key may sign for several accounts.
        questions: The questions that make the ballot rule, None without any; or why they are
            unreadable, which does not affect the rest.
        text: Further text, "" for none; any JSON, checked in rounds only (D1).
    """

    encoded: bytes
    title: str
    options: tuple[str, ...]
    round: RoundReference | None = None
    census: CensusSource | InvitedCensus | None = None
    shared_keys: bool = False
    questions: tuple[Question, ...] | AuditError | None = None
    text: object = ""

    @classmethod
    def decode(cls, data: bytes) -> "Description":
        """Read a description.

        Raises:
            Malformed: Not UTF-8 JSON with a title and options.
        """
        # First: a description beyond every limit must not cost time.
        if len(data) > MAX_DESCRIPTION_BYTES:
            raise Malformed("description", f"{len(data)} bytes, at most {MAX_DESCRIPTION_BYTES}")
        content = parse_json(data, "description")
        if not isinstance(content, dict):
            raise Malformed("description", "not a JSON object")
        title, options = content.get("title"), content.get("options")
        if not isinstance(title, str):
            raise Malformed("description.title", "not a string")
        if not isinstance(options, list) or not all(isinstance(name, str) for name in options):
            raise Malformed("description.options", "not a list of strings")
        shared_keys = content.get("shared_keys", False)
        if not isinstance(shared_keys, bool):
            raise Malformed("description.shared_keys", "neither true nor false")
        source = content.get("census")
        return cls(
            data,
            title,
            tuple(options),
            _round_reference(content.get("round")),
            None if source is None else read_census_origin(source),
            shared_keys,
            _questions(content["questions"]) if "questions" in content else None,
            content.get("text", ""),
        )

    def check_words(self, title: str, text: str) -> None:
        """Check that a round's poll asks in the round's words, not the opposite of them.

        Args:
            title, text: Of the round.

        Raises:
            Rejected: The poll uses different words (check D1).
        """
        asked = self.questions if isinstance(self.questions, tuple) else ()
        if {self.title, *(one.title for one in asked)} != {title}:
            raise Rejected(
                "D1", "title", "the title of the poll or of a question differs from the round's"
            )
        if self.text not in ("", text):
            raise Rejected("D1", "text", "the poll's text differs from the round's")

    def check_questions(self, rule: BallotRule) -> tuple[Question, ...]:
        """Return the questions; an empty tuple if the description has none.

        Raises:
            Rejected: They are unreadable, do not make exactly the rule, or name other slots
                than the options (check P5).
        """
        if self.questions is None:
            return ()
        if isinstance(self.questions, AuditError):
            raise _no_questions(str(self.questions))
        try:
            made = poll_rule(self.questions)
        except Rejected as error:
            raise _no_questions(error.reason) from None
        if made.encode() != rule.encode():
            raise _no_questions("they make a different ballot rule")
        if poll_labels(self.questions) != self.options:
            raise _no_questions("the options are not those of the questions")
        return self.questions

    def asked(self, rule: BallotRule) -> tuple[Question, ...]:
        """Return the questions; without any, the one that the rule implies.

        Raises:
            Rejected: As `check_questions`, or no question implies the rule (check P5).
        """
        return self.check_questions(rule) or (implied_question(rule, self.title, self.options),)

    @property
    def digest(self) -> bytes:
        """keccak-256 of the bytes."""
        return keccak256(self.encoded)


def _questions(content: Any) -> tuple[Question, ...] | AuditError:
    try:
        return read_questions(content)
    except AuditError as error:
        return error


def _no_questions(reason: str) -> Rejected:
    return Rejected("P5", "description.questions", reason)


def _round_reference(content: Any) -> RoundReference | None:
    if content is None:
        return None
    treasury, number = (
        (content.get("treasury"), content.get("id")) if isinstance(content, dict) else (None, None)
    )
    if not isinstance(treasury, str) or not re.fullmatch("0x[0-9a-f]{40}", treasury):
        raise Malformed("description.round.treasury", "not an address in lower-case 0x-hex")
    if type(number) is not int or not 1 <= number < 1 << 128:
        raise Malformed("description.round.id", "not a number of a round")
    return RoundReference(bytes.fromhex(treasury[2:]), number)


def _no_committee(reason: str) -> Rejected:
    return Rejected("P3", "committee", reason)
