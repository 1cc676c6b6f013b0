"""Give a starved node its share of a ballot without showing it anybody else's.

`t` helpers send their weighted shares under pairwise masks that cancel in the sum. Every
contribution is checked against commitments that both ends of a pair signed.

Source: docs/protocol.md §9.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ostraka.keys import PollKey, SigningKey, seal
from ostraka_verifier import typed_data
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.encoding import (
    HASH_BYTES,
    POINT_BYTES,
    SCALAR_BYTES,
    SIGNATURE_BYTES,
    Reader,
    keccak256,
    tagged_hash,
    unsigned,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import SEAL_BYTES, Share, lagrange, share_commitment
from ostraka_verifier.typed_data import Domain, recover


@dataclass(frozen=True)
class RepairRequest:
    """Which share is to be repaired, and by whom.

    Attributes:
        target: Index of the starved node.
        helpers: `t` indices, strictly increasing, without the target.
    """

    poll_context: bytes
    ballot_digest: bytes
    target: int
    helpers: tuple[int, ...]
    attempt: int

    def encode(self) -> bytes:
        """What is sent to a helper: digest, helpers, attempt."""
        return b"".join(
            (self.ballot_digest, unsigned(self.attempt, 4), bytes([len(self.helpers)])),
        ) + bytes(self.helpers)

    @classmethod
    def decode(
        cls, data: bytes, poll_context: bytes, target: int, nodes: int, threshold: int
    ) -> "RepairRequest":
        """Read a request of node `target`; Malformed when it is none."""
        reader = Reader(data, "repair")
        digest, attempt = reader.take(HASH_BYTES, "digest"), reader.unsigned(4, "attempt")
        helpers = tuple(reader.take(reader.unsigned(1, "helpers"), "helpers"))
        reader.end()
        if len(helpers) != threshold or any(low >= high for low, high in pairwise(helpers)):
            raise Malformed(f"repair.helpers: not {threshold} in strictly increasing order")
        if target in helpers or not 1 <= helpers[0] <= helpers[-1] <= nodes:
            raise Malformed("repair.helpers: not others of the committee")
        return cls(poll_context, digest, target, helpers, attempt)

    @property
    def hash(self) -> bytes:
        """`repairHash`: names this repair, and makes its masks fresh."""
        return tagged_hash(
            "repair",
            self.poll_context,
            self.ballot_digest,
            bytes([self.target, len(self.helpers), *self.helpers]),
            unsigned(self.attempt, 4),
        )

    def pairs_of(self, helper: int) -> list[tuple[int, int]]:
        """Pairs (low, high) of a helper with each other one, in order."""
        return [
            (min(helper, other), max(helper, other)) for other in self.helpers if other != helper
        ]

    def statement(self, pair: tuple[int, int], mask: bytes) -> tuple[str, *tuple[int | bytes, ...]]:
        """What both ends of a pair sign of their mask's commitment."""
        return (
            typed_data.REPAIR_MASK,
            self.poll_context,
            self.ballot_digest,
            self.hash,
            *pair,
            keccak256(mask),
        )


@dataclass(frozen=True)
class Contribution:
    """One helper's answer.

    Attributes:
        box: Masked share, sealed to the target.
        masks: Commitment and signature for each of the helper's pairs, in order.
    """

    box: bytes
    masks: tuple[tuple[bytes, bytes], ...]

    def encode(self) -> bytes:
        """Box, then commitments with signatures."""
        return self.box + b"".join(point + signature for point, signature in self.masks)

    @classmethod
    def decode(cls, data: bytes, slots: int, threshold: int) -> "Contribution":
        """Read an answer; Malformed when it is none."""
        reader = Reader(data, "contribution")
        box = reader.take(SEAL_BYTES + SCALAR_BYTES * (slots + 1), "box")
        masks = tuple(
            (reader.take(POINT_BYTES, "mask"), reader.take(SIGNATURE_BYTES, "signature"))
            for _ in range(threshold - 1)
        )
        reader.end()
        return cls(box, masks)


def contribute(
    request: RepairRequest,
    helper: int,
    share: Share,
    key: CommitmentKey,
    poll_key: PollKey,
    public_keys: Sequence[bytes],
    signer: SigningKey,
    domain: Domain,
) -> Contribution:
    """Helper `helper`'s answer, from its own good share.

    Args:
        public_keys: Poll keys of all nodes, node 1 first.
    """
    coefficient = lagrange(request.helpers, request.target)[request.helpers.index(helper)]
    total = [coefficient * value for value in (*share.values, share.blinding)]
    masks = []
    for pair in request.pairs_of(helper):
        other = pair[0] if pair[1] == helper else pair[1]
        mask = _mask(poll_key.shared_secret(public_keys[other - 1]), request.hash, len(total))
        sign = 1 if other > helper else -1
        total = [value + sign * one for value, one in zip(total, mask, strict=True)]
        point = key.commit([(mask[:-1], mask[-1])]).encode()
        masks.append((point, signer.sign(domain.digest(*request.statement(pair, point)))))
    reduced = Share(tuple(value % R for value in total[:-1]), total[-1] % R)
    return Contribution(seal(public_keys[request.target - 1], reduced.encode()), tuple(masks))


def repaired_share(
    curve: Curve,
    key: CommitmentKey,
    request: RepairRequest,
    sharing: Points,
    answers: Mapping[int, Contribution],
    poll_key: PollKey,
    addresses: Sequence[bytes],
    domain: Domain,
    slots: int,
) -> Share:
    """The target's share out of all helpers' answers.

    Args:
        sharing: The ballot's `V, A_1, …, A_{t−1}`.
        addresses: Of all nodes, node 1 first.

    Raises:
        Rejected: A helper lied; the item names it (check S0).
        Malformed: An answer cannot be read.
    """
    commitments: dict[tuple[int, int], bytes] = {}
    for helper in request.helpers:
        pairs = request.pairs_of(helper)
        for pair, (point, signature) in zip(pairs, answers[helper].masks, strict=True):
            signed = domain.digest(*request.statement(pair, point))
            if recover(signed, signature) != addresses[helper - 1]:
                raise Rejected("S0", f"node {helper}", "did not sign its mask")
            if commitments.setdefault(pair, point) != point:
                raise Rejected("S0", f"nodes {pair}", "say different things of their mask")
    coefficients = lagrange(request.helpers, request.target)
    total = Share((0,) * slots, 0)
    for helper, coefficient in zip(request.helpers, coefficients, strict=True):
        reader = Reader(poll_key.open(answers[helper].box), "contribution")
        share = Share.read(reader, slots, f"node {helper}")
        reader.end()
        expected = curve.scale(share_commitment(curve, sharing, helper), [coefficient])
        for pair in request.pairs_of(helper):
            mask = curve.decode(commitments[pair])
            expected = curve.add(expected, mask if pair[0] == helper else curve.negate(mask))
        if key.commit([(share.values, share.blinding)]) != expected:
            raise Rejected("S0", f"node {helper}", "its contribution is not its share")
        values = tuple((a + b) % R for a, b in zip(total.values, share.values, strict=True))
        total = Share(values, (total.blinding + share.blinding) % R)
    return total


def _mask(secret: bytes, repair_hash: bytes, count: int) -> list[int]:
    # Two hashes a scalar: their 512 bits modulo R are uniform but for 2^-258.
    return [
        int.from_bytes(
            b"".join(
                tagged_hash("repair-mask", secret, repair_hash, unsigned(number, 4), bytes([half]))
                for half in (0, 1)
            ),
            "big",
        )
        % R
        for number in range(count)
    ]
