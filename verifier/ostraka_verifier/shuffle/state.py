"""A run of the shuffle: the states that it goes through, their hashes, and its canonical bytes.

Source: docs/protocol.md §19.2, §19.4, §19.8. Vectors: tests/vectors/shuffle.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.curve import Points
from ostraka_verifier.encoding import HASH_BYTES, Reader, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.shuffle.groups import Group

BYTES_A_BALLOT = 320
"""Length of a step's proof for each ballot."""

_SHARING_TAG = "shuffle-sharing"

MAX_BALLOTS = 2**31 - 1
"""More would need generators whose indices do not fit `u32`."""


@dataclass(frozen=True)
class RunContext:
    """What one run belongs to.

    Attributes:
        poll_context: 32 bytes.
        root_digest: Digest of the anchored root, 32 bytes (§10.4).
        turn: Number of the proposer's turn.
    """

    poll_context: bytes
    root_digest: bytes
    turn: int


@dataclass(frozen=True)
class ShuffleState:
    """Commitments in some order, and how they came to be.

    Attributes:
        run: What the run belongs to.
        step: Number of steps before, 0 for the anchored ballots.
        group: The nodes that made the last step; none for the anchored ballots.
        before: Hash of the state before, 32 bytes; zeros for the anchored ballots.
        values: `V_1 … V_N`.
        sharing_hash: Hash of all `A` (`sharing_hash`), 32 bytes.
    """

    run: RunContext
    step: int
    group: Group
    before: bytes
    values: Points
    sharing_hash: bytes

    @classmethod
    def start(cls, run: RunContext, values: Points, sharing: Points) -> "ShuffleState":
        """Return the anchored ballots as a state.

        Args:
            values: `V` of each ballot, in the order of leaves.
            sharing: `A_1 … A_{t−1}` of the first ballot, then of the second, and so on.
        """
        return cls.start_of(run, values, sharing.encode())

    @classmethod
    def start_of(cls, run: RunContext, values: Points, sharing: bytes) -> "ShuffleState":
        """Return the same of the encoded `A_1 … A_{t−1}` of all ballots."""
        hashed = tagged_hash(_SHARING_TAG, sharing)
        return cls(run, 0, (), bytes(HASH_BYTES), values, hashed)

    def after(self, group: Group, values: Points, sharing_hash: bytes) -> "ShuffleState":
        """Return the state to which a group's step leads."""
        return ShuffleState(self.run, self.step + 1, group, self.hash, values, sharing_hash)

    @cached_property
    def encoded_values(self) -> bytes:
        """`V_1 ‖ … ‖ V_N`."""
        return self.values.encode()

    @cached_property
    def hash(self) -> bytes:
        """Hash that nodes sign and that the next step's proof binds, 32 bytes (§19.4)."""
        return tagged_hash(
            "shuffle-state",
            self.run.poll_context,
            self.run.root_digest,
            unsigned(self.run.turn, 4),
            bytes([self.step, len(self.group), *self.group]),
            self.before,
            unsigned(len(self.values), 4),
            tagged_hash("shuffle-values", self.encoded_values),
            self.sharing_hash,
        )


def sharing_hash(sharing: Points) -> bytes:
    """Return the hash of `A_1 … A_{t−1}` of all positions in order, 32 bytes."""
    return tagged_hash(_SHARING_TAG, sharing.encode())


@dataclass(frozen=True)
class StepRecord:
    """One step as a board carries it.

    Attributes:
        group: The nodes that made it.
        proof: New commitments with the proof of shuffle, 320 bytes for each ballot.
        sharing_hash: Hash of the new `A`, 32 bytes.
    """

    group: Group
    proof: bytes
    sharing_hash: bytes

    def encode(self) -> bytes:
        """Return `t + 320 N + 32` bytes."""
        return bytes(self.group) + self.proof + self.sharing_hash


@dataclass(frozen=True)
class RunRecord:
    """One run as a board carries it, without the nodes' signatures."""

    turn: int
    steps: tuple[StepRecord, ...]

    def encode(self) -> bytes:
        """Return the turn, the number of steps, and the steps."""
        head = unsigned(self.turn, 4) + bytes([len(self.steps)])
        return head + b"".join(step.encode() for step in self.steps)

    @classmethod
    def decode(cls, data: bytes, threshold: int, ballots: int) -> "RunRecord":
        """Read a run over `ballots` ballots.

        Lengths alone are checked here. Groups, points and scalars are checked with the steps.

        Raises:
            Malformed: Bytes are missing or left over.
        """
        reader = Reader(data, "run")
        turn = reader.unsigned(4, "turn")
        steps = tuple(
            StepRecord(
                tuple(reader.take(threshold, f"steps[{number}].group")),
                reader.take(BYTES_A_BALLOT * ballots, f"steps[{number}].proof"),
                reader.take(HASH_BYTES, f"steps[{number}].sharing_hash"),
            )
            for number in range(reader.unsigned(1, "steps"))
        )
        reader.end()
        return cls(turn, steps)


def check_count(ballots: int) -> None:
    """Raise Malformed unless so many ballots can be shuffled."""
    if not 1 <= ballots <= MAX_BALLOTS:
        raise Malformed("ballots", f"{ballots}, from 1 to {MAX_BALLOTS} can be shuffled")


def positions_of(vector: Sequence[object] | Points, each: int) -> int:
    """Return for how many positions a vector has `each` entries; ValueError if for none."""
    count, rest = divmod(len(vector), each)
    if rest:
        raise ValueError(f"{len(vector)} entries, not {each} for each position")
    return count
