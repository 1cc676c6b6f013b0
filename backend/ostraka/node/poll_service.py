"""One poll at one node, from announcing a key to destroying it: its parts and its clock.

Source: docs/protocol.md §9 to §12.
"""

import asyncio

from ostraka.chain.registry import Status
from ostraka.node.accepting import Accepting
from ostraka.node.key_agreement import KeyAgreement
from ostraka.node.poll_state import PollState
from ostraka.node.publication import Publication
from ostraka.node.release import Release
from ostraka.node.repair_exchange import Repairing
from ostraka.node.settling import Settlement
from ostraka_verifier.errors import AuditError


class PollService:
    """What a node does for one poll."""

    def __init__(self, state: PollState) -> None:
        self.state = state
        self.keys = KeyAgreement(state)
        self.accepting = Accepting(state)
        self.repairing = Repairing(state)
        self.settlement = Settlement(state, self.accepting, self.repairing)
        self.release = Release(state, self.settlement, self.repairing)
        self.publication = Publication(state, self.release)

    async def tick(self) -> None:
        """Do what this moment of chain time asks for."""
        state, head = self.state, self.state.head
        view = await asyncio.to_thread(state.registries[0].poll, state.poll.poll_id)
        if view.status is Status.NONE:
            # A provider that lags behind, or a chain that took the poll back: `NodeService` finds
            # out which, and what this node has seen of the poll stays until then.
            return
        state.view = view
        state.replaced = view.poll_context != state.poll.context
        if state.replaced:
            return
        if view.status == Status.CREATED:
            await self.keys.agree()
            return
        if state.pinned is None:
            try:
                await self.keys.hold_pinned()
            except AuditError as error:
                # No board and no repair with such keys; the rest goes on, and so does the clock.
                state.log.error("pinned poll keys refused", problem=str(error))
        if state.incomplete:
            await self.accepting.pull_all()
            if view.status == Status.TALLIED:
                await self.publication.mend_signed()
            state.incomplete = bool(await asyncio.to_thread(state.store.gaps, state.poll.poll_id))
        if state.poll_key is None:
            if view.status in (Status.RELEASABLE, Status.TALLIED):
                await self.release.gather_shares(view)
            return
        if view.status == Status.VOID:
            await self.release.destroy_if_final()
        elif view.status == Status.OPEN or (
            view.status == Status.CLOSED and head.timestamp < view.freezes_at
        ):
            await self.accepting.pull_all()
        elif view.status == Status.CLOSED:
            await self.settlement.settle()
        elif view.status in (Status.RELEASABLE, Status.TALLIED):
            await self.release.release(view)
            if view.status == Status.TALLIED:
                await self.release.destroy_if_final()
