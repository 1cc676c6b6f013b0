"""A node's own polls as a source of its watchtower.

Source: docs/decisions/0080-watchtower.md.
"""

from collections.abc import Iterator

import structlog

from ostraka.guard.receipts import Recorded
from ostraka.node.poll_service import PollService
from ostraka.node.service import NodeService
from ostraka.wire.problems import Problem
from ostraka_verifier.board import Board
from ostraka_verifier.errors import AuditError
from ostraka_verifier.published import PublishedPoll

log = structlog.get_logger()


class OwnSource:
    """Boards, receipts and ballots of this node's store. See `ostraka.guard.sources.Source`."""

    def __init__(self, node: NodeService) -> None:
        self._node = node

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """Yield the published board, and the board as this node would have it."""
        service = self._service(poll)
        if service is None:
            return
        for read in (service.witness.published_board, service.witness.own_board):
            try:
                yield read()
            except (Problem, AuditError) as error:
                # Without the leaves of that root, or while ballots are being fetched.
                log.info("no board", poll=poll.poll_id, problem=str(error))

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """Yield the recorded ballots that the anchored root leaves out."""
        service = self._service(poll)
        if service is not None:
            yield from service.witness.omitted()

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """Yield nothing: a node stores no invalid ballot."""
        yield from ()

    def _service(self, poll: PublishedPoll) -> PollService | None:
        try:
            service = self._node.poll(poll.poll_id)
        except Problem:
            return None
        return service if service.served.poll.context == poll.context else None
