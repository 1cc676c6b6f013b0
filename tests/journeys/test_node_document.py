"""A node answers every request as its OpenAPI document describes."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st

from ostraka.chain.registry import Status
from ostraka.node.api import build_api, describe_api
from ostraka.wire import census_upload, peer_auth
from tests.support.fuzzed_api import Running, budget, client_of, operations, running
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import POLL, Village

OPERATIONS = operations(describe_api())
PEER = "POST /polls/{poll_id}/peer"
NOT_YET = {
    "POST /polls/{poll_id}/challenge",
    *(f"{PEER}/{name}" for name in ("draft", "proposal", "lacking", "certificate")),
    f"{PEER}/repair/seeds",
    f"{PEER}/repair/share",
    f"{PEER}/shuffle/{{call}}",
    "GET /polls/{poll_id}/opened",
    "GET /polls/{poll_id}/outcome",
}
"""What fails whatever is generated: bodies of the protocol, which other tests exchange, and ballots
of a poll that opens none."""
BEFORE_CLOSING = {
    f"GET /polls/{{poll_id}}/{name}"
    for name in (
        "inventory",
        "certificate",
        "leaves",
        "checkpoints/latest",
        "checkpoints/consistency",
        "checkpoints/inclusion",
    )
}
"""The node's first checkpoint is that of its inventory."""
RECEIVER = 3
"""The node that is asked."""


class Asked:
    """One node of a village, and what may succeed there."""

    def __init__(self, village: Village, client: httpx.AsyncClient, not_yet: set[str]) -> None:
        self.village, self.poll, self.client = village, village.poll, client
        self.not_yet = not_yet

    def change(self, case: schemathesis.Case, data: st.DataObject) -> dict[str, str]:
        """Ask for what is there, signed by who may ask, most of the time."""
        usually = st.sampled_from([True, True, True, False])
        ballots = [prepared.record for prepared in self.poll.prepared]
        digests = [ballot.ballot_digest for ballot in ballots]
        if "poll_id" in case.path_parameters and data.draw(usually):
            case.path_parameters["poll_id"] = POLL
        if "digest" in case.path_parameters and data.draw(usually):
            case.path_parameters["digest"] = "0x" + data.draw(st.sampled_from(digests)).hex()
        path, body = case.operation.path, None
        if path.endswith("/checkpoints/inclusion") and data.draw(usually):
            case.query["digest"] = "0x" + data.draw(st.sampled_from(digests)).hex()
        if path.endswith("/checkpoints/consistency") and data.draw(usually):
            case.query.update({"from": 1, "to": 1})
        if path.endswith("/ballots:batch"):
            body = b"".join(ballot.encode() for ballot in ballots)
        elif path.endswith("/peer/ballots"):
            body = data.draw(st.sampled_from([bytes(8), bytes([255] * 8)]))
        elif "/peer/" in path:
            body = b"".join(digests)
        elif path.endswith("/committees"):
            body = self.poll.committee.encode()
        elif path.endswith("/census"):
            body = self.poll.census.encode()
        if path.endswith("/ballots") and "/peer/" not in path and data.draw(usually):
            case.body = data.draw(st.sampled_from(ballots)).to_json()
        if body is not None and data.draw(usually):
            case.body = body
        headers = {census_upload.HEADER: self.village.census_header()}
        if data.draw(usually):
            headers[peer_auth.HEADER] = peer_auth.sign_request(
                self.poll.node_keys[0],
                self.poll.domain,
                self.poll.node_keys[RECEIVER - 1].address,
                case.method,
                case.formatted_path,
                case.body if isinstance(case.body, bytes) else b"",
                int(time.time()),
            )
        return headers


@pytest.fixture(scope="module", params=["open", "anchored"])
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Asked]]:
    poll = approval_poll()
    village = Village(poll, tmp_path_factory.mktemp("village"))

    @asynccontextmanager
    async def served() -> AsyncIterator[Asked]:
        async with village.run(seeded=True):
            village.open_seeded()
            await village.tick(2)
            not_yet = NOT_YET | BEFORE_CLOSING
            # So that there are receipts, whichever requests this process makes.
            cast = [prepared.record.to_json() for prepared in poll.prepared]
            for one in cast:
                await village.client.post(village.url(RECEIVER, "/ballots"), json=one)
            if request.param == "anchored":
                await _anchor(village, poll)
                not_yet = NOT_YET
            async with client_of(build_api(village.nodes[RECEIVER])) as client:
                yield Asked(village, client, not_yet)

    with running(served) as found:
        yield found


async def _anchor(village: Village, poll: SyntheticPoll) -> None:
    records = [prepared.record for prepared in poll.prepared]
    for node in range(1, poll.nodes + 1):
        await asyncio.gather(
            *(
                village.client.post(village.url(node, "/ballots"), json=one.to_json())
                for one in records
            )
        )
    registry = village.registry
    registry.close()
    await village.tick(3)
    registry.anchoring = village.service(RECEIVER).settling.certificate()
    root = registry.anchoring.root
    registry.show(status=Status.ANCHORED, anchored_at=registry.now, root=root)
    await village.tick(2)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_node_answers_as_its_document_says(asked: tuple[Running, Asked], name: str) -> None:
    alive, node = asked

    @budget(20)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        alive.check(node.client, OPERATIONS[name], data, node.change)

    ask()
    assert alive.succeeded(name) == (name not in node.not_yet)
