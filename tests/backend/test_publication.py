"""What a node publishes: its answers to strangers cost its chain provider next to nothing."""

from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.registry import OpenedPoll, Status
from ostraka.wire.poll_keys import PollKeyList
from ostraka.wire.problems import Problem
from ostraka_verifier.board import Board
from tests.support.node_polls import accepting_service, observation
from tests.support.polls import approval_poll


class CountingProvider:
    """Knows one opening, and counts how often it is asked for it."""

    def __init__(self, keys: PollKeyList) -> None:
        self.keys = keys
        self.asked = 0

    def opened(self, _: int) -> OpenedPoll:
        """The opening."""
        self.asked += 1
        return OpenedPoll(self.keys.node_keys, (bytes(65),) * len(self.keys.node_keys))


def test_many_requests_for_boards_ask_the_chain_once(tmp_path: Path) -> None:
    poll = approval_poll()
    service = accepting_service(poll, tmp_path)
    served: Any = service.served
    progress, publication = service.progress, service.publication

    def keys() -> list[bytes]:
        board = Board.decode(publication.board(), poll.factory.layout.size, len(poll.rule.slots))
        return [one.public_key for one in board.poll_keys]

    pinned = PollKeyList(tuple(key.public_key for key in poll.poll_keys))
    provider = CountingProvider(pinned)
    served.registries = [provider]
    progress.observed = observation(poll, status=Status.CREATED, poll_keys=bytes(32))
    assert keys() == []
    assert provider.asked == 0
    progress.observed = observation(poll)
    with pytest.raises(
        Problem, match=r"Node lacks part of the poll: .*still fetching the poll's keys"
    ):
        keys()
    served.pinned = pinned
    for _ in range(5):
        assert keys() == list(pinned.public_keys)
    assert provider.asked == 1
    # The chain thought again before finality.
    provider.keys = PollKeyList(pinned.public_keys[::-1])
    progress.observed = observation(poll, poll_keys=provider.keys.hash)
    with pytest.raises(
        Problem, match=r"Node lacks part of the poll: .*still fetching the poll's keys"
    ):
        keys()
    served.pinned = provider.keys
    assert keys() == list(provider.keys.public_keys)
    assert provider.asked == 2
