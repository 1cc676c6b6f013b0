"""Prepare a ballot: prove, seal and sign it. Nodes then issue receipts for it.

Source: docs/protocol.md §7, §8. Vectors: tests/vectors/ballot.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka.keys import SigningKey
from ostraka.randomness import Randomness, system
from ostraka.sealing import Recipient, ballot_info
from ostraka.voter.kernel import Kernel
from ostraka.wire.records import CastRecord
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot, BallotLayout
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, R
from ostraka_verifier.poll_key import check_poll_keys
from ostraka_verifier.proof import BallotProof, ProofShape, challenge
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import BoxContent, Share, boxes_hash
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class ProvenBallot:
    """A ballot with its proof, and the nodes' unencrypted shares of it.

    Attributes:
        ballot: The public part.
        shares: One for each node, node 1 first.
        bits: The vote in the rule's bits.
        blinding: `ρ(0)`; with the bits it opens the ballot, so only a challenge shows it.
    """

    ballot: Ballot
    shares: tuple[Share, ...]
    bits: tuple[int, ...]
    blinding: int

    def __repr__(self) -> str:
        return f"ProvenBallot({self.ballot.digest.hex()})"


@dataclass(frozen=True)
class SealedBallot:
    """A proven ballot whose shares are sealed to the nodes, to be signed and cast, or challenged.

    Attributes:
        proven: Contains the choice; stays on the device unless the voter challenges.
        boxes: One for each node, node 1 first.
    """

    proven: ProvenBallot
    boxes: tuple[bytes, ...]

    @property
    def ballot(self) -> Ballot:
        """The public part."""
        return self.proven.ballot


@dataclass(frozen=True)
class SignedBallot:
    """The ballot that is sent to every node; it does not contain the choice in clear."""

    ballot: Ballot
    boxes: tuple[bytes, ...]
    signature: bytes

    @property
    def record(self) -> CastRecord:
        """The record that is sent."""
        return CastRecord(self.ballot.encoded, self.boxes, self.signature)


class BallotFactory:
    """Prepares ballots of one poll.

    One factory serves any number of ballots; tables and kernel are computed once.
    """

    def __init__(
        self,
        curve: Curve,
        rule: BallotRule,
        threshold: int,
        domain: Domain,
        poll_context: bytes,
        poll_keys: Sequence[bytes],
        randomness: Randomness = system,
    ) -> None:
        """Args:
        rule: The poll's ballot rule.
        threshold: Secrecy threshold `t`.
        domain: Chain and registry to which signatures are bound.
        poll_context: 32 bytes.
        poll_keys: The nodes' poll keys of 1,216 bytes, node 1 first, as pinned on chain.

        Raises:
            Malformed: A poll key is refused (§4.3).
        """
        check_poll_keys(poll_keys)
        self._rule = rule
        self._threshold = threshold
        self._domain = domain
        self._context = poll_context
        self._recipients = tuple(Recipient(one) for one in poll_keys)
        self._randomness = randomness
        self._shape = ProofShape(rule, threshold)
        self.layout = BallotLayout(self._shape)
        self.key = CommitmentKey(curve, rule.width)
        self._kernel = Kernel.of(rule)

    def prepare(
        self, signer: SigningKey, voter: bytes, bits: Sequence[int], cast_at_unix_s: UnixSeconds
    ) -> SignedBallot:
        """Prepare a ballot that is ready to be cast.

        Args:
            signer: The voter's key in the census.
            voter: 20-byte account.
            bits: The vote in the rule's bits, slack included.
            cast_at_unix_s: Timestamp of the latest block that the voter saw.

        Raises:
            ValueError: The bits break the rule; the message states how.
        """
        return self.sign(self.seal(self.share(voter, bits, cast_at_unix_s)), signer)

    def share(self, voter: bytes, bits: Sequence[int], cast_at_unix_s: UnixSeconds) -> ProvenBallot:
        """Share and prove a vote; ValueError if the bits break the rule."""
        problem = self._rule.violated(bits)
        if problem:
            raise ValueError(f"not a ballot of this poll: {problem}")
        return self.prove(voter, bits, cast_at_unix_s)

    def prove(self, voter: bytes, bits: Sequence[int], cast_at_unix_s: UnixSeconds) -> ProvenBallot:
        """As `share`, for any integers; votes that break the rule get an invalid proof."""
        rule, scalar = self._rule, self._randomness.scalar
        separate = not rule.slots_are_bits
        values = rule.slot_values(bits)
        # Column d has the d-th coefficient of every slot's polynomial; column 0 is the vote.
        columns = [[value % R for value in values]]
        columns += [[scalar() for _ in values] for _ in range(1, self._threshold)]
        rho = [scalar() for _ in range(self._threshold)]
        masks = self._kernel.sample(self._randomness)
        slot_masks = [value % R for value in rule.slot_values(masks)]
        beta, s, u, w, y = (scalar() for _ in range(5))
        cross = [mask * (1 - 2 * bit) % R for mask, bit in zip(masks, bits, strict=True)]
        square = [-mask * mask % R for mask in masks]
        for quadratic in rule.quadratic_rows:
            mixed = sum(2 * values[slot] * slot_masks[slot] for slot in quadratic.slots)
            mixed += sum(coefficient * masks[bit] for bit, coefficient in quadratic.terms)
            cross.append(-mixed % R)
            square.append(-sum(slot_masks[slot] ** 2 for slot in quadratic.slots) % R)

        reduced_bits = [bit % R for bit in bits]
        openings: list[tuple[Sequence[int], int]] = list(zip(columns, rho, strict=True))
        openings += [(reduced_bits, beta)] if separate else []
        openings += [(slot_masks, s)]
        openings += [(masks, u)] if separate else []
        openings += [(cross, w), (square, y)]
        points = self.key.commit(openings)
        encoded = points.encode()

        x = challenge(self._shape, self._context, voter, encoded)
        proof = BallotProof(
            voter=voter,
            points=points,
            encoded_points=encoded,
            responses=tuple((x * bit + mask) % R for bit, mask in zip(bits, masks, strict=True)),
            z_value=(x * rho[0] + s) % R,
            z_bits=(x * beta + u) % R if separate else 0,
            z_square=(x * w + y) % R,
        )
        shares = tuple(
            self._evaluate(columns, rho, node) for node in range(1, len(self._recipients) + 1)
        )
        ballot = self.layout.build(cast_at_unix_s, proof)
        return ProvenBallot(ballot, shares, tuple(bits), rho[0])

    def seal(self, proven: ProvenBallot) -> SealedBallot:
        """Seal each node's share to its poll key."""
        ballot = proven.ballot
        boxes = tuple(
            recipient.seal(
                BoxContent(self._context, ballot.voter, ballot.digest, share).encode(),
                ballot_info(self._context, node),
            )
            for node, (recipient, share) in enumerate(
                zip(self._recipients, proven.shares, strict=True), start=1
            )
        )
        return SealedBallot(proven, boxes)

    def sign(self, sealed: SealedBallot, signer: SigningKey) -> SignedBallot:
        """Sign a ballot and its boxes with the voter's key."""
        ballot = sealed.ballot
        digest = self._domain.digest(
            typed_data.BALLOT,
            self._context,
            ballot.voter,
            ballot.cast_at_unix_s,
            ballot.digest,
            boxes_hash(sealed.boxes),
        )
        return SignedBallot(ballot, sealed.boxes, signer.sign(digest))

    def _evaluate(self, columns: list[list[int]], rho: list[int], node: int) -> Share:
        powers = [pow(node, degree, R) for degree in range(self._threshold)]
        values = tuple(
            sum(power * coefficient for power, coefficient in zip(powers, slot, strict=True)) % R
            for slot in zip(*columns, strict=True)
        )
        blinding = sum(power * value for power, value in zip(powers, rho, strict=True)) % R
        return Share(values, blinding)
