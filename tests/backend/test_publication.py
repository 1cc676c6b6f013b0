"""What a node publishes: its answers to strangers cost its chain provider next to nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.registry import OpenedPoll, Status
from ostraka.node.publication import Publication
from ostraka.wire.poll_keys import PollKeyList
from ostraka.wire.problems import Problem
from ostraka_verifier.board import Board
from tests.backend.test_release import release_of
from tests.support.polls import approval_poll, open_view


class CountingProvider:
    """Knows one opening, and counts how often it is asked for it."""

    def __init__(self, keys: PollKeyList) -> None:
        self.keys = keys
        self.asked = 0

    def opened(self, _: int) -> OpenedPoll:
        """The opening."""
        self.asked += 1
        return OpenedPoll(self.keys.node_keys, (bytes(65),) * len(self.keys.node_keys))


def test_boards_for_everybody_ask_the_chain_once(tmp_path: Path) -> None:
    poll = approval_poll()
    release = release_of(poll, tmp_path, [])
    state: Any = release._state
    publication = Publication(state, release)

    def keys() -> list[bytes]:
        board = Board.decode(publication.board(), poll.factory.layout.size, len(poll.rule.slots))
        return [one.public_key for one in board.poll_keys]

    pinned = PollKeyList(tuple(key.public_key for key in poll.poll_keys))
    provider = CountingProvider(pinned)
    state.registries = [provider]
    created = replace(open_view(poll), status=Status.CREATED, poll_keys=bytes(32))
    for state.view in (None, created):
        assert keys() == []
    assert provider.asked == 0
    state.view = open_view(poll)
    with pytest.raises(Problem, match=r"Node lacks part of the poll: .*keys are not here yet"):
        keys()
    state.pinned = pinned
    for _ in range(5):
        assert keys() == list(pinned.public_keys)
    assert provider.asked == 1
    # The chain thought again before finality.
    provider.keys = PollKeyList(pinned.public_keys[::-1])
    state.view = replace(state.view, poll_keys=provider.keys.hash)
    with pytest.raises(Problem, match=r"Node lacks part of the poll: .*keys are not here yet"):
        keys()
    state.pinned = provider.keys
    assert keys() == list(provider.keys.public_keys)
    assert provider.asked == 2
