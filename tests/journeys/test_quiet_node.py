"""Nodes and a gateway at rest ask the chain almost nothing, and still find a new poll at once."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from ostraka.chain.pace import REST_S
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.units import UnixSeconds
from tests.support.counting_rpc import CountingRpc
from tests.support.town import Poll, Town, eventually, vote_for

NODES = 4
WINDOW_S = 2 * REST_S
BLOCK, COUNT = "eth_getBlockByNumber", "eth_call 0x" + keccak256(b"pollCount()")[:4].hex()
# The library asks for the chain id once more after the start.
AT_REST = {BLOCK, COUNT, "eth_chainId"}


@dataclass
class Quiet:
    """A town whose nodes and whose gateway reach the chain by counters."""

    town: Town
    nodes: CountingRpc
    gateway: CountingRpc

    def watch(self) -> tuple[Counter[str], Counter[str]]:
        """Requests of all nodes and of the gateway in two pauses of a node at rest."""
        # Until nothing of before is left to do.
        time.sleep(REST_S)
        self.nodes.counts.clear()
        self.gateway.counts.clear()
        time.sleep(WINDOW_S)
        return Counter(self.nodes.counts), Counter(self.gateway.counts)

    def end(self, polls: list[Poll]) -> None:
        """Let time pass until every node has destroyed the keys of polls."""
        stack = self.town.stack
        stack.move_time(UnixSeconds(stack.registry.head().timestamp + 7200))
        for poll in polls:
            for node in range(1, NODES + 1):
                eventually(
                    lambda poll=poll, node=node: poll.get(node).json()["key_destroyed"],  # type: ignore[misc]
                    f"node {node} destroys its key of poll {poll.poll_id}",
                )


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    town = Town(tmp_path_factory.mktemp("quiet"), nodes=NODES, threshold=2, faults=1)
    stack = town.stack
    chain: list[str] = []
    with CountingRpc(lambda: chain[0]) as nodes, CountingRpc(lambda: chain[0]) as gateway, stack:
        stack.start_chain()
        chain.append(stack.rpc_url)
        stack.rpc_url = nodes.url
        stack.start_nodes()
        town.register()
        stack.rpc_url = gateway.url
        stack.start_gateway([town.committee.digest])
        stack.rpc_url = chain[0]
        yield Quiet(town, nodes, gateway)


def test_at_rest_only_the_newest_block_and_the_number_of_polls_are_asked_for(quiet: Quiet) -> None:
    nodes, gateway = quiet.watch()
    # One more of each, where a pause begins just before the window.
    assert set(nodes) <= AT_REST
    assert nodes.total() <= NODES * 2 * (WINDOW_S / REST_S + 1)
    assert set(gateway) <= {BLOCK, "eth_getLogs", "eth_getTransactionCount", "eth_chainId"}
    assert gateway.total() <= 4 * (WINDOW_S / REST_S + 1) + 1


def test_a_poll_created_at_rest_opens_at_once(quiet: Quiet) -> None:
    start = time.monotonic()
    poll = quiet.town.open_poll(5)
    # Far less than a pause of a node at rest would take for each node in turn.
    assert time.monotonic() - start < 2 * REST_S
    quiet.end([poll])


def test_finished_polls_cost_no_request(quiet: Quiet) -> None:
    before, _ = quiet.watch()
    polls = [quiet.town.open_poll(5) for _ in range(3)]
    polls[0].vote([vote_for(0)] * 5)
    assert polls[0].tally() == (5, 0, 0, 0)
    quiet.end(polls)
    # Each node reads the signatures of the root once.
    for node in range(1, NODES + 1):
        assert polls[0].get(node, "/board").status_code == 200
    nodes, _ = quiet.watch()
    assert set(nodes) | set(before) <= AT_REST
    assert nodes.total() <= NODES * 2 * (WINDOW_S / REST_S + 1)
    # What they publish comes from their disks.
    quiet.nodes.counts.clear()
    for poll, status in zip(polls, ("tallied", "void", "void"), strict=True):
        for node in range(1, NODES + 1):
            assert poll.get(node, "/board").status_code == 200
            assert poll.get(node).json()["status"] == status
    assert set(quiet.nodes.counts) <= AT_REST


def test_a_silent_provider_is_shown_and_holds_up_no_answer(quiet: Quiet) -> None:
    def age(node: int) -> int:
        url = f"{quiet.town.stack.node_urls[node - 1]}/api/v1/config"
        return int(httpx.get(url, timeout=5).json()["head_age_s"])

    assert all(age(node) <= REST_S + 2 for node in range(1, NODES + 1))
    quiet.nodes.answers.clear()
    eventually(lambda: age(1) > REST_S + 5, "node 1 shows that its provider is silent")
    quiet.nodes.answers.set()
    eventually(lambda: age(1) <= REST_S, "node 1 sees new blocks again")
