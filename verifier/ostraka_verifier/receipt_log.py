"""A node's log of its receipts: a Merkle tree in order of acceptance, and checkpoints of it.

Two checkpoints of one node that contradict each other prove to anybody that it showed different
logs. Everything here is a pure function of bytes; callers check signatures.

Source: docs/protocol.md §9.6; RFC 6962, section 2.1. Vectors: tests/vectors/receipt_log.json.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ostraka_verifier import typed_data
from ostraka_verifier.encoding import (
    HASH_BYTES,
    SIGNATURE_BYTES,
    Reader,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Malformed
from ostraka_verifier.units import UnixSeconds

EMPTY_ROOT = bytes(HASH_BYTES)
"""Root of a log without receipts, and what the first checkpoint names as the one before."""
CHECKPOINT_BYTES = 1 + 4 + 4 + HASH_BYTES + HASH_BYTES + 8
SHORTEST_PAUSE_S = 10
"""Least chain time between two checkpoints, except before the last one."""


class ReceiptLog:
    """A log with all hashes that its proofs need: 64 bytes for each receipt."""

    def __init__(self, digests: Iterable[bytes] = ()) -> None:
        # By level, the roots of all complete subtrees from left to right.
        self._levels = [bytearray()]
        self.append(digests)

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def append(self, digests: Iterable[bytes]) -> None:
        """Add ballots at the end, by their digests of 32 bytes."""
        for digest in digests:
            hashed, level = _leaf(digest), 0
            self._levels[0] += hashed
            while len(self._levels[level]) // HASH_BYTES % 2 == 0:
                pair = self._levels[level][-2 * HASH_BYTES :]
                level += 1
                if level == len(self._levels):
                    self._levels.append(bytearray())
                hashed = _node(bytes(pair[:HASH_BYTES]), bytes(pair[HASH_BYTES:]))
                self._levels[level] += hashed

    def root(self, count: int | None = None) -> bytes:
        """Return the root over the first `count` ballots, by default over all."""
        count = len(self) if count is None else count
        self._require(0 <= count <= len(self))
        return self._subtree(0, count) if count else EMPTY_ROOT

    def inclusion(self, index: int, count: int) -> list[bytes]:
        """Return the proof that the ballot at `index`, from 0, is among the first `count`."""
        self._require(0 <= index < count <= len(self))
        proof = []
        start, end = 0, count
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the first `second` ballots begin with the first `first` ones.

        Empty if the numbers are the same, or the first is 0.
        """
        self._require(0 <= first <= second <= len(self))
        if first in (0, second):
            return []
        proof = []
        start, end, is_whole = 0, second, True
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(start, middle))
                start, is_whole = middle, False
        if not is_whole:
            proof.append(self._subtree(start, end))
        return proof[::-1]

    def _subtree(self, start: int, end: int) -> bytes:
        size = end - start
        level = size.bit_length() - 1
        if size == 1 << level and start % size == 0:
            at = start // size * HASH_BYTES
            return bytes(self._levels[level][at : at + HASH_BYTES])
        middle = start + _split(size)
        return _node(self._subtree(start, middle), self._subtree(middle, end))

    @staticmethod
    def _require(condition: bool) -> None:
        if not condition:
            raise ValueError("outside the log")


def proves_inclusion(
    digest: bytes, index: int, count: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether a proof shows a ballot at `index` of the log of `count` ballots."""
    if not 0 <= index < count:
        return False
    at, last, found = index, count - 1, _leaf(digest)
    for step in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = _node(step, found)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether a proof shows that the log of `second` ballots begins with that of `first`."""
    if first in (0, second):
        expected = second_root if first else EMPTY_ROOT
        return first <= second and not proof and first_root == expected
    if not 0 < first < second or not proof:
        return False
    steps = list(proof)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    at, last = first - 1, second - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            older, newer = _node(step, older), _node(step, newer)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            newer = _node(newer, step)
        at, last = at >> 1, last >> 1
    return last == 0 and older == first_root and newer == second_root


def _leaf(digest: bytes) -> bytes:
    return tagged_hash("log-leaf", digest)


def _node(left: bytes, right: bytes) -> bytes:
    return tagged_hash("log-node", left, right)


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


@dataclass(frozen=True)
class Checkpoint:
    """A node's statement about its log at a time.

    Attributes:
        node: Index of the node, from 1.
        number: Of its checkpoints in this poll, from 1 without gaps.
        count: Number of receipts in the log.
        root: Over these receipts, 32 bytes.
        previous: `hash` of the checkpoint before; 32 zero bytes for the first.
        signed_at: Chain time.
    """

    node: int
    number: int
    count: int
    root: bytes
    previous: bytes
    signed_at: UnixSeconds

    def encode(self) -> bytes:
        """Return `u8 node ‖ u32 number ‖ u32 count ‖ root ‖ previous ‖ u64 signedAt`."""
        return b"".join(
            (
                unsigned(self.node, 1),
                unsigned(self.number, 4),
                unsigned(self.count, 4),
                self.root,
                self.previous,
                unsigned(self.signed_at, 8),
            )
        )

    @classmethod
    def read(cls, reader: Reader) -> "Checkpoint":
        """Read the 81 bytes; Malformed if they are invalid."""
        node, number = reader.unsigned(1, "node"), reader.unsigned(4, "number")
        count = reader.unsigned(4, "count")
        root, previous = reader.take(HASH_BYTES, "root"), reader.take(HASH_BYTES, "previous")
        read = cls(
            node, number, count, root, previous, UnixSeconds(reader.unsigned(8, "signed_at"))
        )
        if not node or not number:
            raise Malformed("checkpoint", "nodes and numbers count from 1")
        if (number == 1) != (previous == EMPTY_ROOT) or (count == 0) != (root == EMPTY_ROOT):
            raise Malformed("checkpoint", "a hash where there is nothing, or the reverse")
        return read

    def hash(self, context: bytes) -> bytes:
        """Return the hash that names it in the next checkpoint and in cosignatures."""
        return tagged_hash("checkpoint", context, self.encode())

    def statement(self, context: bytes) -> tuple[str, bytes, int, int, int, bytes, bytes, int]:
        """Return type and members of the statement that the node signs."""
        return (
            typed_data.CHECKPOINT,
            context,
            self.node,
            self.number,
            self.count,
            self.root,
            self.previous,
            self.signed_at,
        )


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint with its node's signature."""

    checkpoint: Checkpoint
    signature: bytes

    def encode(self) -> bytes:
        """Return checkpoint and signature end to end, 146 bytes."""
        return self.checkpoint.encode() + self.signature

    @classmethod
    def decode(cls, data: bytes) -> "SignedCheckpoint":
        """Reverse `encode`; Malformed if it is invalid. The signature is not checked."""
        reader = Reader(data, "checkpoint")
        read = cls(Checkpoint.read(reader), reader.take(SIGNATURE_BYTES, "signature"))
        reader.end()
        return read


def contradiction(context: bytes, one: Checkpoint, other: Checkpoint) -> str | None:
    """Return why an honest node cannot have signed both checkpoints; None if it can.

    The two signatures then prove that their node showed two logs, or changed one.
    """
    if one.node != other.node or one == other:
        return None
    earlier, later = sorted((one, other), key=lambda each: each.number)
    if earlier.number == later.number:
        return f"two different checkpoints have the number {one.number}"
    if later.count < earlier.count:
        return f"the log has become shorter: {earlier.count} receipts, then {later.count}"
    if later.count == earlier.count and later.root != earlier.root:
        return f"two logs of {earlier.count} receipts are different"
    if later.signed_at <= earlier.signed_at:
        return f"checkpoint {later.number} is not later than checkpoint {earlier.number}"
    if later.number == earlier.number + 1 and later.previous != earlier.hash(context):
        return f"checkpoint {later.number} names another one before it"
    return None


def successor_objection(
    context: bytes,
    before: Checkpoint | None,
    after: Checkpoint,
    opens_at: UnixSeconds,
    freezes_at: UnixSeconds,
) -> str | None:
    """Return why a checkpoint cannot follow another one; None if it can.

    Args:
        before: None if `after` must be the node's first.
        opens_at: Opening of the poll. With the shortest pause, it limits how many checkpoints a
            node can make others store.
        freezes_at: The last checkpoint has this time, and no other one has it.
    """
    number, previous = (before.number, before.hash(context)) if before else (0, EMPTY_ROOT)
    if (after.number, after.previous) != (number + 1, previous):
        return f"checkpoint {after.number} does not follow checkpoint {number}"
    if after.signed_at > freezes_at:
        return "a checkpoint from after the freezing"
    if after.signed_at < opens_at:
        return "a checkpoint from before the opening"
    if before is not None and (reason := contradiction(context, before, after)):
        return reason
    if after.signed_at == freezes_at:
        return None
    if after.count == (before.count if before else 0):
        return "a checkpoint without a new receipt"
    if before is not None and after.signed_at < before.signed_at + SHORTEST_PAUSE_S:
        return f"a checkpoint within {SHORTEST_PAUSE_S} s of the one before"
    return None
