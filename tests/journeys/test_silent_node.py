"""One faulty node of five costs nobody more than a moment, on any path; times are not measured."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ostraka.gateway.courier import CourierError
from ostraka.voter.casting import send_to_nodes
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.voter.poll import OpenPoll
from ostraka.voter.saved_votes import ReceiptedBallot, SavedVotes
from tests.support.faulty_node import Fault, FaultyNode
from tests.support.town import Town, eventually, vote_for

FAULTY, OTHERS = 5, {1, 2, 3, 4}
SOON_S = 20
"""Far more than it takes, and far less than the minute for which the gateway keeps asking."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), nodes=5, threshold=3, faults=1)
    with town.stack:
        town.start()
        yield town


@pytest.fixture(scope="module")
def node(town: Town) -> Iterator[FaultyNode]:
    with FaultyNode(town.stack, FAULTY) as node:
        yield node


@pytest.fixture
def gateway(town: Town) -> Iterator[str]:
    """A gateway that knows nothing of earlier faults."""
    town.stack.start_gateway([town.committee.digest])
    yield f"{town.stack.gateway_url}/api/v1"
    town.stack.kill_gateway()


@pytest.mark.parametrize("fault", [Fault.REFUSES, Fault.MUTE, Fault.DRIPS, Fault.LATE])
def test_votes_are_recorded_while_a_node_is_faulty(
    fault: Fault, town: Town, node: FaultyNode, gateway: str, tmp_path: Path
) -> None:
    node.turn(Fault.NONE)
    poll = town.open_poll(5)
    shown = town.stack.registry.opened(poll.poll_id)
    assert shown is not None
    keys = poll_keys_of_nodes(poll.published.committee, poll.poll_id, shown.node_keys)
    first, second, third = [poll.prepare(voter, vote_for(0, 1)) for voter in range(3)]
    base = f"{gateway}/polls/{poll.poll_id}"
    node.turn(fault)
    started = time.monotonic()

    # The gateway answers while its request to the faulty node hangs.
    answer = httpx.post(f"{base}/ballots", json=first.record.to_json(), timeout=60).json()
    hanging = node.hanging
    assert answer["recorded"]
    assert {one["node"] for one in answer["receipts"]} == OTHERS
    if fault is Fault.REFUSES:
        assert [one["node"] for one in answer["refusals"]] == [FAULTY]
    else:
        assert answer["waiting"] == [FAULTY]
        assert hanging

    # So do the others.
    httpx.post(f"{base}/ballots", json=second.record.to_json(), timeout=60).raise_for_status()
    counts = httpx.get(f"{base}/progress", timeout=60).json()
    assert [one["node"] for one in counts["nodes"] if not one["answers"]] == [FAULTY]
    assert counts["voted"] == 2
    assert len(receipts(base, first.ballot.digest)) == len(OTHERS)
    assert httpx.get(f"{base}/board", timeout=60).status_code == httpx.codes.OK
    assert httpx.get(base, timeout=60).json()["poll_keys"]

    # And a voter who sends to the nodes without a gateway.
    ballot = ReceiptedBallot(third.record)
    opened = OpenPoll.opened(poll.published, keys.public_keys)
    votes = SavedVotes(tmp_path / "votes.json", opened, ballot.record.voter)
    votes.ballots.append(ballot)
    refusals = send_to_nodes(votes, ballot)
    assert set(ballot.receipts) == OTHERS
    assert set(refusals) == {FAULTY}
    assert time.monotonic() - started < SOON_S

    # Behind the answers, it goes on: the node has every ballot in the end, and its receipts come.
    node.turn(Fault.NONE)
    eventually(lambda: bool(poll.get(FAULTY).json()["voted"] == 3), "the node has all ballots")
    eventually(
        lambda: len(receipts(base, first.ballot.digest)) == 1 + len(OTHERS),
        "the gateway asks the node again",
        60,
    )


def receipts(base: str, digest: bytes) -> list[Any]:
    answer = httpx.get(f"{base}/receipts/0x{digest.hex()}", timeout=60)
    found: list[Any] = answer.json()["receipts"]
    return found


@pytest.mark.parametrize("fault", [Fault.MUTE, Fault.DRIPS])
def test_an_opening_names_the_silent_node_while_it_is_still_asked(
    fault: Fault, town: Town, node: FaultyNode
) -> None:
    node.turn(Fault.NONE)
    published, _, census = town.create_poll(5)
    node.turn(fault)
    with pytest.raises(CourierError) as error:
        town.courier.open_poll(published, census.encode())
    assert node.hanging
    silent = [one["node"] for one in error.value.nodes if "problem" in one]
    assert silent == [FAULTY]
    assert "has not answered yet" in str(error.value)
    node.turn(Fault.NONE)

    def opens() -> bool:
        try:
            town.courier.open_poll(published, census.encode())
        except CourierError:
            # At first, the request that was pending is lost.
            return False
        return True

    eventually(opens, "the poll opens with all nodes", 90)
