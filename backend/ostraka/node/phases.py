"""The phases of one poll at one node; each is a type with exactly the data that exist in it.

    Announced → Accepting → Settling → Anchored → Releasing → Destroyed

- A transition is a method that returns the next phase, so a skipped phase does not typecheck.
- Releasing and destroying require a finding from `finality`, on which all providers agree.
- `Anchored.rejected` leads back to settling. `Accepting.taken_back` leads to before the opening,
which a reorganization can undo. `destroy` can end every phase, as a poll can become void in each.
- A new phase is a class here and a case in `PollService`.

Transitions write to the disk before they return. `PollProgress.move` runs them one at a time.

Source: docs/protocol.md §4.3, §9 to §12. Table: docs/data-model.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field

from ostraka.chain.registry import PollView, Status
from ostraka.node import agreement
from ostraka.node.admission import Admission, BoxAdmission
from ostraka.node.finality import FinalizedRoot, PollEnd
from ostraka.node.observation import Observation
from ostraka.node.poll_secrets import LostSecret
from ostraka.node.repair_shares import Helper
from ostraka.node.served_poll import ServedPoll
from ostraka.sealing import SEED_BYTES, PollKey
from ostraka.storage.node_tables import FinalStatement, NodePoll, ReleasedShare
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord
from ostraka.wire.wording import utc_time
from ostraka_verifier import typed_data
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import aggregate


@dataclass(frozen=True, eq=False)
class HeldSecret:
    """This node's secret of the poll (§4.3); only phases before destruction have one.

    Attributes:
        poll_key: Opens boxes sealed to this node.
        repair_secret: 32 bytes from which seeds of repairs are derived.
        admission: All checks of ballots, this node's boxes included.
    """

    poll_key: PollKey
    repair_secret: bytes = field(repr=False)
    admission: BoxAdmission = field(repr=False)

    @classmethod
    def of(cls, served: ServedPoll, secret: bytes) -> "HeldSecret":
        """Read the secret from its 64 bytes."""
        poll_key = PollKey(secret[:SEED_BYTES])
        admission = BoxAdmission(
            served.curve,
            served.poll,
            served.census,
            served.commitment_key,
            served.node,
            poll_key,
        )
        return cls(poll_key, secret[SEED_BYTES:], admission)

    @classmethod
    def read(cls, served: ServedPoll, public_key: bytes) -> "HeldSecret":
        """Read the secret from the disk.

        Raises:
            LostSecret: It is missing, or is not that of the announced key.
        """
        held = cls.of(served, served.secrets.read(served.poll.context))
        if held.poll_key.public_key != public_key:
            raise LostSecret("the secret on the disk is not that of the announced poll key")
        return held


@dataclass(frozen=True)
class Anchoring:
    """The root that the chain shows as anchored, and its settling round."""

    round: int
    root: SumRoot

    @classmethod
    def of(cls, view: PollView) -> "Anchoring | None":
        """Return the anchored root of a view; None without one."""
        return cls(view.round, view.root) if view.anchored_at else None


@dataclass(frozen=True, eq=False)
class ServedPhase(ABC):
    """Base of all phases."""

    served: ServedPoll = field(repr=False)

    @property
    @abstractmethod
    def admission(self) -> Admission:
        """Checks of ballots that this phase can perform."""

    @abstractmethod
    def boxes_to_keep(self, record: CastRecord) -> bytes:
        """Return the boxes of a ballot that may be stored."""

    def receipt_refusal(self, observed: Observation) -> Problem | None:
        """Return why this node signs no receipt now; None if it does."""
        parameters = self.served.poll.parameters
        if observed.head.timestamp >= parameters.freezes_at:
            return self._closed()
        return Problem(
            ProblemType.POLL_NOT_OPEN, "the chain does not show this poll as open", "", 2
        )

    def _closed(self) -> Problem:
        closed = utc_time(self.served.poll.parameters.closes_at)
        return Problem(
            ProblemType.POLL_CLOSED, f"it closed at {closed}; this ballot is not counted"
        )


@dataclass(frozen=True, eq=False)
class Keyed(ServedPhase):
    """A phase in which this node has its secret of the poll."""

    secret: HeldSecret

    @property
    def admission(self) -> BoxAdmission:
        """All checks, this node's own boxes included."""
        return self.secret.admission

    def boxes_to_keep(self, record: CastRecord) -> bytes:
        """Return all boxes."""
        return b"".join(record.boxes)

    def destroy(self, end: PollEnd) -> "Destroyed":
        """Destroy the poll key and delete all boxes, on the disk and in memory; irreversible."""
        destroyed = Destroyed(self.served, self._inventory_signature(), self._anchoring())
        if end.status is not Status.TALLIED:
            # Nothing of such a poll is opened any more. After a tally, peers may still need the
            # shares of a certified run: without them, nobody else may have the opened ballots.
            self.served.store.shuffle.forget(self.served.poll_id)
        destroyed.erase()
        self.served.log.info("poll key destroyed", status=end.status.name)
        return destroyed

    def _inventory_signature(self) -> bytes | None:
        return None

    def _anchoring(self) -> Anchoring | None:
        return None


@dataclass(frozen=True, eq=False)
class Announced(Keyed):
    """This node has announced a poll key; the poll is not open. It answers challenges (§4.3)."""

    def opened(self) -> "Accepting":
        """The chain shows the poll as open or later: challenges end."""
        return Accepting(self.served, self.secret)

    def opened_after_loss(self) -> "Settling":
        """The same for a node that lost its store when ballots were possible: it accepts none."""
        return Settling(self.served, self.secret, None, set())


@dataclass(frozen=True, eq=False)
class Accepting(Keyed):
    """Ballots get receipts while the chain shows the poll as open, or as closed before freezing."""

    def receipt_refusal(self, observed: Observation) -> Problem | None:
        """As `ServedPhase.receipt_refusal`."""
        if (
            observed.head.timestamp < self.served.poll.parameters.freezes_at
            and observed.view.status in (Status.OPEN, Status.CLOSED)
        ):
            return None
        return super().receipt_refusal(observed)

    def taken_back(self) -> "Announced":
        """Before finality, a reorganization undid the opening."""
        return Announced(self.served, self.secret)

    def freeze(self) -> "Settling":
        """Sign the inventory (§10.1) and the last checkpoint (§9.6); from then on no receipt is
        signed."""
        served, poll = self.served, self.served.poll
        with served.own_log.next(poll.parameters.freezes_at) as last:
            receipts = served.store.checkpoints.entries(poll.poll_id)
            hashed = agreement.inventory_hash([row[:3] for row in receipts])
            signature = served.sign(typed_data.INVENTORY, poll.context, hashed)
            start, digests = (last.start, last.digests) if last else (0, [])
            served.store.checkpoints.freeze(
                poll.poll_id, poll.context, signature, start, digests, last.signed if last else None
            )
        served.log.info("frozen", ballots=len(receipts))
        return Settling(served, self.secret, signature, set())


@dataclass(frozen=True, eq=False)
class Frozen(Keyed):
    """A phase after freezing: no receipts; this node helps peers with shares and drafts.

    Attributes:
        inventory_signature: None if this node lost its store while the poll was open: it then takes
            no part in settling, like a silent node, and helps again once a root is anchored.
    """

    inventory_signature: bytes | None

    def receipt_refusal(self, _: Observation) -> Problem | None:
        """Return a refusal always, as the inventory is signed."""
        return self.served.lost_store() if self.inventory_signature is None else self._closed()

    def helper(self) -> Helper | None:
        """This node as a helper in repairs; None until it has the pinned keys of all nodes."""
        committee = self.served.repair_committee()
        if committee is None:
            return None
        secret, served = self.secret, self.served
        return Helper(committee, served.node, secret.poll_key, secret.repair_secret, served.sign)

    def _inventory_signature(self) -> bytes | None:
        return self.inventory_signature


@dataclass(frozen=True, eq=False)
class Settling(Frozen):
    """The nodes agree on one set of ballots (§10).

    Attributes:
        inventories: Peers whose inventory this node has.
    """

    inventories: set[int]

    def anchored(self, anchoring: Anchoring) -> "Anchored":
        """The chain shows a root."""
        return Anchored(
            self.served, self.secret, self.inventory_signature, self.inventories, anchoring
        )


@dataclass(frozen=True, eq=False)
class Anchored(Frozen):
    """A root is on chain; it can still be rejected, or removed by a reorganization (§11).

    Attributes:
        inventories: Peers whose inventory this node has. A node that did not sign the root needs
            them to check it, and all nodes need them again if it is rejected.
    """

    inventories: set[int]
    anchoring: Anchoring

    def rejected(self) -> Settling:
        """The chain no longer shows this root."""
        return Settling(self.served, self.secret, self.inventory_signature, self.inventories)

    def releasable(self, final: FinalizedRoot, leaves: Collection[bytes]) -> "Releasing":
        """The root is final, and this node signed it or has checked it (§12.1).

        Args:
            leaves: Ballot digests in leaf order.

        Raises:
            ValueError: Another root is final, or the number of leaves is wrong.
        """
        root = self.anchoring.root
        if final.root != root or len(leaves) != root.count:
            raise ValueError("releasable: a different root than the anchored one")
        return Releasing(
            self.served, self.secret, self.inventory_signature, self.anchoring, tuple(leaves)
        )

    def _anchoring(self) -> Anchoring | None:
        return self.anchoring


@dataclass(frozen=True, eq=False)
class Releasing(Frozen):
    """The root is final: this node signs one `Final`, and releases one share (§12).

    Attributes:
        leaves: Ballot digests of the root in leaf order, 32 bytes each.
    """

    anchoring: Anchoring
    leaves: tuple[bytes, ...] = field(repr=False)

    def own_final(self) -> FinalStatement | None:
        """The only `Final` that this node signed for the poll; None before."""
        statements = self.served.store.finals(self.served.poll_id)
        return next((one for one in statements if one.node == self.served.node), None)

    def sign_final(self, final: FinalizedRoot) -> None:
        """Sign this node's only `Final`.

        Raises:
            ValueError: Another root is final.
            Conflict: This node signed another one before.
        """
        self._require(final)
        served, digest = self.served, final.root.digest
        served.store.add_final(
            FinalStatement(
                poll_id=served.poll_id,
                node=served.node,
                root_digest=digest,
                signature=served.sign(typed_data.FINAL, served.poll.context, digest),
            )
        )
        served.log.info("final", root_digest=digest.hex())

    def is_agreed(self) -> bool:
        """Whether `q` nodes, including this one, stated this root as final."""
        served, digest = self.served, self.anchoring.root.digest
        statements = served.store.finals(served.poll_id)
        agreeing = {one.node for one in statements if one.root_digest == digest}
        return served.node in agreeing and len(agreeing) >= served.poll.committee.quorum

    def release_share(self, final: FinalizedRoot) -> None:
        """Open this node's boxes of all leaves, and sign their sum (§12.2).

        Raises:
            ValueError: Another root is final, or fewer than `q` nodes stated this one.
        """
        served = self.served
        self._require(final)
        if not self.is_agreed():
            raise ValueError("release_share: too few Final statements")
        total = self._aggregate_share()
        statement = served.share_statement(self.anchoring.root, served.node, total)
        served.store.add_share(
            ReleasedShare(
                poll_id=served.poll_id,
                node=served.node,
                share=total.encode(),
                signature=served.sign(*statement),
            )
        )
        served.log.info("released", ballots=len(self.leaves))

    def _require(self, final: FinalizedRoot) -> None:
        if final.root != self.anchoring.root:
            raise ValueError("releasing: another root is final")

    def _aggregate_share(self) -> Share:
        _, pairs = self.served.root(self.leaves)
        ballots = [ballot for ballot, _ in pairs]
        shares = self.admission.shares(ballots, [stored.share_box or b"" for _, stored in pairs])
        weights = self.served.weights(ballots)
        return aggregate(shares, weights, self.served.poll.slots)

    def _anchoring(self) -> Anchoring | None:
        return self.anchoring


@dataclass(frozen=True, eq=False)
class Destroyed(ServedPhase):
    """The secret and all boxes are destroyed; public data stays readable.

    Attributes:
        inventory_signature: None if the poll became void before freezing, or this node lost its
            store.
        anchoring: None if no root was anchored.
    """

    inventory_signature: bytes | None
    anchoring: Anchoring | None

    @property
    def admission(self) -> Admission:
        """Checks that need no secret."""
        return self.served.admission

    def boxes_to_keep(self, _: CastRecord) -> bytes:
        """Return no boxes: they would outlive the key."""
        return b""

    def receipt_refusal(self, observed: Observation) -> Problem | None:
        """As `ServedPhase.receipt_refusal`."""
        if self.inventory_signature is not None:
            return self._closed()
        return (
            self.served.lost_store() if self.served.rebuilt else super().receipt_refusal(observed)
        )

    def erase(self) -> None:
        """Remove secret and boxes from the disk; can be repeated after a crash."""
        served = self.served
        # The database first: after a crash at any point, a key is either destroyed or present,
        # and never taken for lost.
        served.store.destroy_boxes(served.poll_id, served.poll.context)
        served.secrets.destroy(served.poll.context)
        served.store.checkpoint()


Phase = Announced | Accepting | Settling | Anchored | Releasing | Destroyed
"""The phase of a poll."""


def resume(served: ServedPoll, row: NodePoll, observed: Observation) -> Phase:
    """Return the phase of a poll at start, from the disk and the chain only.

    Later phases follow at the first tick, through their transitions.

    Raises:
        LostSecret: The poll's secret is missing, and was not destroyed.
    """
    view = observed.view
    anchoring = Anchoring.of(view)
    if row.key_destroyed:
        return Destroyed(served, row.inventory_signature, anchoring)
    secret = HeldSecret.read(served, row.public_key)
    if view.status is Status.CREATED and row.inventory_signature is None:
        return Announced(served, secret)
    if row.inventory_signature is None and not row.rebuilt:
        return Accepting(served, secret)
    settling = Settling(served, secret, row.inventory_signature, set())
    return settling if anchoring is None else settling.anchored(anchoring)
