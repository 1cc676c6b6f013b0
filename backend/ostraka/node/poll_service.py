"""Service of one poll at one node, from announcing a key to destroying it.

Source: docs/protocol.md §9 to §12.
"""

import asyncio
import time
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Generic, TypeVar, assert_never

from ostraka.chain.contract import Head
from ostraka.chain.registry import Status
from ostraka.chain.threads import in_chain_thread
from ostraka.node.accepting import BallotIntake
from ostraka.node.checkpoints import Checkpoints
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
from ostraka.node.policy import CHECKPOINT_S
from ostraka.node.poll_progress import PollProgress
from ostraka.node.publication import Publication
from ostraka.node.release import Release
from ostraka.node.repair_exchange import RepairExchange
from ostraka.node.served_poll import ServedPoll
from ostraka.node.settling import SettlingRounds
from ostraka.node.shuffle.shuffling import Shuffling
from ostraka.node.witness import Witness
from ostraka_verifier.errors import AuditError

Transition = Callable[[], Phase]
_T = TypeVar("_T")

_PATIENCE_S = 5
"""Longest wait for the poll's state; after that, work continues with the last one."""
_FINAL_AGAIN_S, _FAILED_AGAIN_S = 10, 3
"""When finality is asked for again at the same block: another provider may have lagged behind."""
_LONGEST_PULL_PAUSE_S = 5
_QUIETER = 10
"""The pause between two pulls is the time without a new ballot divided by this."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1, 600
"""Between two attempts to complete an ended poll from peers."""


class Sighting(Enum):
    """What a tick found on the chain."""

    THIS_POLL = auto()
    NO_POLL = auto()
    """A provider lags behind, or a reorganization removed the poll. `NodeService` finds out which;
    until then the last observation is used."""
    ANOTHER_POLL = auto()
    """The chain shows a different poll under this poll's id."""


class _Finality(Generic[_T]):
    """Something that finalized blocks show, which is asked for once at each new block."""

    def __init__(self, find: Callable[[], _T | None]) -> None:
        self._find = find
        self._head: Head | None = None
        self._again_at_monotonic_s = 0.0
        self._found: _T | None = None

    async def at(self, head: Head) -> _T | None:
        """Return what was found with this block as the newest one.

        Raises:
            ChainError: A provider cannot be reached.
        """
        if head != self._head or time.monotonic() >= self._again_at_monotonic_s:
            self._head, self._found = head, None
            self._again_at_monotonic_s = time.monotonic() + _FAILED_AGAIN_S
            self._found = await in_chain_thread(self._find)
            self._again_at_monotonic_s = time.monotonic() + _FINAL_AGAIN_S
        return self._found


class PollService:
    """What a node does for one poll."""

    def __init__(
        self,
        served: ServedPoll,
        phase: Phase,
        observed: Observation,
        checkpoint_s: int = CHECKPOINT_S,
    ) -> None:
        """Args:
        phase: From `phases.resume`.
        observed: The current observation of the chain.
        checkpoint_s: Chain time between two checkpoints.
        """
        self.served = served
        self.progress = PollProgress(phase, observed)
        self.keys = KeyAgreement(served)
        self.accepting = BallotIntake(served, self.progress)
        self.repairs = RepairExchange(served)
        self.checkpoints = Checkpoints(served, self.progress, checkpoint_s)
        self.settling = SettlingRounds(
            served, self.progress, self.accepting, self.repairs, self.checkpoints
        )
        self.shuffling = Shuffling(served, self.progress)
        self.release = Release(served, self.progress, self.settling, self.repairs, self.shuffling)
        self.publication = Publication(
            served, self.progress, self.release, self.checkpoints, self.shuffling
        )
        self.witness = Witness(served, self.progress, self.release, self.publication)
        self._gaps = 0
        self._viewed = observed
        self._looking: asyncio.Task[Sighting] | None = None
        self._final_roots = _Finality(partial(finalized_root, served))
        self._ends = _Finality(partial(poll_end, served))
        self._pulled: object = None
        self._pulled_at_monotonic_s = self._pull_at_monotonic_s = 0.0
        self._complete_at_monotonic_s = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self.is_over = False
        """Whether nothing is left to do: the poll has ended, and its public data are complete."""

    @property
    def phase(self) -> Phase:
        """The poll's current phase."""
        return self.progress.phase

    @property
    def needs_blocks(self) -> bool:
        """Whether a block can still change anything: until the poll has ended and this node has
        destroyed its key."""
        ended = self._viewed.view.status in (Status.TALLIED, Status.VOID)
        return not (ended and isinstance(self.phase, Destroyed))

    def recheck(self) -> None:
        """At start: find damaged ballots, including those found damaged before."""
        self.publication.recheck()
        self._gaps = self._count_gaps()

    def see(self, head: Head) -> None:
        """Store a newer block."""
        self.progress.observed = self.progress.observed.at(head)

    async def tick(self) -> Sighting:
        """Do the work that is due at this chain time."""
        if not self.needs_blocks:
            await self._complete()
            return Sighting.THIS_POLL
        sighting = await self._look()
        if sighting is not Sighting.THIS_POLL:
            return sighting
        observed = self._viewed
        if observed.view.status is not Status.CREATED:
            await self._hold_pinned(observed)
            await self._fill_gaps(observed)
        while transition := await self._work(observed):
            await self.progress.move(transition)
        return Sighting.THIS_POLL

    async def _look(self) -> Sighting:
        """Read the poll's state at each new block; a slow provider does not hold up the work."""
        if self._looking is None:
            head = self.progress.observed.head
            if head == self._viewed.head:
                return Sighting.THIS_POLL
            self._looking = asyncio.create_task(self._view(head))
        done, _ = await asyncio.wait({self._looking}, timeout=_PATIENCE_S)
        if not done:
            return Sighting.THIS_POLL
        looked, self._looking = self._looking, None
        return looked.result()

    async def _view(self, head: Head) -> Sighting:
        served = self.served
        view = await in_chain_thread(served.registries[0].poll, served.poll_id, head.number)
        if view.status is Status.NONE:
            return Sighting.NO_POLL
        if view.poll_context != served.poll.context:
            return Sighting.ANOTHER_POLL
        self._viewed = Observation(head, view)
        # A newer block may have been seen in the meantime.
        self.progress.observed = Observation(self.progress.observed.head, view)
        return Sighting.THIS_POLL

    async def _complete(self) -> None:
        """After the end: get from peers what is still missing, ever more rarely."""
        if self.is_over or time.monotonic() < self._complete_at_monotonic_s:
            return
        observed, view, anchoring = self._viewed, self._viewed.view, None
        await self._hold_pinned(observed)
        await self._fill_gaps(observed)
        if view.status is Status.TALLIED:
            anchoring = self.progress.anchoring_if_any()
        if anchoring is not None:
            await self.release.gather_shares(anchoring)
        pinned = self.served.pinned is not None or not any(view.poll_keys)
        phase, opened = self.phase, True
        if anchoring is not None and isinstance(phase, Destroyed):
            opened = await self.shuffling.complete(phase)
        # After the tally period, no node releases its share or opens ballots.
        nothing_more = (
            anchoring is None
            or self.progress.observed.head.timestamp > view.tally_deadline
            or (opened and await asyncio.to_thread(self.release.has_all_shares, anchoring))
        )
        self.is_over = not self._gaps and pinned and nothing_more
        self._complete_at_monotonic_s = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    async def _work(self, observed: Observation) -> Transition | None:
        """Do a phase's work, and return the transition to the next phase once it is due."""
        view, phase = observed.view, self.phase
        match phase:
            case Announced():
                if view.status is not Status.CREATED:
                    return phase.opened_after_loss if self.served.rebuilt else phase.opened
                await self.keys.agree()
            case Accepting():
                if view.status is Status.CREATED:
                    return phase.taken_back
                if view.anchored_at or (
                    view.status is Status.CLOSED and observed.head.timestamp >= view.freezes_at
                ):
                    if not self.served.own_log.compared:
                        # Just restarted: the last checkpoint needs a comparison before it.
                        await self.checkpoints.exchange_if_due()
                    return phase.freeze
                if view.status is Status.VOID:
                    return await self._ending(phase)
                await self._pull()
                await self.checkpoints.exchange_if_due()
                await self.checkpoints.sign_if_due()
            case Settling():
                anchoring = Anchoring.of(view)
                if anchoring is not None:
                    return partial(phase.anchored, anchoring)
                if view.status is Status.VOID:
                    return await self._ending(phase)
                await self.checkpoints.exchange_if_due()
                await self._settle(phase, observed)
            case Anchored():
                if Anchoring.of(view) != phase.anchoring:
                    return phase.rejected
                await self.checkpoints.exchange_if_due()
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
                    await self.shuffling.complete(phase)
            case _:
                assert_never(phase)
        return None

    async def _pull(self) -> None:
        """Get ballots from peers, more rarely while no voter casts any."""
        if time.monotonic() < self._pull_at_monotonic_s:
            return
        await self.accepting.pull_all()
        now_monotonic_s, pulled = time.monotonic(), self.accepting.pulled_to
        if pulled != self._pulled:
            self._pulled, self._pulled_at_monotonic_s = pulled, now_monotonic_s
        quiet_s = now_monotonic_s - self._pulled_at_monotonic_s
        self._pull_at_monotonic_s = now_monotonic_s + min(quiet_s / _QUIETER, _LONGEST_PULL_PAUSE_S)

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
        final = await self._final_roots.at(self._viewed.head)
        return final if final is not None and final.root == phase.anchoring.root else None

    async def _ending(self, phase: Keyed) -> Transition | None:
        end = await self._ends.at(self._viewed.head)
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
