"""Requests of a run's leader to the nodes, and what their sealed boxes are bound to.

Lengths follow from the poll's number of ballots, slots and nodes, so every request has one form.

Source: docs/protocol.md §19.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from ostraka.sealing import deal_info, sub_shares_info
from ostraka.wire.shuffle_sizes import Sizes
from ostraka_verifier.board import Attestation, next_node
from ostraka_verifier.encoding import (
    HASH_BYTES,
    SIGNATURE_BYTES,
    Reader,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Malformed
from ostraka_verifier.shuffle import Group, RunRecord


class Call(StrEnum):
    """Requests between nodes; each is the last part of its path."""

    BEGIN = "begin"
    PROVE = "prove"
    DEAL = "deal"
    TAKE = "take"
    FOLLOW = "follow"
    SIGN = "sign"
    CERTIFY = "certify"
    SHARES = "shares"


@dataclass(frozen=True)
class StepHead:
    """Which step a request is about.

    Attributes:
        before: Hash of the state before, 32 bytes.
        turn: Number of the turn.
        step: From 1.
        group: The nodes that make it.
    """

    before: bytes
    turn: int
    step: int
    group: Group

    def encode(self) -> bytes:
        """Return hash, `u32` turn, `u8` step and the group."""
        return self.before + unsigned(self.turn, 4) + bytes([self.step, *self.group])

    @classmethod
    def read(cls, reader: Reader, threshold: int) -> Self:
        """Read it from the start of a request."""
        return cls(
            reader.take(HASH_BYTES, "before"),
            reader.unsigned(4, "turn"),
            reader.unsigned(1, "step"),
            tuple(reader.take(threshold, "group")),
        )

    def deal_info(self, poll_context: bytes, proof: bytes, member: int) -> bytes:
        """Return the `info` of a member's deal."""
        return deal_info(poll_context, self.encode(), proof_digest(proof), member)

    def share_info(self, poll_context: bytes, proof: bytes, member: int, node: int) -> bytes:
        """Return the `info` of a member's sub-shares for a node."""
        return sub_shares_info(poll_context, self.encode(), proof_digest(proof), member, node)


def proof_digest(proof: bytes) -> bytes:
    """Return the hash that names a step's proof, 32 bytes."""
    return tagged_hash("shuffle-proof", proof)


@dataclass(frozen=True)
class Proven:
    """Answer of a group's first member: a proof, and a sealed deal for each other member."""

    proof: bytes
    boxes: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return proof and boxes, in the order of members."""
        return self.proof + b"".join(self.boxes)

    @classmethod
    def decode(cls, data: bytes, sizes: Sizes) -> Self:
        """Read an answer; Malformed if it has another length."""
        reader = Reader(data, "proven")
        proof = reader.take(sizes.proof, "proof")
        boxes = tuple(reader.take(sizes.deal_box, "boxes") for _ in range(sizes.threshold - 1))
        reader.end()
        return cls(proof, boxes)


@dataclass(frozen=True)
class DealCall:
    """Request to a member to share its part of the new state.

    Attributes:
        box: Its deal; empty for the first member, which drew it.
    """

    head: StepHead
    proof: bytes
    box: bytes

    def encode(self) -> bytes:
        """Return head, proof and box."""
        return self.head.encode() + self.proof + self.box

    @classmethod
    def decode(cls, data: bytes, sizes: Sizes) -> Self:
        """Read a request; Malformed if it has another length."""
        reader = Reader(data, "deal")
        head = StepHead.read(reader, sizes.threshold)
        proof = reader.take(sizes.proof, "proof")
        box = reader.take(reader.left, "box")
        if len(box) not in (0, sizes.deal_box):
            raise Malformed("deal.box", f"{len(box)} bytes")
        return cls(head, proof, box)


@dataclass(frozen=True)
class Dealt:
    """Answer of a member.

    Attributes:
        commitments: `C, A_1 … A_{t−1}` for each position, encoded.
        boxes: Its sealed sub-shares for each node, node 1 first.
    """

    commitments: bytes
    boxes: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return commitments and boxes."""
        return self.commitments + b"".join(self.boxes)

    @classmethod
    def decode(cls, data: bytes, sizes: Sizes) -> Self:
        """Read an answer; Malformed if it has another length."""
        reader = Reader(data, "dealt")
        commitments = reader.take(sizes.commitments, "commitments")
        boxes = tuple(reader.take(sizes.share_box, "boxes") for _ in range(sizes.nodes))
        reader.end()
        return cls(commitments, boxes)


@dataclass(frozen=True)
class TakeCall:
    """Request to a node to take the new state with its shares.

    Attributes:
        commitments: Each member's, encoded, in the order of the group.
        boxes: Each member's sealed sub-shares for this node, in the same order.
    """

    head: StepHead
    proof: bytes
    commitments: tuple[bytes, ...]
    boxes: tuple[bytes, ...]

    @classmethod
    def of(cls, head: StepHead, proof: bytes, dealt: Mapping[int, Dealt], node: int) -> Self:
        """Return the request to a node after all members have dealt."""
        members = [dealt[member] for member in head.group]
        return cls(
            head,
            proof,
            tuple(one.commitments for one in members),
            tuple(one.boxes[node - 1] for one in members),
        )

    def encode(self) -> bytes:
        """Return head, proof, commitments and boxes."""
        return b"".join((self.head.encode(), self.proof, *self.commitments, *self.boxes))

    @classmethod
    def decode(cls, data: bytes, sizes: Sizes) -> Self:
        """Read a request; Malformed if it has another length."""
        reader = Reader(data, "take")
        head = StepHead.read(reader, sizes.threshold)
        proof = reader.take(sizes.proof, "proof")
        each = range(sizes.threshold)
        commitments = tuple(reader.take(sizes.commitments, "commitments") for _ in each)
        boxes = tuple(reader.take(sizes.share_box, "boxes") for _ in each)
        reader.end()
        return cls(head, proof, commitments, boxes)


@dataclass(frozen=True)
class Certificate:
    """A whole run with nodes' `Shuffled` signatures of its last state: how section 14 begins.

    Attributes:
        attestations: By increasing node.
    """

    record: RunRecord
    attestations: tuple[Attestation, ...]

    def encode(self) -> bytes:
        """Return the record, `u8` number of signatures, and each with its node."""
        signed = [bytes([one.node]) + one.signature for one in self.attestations]
        return self.record.encode() + bytes([len(signed)]) + b"".join(signed)

    @classmethod
    def decode(cls, data: bytes, sizes: Sizes) -> Self:
        """Read a certificate; Malformed if it is not canonical."""
        steps = data[4] if len(data) > 4 else 0
        length = 5 + steps * (sizes.threshold + sizes.proof + HASH_BYTES)
        record = RunRecord.decode(data[:length], sizes.threshold, sizes.ballots)
        reader = Reader(data[length:], "certificate")
        attestations: list[Attestation] = []
        previous = 0
        for _ in range(reader.unsigned(1, "signatures")):
            previous = next_node(reader, previous)
            attestations.append(Attestation(previous, reader.take(SIGNATURE_BYTES, "signature")))
        reader.end()
        return cls(record, tuple(attestations))


@dataclass(frozen=True)
class SignCall:
    """Request to a node to sign the last state of a run."""

    turn: int
    state_hash: bytes

    def encode(self) -> bytes:
        """Return `u32` turn and hash."""
        return unsigned(self.turn, 4) + self.state_hash

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a request; Malformed if it has another length."""
        reader = Reader(data, "sign")
        call = cls(reader.unsigned(4, "turn"), reader.take(HASH_BYTES, "state_hash"))
        reader.end()
        return call
