"""A chain with one poll, and providers that show it: a model of PollRegistry and its rules.

The model keeps the contract's statuses, deadlines and checks of signatures and of the tally
(contracts/PollRegistry.sol); docs/protocol.md §4.5, §11, §12. Only deployments without disputes are
modelled. `tests/simulator/test_model.py` holds it to the contract.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from ostraka.chain.contract import ChainError, Head, Refused
from ostraka.chain.registry import CreatedPoll, OpenedPoll, PollView, Status
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.errors import AuditError, Rejected
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.parameters import Committee
from ostraka_verifier.poll_key import node_keys_hash
from ostraka_verifier.signatures import recover
from ostraka_verifier.tally_proof import Tally, verify_opening
from ostraka_verifier.units import UnixSeconds
from tests.support.polls import SyntheticPoll, open_view, tally_digest

POLL = 1
NO_ROOT = SumRoot(bytes(32), bytes(64), 0)


@dataclass(frozen=True)
class PollState:
    """What the registry stores about the poll."""

    opening: OpenedPoll | None = None
    anchored: AnchoredRoot | None = None
    anchored_at: int = 0
    tally: Tally | None = None
    tallied_at: int = 0
    too_few: bool = False
    """The anchored root has fewer ballots than the poll's minimum: void."""


class PollModel:
    """The contract's rules for one poll; states are values."""

    def __init__(self, poll: SyntheticPoll, creator: bytes) -> None:
        self._poll = poll
        self._key = CommitmentKey(poll.curve, poll.rule.width)
        self._usual = replace(open_view(poll), creator=creator)

    def status(self, state: PollState, now: int) -> Status:
        """Status at a block's time."""
        parameters = self._poll.parameters
        if state.tally is not None:
            return Status.TALLIED
        if state.too_few:
            return Status.VOID
        if state.anchored_at:
            releasable_at = state.anchored_at + parameters.dispute_window
            if now >= releasable_at + parameters.tally_period:
                return Status.VOID
            return Status.ANCHORED if now < releasable_at else Status.RELEASABLE
        if now < parameters.closes_at:
            return Status.CREATED if state.opening is None else Status.OPEN
        if state.opening is None:
            return Status.VOID
        return Status.CLOSED if now < parameters.settling().deadline else Status.VOID

    def view(self, state: PollState, now: int) -> PollView:
        """What `poll(uint256)` returns."""
        parameters, anchored, opening = self._poll.parameters, state.anchored, state.opening
        seen = replace(
            self._usual,
            status=self.status(state, now),
            poll_keys=bytes(32) if opening is None else node_keys_hash(opening.node_keys),
            round=anchored.round if anchored else 0,
            root=anchored.root if anchored else NO_ROOT,
            tally_digest=tally_digest(state.tally) if state.tally else bytes(32),
        )
        if not state.anchored_at:
            return seen
        releasable_at = state.anchored_at + parameters.dispute_window
        return replace(
            seen,
            anchored_at=UnixSeconds(state.anchored_at),
            releasable_at=UnixSeconds(releasable_at),
            tally_deadline=UnixSeconds(releasable_at + parameters.tally_period),
        )

    def open(self, state: PollState, now: int, opening: OpenedPoll) -> PollState:
        """`openPoll`; Refused as the contract would."""
        self._require(state, now, Status.CREATED)
        keys, poll = opening.node_keys, self._poll
        if len(keys) != poll.nodes or len(set(keys)) != poll.nodes or not all(map(any, keys)):
            raise _refused("PollRegistryInvalidNodeKey")
        digest = poll.domain.digest(typed_data.POLL_KEYS, poll.context, node_keys_hash(keys))
        for node, signature in enumerate(opening.signatures, start=1):
            self._require_signer(node, digest, signature)
        return replace(state, opening=opening)

    def anchor(self, state: PollState, now: int, anchored: AnchoredRoot) -> PollState:
        """`anchorRoot`; Refused as the contract would."""
        self._require(state, now, Status.CLOSED)
        poll, root = self._poll, anchored.root
        if now < poll.parameters.freezes_at:
            raise _refused("PollRegistryTooEarly")
        if anchored.round >= poll.parameters.max_rounds:
            raise _refused("PollRegistryRoundTooLate")
        if root.count > poll.parameters.voters:
            raise _refused("PollRegistryTooManyBallots")
        nodes = [one.node for one in anchored.attestations]
        if len(nodes) < poll.committee.quorum:
            raise _refused("PollRegistryTooFewSignatures")
        if nodes != sorted(set(nodes)):
            raise _refused("PollRegistrySignersNotIncreasing")
        number, half = anchored.round, (root.sum[:32], root.sum[32:])
        digest = poll.domain.digest(
            typed_data.ROOT, poll.context, number, root.hash, *half, root.count
        )
        for one in anchored.attestations:
            self._require_signer(one.node, digest, one.signature)
        few = root.count < poll.parameters.minimum_ballots
        return replace(state, anchored=anchored, anchored_at=now, too_few=few)

    def accept(self, state: PollState, now: int, tally: Tally) -> PollState:
        """`acceptTally`; Refused as the contract would."""
        self._require(state, now, Status.RELEASABLE)
        poll = self._poll
        assert state.anchored is not None
        if len(tally.values) != len(poll.rule.slots):
            raise _refused("PollRegistryListsDiffer")
        largest = poll.parameters.total_weight * poll.rule.max_slot_value
        try:
            verify_opening(self._key, state.anchored.root.sum, tally, largest)
        except AuditError as error:
            over = isinstance(error, Rejected) and error.check == "R2"
            name = "PollRegistryTooManyVotes" if over else "PollRegistryNotAnOpening"
            raise _refused(name) from error
        return replace(state, tally=tally, tallied_at=now)

    def _require(self, state: PollState, now: int, wanted: Status) -> None:
        status = self.status(state, now)
        if status is not wanted:
            raise _refused("PollRegistryWrongStatus")

    def _require_signer(self, node: int, digest: bytes, signature: bytes) -> None:
        members = self._poll.committee.members
        if not 1 <= node <= len(members):
            raise _refused("PollRegistryUnknownNode")
        try:
            signer = recover(digest, signature)
        except AuditError as error:
            raise _refused("PollRegistryWrongSigner") from error
        if signer != members[node - 1].address:
            raise _refused("PollRegistryWrongSigner")


def _refused(name: str) -> Refused:
    return Refused(f"the contract refuses: {name}", name)


Transaction = Callable[[PollState, int], PollState]
"""Changes a state at a block's time, or raises Refused."""


@dataclass(frozen=True)
class Block:
    """A block with the registry's state after it."""

    number: int
    hash: bytes
    timestamp: int
    state: PollState


class VirtualChain:
    """A chain with finality some blocks behind its head; before that it may reorganize."""

    def __init__(self, model: PollModel, random: Random, now: Callable[[], int]) -> None:
        self.model = model
        self._random = random
        self._now = now
        self._waiting: list[tuple[str, Transaction]] = []
        self._mined: list[tuple[int, str, Transaction]] = []
        self._made = 0
        self.block_s = 2.0
        self.finality = 3
        """Blocks between the head and the newest final block."""
        self.blocks = [self._block(0, now(), PollState())]
        self._final = 0
        self.log: Callable[..., None] = lambda *_: None

    def _block(self, number: int, timestamp: int, state: PollState) -> Block:
        self._made += 1
        name = f"{number} {self._made}".encode()
        return Block(number, hashlib.sha256(name).digest(), timestamp, state)

    @property
    def head(self) -> Block:
        """Newest block."""
        return self.blocks[-1]

    @property
    def final(self) -> Block:
        """Newest final block; it never goes back."""
        return self.blocks[self._final]

    async def mine_forever(self) -> None:
        """Make blocks."""
        while True:
            await asyncio.sleep(self.block_s)
            self.mine()

    def mine(self) -> None:
        """Make one block of the waiting transactions."""
        timestamp = max(self._now(), self.head.timestamp + 1)
        state, number = self.head.state, self.head.number + 1
        for name, transaction in self._waiting:
            try:
                state = transaction(state, timestamp)
            except Refused as refused:
                self.log("refused", name, str(refused))
                continue
            self._mined.append((number, name, transaction))
            self.log("mined", name, number)
        self._waiting = []
        self.blocks.append(self._block(number, timestamp, state))
        self._final = max(self._final, number - self.finality)

    def send(self, name: str, transaction: Transaction) -> None:
        """Queue a transaction for the next block; Refused if it fails already."""
        transaction(self.head.state, max(self._now(), self.head.timestamp))
        if name not in [waiting for waiting, _ in self._waiting]:
            self._waiting.append((name, transaction))

    def reorganize(self, depth: int, *, forget: bool) -> None:
        """Replace the newest blocks that are not final.

        Args:
            forget: Whether their transactions are lost; otherwise they wait to be mined again.
        """
        depth = min(depth, self.head.number - self._final)
        if depth < 1:
            return
        first = self.blocks[-depth].number
        undone = [(name, one) for number, name, one in self._mined if number >= first]
        self._mined = [one for one in self._mined if one[0] < first]
        self.blocks = self.blocks[:-depth]
        self._waiting = ([] if forget else undone) + self._waiting
        self.log("reorganized", depth, len(undone), forget)
        # Empty blocks first: what was mined comes back later.
        waiting, self._waiting = self._waiting, []
        for _ in range(depth):
            state, number = self.head.state, self.head.number + 1
            timestamp = self.head.timestamp + 1
            self.blocks.append(self._block(number, timestamp, state))
        self._waiting = waiting
        self.mine()


@dataclass
class ProviderFaults:
    """How a provider misbehaves now."""

    lag: int = 0
    """Blocks by which its slowest replica is behind; each answer comes from some replica."""
    lost_events: float = 0.0
    """Probability that it shows no event although there is one."""
    null_blocks: float = 0.0
    """Probability that a block that it named is not found."""
    down: bool = False


class VirtualRegistry:
    """The interface of `Registry`, as one provider shows it."""

    rpc_url = "http://provider.example"

    def __init__(self, chain: VirtualChain, poll: SyntheticPoll, random: Random) -> None:
        self._chain = chain
        self._poll = poll
        self._random = random
        self.faults = ProviderFaults()
        self.domain = poll.domain
        self.address = poll.identity.registry

    def _newest(self) -> int:
        """Number of the newest block of the replica that answers."""
        if self.faults.down:
            raise ChainError("chain: no connection to the RPC endpoint")
        behind = self._random.randint(0, self.faults.lag) if self.faults.lag else 0
        return max(0, self._chain.head.number - behind)

    def _at(self, block: int | str) -> Block:
        newest = self._newest()
        if self.faults.null_blocks and self._random.random() < self.faults.null_blocks:
            raise ChainError(f"chain: block {block} not found")
        if block == "latest":
            return self._chain.blocks[newest]
        if block == "finalized":
            return self._chain.blocks[min(newest, self._chain.final.number)]
        assert isinstance(block, int)
        if block > newest:
            raise ChainError(f"chain: block {block} not found")
        return self._chain.blocks[block]

    def _logs(self) -> PollState | None:
        if self.faults.lost_events and self._random.random() < self.faults.lost_events:
            return None
        return self._chain.blocks[self._newest()].state

    def head(self, block: int | str = "latest") -> Head:
        """As `Registry`."""
        found = self._at(block)
        return Head(found.number, found.hash, UnixSeconds(found.timestamp))

    def block_hash(self, number: int) -> bytes | None:
        """As `Registry`."""
        return self._chain.blocks[number].hash if number <= self._newest() else None

    def poll_count(self, block: int | str = "latest") -> int:
        """As `Registry`."""
        self._at(block)
        return 1

    def poll(self, _: int, block: int | str = "latest") -> PollView:
        """As `Registry`."""
        found = self._at(block)
        return self._chain.model.view(found.state, found.timestamp)

    def created(self, poll_id: int) -> CreatedPoll | None:
        """As `Registry`."""
        if self._logs() is None:
            return None
        poll = self._poll
        return CreatedPoll(
            poll_id,
            poll.context,
            poll.parameters,
            poll.rule.encode(),
            poll.outcome.encode(),
            poll.description,
        )

    def committee(self, _: bytes) -> Committee | None:
        """As `Registry`."""
        return None if self._logs() is None else self._poll.committee

    def opened(self, _: int) -> OpenedPoll | None:
        """As `Registry`."""
        state = self._logs()
        return None if state is None else state.opening

    def anchored(self, _: int) -> AnchoredRoot | None:
        """As `Registry`."""
        state = self._logs()
        return None if state is None else state.anchored
