"""More voters at once than a gateway or node can serve: some wait, and no receipt is lost."""

import json
from pathlib import Path

import pytest

from tests.support.overload import (
    failures,
    normal_after_s,
    ordered,
    receipted,
)
from tests.support.town import Town, vote_for

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
            normal_after_s(url, afterwards, 60)
            assert len(receipted(report, crowd)) == report.statuses["200"]
            # One node's receipt does not record a ballot yet; the gateway's answer says so.
            given |= {
                crowd[int(number)].ballot.digest
                for number, content in report.answers.items()
                if json.loads(content).get("recorded")
            }
        assert given
