"""Disputes on chain: read challenges and what answers showed, send challenges, answers and proofs.

Reads and sends only; what is worth a dispute is decided in `ostraka.guard`.

Source: contracts/interfaces/IDisputes.sol, docs/protocol.md §11.3, §18.8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_abi.abi import encode
from web3.exceptions import Web3Exception

from ostraka.chain.contract import DeployedContract, Sender, Sent, call, checksum
from ostraka.chain.errors import ChainError
from ostraka_verifier.board import Attestation
from ostraka_verifier.census import CensusEntry
from ostraka_verifier.census_tree import CensusRoot, siblings_of
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.merkle_sum import Leaf, SumNode
from ostraka_verifier.parameters import PollParameters
from ostraka_verifier.units import UnixSeconds


class ChallengeState(IntEnum):
    """State of a challenge with the contract's numbers.

    ANSWERED: the root stood, and the bond is spent. CLOSED: the bond went back.
    """

    NONE = 0
    OPEN = 1
    ANSWERED = 2
    CLOSED = 3


class Ground(IntEnum):
    """Why a root was rejected, with the contract's numbers."""

    SUM = 0
    PADDING = 1
    ORDER = 2
    UNANSWERED = 3


@dataclass(frozen=True)
class DisputedPoll:
    """A poll, and what it fixed at its creation, as every dispute names both."""

    registry: bytes
    poll_id: int
    parameters: PollParameters
    rule: bytes

    @property
    def subject(self) -> tuple[str, int]:
        """`IDisputes.Poll`."""
        return checksum(self.registry), self.poll_id

    @property
    def terms(self) -> tuple[tuple[Any, ...], bytes]:
        """`IDisputes.Terms`."""
        return tuple(vars(self.parameters).values()), self.rule


@dataclass(frozen=True)
class ReceiptedBallot:
    """A ballot that nodes gave receipts for; digest of 32 bytes."""

    voter: bytes
    cast_at_unix_s: UnixSeconds
    digest: bytes

    @property
    def order_key(self) -> tuple[UnixSeconds, bytes]:
        """Order of one voter's ballots: the greatest counts (§8.7)."""
        return self.cast_at_unix_s, self.digest


@dataclass(frozen=True)
class Challenge:
    """A challenge of one root, as its events and the contract's state show it.

    Attributes:
        id: Its identifier, 32 bytes.
        subject: Index of the challenged leaf, or the ballot that is said to be missing.
        bond: In wei.
        block: Block in which it was opened.
        paid: Wei that went to whoever answered; 0 before an answer.
    """

    id: bytes
    subject: int | ReceiptedBallot
    round: int
    challenger: bytes
    deadline: UnixSeconds
    bond: int
    block: int
    state: ChallengeState = ChallengeState.OPEN
    paid: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state is ChallengeState.OPEN


@dataclass(frozen=True)
class ShownLeaf:
    """What the answer to a challenge of a leaf put on chain, as the contract checked it.

    Attributes:
        value: The leaf's `w·V`, 64 bytes.
        siblings: Of the leaf, from its own height upward.
        signed: Canonical ballot, hash of its boxes and signature; None if the transaction does
            not show them.
    """

    index: int
    leaf: Leaf
    value: bytes
    siblings: tuple[SumNode, ...]
    signed: tuple[bytes, bytes, bytes] | None = None


@dataclass(frozen=True)
class Rejection:
    """A root that was rejected, and why."""

    round: int
    ground: Ground
    block: int


@dataclass(frozen=True)
class Docket:
    """Everything that the chain shows of the disputes about one poll, oldest first."""

    challenges: tuple[Challenge, ...] = ()
    shown: tuple[tuple[int, ShownLeaf], ...] = ()
    rejections: tuple[Rejection, ...] = ()

    def of_round(self, number: int) -> "Docket":
        """Return what is about the root of one settling round."""
        return Docket(
            tuple(one for one in self.challenges if one.round == number),
            tuple(one for one in self.shown if one[0] == number),
            tuple(one for one in self.rejections if one.round == number),
        )


@dataclass(frozen=True)
class Named:
    """What a transaction challenges: subject of the poll, digest of the root, leaf or ballot."""

    poll: tuple[str, int]
    root_digest: bytes
    subject: int | ReceiptedBallot


@dataclass(frozen=True)
class LeafEvidence:
    """All that makes a leaf right (`IDisputes.LeafEvidence`).

    Attributes:
        entry: The voter's entry in the census.
        place: Its place there, from 0.
        census: Root of the census.
        proof: Siblings of the entry, as `census_tree.prove` gives them.
        siblings: Of the leaf, from its own height upward.
    """

    ballot: bytes
    boxes_hash: bytes
    signature: bytes
    entry: CensusEntry
    place: int
    census: CensusRoot
    proof: bytes
    siblings: Sequence[SumNode]

    def encode(self) -> tuple[Any, ...]:
        """Return the contract's struct."""
        membership = (
            checksum(self.entry.signing_key),
            self.entry.weight,
            self.place,
            self.census.hash,
            self.census.sum,
            self.census.count,
            siblings_of(self.proof),
        )
        return self.ballot, self.boxes_hash, self.signature, membership, _nodes(self.siblings)


@dataclass(frozen=True)
class Payee:
    """Whom an answer pays, by the signature of a node of the committee."""

    account: bytes
    node: int
    signature: bytes

    def encode(self) -> tuple[Any, ...]:
        """Return the contract's struct."""
        return checksum(self.account), self.node, self.signature


BONDS_DOUBLE_AFTER = 16
"""Challenges of one root after which the bond doubles (`Bonds.DOUBLING`, §11.3)."""
NOBODY = Payee(bytes(20), 0, b"")
"""An answer for which nobody is paid: the whole bond is burned."""


class Disputes(DeployedContract):
    """The Disputes at one address of one chain."""

    name = "Disputes"

    def minimum_bond(self) -> int:
        """Return the least bond of any challenge, in wei."""
        return int(self.read("minimumBond"))

    def bond_of(self, poll: DisputedPoll, base_fee: int) -> int:
        """Return the least bond of the next challenge in a block of a base fee, in wei."""
        return int(self.read("bondOf", poll.subject, poll.terms, base_fee))

    def base_fee(self) -> int:
        """Return the base fee of the newest block, in wei per gas."""
        return int(call(lambda: self.web3.eth.get_block("latest"))["baseFeePerGas"])

    def balance_of(self, account: bytes) -> int:
        """Return what an account can withdraw, in wei."""
        return int(self.read("balanceOf", checksum(account)))

    def coins_of(self, account: bytes) -> int:
        """Return an account's coin, in wei."""
        return int(call(lambda: self.web3.eth.get_balance(checksum(account))))

    def state_of(self, challenge: bytes, block: int | str = "latest") -> ChallengeState:
        """Return the state of a challenge; NONE if there is no such challenge."""
        return ChallengeState(self.read("challengeOf", challenge, block=block)[4])

    def state_with_pending(self, challenge: bytes) -> ChallengeState:
        """Return a challenge's state after the transactions that wait for a block.

        A provider without a pending block is asked for the newest one.
        """
        try:
            return self.state_of(challenge, "pending")
        except ChainError as error:
            if not isinstance(error.__cause__, Web3Exception):
                raise
            return self.state_of(challenge)

    def named_in(self, to: str | None, data: str | bytes) -> Named | None:
        """Return which challenge a transaction with this data opens; None if it opens none.

        Args:
            data: Calldata, as hexadecimal digits or as bytes.
        """
        if to != self.contract.address:
            return None
        try:
            function, given = self.contract.decode_function_input(data)
        except (ValueError, Web3Exception):
            return None
        if function.fn_name not in ("challengeLeaf", "challengeOmission"):
            return None
        poll = given["poll"]
        ballot = given.get("ballot")
        subject = int(given["index"]) if ballot is None else receipted(ballot)
        return Named((poll["registry"], poll["id"]), bytes(given["rootDigest"]), subject)

    def prove_sum(
        self,
        sender: Sender,
        poll: DisputedPoll,
        height: int,
        index: int,
        stated: bytes,
        children: tuple[SumNode, SumNode],
        siblings: Sequence[SumNode],
    ) -> Sent:
        """Show an inner node whose stated sum (64 bytes) is not that of its children."""
        x, y = _words(stated)
        left, right = _nodes(children)
        given = (height, index, [x, y], left, right, _nodes(siblings))
        return self.send(sender, "proveSum", poll.subject, *given)

    def prove_padding(
        self,
        sender: Sender,
        poll: DisputedPoll,
        height: int,
        index: int,
        node: SumNode,
        siblings: Sequence[SumNode],
    ) -> Sent:
        """Show a node beyond the count that is not empty, or an empty one before it."""
        (shown,) = _nodes([node])
        return self.send(
            sender, "provePadding", poll.subject, height, index, shown, _nodes(siblings)
        )

    def prove_order(
        self,
        sender: Sender,
        poll: DisputedPoll,
        index: int,
        leaves: Sequence[tuple[Leaf, bytes]],
        siblings: Sequence[Sequence[SumNode]],
    ) -> Sent:
        """Show two neighbouring leaves, each with its `w·V`, whose voters do not increase."""
        shown = [_leaf(leaf, value) for leaf, value in leaves]
        paths = [_nodes(one) for one in siblings]
        return self.send(sender, "proveOrder", poll.subject, index, shown, paths)

    def challenge_leaf(
        self, sender: Sender, poll: DisputedPoll, root_digest: bytes, index: int, bond: int
    ) -> Sent:
        """Ask for a leaf, for a bond in wei."""
        given = (poll.subject, poll.terms, root_digest, index)
        return self.send(sender, "challengeLeaf", *given, value=bond)

    def challenge_omission(
        self,
        sender: Sender,
        poll: DisputedPoll,
        root_digest: bytes,
        ballot: ReceiptedBallot,
        receipts: Iterable[Attestation],
        bond: int,
    ) -> Sent:
        """Say that a ballot with receipts of a quorum is missing, for a bond in wei."""
        signed = [(one.node, one.signature) for one in receipts]
        given = (poll.subject, poll.terms, root_digest, _ballot(ballot), signed)
        return self.send(sender, "challengeOmission", *given, value=bond)

    def answer_leaf(
        self,
        sender: Sender,
        poll: DisputedPoll,
        index: int,
        evidence: LeafEvidence,
        payee: Payee = NOBODY,
    ) -> Sent:
        """Answer the challenge of a leaf."""
        given = (poll.subject, poll.terms, index, evidence.encode(), payee.encode())
        return self.send(sender, "answerLeaf", *given)

    def answer_omission(
        self,
        sender: Sender,
        poll: DisputedPoll,
        ballot: ReceiptedBallot,
        index: int,
        leaf: tuple[Leaf, bytes],
        siblings: Sequence[SumNode],
        payee: Payee = NOBODY,
    ) -> Sent:
        """Answer the challenge of an omission with the voter's leaf and its `w·V`."""
        shown = _leaf(*leaf)
        given = (_ballot(ballot), index, shown, _nodes(siblings), payee.encode())
        return self.send(sender, "answerOmission", poll.subject, *given)

    def answer_invalid_ballot(
        self,
        sender: Sender,
        poll: DisputedPoll,
        ballot: ReceiptedBallot,
        content: bytes,
        payee: Payee = NOBODY,
    ) -> Sent:
        """Answer the challenge of an omission with the omitted ballot, which must not count."""
        given = (poll.subject, poll.terms, _ballot(ballot), content, payee.encode())
        return self.send(sender, "answerInvalidBallot", *given)

    def expire(self, sender: Sender, poll: DisputedPoll, challenge: bytes) -> Sent:
        """Have the root rejected whose challenge was not answered in time."""
        return self.send(sender, "expire", poll.subject, challenge)

    def close(self, sender: Sender, poll: DisputedPoll, challenge: bytes) -> Sent:
        """Get the bond of a challenge back whose root is not anchored any more."""
        return self.send(sender, "close", poll.subject, challenge)

    def withdraw(self, sender: Sender) -> Sent:
        """Pay the sender what belongs to it."""
        return self.send(sender, "withdraw")


def receipted(given: Any) -> ReceiptedBallot:
    """Return a ballot as the contract's struct has it."""
    voter = bytes.fromhex(given["voter"][2:])
    return ReceiptedBallot(voter, UnixSeconds(given["castAt"]), bytes(given["ballotDigest"]))


def leaf_challenge(poll: DisputedPoll, number: int, index: int) -> bytes:
    """Return the identifier of the challenge of a leaf in the root of a settling round."""
    types = ["string", "address", "uint256", "uint32", "uint32"]
    return keccak256(encode(types, ["leaf", *poll.subject, number, index]))


def omission_challenge(poll: DisputedPoll, number: int, ballot: ReceiptedBallot) -> bytes:
    """Return the identifier of the challenge that a root omits a ballot."""
    types = ["string", "address", "uint256", "uint32", "address", "uint64", "bytes32"]
    return keccak256(encode(types, ["omission", *poll.subject, number, *_ballot(ballot)]))


def _ballot(ballot: ReceiptedBallot) -> tuple[str, int, bytes]:
    return checksum(ballot.voter), ballot.cast_at_unix_s, ballot.digest


def _leaf(leaf: Leaf, value: bytes) -> tuple[Any, ...]:
    cast_at = leaf.cast_at_unix_s
    return (checksum(leaf.voter), leaf.weight, cast_at, leaf.digest, *_words(value))


def _nodes(nodes: Iterable[SumNode]) -> list[tuple[bytes, int, int]]:
    return [(node.hash, *_words(node.sum)) for node in nodes]


def _words(point: bytes) -> tuple[int, int]:
    return int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big")
