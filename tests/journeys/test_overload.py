"""More voters at once than a gateway or node can serve: some wait, and no receipt is lost."""

from pathlib import Path

import pytest

from tests.support.overload import (
    failures,
    missing_on_board,
    normal_after_s,
    ordered,
    receipted,
)
from tests.support.town import Poll, Town, eventually, vote_for

CROWD, AFTERWARDS = 240, 20
CONNECTIONS, RATE_PER_S, LASTS_S = 200, 500, 3


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, nodes=4, threshold=2, faults=1)


def test_a_crowd_is_served_in_turn(town: Town, tmp_path: Path) -> None:
    with town.stack:
        town.start()
        town.stack.start_gateway([town.committee.digest])
        poll = town.open_poll(2 * (CROWD + AFTERWARDS), round_duration=20)
        prepared = [poll.prepare(voter, vote_for(0)) for voter in range(len(poll.keys))]
        gateway = f"{town.stack.gateway_url}/api/v1/polls/{poll.poll_id}/ballots"
        given: set[bytes] = set()
        for url in (gateway, poll.url(1, "/ballots")):
            crowd, prepared = prepared[:CROWD], prepared[CROWD:]
            report = ordered(crowd, url, tmp_path, RATE_PER_S, LASTS_S, CONNECTIONS)
            assert report.pauses_missing == 0
            assert failures(report) == {}
            afterwards, prepared = prepared[:AFTERWARDS], prepared[AFTERWARDS:]
            # Other tests run beside this one: it shows that votes are recorded, not how fast.
            normal_after_s(url, afterwards, 120, normal_s=20)
            assert len(receipted(report, crowd)) == report.statuses["200"]
            given |= receipted(report, crowd)
        assert given
        # One node's receipt does not record a ballot yet: the others must have pulled it.
        for digest in given:
            for node in range(1, 5):
                eventually(
                    lambda node=node, digest=digest: has_receipt(poll, node, digest),  # type: ignore[misc]
                    f"node {node} has every ballot with a receipt",
                )
        assert missing_on_board(poll, given) == set()


def has_receipt(poll: Poll, node: int, digest: bytes) -> bool:
    return poll.get(node, f"/receipts/0x{digest.hex()}").status_code == 200
