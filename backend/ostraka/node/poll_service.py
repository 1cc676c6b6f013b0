"""Service of one poll at one node, from announcing a key to destroying it.

Source: docs/protocol.md §9 to §12.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import assert_never

from ostraka.chain.contract import Head
from ostraka.chain.registry import Status
from ostraka.node.accepting import BallotIntake
from ostraka.node.finality import FinalizedRoot, finalized_root, poll_end
from ostraka.node.key_agreement import KeyAgreement
from ostraka.node.observation import Observation
from ostraka.node.phases import (
    Accepting,
    Anchored,
    Anchoring,
    Announced,
    Destroyed,
    Keyed,
    Phase,
    Releasing,
    Settling,
)
from ostraka.node.poll_progress import PollProgress
from ostraka.node.publication import Publication
from ostraka.node.release import Release
from ostraka.node.repair_exchange import RepairExchange
from ostraka.node.served_poll import ServedPoll
from ostraka.node.settling import SettlingRounds
from ostraka_verifier.errors import AuditError

Transition = Callable[[], Phase]


class Sighting(Enum):
    """What a tick found on the chain."""

    THIS_POLL = auto()
    NO_POLL = auto()
    """A provider lags behind, or a reorganization removed the poll. `NodeService` finds out which;
    until then the last observation is used."""
    ANOTHER_POLL = auto()
    """The chain shows a different poll under this poll's id."""


class PollService:
    """What a node does for one poll."""

    def __init__(self, served: ServedPoll, phase: Phase, observed: Observation) -> None:
        """Args:
        phase: From `phases.resume`.
        observed: The current observation of the chain.
        """
        self.served = served
        self.progress = PollProgress(phase, observed)
        self.keys = KeyAgreement(served)
        self.accepting = BallotIntake(served, self.progress)
        self.repairs = RepairExchange(served)
        self.settling = SettlingRounds(served, self.progress, self.accepting, self.repairs)
        self.release = Release(served, self.progress, self.settling, self.repairs)
        self.publication = Publication(served, self.progress, self.release)
        self._gaps = 0

    @property
    def phase(self) -> Phase:
        """The poll's current phase."""
        return self.progress.phase

    def recheck(self) -> None:
        """At start: find damaged ballots, including those found damaged before."""
        self.publication.recheck()
        self._gaps = self._count_gaps()

    def see(self, head: Head) -> None:
        """Store a newer block."""
        self.progress.observed = self.progress.observed.at(head)

    async def tick(self) -> Sighting:
        """Do the work that is due at this chain time."""
        served, head = self.served, self.progress.observed.head
        view = await asyncio.to_thread(served.registries[0].poll, served.poll_id, head.number)
        if view.status is Status.NONE:
            return Sighting.NO_POLL
        if view.poll_context != served.poll.context:
            return Sighting.ANOTHER_POLL
        self.progress.observed = observed = Observation(head, view)
        if view.status is not Status.CREATED:
            await self._hold_pinned(observed)
            await self._fill_gaps(observed)
        while transition := await self._work(observed):
            await self.progress.move(transition)
        return Sighting.THIS_POLL

    async def _work(self, observed: Observation) -> Transition | None:
        """Do a phase's work, and return the transition to the next phase once it is due."""
        view, phase = observed.view, self.phase
        match phase:
            case Announced():
                if view.status is not Status.CREATED:
                    return phase.opened
                await self.keys.agree()
            case Accepting():
                if view.status is Status.CREATED:
                    return phase.taken_back
                if view.anchored_at or (
                    view.status is Status.CLOSED and observed.head.timestamp >= view.freezes_at
                ):
                    return phase.freeze
                if view.status is Status.VOID:
                    return await self._ending(phase)
                await self.accepting.pull_all()
            case Settling():
                anchoring = Anchoring.of(view)
                if anchoring is not None:
                    return partial(phase.anchored, anchoring)
                if view.status is Status.VOID:
                    return await self._ending(phase)
                await self._settle(phase, observed)
            case Anchored():
                if Anchoring.of(view) != phase.anchoring:
                    return phase.rejected
                if view.status in (Status.RELEASABLE, Status.TALLIED):
                    transition = await self._releasable(phase)
                    if transition is not None:
                        return transition
                if view.status in (Status.TALLIED, Status.VOID):
                    return await self._ending(phase)
            case Releasing():
                if view.status in (Status.RELEASABLE, Status.TALLIED):
                    # Checked again: a dispute that was opened late prevents the release.
                    final = await self._final_root(phase)
                    if final is not None:
                        await self.release.release(phase, final)
                if view.status in (Status.TALLIED, Status.VOID):
                    return await self._ending(phase)
            case Destroyed():
                if phase.anchoring and view.status in (Status.RELEASABLE, Status.TALLIED):
                    await self.release.gather_shares(phase.anchoring)
            case _:
                assert_never(phase)
        return None

    async def _settle(self, phase: Settling, observed: Observation) -> None:
        if observed.view.status is Status.CLOSED:
            await self.settling.catch_up(phase)
            await self.settling.propose_if_due(phase)
        else:
            # A reorganization temporarily undid the closing: nothing is signed.
            await self.accepting.pull_all()

    async def _releasable(self, phase: Anchored) -> Transition | None:
        final = await self._final_root(phase)
        leaves = None if final is None else await self.release.find_leaves(phase)
        if final is None or leaves is None:
            return None
        return partial(phase.releasable, final, leaves)

    async def _final_root(self, phase: Anchored | Releasing) -> FinalizedRoot | None:
        """Return the phase's root, if it is final."""
        final = await asyncio.to_thread(finalized_root, self.served)
        return final if final is not None and final.root == phase.anchoring.root else None

    async def _ending(self, phase: Keyed) -> Transition | None:
        end = await asyncio.to_thread(poll_end, self.served)
        return None if end is None else partial(phase.destroy, end)

    async def _hold_pinned(self, observed: Observation) -> None:
        if self.served.pinned is None:
            try:
                await self.keys.hold_pinned(observed.view)
            except AuditError as error:
                # Such keys allow no board and no repair; everything else continues.
                self.served.log.error("pinned poll keys refused", problem=str(error))

    async def _fill_gaps(self, observed: Observation) -> None:
        """Fetch ballots whose bytes are missing from peers."""
        if self._gaps:
            await self.accepting.pull_all()
            if observed.view.status is Status.TALLIED:
                await self.publication.mend_signed()
            self._gaps = await asyncio.to_thread(self._count_gaps)

    def _count_gaps(self) -> int:
        return len(self.served.store.gaps(self.served.poll_id))
