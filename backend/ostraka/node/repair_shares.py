"""Give a node its missing share of a ballot without revealing any other node's share.

`t` helpers send their weighted shares under pairwise masks that cancel in the sum. The lower helper
of each pair makes and signs the pair's seed. Both helpers of a pair sign the mask's commitment, so
that every contribution can be checked.

All messages pass through the target, which may be corrupt: a helper accepts a seed only with the
lower helper's signature over that box and that repair, and sends nothing if a seed is missing.

Source: docs/protocol.md §9.3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from ostraka.sealing import SEED_BYTES, PollKey, Recipient, contribution_info, seed_info
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
from ostraka_verifier.poll_key import node_key
from ostraka_verifier.sharing import SEAL_BYTES, Share, lagrange, share_commitment, verify_shares
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain

Pair = tuple[int, int]
"""Two helpers, the lower one first."""


def repair_subject(ballot_digest: bytes) -> bytes:
    """Return the subject of repairs and masks: a commitment to the ballot's `V, A_1, …,
    A_{t−1}`."""
    return tagged_hash("repair-subject", ballot_digest)


@dataclass(frozen=True)
class RepairRequest:
    """The share to repair, and its helpers.

    Attributes:
        subject: From `repair_subject`, 32 bytes.
        target: Index of the node that lacks the share.
        helpers: `t` indices, strictly increasing, without the target.
    """

    poll_context: bytes
    subject: bytes
    target: int
    helpers: tuple[int, ...]
    attempt: int

    def check(self, nodes: int, threshold: int) -> None:
        """Raise Malformed unless the helpers are `t` other nodes of the committee."""
        helpers = self.helpers
        if len(helpers) != threshold or any(low >= high for low, high in pairwise(helpers)):
            raise Malformed("repair.helpers", f"not {threshold} in strictly increasing order")
        if self.target in helpers or not 1 <= helpers[0] <= helpers[-1] <= nodes:
            raise Malformed("repair.helpers", "not other nodes of the committee")

    @cached_property
    def hash(self) -> bytes:
        """`repairHash`: identifies this repair, and makes its masks fresh."""
        return tagged_hash(
            "repair",
            self.poll_context,
            self.subject,
            bytes([self.target, len(self.helpers), *self.helpers]),
            unsigned(self.attempt, 4),
        )

    def pairs_of(self, helper: int) -> list[Pair]:
        """Return the pairs of a helper with every other helper, in order."""
        return [
            (min(helper, other), max(helper, other)) for other in self.helpers if other != helper
        ]

    def seeds_from(self, helper: int) -> list[Pair]:
        """Return the pairs whose seed a helper makes, in order."""
        return [pair for pair in self.pairs_of(helper) if pair[0] == helper]

    def seeds_to(self, helper: int) -> list[Pair]:
        """Return the pairs whose seed a helper receives, in order."""
        return [pair for pair in self.pairs_of(helper) if pair[1] == helper]

    @property
    def statement(self) -> tuple[str, *tuple[bytes, ...]]:
        """Return the statement that the target signs to request this repair."""
        return typed_data.REPAIR, self.poll_context, self.subject, self.hash

    def mask_statement(self, pair: Pair, mask_hash: bytes) -> tuple[str, *tuple[int | bytes, ...]]:
        """Return the statement about a mask's commitment that both helpers of a pair sign."""
        return (
            typed_data.REPAIR_MASK,
            self.poll_context,
            self.subject,
            self.hash,
            *pair,
            mask_hash,
        )

    def seed_statement(
        self, pair: Pair, box: bytes, mask_hash: bytes
    ) -> tuple[str, *tuple[int | bytes, ...]]:
        """Return the statement about a sealed seed that the lower helper of a pair signs."""
        return (
            typed_data.REPAIR_SEED,
            self.poll_context,
            self.hash,
            *pair,
            keccak256(box),
            mask_hash,
        )


@dataclass(frozen=True)
class SignedSeed:
    """A pair's seed, sent by the lower helper to the higher one.

    Attributes:
        box: The seed, sealed to the higher helper.
        mask_hash: Hash of the commitment to the resulting mask.
        signature: The lower helper's `RepairSeed`.
    """

    box: bytes
    mask_hash: bytes
    signature: bytes

    def encode(self) -> bytes:
        """Encode box, hash and signature."""
        return self.box + self.mask_hash + self.signature


SIGNED_SEED_BYTES = SEAL_BYTES + SEED_BYTES + HASH_BYTES + SIGNATURE_BYTES


def encode_seeds(seeds: Sequence[SignedSeed]) -> bytes:
    """Encode seeds end to end."""
    return b"".join(seed.encode() for seed in seeds)


def decode_seeds(data: bytes, count: int) -> tuple[SignedSeed, ...]:
    """Read `count` seeds; Malformed if the length does not match."""
    if len(data) != count * SIGNED_SEED_BYTES:
        raise Malformed("seeds", f"{len(data)} bytes do not hold {count} of them")
    reader = Reader(data, "seeds")
    return tuple(
        SignedSeed(
            reader.take(SEAL_BYTES + SEED_BYTES, "box"),
            reader.take(HASH_BYTES, "mask_hash"),
            reader.take(SIGNATURE_BYTES, "signature"),
        )
        for _ in range(count)
    )


@dataclass(frozen=True)
class Contribution:
    """Answer of one helper.

    Attributes:
        box: Masked share, sealed to the target.
        masks: Commitment and signature for each of the helper's pairs, in order.
    """

    box: bytes
    masks: tuple[tuple[bytes, bytes], ...]

    def encode(self) -> bytes:
        """Encode the box, then commitments with signatures."""
        return self.box + b"".join(point + signature for point, signature in self.masks)

    @classmethod
    def decode(cls, data: bytes, slots: int, threshold: int) -> "Contribution":
        """Read an answer; Malformed if it is invalid."""
        reader = Reader(data, "contribution")
        box = reader.take(SEAL_BYTES + SCALAR_BYTES * (slots + 1), "box")
        masks = tuple(
            (reader.take(POINT_BYTES, "mask"), reader.take(SIGNATURE_BYTES, "signature"))
            for _ in range(threshold - 1)
        )
        reader.end()
        return cls(box, masks)


@dataclass(frozen=True)
class RepairCommittee:
    """Public data of the nodes that repair shares of one poll, node 1 first.

    Attributes:
        public_keys: Poll keys as pinned on chain; no two of them share a half.
    """

    curve: Curve
    key: CommitmentKey
    domain: Domain
    addresses: tuple[bytes, ...]
    public_keys: tuple[bytes, ...]
    slots: int

    def node_keys(self, pair: Pair) -> tuple[bytes, bytes]:
        """Return the hashes of both helpers' poll keys."""
        low, high = pair
        return node_key(self.public_keys[low - 1]), node_key(self.public_keys[high - 1])

    def seal(self, node: int, plaintext: bytes, info: bytes) -> bytes:
        """Seal a box for a node."""
        return Recipient(self.public_keys[node - 1]).seal(plaintext, info)

    def require_signer(
        self,
        node: int,
        signature: bytes,
        statement: tuple[str, *tuple[int | bytes, ...]],
        what: str,
    ) -> None:
        """Raise Rejected (check S0), naming the node, unless it signed a statement."""
        try:
            signer = recover(self.domain.digest(*statement), signature)
        except Malformed as error:
            raise Rejected("S0", f"node {node}", f"{what}: {error}") from None
        if signer != self.addresses[node - 1]:
            raise Rejected("S0", f"node {node}", f"did not sign {what}")

    def check_seeds(
        self, request: RepairRequest, low: int, seeds: Sequence[SignedSeed]
    ) -> dict[Pair, SignedSeed]:
        """Return a helper's seeds by pair, after checking its signatures for this repair.

        Raises:
            Rejected: A signature is invalid (check S0).
        """
        pairs = request.seeds_from(low)
        if len(seeds) != len(pairs):
            raise Rejected("S0", f"node {low}", f"{len(seeds)} seeds for {len(pairs)} pairs")
        for pair, seed in zip(pairs, seeds, strict=True):
            statement = request.seed_statement(pair, seed.box, seed.mask_hash)
            self.require_signer(low, seed.signature, statement, "its seed")
        return dict(zip(pairs, seeds, strict=True))


class Helper:
    """One node as a helper in repairs of one poll."""

    def __init__(
        self,
        committee: RepairCommittee,
        node: int,
        poll_key: PollKey,
        repair_secret: bytes,
        sign: Callable[..., bytes],
    ) -> None:
        """Args:
        node: This node's index.
        repair_secret: 32 bytes drawn with the poll key, and destroyed with it.
        sign: Signs a statement about the poll, given its type and members.
        """
        self.committee = committee
        self.node = node
        self._poll_key = poll_key
        self._secret = repair_secret
        self._sign = sign

    def seeds(self, request: RepairRequest) -> tuple[SignedSeed, ...]:
        """First step: make the seeds of the pairs in which this helper is the lower one.

        The same request always gives the same seeds.
        """
        return tuple(self._sealed_seed(request, pair) for pair in request.seeds_from(self.node))

    def contribute(
        self,
        request: RepairRequest,
        sharing: Points,
        share: Share,
        seeds: Sequence[SignedSeed],
    ) -> Contribution:
        """Second step: return this helper's masked share.

        Args:
            sharing: The ballot's `V, A_1, …, A_{t−1}`.
            share: This node's own share.
            seeds: From the target, one for each pair in which this helper is the higher one, in
            order.

            Raises:
                Malformed: A seed is missing, or cannot be opened.
                Rejected: The share is bad, or a helper did not sign its seed for this repair (check
                    S0).
        """
        committee = self.committee
        verify_shares(committee.curve, committee.key, self.node, [(sharing, share)])
        made = {pair: self._own_seed(request, pair) for pair in request.seeds_from(self.node)}
        all_seeds = made | self._given_seeds(request, seeds)
        at = request.helpers.index(self.node)
        coefficient = lagrange(request.helpers, request.target)[at]
        total = [coefficient * value for value in (*share.values, share.blinding)]
        masks = []
        for pair in request.pairs_of(self.node):
            mask = self._mask(request, pair, all_seeds[pair])
            sign = 1 if pair[0] == self.node else -1
            total = [value + sign * one for value, one in zip(total, mask, strict=True)]
            point = self._commitment(mask)
            statement = request.mask_statement(pair, keccak256(point))
            masks.append((point, self._sign(*statement)))
        masked = Share(tuple(value % R for value in total[:-1]), total[-1] % R)
        info = contribution_info(request.poll_context, request.hash, self.node, request.target)
        return Contribution(committee.seal(request.target, masked.encode(), info), tuple(masks))

    def _sealed_seed(self, request: RepairRequest, pair: Pair) -> SignedSeed:
        seed = self._own_seed(request, pair)
        info = seed_info(request.poll_context, request.hash, pair, self.committee.node_keys(pair))
        box = self.committee.seal(pair[1], seed, info)
        mask_hash = keccak256(self._commitment(self._mask(request, pair, seed)))
        statement = request.seed_statement(pair, box, mask_hash)
        return SignedSeed(box, mask_hash, self._sign(*statement))

    def _given_seeds(
        self, request: RepairRequest, seeds: Sequence[SignedSeed]
    ) -> dict[Pair, bytes]:
        pairs = request.seeds_to(self.node)
        if len(seeds) != len(pairs):
            # With a mask missing, the target could recover this node's share.
            raise Malformed(
                "seeds", f"{len(seeds)}, expected one from each of {len(pairs)} helpers"
            )
        return {
            pair: self._given_seed(request, pair, given)
            for pair, given in zip(pairs, seeds, strict=True)
        }

    def _given_seed(self, request: RepairRequest, pair: Pair, given: SignedSeed) -> bytes:
        self._require_seed_signature(request, pair, given)
        info = seed_info(request.poll_context, request.hash, pair, self.committee.node_keys(pair))
        seed = self._poll_key.open(given.box, info)
        if len(seed) != SEED_BYTES:
            raise Malformed(f"seed of node {pair[0]}", f"{len(seed)} bytes, expected {SEED_BYTES}")
        if keccak256(self._commitment(self._mask(request, pair, seed))) != given.mask_hash:
            raise Rejected(
                "S0", f"node {pair[0]}", "its seed does not give the mask that it signed"
            )
        return seed

    def _require_seed_signature(
        self, request: RepairRequest, pair: Pair, given: SignedSeed
    ) -> None:
        statement = request.seed_statement(pair, given.box, given.mask_hash)
        self.committee.require_signer(pair[0], given.signature, statement, "its seed")

    def _own_seed(self, request: RepairRequest, pair: Pair) -> bytes:
        return tagged_hash("repair-seed", self._secret, request.hash, bytes(pair))

    def _mask(self, request: RepairRequest, pair: Pair, seed: bytes) -> list[int]:
        # Two hashes for each scalar: their 512 bits modulo R are uniform up to 2^-258.
        use = (seed, request.hash, bytes(pair), *self.committee.node_keys(pair))
        return [
            int.from_bytes(
                b"".join(
                    tagged_hash("repair-mask", *use, unsigned(number, 4), bytes([half]))
                    for half in (0, 1)
                ),
                "big",
            )
            % R
            for number in range(self.committee.slots + 1)
        ]

    def _commitment(self, mask: Sequence[int]) -> bytes:
        return self.committee.key.commit([(mask[:-1], mask[-1])]).encode()


def repaired_share(
    committee: RepairCommittee,
    request: RepairRequest,
    sharing: Points,
    answers: Mapping[int, Contribution],
    poll_key: PollKey,
) -> Share:
    """Compute the target's share from all helpers' answers.

    Args:
        sharing: The ballot's `V, A_1, …, A_{t−1}`.
        poll_key: The target's.

    Raises:
        Rejected: An answer is false; the item names the lying node, or both helpers of a pair that
            disagree, if the liar cannot be identified (check S0).
        Malformed: An answer cannot be read.
    """
    curve = committee.curve
    commitments: dict[Pair, bytes] = {}
    for helper in request.helpers:
        pairs = request.pairs_of(helper)
        for pair, (point, signature) in zip(pairs, answers[helper].masks, strict=True):
            statement = request.mask_statement(pair, keccak256(point))
            committee.require_signer(helper, signature, statement, "its mask")
            if commitments.setdefault(pair, point) != point:
                raise Rejected("S0", f"nodes {pair}", "signed different commitments to their mask")
    coefficients = lagrange(request.helpers, request.target)
    total = Share((0,) * committee.slots, 0)
    for helper, coefficient in zip(request.helpers, coefficients, strict=True):
        info = contribution_info(request.poll_context, request.hash, helper, request.target)
        reader = Reader(poll_key.open(answers[helper].box, info), "contribution")
        share = Share.read(reader, committee.slots, f"node {helper}")
        reader.end()
        expected = curve.scale(share_commitment(curve, sharing, helper), [coefficient])
        for pair in request.pairs_of(helper):
            mask = curve.decode(commitments[pair])
            expected = curve.add(expected, mask if pair[0] == helper else curve.negate(mask))
        if committee.key.commit([(share.values, share.blinding)]) != expected:
            raise Rejected("S0", f"node {helper}", "its contribution is not its share")
        values = tuple((a + b) % R for a, b in zip(total.values, share.values, strict=True))
        total = Share(values, (total.blinding + share.blinding) % R)
    verify_shares(curve, committee.key, request.target, [(sharing, total)])
    return total
