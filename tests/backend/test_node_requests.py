"""Asking a committee's nodes at once: a silent one is named, asked on, and waited for by nobody."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from ostraka.gateway import node_requests
from ostraka.gateway.node_requests import NodeRequests
from ostraka.wire.node_client import Cancellation, NodeError
from ostraka.wire.problem_types import ProblemType
from ostraka_verifier.parameters import Member

MEMBERS = {
    number: Member(bytes([number] * 20), f"https://{number}.example") for number in range(1, 5)
}
SILENT, QUORUM = 4, 3


class Committee:
    """Nodes of which one answers only once the test lets it."""

    def __init__(self) -> None:
        self.speaks = threading.Event()
        self.asked: Counter[int] = Counter()

    def answer(self, number: int) -> str:
        self.asked[number] += 1
        if number == SILENT:
            assert self.speaks.wait(60)
        return f"answer of {number}"


@pytest.fixture
def committee() -> Iterator[Committee]:
    committee = Committee()
    yield committee
    committee.speaks.set()


def each(requests: NodeRequests, committee: Committee) -> tuple[dict[int, str], dict[int, str]]:
    answers, failed = requests.each(
        "keys", MEMBERS, lambda number, _: committee.answer(number), QUORUM
    )
    for one in failed.values():
        assert isinstance(one, NodeError)
        assert one.problem.kind is ProblemType.NODE_SILENT
    return answers, {number: str(one) for number, one in failed.items()}


def test_a_silent_node_is_named_and_asked_only_once(committee: Committee) -> None:
    requests = NodeRequests()
    for _ in range(2):
        # Returns while the node is silent.
        answers, failed = each(requests, committee)
        assert sorted(answers) == [1, 2, 3]
        assert list(failed) == [SILENT]
        assert "https://4.example: has not answered yet" in failed[SILENT]
    assert committee.asked == {1: 2, 2: 2, 3: 2, SILENT: 1}
    committee.speaks.set()
    answers, failed = each(requests, committee)
    assert answers[SILENT] == "answer of 4"
    assert not failed
    assert committee.asked[SILENT] == 1


def test_a_node_that_failed_meanwhile_is_asked_again() -> None:
    requests, down, lost = NodeRequests(), threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def ask(number: int, member: Member) -> str:
        if number == SILENT and not down.is_set():
            assert down.wait(60)
            # Once this thread ends, the request has failed.
            threads.append(threading.current_thread())
            lost.set()
            raise NodeError(member.url, "the connection was lost")
        return f"answer of {number}"

    _, failed = requests.each("keys", MEMBERS, ask, QUORUM)
    assert list(failed) == [SILENT]
    down.set()
    assert lost.wait(60)
    threads[0].join(60)
    answers, failed = requests.each("keys", MEMBERS, ask, QUORUM)
    assert sorted(answers) == [1, 2, 3, SILENT]


def test_too_few_nodes_are_waited_for_a_while_only(
    committee: Committee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_requests, "_LONGEST_S", 0.2)
    _, failed = NodeRequests().each("keys", MEMBERS, lambda _, __: committee.answer(SILENT), QUORUM)
    assert sorted(failed) == [1, 2, 3, 4]


def test_a_race_goes_on_without_a_silent_node(committee: Committee) -> None:
    requests, cancelled = NodeRequests(), threading.Event()

    def ask(member: Member, cancellation: Cancellation) -> str:
        number = member.address[0]
        if number != SILENT:
            return committee.answer(number)
        with cancellation.ending(cancelled.set):
            return committee.answer(number)

    for _ in range(2):
        cancelled.clear()
        came = list(requests.race(list(MEMBERS.values()), ask, QUORUM))
        assert sorted(member.address[0] for member, _ in came) == [1, 2, 3]
        assert cancelled.is_set()
    # It is asked last from then on, so that whoever needs one answer does not wait for it.
    for _ in range(10):
        first, *_ = requests.race(list(MEMBERS.values()), ask, 1)
        assert first[0].address[0] != SILENT


def test_requests_do_not_keep_the_process_alive(committee: Committee) -> None:
    before = threading.enumerate()
    each(NodeRequests(), committee)
    assert all(thread.daemon for thread in threading.enumerate() if thread not in before)
