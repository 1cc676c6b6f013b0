"""Polls of one chain whose roots can be disputed, and roots that five dishonest nodes make.

The nodes are their keys alone: a quorum of them signs whatever the test wants.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ostraka.chain.contract import artifact, call, checksum, deploy, transact
from ostraka.chain.dispute_log import DisputeLog
from ostraka.chain.disputes import (
    NOBODY,
    DisputedPoll,
    Disputes,
    Docket,
    LeafEvidence,
    ReceiptedBallot,
)
from ostraka.chain.errors import Refused
from ostraka.chain.journal import Journal, MemoryJournal
from ostraka.chain.registry import Registry, Status
from ostraka.chain.sending import Account
from ostraka.demo.chains import Hardhat, LocalChain
from ostraka.guard.hands import Limits, Step, disputed_poll
from ostraka.guard.receipts import Recorded, recorded
from ostraka.guard.sources import Source
from ostraka.guard.tower import Tower
from ostraka.keys import SigningKey
from ostraka.voter.prepare import SignedBallot
from ostraka_verifier import typed_data
from ostraka_verifier.board import Board, BoardLeaf
from ostraka_verifier.commitment import generators
from ostraka_verifier.curve import Curve, load
from ostraka_verifier.encoding import POINT_BYTES
from ostraka_verifier.merkle_sum import EMPTY_NODE, Leaf, SumNode, SumRoot, node_hash
from ostraka_verifier.poll_key import node_key, poll_keys_hash
from ostraka_verifier.published import PublishedPoll
from tests.support.chains import running
from tests.support.polls import SyntheticPoll, approval_poll

MINIMUM_BOND = 10**15
RESPONSE_S = 100
WINDOW_S = 400
COINS = 10**20


@dataclass
class DisputedChain:
    """A chain with disputes and a registry that names them; the payer is rich."""

    url: str
    payer: SigningKey
    registry: Registry
    disputes: Disputes
    chain: LocalChain

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator["DisputedChain"]:
        """Start a Hardhat chain as long as the context lasts."""
        chain = Hardhat()
        with running(chain, folder) as url:
            yield cls.deployed(url, chain)

    @classmethod
    def deployed(cls, url: str, chain: LocalChain) -> "DisputedChain":
        """Deploy the contracts on a chain that runs."""
        address, _ = deploy(url, chain.payer, "Disputes", MINIMUM_BOND)
        registry, sent = deploy(url, chain.payer, "PollRegistry", 1, checksum(address))
        return cls(
            url,
            chain.payer,
            Registry(url, registry, sent.block),
            Disputes(url, address, sent.block),
            chain,
        )

    @property
    def now(self) -> int:
        """Time of the newest block."""
        return self.registry.head().timestamp

    def pass_time(self, seconds: int) -> None:
        """Let time pass."""
        self.move_time(self.now + seconds)

    def move_time(self, unix_s: int) -> None:
        """Let time pass until a moment."""
        self.chain.move_time(self.registry.web3, unix_s)  # type: ignore[arg-type]

    def account(self, coins: int = COINS) -> SigningKey:
        """A fresh account with coins."""
        key = SigningKey()
        self.fund(key.address, coins)
        return key

    def fund(self, address: bytes, coins: int = COINS) -> None:
        """Set an account's balance."""
        self.ask("hardhat_setBalance", checksum(address), hex(coins))

    def next_base_fee(self, wei: int) -> None:
        """Set the base fee of the next block."""
        self.ask("hardhat_setNextBlockBaseFeePerGas", hex(wei))

    def mining(self, on: bool) -> None:
        """Let transactions and time make blocks, or only `mine`."""
        self.ask("evm_setAutomine", on)
        self.interval(1000 if on else 0)

    def interval(self, milliseconds: int) -> None:
        """Set how often time makes a block; 0 is never."""
        self.ask("evm_setIntervalMining", milliseconds)

    def mine(self) -> None:
        """Make a block."""
        self.ask("evm_mine")

    def ask(self, method: str, *given: Any) -> Any:
        """Call a method of the test chain."""
        answer = self.registry.web3.provider.make_request(method, list(given))  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    def honest(self) -> "Fraud":
        """A poll whose root is right, and its board."""
        fraud = self.poll()
        fraud.show(fraud.leaves())
        fraud.anchor(fraud.poll.root())
        return fraud

    def poll(self, frozen: bool = True, **changes: Any) -> "Fraud":
        """A poll of seven voters, of which votes were cast; it is frozen now unless told."""
        opens_at = self.now + 20
        times = {
            "opens_at": opens_at,
            "closes_at": opens_at + 600,
            "dispute_window": WINDOW_S,
            "response_time": RESPONSE_S,
            "max_dispute_delay": 6 * RESPONSE_S,
        }
        made = approval_poll(
            **{
                "nodes": 5,
                "threshold": 3,
                "registry": self.registry.address,
                "poll_id": self.registry.poll_count() + 1,
                "chain_id": self.registry.domain.chain_id,
                "seed": "disputed",
                "times": times | changes.pop("times", {}),
            }
            | changes
        )
        fraud = Fraud.create(self, made)
        if frozen:
            self.move_time(made.parameters.freezes_at)
        return fraud


@dataclass
class Fraud:
    """A poll on chain, and what its five nodes do with it.

    Attributes:
        boards: What they show as the board.
    """

    chain: DisputedChain
    poll: SyntheticPoll
    boards: list[Board] = field(default_factory=list)
    received: list[Recorded] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    @classmethod
    def create(cls, chain: DisputedChain, poll: SyntheticPoll) -> "Fraud":
        """Create and open the poll."""
        registry, payer = chain.registry, chain.payer
        if not registry.has_committee(poll.committee.digest):
            digest = registry.domain.digest(typed_data.COMMITTEE, poll.committee.digest)
            signed = [key.sign(digest) for key in poll.node_keys]
            registry.register_committee(payer, poll.committee, signed)
        number, _ = registry.create_poll(
            payer,
            poll.parameters,
            poll.census.tree,
            poll.rule.encode(),
            poll.outcome.encode(),
            poll.description,
        )
        assert number == poll.poll_id
        keys = [key.public_key for key in poll.poll_keys]
        digest = registry.domain.digest(typed_data.POLL_KEYS, poll.context, poll_keys_hash(keys))
        signatures = [key.sign(digest) for key in poll.node_keys]
        registry.open_poll(payer, number, [node_key(key) for key in keys], signatures)
        return cls(chain, poll)

    @property
    def number(self) -> int:
        """Number of the poll."""
        return self.poll.poll_id

    @property
    def published(self) -> PublishedPoll:
        """The poll as its registry's events have it."""
        return self.poll.published

    @property
    def disputed(self) -> DisputedPoll:
        """The poll as disputes name it."""
        return disputed_poll(self.published)

    @property
    def status(self) -> Status:
        """Its status now."""
        return self.chain.registry.poll(self.number).status

    @property
    def rejected_rounds(self) -> int:
        """Rounds whose roots fell."""
        return self.chain.registry.poll(self.number).rejected_rounds

    def leaves(self, ballots: Sequence[SignedBallot] | None = None) -> list[BoardLeaf]:
        """Ballots as the board lists them; by default the honest ones."""
        return [self.poll.leaf(one) for one in (self.poll.prepared if ballots is None else ballots)]

    def nodes(self, ballots: Sequence[SignedBallot] | None = None) -> list[tuple[Leaf, bytes]]:
        """Leaves of the tree over ballots in their order, each with its `w·V`.

        Strangers to the census have the weight 1.
        """
        poll = self.poll
        chosen = [one.ballot for one in (poll.prepared if ballots is None else ballots)]
        known = poll.census.by_account
        weights = [known[one.voter].weight if one.voter in known else 1 for one in chosen]
        values = poll.curve.concat([one.sharing[0] for one in chosen])
        encoded = poll.curve.scale(values, weights).encode()
        return [
            (
                Leaf(one.voter, weight, one.cast_at_unix_s, one.digest),
                encoded[POINT_BYTES * number : POINT_BYTES * (number + 1)],
            )
            for number, (one, weight) in enumerate(zip(chosen, weights, strict=True))
        ]

    def forged(
        self, place: int, bits: Sequence[int] | None = None, cast_at: int = 0, signer: int = -1
    ) -> SignedBallot:
        """Another ballot of a voter, with one thing as the test wants it.

        Args:
            place: Of the voter in the census.
            bits: The vote, which may break the rule.
            cast_at: By default a second after the voter's own ballot.
            signer: Place of the voter whose key signs; by default the same.
        """
        poll = self.poll
        own = poll.prepared[place].ballot
        proven = poll.factory.prove(
            own.voter,
            poll.votes[place] if bits is None else bits,
            cast_at or own.cast_at_unix_s + 1,
        )
        key = poll.voter_keys[place if signer < 0 else signer]
        return poll.factory.sign(poll.factory.seal(proven), key)

    def show(self, leaves: Sequence[BoardLeaf]) -> None:
        """Show a board with these leaves."""
        self.boards.append(self.poll.board(leaves))

    def anchor(self, root: SumRoot, number: int | None = None) -> None:
        """Let a quorum sign a root, and anchor it."""
        quorum = range(1, self.poll.committee.quorum + 1)
        if number is None:
            number = self.rejected_rounds
        signed = self.poll.attest(root, quorum, number)
        self.chain.registry.anchor_root(self.chain.payer, self.number, signed)

    def receipt(self, place: int, nodes: Sequence[int] = (1, 2, 3, 4)) -> Recorded:
        """Receipts of one of the poll's ballots."""
        return self.receipt_for(self.poll.prepared[place], nodes)

    def receipt_for(self, signed: SignedBallot, nodes: Sequence[int] = (1, 2, 3, 4)) -> Recorded:
        """Receipts of a ballot."""
        ballot = signed.ballot
        named = ReceiptedBallot(ballot.voter, ballot.cast_at_unix_s, ballot.digest)
        return self.receipt_of(named, nodes)

    def receipt_of(self, named: ReceiptedBallot, nodes: Sequence[int] = (1, 2, 3, 4)) -> Recorded:
        """Receipts of any ballot that nodes are ready to sign for."""
        poll = self.poll
        statement = poll.domain.digest(
            typed_data.RECEIPT, poll.context, named.voter, named.cast_at_unix_s, named.digest
        )
        signatures = {node: poll.node_keys[node - 1].sign(statement) for node in nodes}
        made = recorded(self.published, named, signatures)
        assert made is not None
        return made

    def docket(self) -> Docket:
        """All disputes about the poll."""
        events = DisputeLog(self.chain.disputes)
        events.update(self.chain.registry.head().number)
        return events.docket(self.disputed)

    def answer_all(
        self, tree: "ForgedTree", ballots: Sequence[SignedBallot], way: str = "plain"
    ) -> int:
        """Answer every open challenge of a leaf that can be answered; return how many.

        Args:
            ballots: The ballots of the tree's leaves.
            way: "plain", "odd" (calldata that the contract reads and no decoder does), or
                "relayed" (by another contract).
        """
        answered = 0
        for challenge in self.docket().challenges:
            if not challenge.is_open:
                continue
            assert isinstance(challenge.subject, int)
            shown = self.poll.leaf(ballots[challenge.subject])
            try:
                place, proof = self.poll.census.proof(shown.ballot[:20])
            except KeyError:
                continue
            evidence = LeafEvidence(
                shown.ballot,
                shown.boxes_hash,
                shown.signature,
                self.poll.census.entries[place],
                place,
                self.poll.census.tree,
                proof,
                tree.siblings(challenge.subject),
            )
            try:
                if way == "plain":
                    self.chain.disputes.answer_leaf(
                        self.chain.payer, self.disputed, challenge.subject, evidence
                    )
                else:
                    self._answer_hidden(challenge.subject, evidence, way)
            except Refused:
                continue
            answered += 1
        return answered

    def _answer_hidden(self, index: int, evidence: LeafEvidence, way: str) -> None:
        """Answer so that no decoder reads the answer from the transaction."""
        chain, web3 = self.chain, self.chain.disputes.web3
        given = [self.disputed.subject, self.disputed.terms, index, evidence.encode()]
        encoded = chain.disputes.contract.encode_abi("answerLeaf", [*given, NOBODY.encode()])
        data = bytearray.fromhex(encoded[2:])
        # The contract does not read the node's number where nobody is paid.
        data[-96] = 1
        target = chain.disputes.address
        if way == "relayed":
            wallet, _ = deploy(chain.url, chain.payer, "TestWallet")
            relay = web3.eth.contract(checksum(wallet), abi=artifact("TestWallet")["abi"])
            transact(web3, chain.payer, relay.functions.execute(checksum(target), bytes(data)))
            return
        asked = {"from": checksum(chain.payer.address), "to": checksum(target), "data": bytes(data)}
        gas = call(lambda: web3.eth.estimate_gas(asked))  # type: ignore[arg-type]
        count = web3.eth.get_transaction_count(asked["from"])  # type: ignore[arg-type]
        fields = {**asked, "value": 0, "gas": 2 * gas, "chainId": web3.eth.chain_id}
        del fields["from"]
        fees = 10 * chain.disputes.base_fee(), 1
        signed = Account(chain.payer, MemoryJournal()).sign(count, fields, fees, 0)
        web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(signed.raw))

    def tower(
        self,
        key: SigningKey | None = None,
        journal: Journal | None = None,
        sources: Sequence[Source] | None = None,
        **options: Any,
    ) -> Tower:
        """A watchtower that sees what the nodes show, and acts without delay."""
        payer = key or self.chain.account()
        limits = options.pop("limits", Limits(10**18, 10**19, 0))
        return Tower(
            load(),
            self.chain.registry,
            self.chain.disputes,
            Account(payer, journal or MemoryJournal()),
            [Shown(self)] if sources is None else sources,
            limits,
            polls=[self.number],
            **options,
        )


class Shown:
    """What the nodes of a poll show, as a source."""

    def __init__(self, fraud: Fraud) -> None:
        self._fraud = fraud

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """See `Source`."""
        yield from self._fraud.boards

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """See `Source`."""
        yield from self._fraud.received

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """See `Source`."""
        yield from self._fraud.contents


class ForgedTree:
    """A tree in which some nodes state other sums than they should."""

    def __init__(
        self,
        nodes: Sequence[tuple[Leaf, bytes]],
        changes: Mapping[tuple[int, int], bytes] | None = None,
        count: int | None = None,
        padding: SumNode = EMPTY_NODE,
    ) -> None:
        """Args:
        nodes: Leaves, each with its value.
        changes: Sums that nodes state, by height and index; sums above follow from them.
        count: Stated number of leaves.
        padding: What stands in the place of padding beside the last leaf.
        """
        changes, curve = changes or {}, load()
        self.nodes = nodes
        self.levels: list[list[SumNode]] = []
        level = [SumNode(leaf.hash(value), value) for leaf, value in nodes]
        while True:
            height = len(self.levels)
            level = [
                SumNode(node.hash, changes.get((height, index), node.sum))
                for index, node in enumerate(level)
            ]
            if len(level) > 1 and len(level) % 2:
                level.append(EMPTY_NODE if height else padding)
            self.levels.append(level)
            if len(level) == 1:
                break
            level = [
                SumNode(node_hash(left, right), _sum(curve, left.sum, right.sum))
                for left, right in zip(level[0::2], level[1::2], strict=True)
            ]
        self.root = SumRoot(level[0].hash, level[0].sum, count or len(nodes))

    def siblings(self, index: int) -> list[SumNode]:
        """Siblings of a leaf, from its own height upward."""
        return [level[(index >> height) ^ 1] for height, level in enumerate(self.levels[:-1])]


def root_of(
    nodes: Sequence[tuple[Leaf, bytes]],
    changes: Mapping[tuple[int, int], bytes] | None = None,
    count: int | None = None,
    padding: SumNode = EMPTY_NODE,
) -> SumRoot:
    """The root of a forged tree."""
    return ForgedTree(nodes, changes, count, padding).root


def _sum(curve: Curve, left: bytes, right: bytes) -> bytes:
    one, other = (curve.decode(point, identity=True) for point in (left, right))
    return curve.add(one, other).encode()


def moved(value: bytes) -> bytes:
    """Another sum: one generator more."""
    curve = load()
    return curve.add(curve.decode(value, identity=True), generators(curve, 1)[0:1]).encode()


def outcomes(steps: Sequence[Step]) -> list[tuple[str, str]]:
    """What was done, in short."""
    return [(one.move.split(":")[0], one.outcome) for one in steps]
