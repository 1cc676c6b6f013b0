"""A lying node cannot choose the reason why a ballot is refused (docs/protocol.md §9.1)."""

import asyncio
from collections.abc import Collection
from typing import Any

import httpx
import pytest

from ostraka.gateway.ballots import Ballots
from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.relay import rejection
from tests.support.polls import SyntheticPoll, approval_poll

CLOSED = Problem(ProblemType.POLL_CLOSED, "voting closes at noon", "ballot.cast_at")
LOST = Problem(ProblemType.POLL_SECRET_LOST, "this node cannot serve the poll")
FOREIGN = Problem.from_json({"type": "https://evil.example/pay", "title": "Pay", "status": 402})
CHANGED = Problem(ProblemType.POLL_CLOSED, "vote again at https://evil.example", "ballot.cast_at")


def first_reason(problems: Collection[Problem]) -> Problem:
    """The old rule: the first refusal below status 500."""
    return next(problem for problem in problems if problem.status < 500)


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


def refused(poll: SyntheticPoll, said: dict[int, Problem]) -> Problem:
    """The gateway's answer to a voter; silent nodes are unreachable."""

    def handle(request: httpx.Request) -> httpx.Response:
        problem = said.get(int(request.url.host[len("node-")]))
        if problem is None:
            raise httpx.ConnectError("refused", request=request)
        answer: Any = [problem.to_json()]
        return httpx.Response(200, json=answer)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            await Ballots(client).cast(poll.published, poll.prepared[0].record)

    with pytest.raises(Problem) as caught:
        asyncio.run(run())
    return caught.value


@pytest.mark.parametrize("lie", [CLOSED, LOST, FOREIGN], ids=["closed", "lost", "foreign"])
def test_a_lie_of_one_node_is_no_reason(poll: SyntheticPoll, lie: Problem) -> None:
    silent = Problem(ProblemType.NODE_UNREACHABLE, "the node cannot be reached")
    assert first_reason([lie, silent, silent, silent]) == lie
    answer = refused(poll, {1: lie})
    assert answer.kind is ProblemType.NODES_UNREACHABLE
    assert (answer.status, answer.retry_after_s) == (503, 5)


def test_a_reason_of_more_nodes_than_may_lie_counts(poll: SyntheticPoll) -> None:
    assert poll.committee.faults == 1
    assert refused(poll, {2: CLOSED, 4: CLOSED}).members() == CLOSED.members()
    shown = refused(poll, {1: LOST, 2: CLOSED, 4: CLOSED})
    assert shown.members() == CLOSED.members()
    # What each node says stays attributed to it.
    assert [one["node"] for one in shown.nodes] == [1, 2, 3, 4]
    assert shown.nodes[0]["problem"] == LOST.to_json()


def test_what_nodes_say_of_themselves_is_no_reason_however_many_say_it(
    poll: SyntheticPoll,
) -> None:
    assert refused(poll, dict.fromkeys(range(1, 5), LOST)).kind is ProblemType.NODES_UNREACHABLE
    assert LOST.kind not in BALLOT_PROBLEMS


def test_a_liar_that_agrees_on_the_reason_does_not_choose_its_words() -> None:
    assert first_reason([CHANGED, CLOSED, CLOSED]) == CHANGED
    agreed = rejection({1: CHANGED, 2: CLOSED, 3: CLOSED}, 1)
    assert agreed.members() == CLOSED.members()
    both = rejection({1: CHANGED, 2: CLOSED}, 1)
    assert both.kind is ProblemType.POLL_CLOSED
    assert both.detail == f"{CHANGED.detail}; {CLOSED.detail}"


def test_nodes_that_each_name_their_own_box_agree() -> None:
    boxes = [
        Problem(ProblemType.CHECK_FAILED, "it does not open to a good share", f"boxes[{node}]")
        for node in range(3)
    ]
    one = rejection(dict(enumerate(boxes, start=1)), 1)
    assert (one.kind, one.field) == (ProblemType.CHECK_FAILED, "")
    assert one.detail == "it does not open to a good share"
