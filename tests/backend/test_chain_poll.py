"""Poll keys from nodes of which each may lie, compared with the words on chain."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ostraka.sealing import PollKey
from ostraka.voter import chain_poll
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.wire.poll_keys import Announcement, KeyReport, PollKeyList, check_signatures
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Rejected
from ostraka_verifier.parameters import Committee, Member
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.stub_gateway import Answer, StubGateway, answer

OPENING = "GET /polls/1/opening"


class Nodes:
    """The committee of a synthetic poll, in which each node answers as the test defines."""

    def __init__(self, poll: SyntheticPoll, stubs: list[StubGateway]) -> None:
        self.keys = PollKeyList(tuple(key.public_key for key in poll.poll_keys))
        self.stubs = stubs
        members = zip(poll.committee.members, stubs, strict=True)
        self.committee = Committee(
            tuple(Member(member.address, stub.url) for member, stub in members), 2, 1
        )

    def report(self, keys: PollKeyList) -> Answer:
        """The statement of a node that takes these keys for the poll's."""
        announced = {
            node: Announcement(key, bytes(65)) for node, key in enumerate(keys.public_keys, 1)
        }
        report = KeyReport(1, announced, keys.hash, {}, (), 0, bytes(65))
        return answer(200, report.to_json(len(keys.public_keys)))


@pytest.fixture
def nodes() -> Iterator[Nodes]:
    poll = approval_poll()
    with ExitStack() as stack:
        yield Nodes(poll, [stack.enter_context(StubGateway()) for _ in range(4)])


def test_one_honest_node_is_enough(nodes: Nodes) -> None:
    spy = PollKeyList((PollKey().public_key, *nodes.keys.public_keys[1:]))
    lies = [nodes.report(spy), answer(200, b"[" * 5000), answer(200, b"x" * 2**21)]
    for stub, lie in zip(nodes.stubs, lies, strict=False):
        stub.routes[OPENING] = lie
    with pytest.raises(
        Problem, match=r"Poll keys unavailable: .*not the one pinned on chain"
    ) as refused:
        poll_keys_of_nodes(nodes.committee, 1, nodes.keys.node_keys)
    for reason in ("Not found", "more than", "body"):
        assert reason in str(refused.value)
    nodes.stubs[3].routes[OPENING] = nodes.report(nodes.keys)
    assert poll_keys_of_nodes(nodes.committee, 1, nodes.keys.node_keys) == nodes.keys


def test_late_nodes_do_not_delay_voters(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(_: bytes) -> Answer:
        time.sleep(5)
        return nodes.report(nodes.keys)

    for stub in nodes.stubs[:3]:
        stub.routes[OPENING] = late
    nodes.stubs[3].routes[OPENING] = nodes.report(nodes.keys)
    started = time.monotonic()
    assert poll_keys_of_nodes(nodes.committee, 1, nodes.keys.node_keys) == nodes.keys
    assert time.monotonic() - started < 4
    monkeypatch.setattr(chain_poll, "_PATIENCE_S", 0.5)
    nodes.stubs[3].routes[OPENING] = late
    with pytest.raises(Problem, match="TimeoutError"):
        poll_keys_of_nodes(nodes.committee, 1, nodes.keys.node_keys)


def test_invalid_pinned_keys_are_refused(nodes: Nodes) -> None:
    """All nodes together pin one key for two of them: a voter does not seal to it."""
    copied = PollKeyList((*nodes.keys.public_keys[:3], nodes.keys.public_keys[0]))
    for stub in nodes.stubs:
        stub.routes[OPENING] = nodes.report(copied)
    with pytest.raises(Problem, match="half is that of node 1"):
        poll_keys_of_nodes(nodes.committee, 1, copied.node_keys)


def test_a_list_that_a_node_did_not_sign_is_refused() -> None:
    poll = approval_poll()
    keys = PollKeyList(tuple(key.public_key for key in poll.poll_keys))
    digest = poll.domain.digest(typed_data.POLL_KEYS, poll.context, keys.hash)
    good = tuple(key.sign(digest) for key in poll.node_keys)
    given = poll.committee, poll.domain, poll.context, keys.hash
    check_signatures(*given, good)
    for wrong in (good[:3], (*good[:3], good[0]), good[::-1]):
        with pytest.raises(Rejected, match="not signed by that node"):
            check_signatures(*given, wrong)
    with pytest.raises(Rejected):
        check_signatures(*given[:3], bytes(32), good)
