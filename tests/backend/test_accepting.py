"""Accepting at one node: bounds that hold within a batch as well as over many."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import Head
from ostraka.node.accepting import MAX_VERSIONS, PULL_LIMIT, Accepting, Receipt
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord
from ostraka_verifier.errors import Malformed
from tests.backend.test_release import release_of
from tests.support.polls import OPENS_AT, SyntheticPoll, approval_poll, open_view


def versions(poll: SyntheticPoll, count: int) -> list[CastRecord]:
    """So many ballots of the first voter."""
    key, bits = poll.voter_keys[0], poll.votes[0]
    prepared = [
        poll.factory.prepare(key, key.address, bits, OPENS_AT + number) for number in range(count)
    ]
    return [one.record for one in prepared]


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


@pytest.fixture
def accepting(poll: SyntheticPoll, tmp_path: Path) -> Accepting:
    state = release_of(poll, tmp_path, [])._state
    state.head = Head(1, bytes(32), OPENS_AT + 1000)
    state.view = open_view(poll)
    return Accepting(state)


def test_a_voter_casts_so_many_versions_and_no_more_however_they_arrive(
    poll: SyntheticPoll, accepting: Accepting
) -> None:
    answers = accepting._accept(versions(poll, MAX_VERSIONS + 3))
    assert [type(answer) for answer in answers] == [Receipt] * MAX_VERSIONS + [Problem] * 3
    assert len(accepting._state.store.receipts(1)) == MAX_VERSIONS


def test_what_a_node_promises_its_peers_believe(poll: SyntheticPoll, accepting: Accepting) -> None:
    """More receipts than one voter can have make an inventory that every peer refuses."""
    records = versions(poll, MAX_VERSIONS + PULL_LIMIT)
    accepting._accept(records[:MAX_VERSIONS])
    accepting._store_from_peers(records[MAX_VERSIONS:])
    assert len(accepting._state.store.receipts(1)) == accepting.most_versions
    assert accepting._state.store.versions_of(1, records[0].ballot[:20]) == len(records)


def test_a_page_of_a_peer_has_an_end(poll: SyntheticPoll, accepting: Accepting) -> None:
    class Flooding:
        number = 1

        async def post(self, _path: str, _body: bytes) -> bytes:
            return bytes(8) + bytes((PULL_LIMIT + 1) * accepting._state.poll.record_bytes)

    flooding: Any = Flooding()
    with pytest.raises(Malformed, match="501 in a page of 500"):
        asyncio.run(accepting.pull(flooding))
