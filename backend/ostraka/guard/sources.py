"""Where a watchtower learns boards and receipts: nodes, gateways, files, and a node's own store.

Every source may lie, be silent, or show nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import structlog

from ostraka.guard.receipts import ReceiptFolder, Recorded
from ostraka.wire.node_client import NodeClient, NodeError, node_http
from ostraka_verifier.board import Board
from ostraka_verifier.board_source import read_board
from ostraka_verifier.errors import AuditError
from ostraka_verifier.published import PublishedPoll

log = structlog.get_logger()


class Source(Protocol):
    """Shows what it knows of a poll."""

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """Yield its boards of a poll."""

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """Yield ballots with checked receipts of a quorum."""

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """Yield canonical ballots, without signatures."""


class NodesSource:
    """The nodes of a poll's committee, over HTTP."""

    def __init__(self, without: str = "") -> None:
        """Args:
        without: URL of a node that is not asked: this one.
        """
        self._http = node_http()
        self._without = without

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """See `Source`."""
        for client in self._clients(poll):
            try:
                yield client.board(poll)
            except NodeError as error:
                log.info("no board", poll=poll.poll_id, problem=str(error))

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """See `Source`."""
        yield from _recorded_of(self._clients(poll), poll)

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """See `Source`."""
        yield from ()

    def _clients(self, poll: PublishedPoll) -> Iterator[NodeClient]:
        for member in poll.committee.members:
            if member.url != self._without:
                yield NodeClient(self._http, member.url)


class BoardsSource:
    """Boards in files, or at URLs of gateways and other mirrors."""

    def __init__(self, places: Sequence[str]) -> None:
        """Args:
        places: Paths, or URLs in which `{poll}` stands for the number of the poll.
        """
        self._places = places

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """See `Source`."""
        for place in self._places:
            try:
                data = read_board(place.replace("{poll}", str(poll.poll_id)))
                board = Board.decode(data, poll.layout.size, poll.slots)
                if board.poll == poll.identity.encode():
                    yield board
            except AuditError as error:
                log.info("no board", poll=poll.poll_id, place=place, problem=str(error))

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """See `Source`."""
        yield from ()

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """See `Source`."""
        yield from ()


class GatewaysSource:
    """Gateways that pass receipts on, over HTTP."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._http = node_http()
        self._urls = urls

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """See `Source`."""
        yield from ()

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """See `Source`."""
        # A gateway lists receipts in the form of nodes.
        yield from _recorded_of([NodeClient(self._http, url) for url in self._urls], poll)

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """See `Source`."""
        yield from ()


class FolderSource:
    """Receipts in a folder."""

    def __init__(self, folder: ReceiptFolder) -> None:
        self._folder = folder

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """See `Source`."""
        yield from ()

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """See `Source`."""
        yield from self._folder.read(poll)[0]

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """See `Source`."""
        yield from self._folder.read(poll)[1]


def _recorded_of(clients: Iterable[NodeClient], poll: PublishedPoll) -> Iterator[Recorded]:
    """Yield what nodes or gateways list, if its receipts are good."""
    for client in clients:
        try:
            listed = client.omitted(poll.poll_id)
        except NodeError as error:
            log.info("no receipts", poll=poll.poll_id, problem=str(error))
            continue
        for one in listed:
            try:
                yield Recorded.from_json(one, poll)
            except AuditError as error:
                # Only the first: a liar could fill the log.
                problem = str(error)
                log.warning("receipts refused", poll=poll.poll_id, of=client.url, problem=problem)
                break
