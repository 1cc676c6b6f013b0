"""Where a watchtower learns boards and receipts: nodes, gateways, files, and a node's own store.

Every source may lie, be silent, or show nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import structlog

from ostraka.guard.receipts import ReceiptFolder, Recorded
from ostraka.wire.node_client import NodeClient, NodeError, node_http
from ostraka_verifier.board import Board
from ostraka_verifier.board_source import read_board
from ostraka_verifier.errors import AuditError
from ostraka_verifier.published import PublishedPoll

log = structlog.get_logger()

_T = TypeVar("_T")
_QUICK_S = 1.0
"""Nodes that answer within this time may always be asked."""
_REST = 4
"""All nodes of a committee together take at most this part of the time to answer slowly."""


class Source(Protocol):
    """Shows what it knows of a poll."""

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """Yield its boards of a poll."""

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """Yield ballots with checked receipts of a quorum."""

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """Yield canonical ballots, without signatures."""


class NodesSource:
    """The nodes of a poll's committee, over HTTP.

    A node that takes long is left alone for a while, so that silent nodes do not take up the time
    in which challenges must be answered.
    """

    def __init__(
        self, without: str = "", now_monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Args:
        without: URL of a node that is not asked: this one.
        """
        self._http = node_http()
        self._without = without
        self._now_monotonic_s = now_monotonic_s
        self._left_until_monotonic_s: dict[str, float] = {}

    def boards(self, poll: PublishedPoll) -> Iterator[Board]:
        """See `Source`."""
        for _, board in self._answers(poll, lambda client: client.board(poll)):
            yield board

    def recorded(self, poll: PublishedPoll) -> Iterator[Recorded]:
        """See `Source`."""
        for url, listed in self._answers(poll, lambda client: client.omitted(poll.poll_id)):
            yield from _checked(listed, url, poll)

    def ballots(self, poll: PublishedPoll) -> Iterator[bytes]:
        """See `Source`."""
        yield from ()

    def _answers(
        self, poll: PublishedPoll, ask: Callable[[NodeClient], _T]
    ) -> Iterator[tuple[str, _T]]:
        members = poll.committee.members
        for url in [one.url for one in members if one.url != self._without]:
            began = self._now_monotonic_s()
            if began < self._left_until_monotonic_s.get(url, began):
                continue
            try:
                answer = ask(NodeClient(self._http, url))
            except NodeError as error:
                log.info("no answer", poll=poll.poll_id, problem=str(error))
                continue
            finally:
                ended = self._now_monotonic_s()
                if ended - began > _QUICK_S:
                    rest_s = (ended - began) * _REST * len(members)
                    self._left_until_monotonic_s[url] = ended + rest_s
            yield url, answer


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
        for url in self._urls:
            try:
                # A gateway lists receipts in the form of nodes.
                listed = NodeClient(self._http, url).omitted(poll.poll_id)
            except NodeError as error:
                log.info("no receipts", poll=poll.poll_id, problem=str(error))
                continue
            yield from _checked(listed, url, poll)

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


def _checked(listed: Iterable[Any], url: str, poll: PublishedPoll) -> Iterator[Recorded]:
    """Yield what a node or gateway lists, if its receipts are good."""
    for one in listed:
        try:
            yield Recorded.from_json(one, poll)
        except AuditError as error:
            # Only the first: a liar could fill the log.
            log.warning("receipts refused", poll=poll.poll_id, of=url, problem=str(error))
            break
