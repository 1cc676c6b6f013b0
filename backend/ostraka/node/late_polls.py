"""Polls whose secret this node has, but not their rows, since it lost its database.

A poll that was not open yet when the database was rebuilt has no census that the chain fixes. If
this node had signed its keys before, it then opens without a word of this node, and its creator has
no reason to send the census again. So the node looks, and builds it again then.

Source: docs/protocol.md §4.3.
"""

import asyncio
from collections.abc import Sequence

import structlog

from ostraka.chain.errors import ChainError
from ostraka.chain.final_view import FinalViews
from ostraka.chain.registry import Registry, Status
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.rebuild import Rebuild
from ostraka.node.store import NodeStore
from ostraka.storage.node_tables import NodePoll
from ostraka_verifier.published import PublishedPoll

log = structlog.get_logger()


class LatePolls:
    """Builds them again, or destroys their secrets once nobody needs these."""

    def __init__(
        self,
        rebuild: Rebuild,
        store: NodeStore,
        secrets: PollSecrets,
        registries: Sequence[Registry],
    ) -> None:
        self._rebuild = rebuild
        self._store = store
        self._secrets = secrets
        self._registries = registries
        self._final_views: dict[bytes, FinalViews] = {}

    def is_late(self, poll: PublishedPoll) -> bool:
        """Whether a poll has a secret and no row, so that it is to be looked at again."""
        row = self._store.poll(poll.poll_id, poll.context)
        return row is None and poll.context in self._secrets.contexts()

    async def row(self, poll: PublishedPoll) -> NodePoll | None:
        """Return a poll's row, built again if necessary and possible; None without one."""
        if self.is_late(poll):
            try:
                await self._build(poll)
            except ChainError as error:
                # Other polls must not wait for this one.
                log.warning("poll not built again", poll=poll.poll_id, problem=str(error))
        return self._store.poll(poll.poll_id, poll.context)

    async def _build(self, poll: PublishedPoll) -> None:
        report = await self._rebuild.poll(poll.poll_id)
        outcome = report.outcome.name.lower()
        log.info("late poll", poll=poll.poll_id, outcome=outcome, detail=report.detail)
        if self.is_late(poll) and await asyncio.to_thread(self._is_over, poll):
            self._secrets.destroy(poll.context)
            log.info("poll key destroyed", poll=poll.poll_id)

    def _is_over(self, poll: PublishedPoll) -> bool:
        """Whether every provider shows, on a final block, that nobody needs the secret."""
        views = self._final_views.setdefault(poll.context, FinalViews(poll.poll_id))
        found = views.read(self._registries)
        return found is not None and all(
            one.view.poll_context == poll.context
            and (
                one.view.status is Status.VOID
                or (
                    one.view.status is Status.TALLIED
                    and one.head.timestamp > one.view.tally_deadline
                )
            )
            for one in found
        )
