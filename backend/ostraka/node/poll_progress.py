"""Progress of one poll at one node: its phase, and the last observation of the chain.

Nothing else of a served poll is replaced over time. A request that does not fit the phase becomes a
`Problem` here.
"""

import asyncio
from collections.abc import Callable

from ostraka.node.observation import Observation
from ostraka.node.phases import (
    Accepting,
    Anchored,
    Anchoring,
    Announced,
    Destroyed,
    Frozen,
    Phase,
    Releasing,
    Settling,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem


class PollProgress:
    """Phase and observation of one poll; the phase changes only under the lock."""

    def __init__(self, phase: Phase, observed: Observation) -> None:
        self.phase = phase
        self.observed = observed
        self.lock = asyncio.Lock()
        """Held while ballots are stored, roots are signed and the phase changes."""

    async def move(self, transition: Callable[[], Phase]) -> None:
        """Move to the phase that a transition returns, while no ballot is being stored."""
        async with self.lock:
            self.phase = await asyncio.to_thread(transition)

    def accepting(self) -> Accepting | Problem:
        """Return the phase if it signs receipts now; otherwise the refusal for each ballot."""
        phase = self.phase
        refusal = phase.receipt_refusal(self.observed)
        if refusal is not None:
            return refusal
        if isinstance(phase, Accepting):
            return phase
        raise TypeError(f"{type(phase).__name__} signs no receipts")

    def announced(self) -> Announced:
        """Return the phase in which challenges are answered; Problem otherwise."""
        if isinstance(self.phase, Announced):
            return self.phase
        raise Problem(ProblemType.TOO_LATE, "challenges end when the poll opens")

    def frozen(self) -> Frozen:
        """Return a phase after freezing and before destruction; Problem otherwise."""
        match self.phase:
            case Frozen() as phase:
                return phase
            case Destroyed():
                raise Problem(ProblemType.POLL_OVER, "this node has destroyed its poll key")
            case _:
                raise Problem(ProblemType.NOT_FROZEN, "this node is still accepting ballots", "", 1)

    def settling(self) -> Settling | Anchored:
        """Return a phase in which roots may be signed; Problem otherwise."""
        match self.frozen():
            case Settling() | Anchored() as phase:
                return phase
            case _:
                raise Problem(ProblemType.WRONG_ROUND, "the anchored root is final", "round")

    def inventory_signature(self) -> bytes:
        """Return this node's signature of its inventory, from freezing on; Problem otherwise."""
        match self.phase:
            case Frozen(inventory_signature=bytes() as signature):
                return signature
            case Destroyed(inventory_signature=bytes() as signature):
                return signature
            case Frozen() as phase:
                raise phase.served.lost_store()
            case _:
                raise Problem(
                    ProblemType.NOT_FROZEN, "the inventory comes after closing", retry_after_s=2
                )

    @property
    def is_frozen(self) -> bool:
        """Whether no more receipts are signed: the inventory is, or this node lost its store."""
        match self.phase:
            case Frozen() | Destroyed(inventory_signature=bytes()):
                return True
            case _:
                return False

    def anchoring(self) -> Anchoring:
        """Return the anchored root; Problem otherwise."""
        anchoring = self.anchoring_if_any()
        if anchoring is None:
            raise Problem(
                ProblemType.NOT_SETTLED, "this node has no anchored root", retry_after_s=2
            )
        return anchoring

    def anchoring_if_any(self) -> Anchoring | None:
        """Return the anchored root; None before there is one."""
        match self.phase:
            case Anchored() | Releasing() | Destroyed() as phase:
                return phase.anchoring
            case _:
                return None
