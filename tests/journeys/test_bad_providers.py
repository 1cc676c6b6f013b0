"""Whole polls behind a provider with the faults of public ones: each ends, and its audit holds.

Real nodes and a real gateway on anvil, all of them behind one `FaultyRpc`. Each fault lasts from a
poll's creation to its tally. Nothing is lost and nothing done twice: every plan gets one poll, and
the chain has no other.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.courier import Courier
from ostraka.wire.records import encode_records
from tests.support.api import accounts, audit, ballots_of, fresh_keys
from tests.support.faulty_rpc import FaultyRpc
from tests.support.town import eventually

NODES, VOTERS = 4, 5
PATIENCE_S = 120
DEPTH = 3


class Town:
    """Nodes, a gateway, and the faulty way to the chain."""

    def __init__(self, stack: LocalStack, rpc: FaultyRpc) -> None:
        self.stack, self.rpc = stack, rpc
        self._keys = fresh_keys(VOTERS)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Answer of the gateway, asked again as its clients do while the chain is out of reach."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = httpx.request(
                method,
                f"{self.stack.gateway_url}/api/v1{path}",
                timeout=60,
                trust_env=False,
                **more,
            )
            if answer.status_code in (200, 201):
                return answer.json()
            assert answer.status_code in (404, 503), answer.text
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.5)

    def create(self) -> str:
        """The plan of a new poll; asking again gives no second one."""
        now = self.stack.registry.head().timestamp
        wanted = {
            "title": "A question",
            "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
            "voters": accounts(self._keys),
            "closes_at": now + 20_000,
            "times": {"freeze_delay": 5, "round_duration": 8, "dispute_window": 600},
        }
        headers = {
            "Idempotency-Key": str(uuid.uuid4()),
            "Authorization": f"Bearer {self.stack.organizer_token}",
        }
        plan: str = self.ask("POST", "/polls", json=wanted, headers=headers)["plan"]
        return plan

    def plan(self, plan: str) -> Any:
        """State of a plan."""
        headers = {"Authorization": f"Bearer {self.stack.organizer_token}"}
        return self.ask("GET", f"/plans/{plan}", headers=headers)

    def wait(self, plan: str, what: str, ready: Callable[[], bool]) -> None:
        """Wait, and if in vain say what the gateway waits for."""
        deadline = time.monotonic() + PATIENCE_S
        while not ready():
            assert time.monotonic() < deadline, f"{what}: {self.plan(plan)['problem']}"
            time.sleep(0.5)

    def opened(self, plan: str) -> int:
        """Number of a plan's poll, once it is open."""
        self.wait(plan, "created", lambda: self.plan(plan)["poll"] is not None)
        number = int(self.plan(plan)["poll"])
        path = f"/polls/{number}"
        self.wait(plan, "opened", lambda: self.ask("GET", path)["poll_keys"] is not None)
        return number

    def vote(self, plan: str, number: int) -> None:
        """All voters vote, through the gateway."""
        votes = [(key, key.address, [place % 2]) for place, key in enumerate(self._keys)]
        left = [one.record for one in ballots_of(self.stack, number, votes)]

        def all_recorded() -> bool:
            # A node that has not seen the opening yet refuses; the ballot is cast again.
            answers = self.ask(
                "POST", f"/polls/{number}/ballots:batch", content=encode_records(left)
            )
            left[:] = [
                record
                for record, answer in zip(left, answers, strict=True)
                if not answer["recorded"]
            ]
            return not left

        self.wait(plan, "recorded", all_recorded)

    def anchored(self, plan: str, number: int) -> None:
        """Close a poll, and end its dispute window."""
        registry = self.stack.registry
        self.stack.move_time(registry.poll(number).freezes_at)
        self.wait(plan, "anchored", lambda: registry.poll(number).anchored_at != 0)
        self.stack.move_time(registry.poll(number).releasable_at)

    def tallied(self, plan: str, number: int) -> None:
        """Wait for the tally."""
        registry = self.stack.registry
        self.wait(plan, "tallied", lambda: registry.poll(number).status.name == "TALLIED")

    def report(self, number: int) -> Any:
        """What an auditor finds through the same provider."""
        return audit(self.stack, number, rpc_url=self.rpc.url)

    def node_logs(self) -> list[str]:
        """What each node wrote so far."""
        folder = self.stack.folder
        return [(folder / f"node-{node}.log").read_text() for node in range(1, NODES + 1)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with LocalStack(tmp_path_factory.mktemp("town"), NODES, Anvil()) as stack:
        stack.start_chain()
        with FaultyRpc(stack.rpc_url) as rpc:
            # From here on, services see the chain through it; the test itself does not.
            stack.rpc_url = rpc.url
            stack.start_nodes()
            courier = Courier(stack.registry, stack.organizer)
            committee, _ = courier.register_committee(stack.node_urls, 2, 1)
            stack.start_gateway([committee.digest])
            yield Town(stack, rpc)


@pytest.fixture
def town(whole: Town) -> Iterator[Town]:
    yield whole
    whole.rpc.healthy()


FAULTS: dict[str, dict[str, Any]] = {
    "late logs": {"log_lag": 2},
    "stale replicas": {"stale_every": 4, "lag": 2},
    "missing blocks": {"null_every": 4},
    "busy": {"busy_every": 12},
    "few logs, no batches": {"log_range": 40, "refuses_batches": True},
    "slow": {"delay_s": 0.25},
    "proof of authority": {"long_extra_data": True},
    "lost answers": {"lose_answers": 4},
    "far finality": {"final_lag": 12, "kept_states": 6},
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_poll_ends_and_holds(town: Town, faults: dict[str, Any]) -> None:
    before = town.stack.registry.poll_count()
    for name, value in faults.items():
        setattr(town.rpc, name, value)
    plan = town.create()
    number = town.opened(plan)
    town.vote(plan, number)
    town.anchored(plan, number)
    town.tallied(plan, number)
    report = town.report(number)
    town.rpc.healthy()
    if report["verdict"] != "holds":
        # Never a failure; and what is missing is named.
        assert report["verdict"] == "not checked"
        assert any("RPC endpoint" in one["detail"] for one in report["checks"]), report
        report = town.report(number)
    assert report["verdict"] == "holds", report
    assert town.stack.registry.poll_count() == number == before + 1


def test_a_restarting_provider_loses_nothing(town: Town) -> None:
    plan = town.create()
    number = town.opened(plan)
    town.vote(plan, number)
    town.rpc.is_down = True
    town.stack.move_time(town.stack.registry.poll(number).freezes_at)
    time.sleep(3)
    town.rpc.is_down = False
    town.anchored(plan, number)
    town.rpc.is_down = True
    time.sleep(3)
    town.rpc.is_down = False
    town.tallied(plan, number)
    assert town.report(number)["verdict"] == "holds"


def test_a_reorganization_of_the_opening_is_made_good(town: Town) -> None:
    plan = town.create()
    number = town.opened(plan)
    registry = town.stack.registry
    event = registry.latest_event("PollOpened", {"pollId": number})
    assert event is not None
    depth = registry.head().number - event["blockNumber"] + 1
    town.rpc.direct("anvil_reorg", depth, [])
    assert registry.poll(number).status.name == "CREATED"
    assert town.opened(plan) == number
    town.wait(plan, "open", lambda: registry.poll(number).status.name == "OPEN")
    town.vote(plan, number)
    town.anchored(plan, number)
    town.tallied(plan, number)
    assert town.report(number)["verdict"] == "holds"
    assert registry.poll_count() == number


def test_without_finality_nodes_say_so_and_wait(town: Town) -> None:
    plan = town.create()
    number = town.opened(plan)
    town.vote(plan, number)
    town.rpc.no_finality = True
    town.anchored(plan, number)
    seen = [len(log) for log in town.node_logs()]
    said = "the provider shows no final block"
    eventually(
        lambda: all(said in log[start:] for log, start in zip(town.node_logs(), seen, strict=True)),
        "every node says what is missing",
        60,
    )
    eventually(
        lambda: said in json.dumps(town.plan(plan)["problem"]), "so does the organizer's plan", 60
    )
    assert town.stack.registry.poll(number).status.name == "RELEASABLE"
    town.rpc.healthy()
    town.tallied(plan, number)
    assert town.report(number)["verdict"] == "holds"


def test_confirmations_replace_finality(town: Town) -> None:
    """The last of this stack's tests: its services stay on that chain."""
    town.rpc.no_finality = True
    town.stack.confirmations = DEPTH
    for node in range(1, NODES + 1):
        town.stack.kill_node(node)
        town.stack.start_node(node)
    for node in range(1, NODES + 1):
        town.stack.wait_for_node(node)
    plan = town.create()
    number = town.opened(plan)
    town.vote(plan, number)
    town.anchored(plan, number)
    releasable = town.stack.registry.head().number
    town.tallied(plan, number)
    tally = town.stack.registry.latest_event("TallyAccepted", {"pollId": number})
    assert tally is not None
    assert tally["blockNumber"] >= releasable + DEPTH
    assert town.report(number)["verdict"] == "holds"
