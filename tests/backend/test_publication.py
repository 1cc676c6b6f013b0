"""What a node publishes: its answers to strangers cost its chain provider next to nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ostraka.chain.registry import OpenedPoll, Status
from ostraka.node.publication import Publication
from ostraka_verifier.board import Board
from ostraka_verifier.parameters import poll_keys_hash
from tests.backend.test_release import release_of
from tests.support.polls import approval_poll, open_view


class CountingProvider:
    """Knows one opening, and counts how often it is asked for it."""

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = keys
        self.asked = 0

    def opened(self, _: int) -> OpenedPoll:
        """The opening."""
        self.asked += 1
        return OpenedPoll(tuple(self.keys), (bytes(65),) * len(self.keys))


def test_boards_for_everybody_ask_the_chain_once(tmp_path: Path) -> None:
    poll = approval_poll()
    release = release_of(poll, tmp_path, [])
    state: Any = release._state
    publication = Publication(state, release)

    def keys() -> list[bytes]:
        board = Board.decode(publication.board(), poll.factory.layout.size, len(poll.rule.slots))
        return [one.public_key for one in board.poll_keys]

    pinned = [key.public_key for key in poll.poll_keys]
    provider = CountingProvider(pinned)
    state.registries = [provider]
    created = replace(open_view(poll), status=Status.CREATED, poll_keys=bytes(32))
    for state.view in (None, created):
        assert keys() == []
    assert provider.asked == 0
    state.view = open_view(poll)
    for _ in range(5):
        assert keys() == pinned
    assert provider.asked == 1
    # The chain thought again before finality.
    provider.keys = pinned[::-1]
    state.view = replace(state.view, poll_keys=poll_keys_hash(provider.keys))
    assert keys() == provider.keys
    assert provider.asked == 2
