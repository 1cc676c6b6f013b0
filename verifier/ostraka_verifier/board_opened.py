"""Section 14 of a board: a complete run of the shuffle, its signatures, and the opened ballots.

It grows with the voters, so it stays where it is. Steps and ballots are read in parts.

Source: docs/protocol.md §16. Vectors: tests/vectors/opened.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from ostraka_verifier.board import Attestation, next_node
from ostraka_verifier.content import Within
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import HASH_BYTES, SCALAR_BYTES, SIGNATURE_BYTES, Reader, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle.groups import Group
from ostraka_verifier.shuffle.state import BYTES_A_BALLOT, RunRecord, StepRecord, check_count

SUBJECT = "board.opened"
CHUNK_BALLOTS = 1 << 14
"""Ballots that are read at once, at most."""
_HEAD_BYTES = 5
_ENTRY_BYTES = 1 + SIGNATURE_BYTES


@dataclass(frozen=True)
class OpenedShape:
    """Dimensions of a poll's section 14.

    Attributes:
        threshold: `t`, nodes in each group.
        ballots: `N`, from 1.
        slots: `k`, of each ballot.
        slot_bytes: Length of one slot, from 1.

    Raises:
        Malformed: So many ballots cannot be shuffled.
    """

    threshold: int
    ballots: int
    slots: int
    slot_bytes: int

    def __post_init__(self) -> None:
        check_count(self.ballots)

    @classmethod
    def of(cls, rule: BallotRule, threshold: int, ballots: int) -> "OpenedShape":
        """Return the dimensions for `ballots` ballots under a rule; Malformed for none."""
        slot_bytes = max(1, (rule.max_slot_value.bit_length() + 7) // 8)
        return cls(threshold, ballots, len(rule.slots), slot_bytes)

    @property
    def step_bytes(self) -> int:
        """Length of one step of the run record."""
        return self.threshold + BYTES_A_BALLOT * self.ballots + HASH_BYTES

    @property
    def ballot_bytes(self) -> int:
        """Length of one opened ballot, without its blinding."""
        return self.slots * self.slot_bytes

    def size(self, steps: int, signatures: int) -> int:
        """Return the length of the section."""
        run = _HEAD_BYTES + steps * self.step_bytes
        openings = self.ballots * (self.ballot_bytes + SCALAR_BYTES)
        return run + 1 + signatures * _ENTRY_BYTES + openings


def encode_opened(
    shape: OpenedShape,
    run: RunRecord,
    attestations: Sequence[Attestation],
    openings: Sequence[Share],
) -> bytes:
    """Return section 14.

    Args:
        run: The whole run.
        attestations: `Shuffled` signatures of its last state, by increasing node.
        openings: Slots and blinding of each position of that state, in its order.

    Raises:
        OverflowError: A slot does not fit.
    """
    width = shape.slot_bytes
    return b"".join(
        [
            run.encode(),
            unsigned(len(attestations), 1),
            *(unsigned(one.node, 1) + one.signature for one in attestations),
            *(unsigned(slot, width) for opening in openings for slot in opening.values),
            *(unsigned(opening.blinding, SCALAR_BYTES) for opening in openings),
        ]
    )


class OpenedBallots:
    """Section 14 of a board, read in parts.

    Attributes:
        shape: Its dimensions.
        turn: Number of the run's turn.
        steps: Number of its steps.
        attestations: The nodes' `Shuffled` signatures, nodes strictly increasing.
    """

    def __init__(self, section: Within, shape: OpenedShape) -> None:
        """Read all but steps and ballots.

        Raises:
            Malformed: Another length than that of its numbers of steps and signatures; nodes that
                do not increase.
            Undecided: The section does not arrive.
        """
        self.shape = shape
        self._section = section
        head = Reader(section.read(0, _HEAD_BYTES), SUBJECT)
        self.turn = head.unsigned(4, "turn")
        self.steps = head.unsigned(1, "steps")
        at = _HEAD_BYTES + self.steps * shape.step_bytes
        count = Reader(section.read(at, 1), SUBJECT).unsigned(1, "signatures")
        # Compare before any loop: a forged number must not make us allocate memory.
        expected = shape.size(self.steps, count)
        if section.size != expected:
            reason = f"{section.size} bytes, expected {expected}"
            raise Malformed(SUBJECT, f"{reason} for {shape.ballots} ballots, {self.steps} steps")
        reader = Reader(section.read(at + 1, count * _ENTRY_BYTES), SUBJECT)
        attestations = list[Attestation]()
        previous = 0
        for _ in range(count):
            previous = next_node(reader, previous)
            attestations.append(Attestation(previous, reader.take(SIGNATURE_BYTES, "signature")))
        self.attestations = tuple(attestations)
        self._ballots_at = at + 1 + count * _ENTRY_BYTES
        self._blindings_at = self._ballots_at + shape.ballots * shape.ballot_bytes

    def step(self, number: int) -> StepRecord:
        """Return a step by its number from 0.

        Raises:
            Malformed: The board ends before.
            Undecided: It does not arrive.
        """
        size = self.shape.step_bytes
        field = f"steps[{number}]"
        reader = Reader(self._read(_HEAD_BYTES + number * size, size, field), f"{SUBJECT}.{field}")
        group = tuple(reader.take(self.shape.threshold, "group"))
        proof = reader.take(BYTES_A_BALLOT * self.shape.ballots, "proof")
        return StepRecord(group, proof, reader.take(HASH_BYTES, "sharing_hash"))

    @property
    def groups(self) -> list[Group]:
        """The group of each step; errors as for `step`."""
        size, threshold = self.shape.step_bytes, self.shape.threshold
        return [
            tuple(self._read(_HEAD_BYTES + number * size, threshold, f"steps[{number}].group"))
            for number in range(self.steps)
        ]

    @property
    def run(self) -> RunRecord:
        """The run record, all of it in memory; errors as for `step`."""
        return RunRecord(self.turn, tuple(self.step(number) for number in range(self.steps)))

    def openings(self, first: int, count: int) -> list[Share]:
        """Return slots and blinding of some positions.

        Args:
            first: Place of the first, from 0.
            count: Of all positions from there on, at most those that there are.

        Raises:
            Malformed: A blinding is not below `r`, or the board ends before; the item names it.
            Undecided: They do not arrive.
        """
        count = min(count, self.shape.ballots - first)
        size, width = self.shape.ballot_bytes, self.shape.slot_bytes
        ballots = self._read(self._ballots_at + first * size, count * size, "ballots")
        places = range(0, count * size, size)
        return [
            Share(_slots(ballots[at : at + size], width), blinding)
            for at, blinding in zip(places, self._blindings(first, count), strict=True)
        ]

    def total(self) -> Share:
        """Return the sum of all openings, slots as integers; errors as for `openings`."""
        size, width = self.shape.ballot_bytes, self.shape.slot_bytes
        byte_sums, blinding = [0] * size, 0
        for first in range(0, self.shape.ballots, CHUNK_BALLOTS):
            count = min(CHUNK_BALLOTS, self.shape.ballots - first)
            ballots = self._read(self._ballots_at + first * size, count * size, "ballots")
            # Column by column: bytes need no objects then.
            byte_sums = [before + sum(ballots[at::size]) for at, before in enumerate(byte_sums)]
            blinding += sum(self._blindings(first, count))
        slots = [byte_sums[at : at + width] for at in range(0, size, width)]
        return Share(tuple(reduce(_next_byte, of, 0) for of in slots), blinding % R)

    def _blindings(self, first: int, count: int) -> list[int]:
        at, size = self._blindings_at + first * SCALAR_BYTES, count * SCALAR_BYTES
        data = self._read(at, size, "blindings")
        blindings = [
            int.from_bytes(data[start : start + SCALAR_BYTES], "big")
            for start in range(0, size, SCALAR_BYTES)
        ]
        if max(blindings, default=0) >= R:
            place = next(at for at, blinding in enumerate(blindings, first) if blinding >= R)
            raise Malformed(f"{SUBJECT}.blindings[{place}]", "scalar >= r")
        return blindings

    def _read(self, start: int, size: int, field: str) -> bytes:
        data = self._section.read(start, size)
        if len(data) != size:
            raise Malformed(f"{SUBJECT}.{field}", f"{size - len(data)} bytes missing")
        return data


def _next_byte(value: int, byte: int) -> int:
    return value * 256 + byte


def _slots(ballot: bytes, width: int) -> tuple[int, ...]:
    if width == 1:
        return tuple(ballot)
    return tuple(
        int.from_bytes(ballot[at : at + width], "big") for at in range(0, len(ballot), width)
    )
