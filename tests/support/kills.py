"""A live poll in which processes are killed at random moments, and what must hold afterwards.

One process is down at a time, as the committee of four stands one failure. The seed fixes who is
killed and when, as far as time in processes allows.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ostraka.node.accepting import MAX_VERSIONS
from ostraka.voter.prepare import SignedBallot
from ostraka.wire.records import to_hex
from ostraka_verifier.board import Board
from tests.support.town import Poll, Town, eventually, vote_for

VOTERS = 12
_PAUSE_S = 0.1
NODES = 4
_QUORUM = 3
_CASTING, _SETTLING = 0.6, 0.2
"""Parts of all kills while ballots are cast, and while nodes settle; the rest is at the release."""


@dataclass(frozen=True)
class Given:
    """A receipt that a node gave: its answer, and the ballot."""

    node: int
    digest: bytes
    signature: str


class Caster:
    """Voters who vote again and again, each ballot repeated until a quorum has accepted it."""

    def __init__(self, poll: Poll, gateway_url: str, seed: int) -> None:
        self.poll = poll
        self.given: set[Given] = set()
        self.last: dict[int, tuple[SignedBallot, list[int]]] = {}
        """The newest recorded ballot of each voter, with its bits."""
        self._gateway = f"{gateway_url}/api/v1/polls/{poll.poll_id}/ballots"
        self._choice = random.Random(f"casting {seed}")
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._refusal = ""
        """The latest answer without a receipt, for a test that fails."""
        self._client = httpx.Client(timeout=15, trust_env=False)
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Caster":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._client.close()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            number = 0
            while not self._ended.is_set() or len(self.last) < VOTERS:
                if number < VOTERS * MAX_VERSIONS // 2:
                    self._vote(number % VOTERS)
                    number += 1
                self._ended.wait(_PAUSE_S)
        except BaseException as error:
            self._failure = error

    def _vote(self, voter: int) -> None:
        bits = vote_for(*sorted(self._choice.sample(range(4), self._choice.randint(1, 3))))
        at = self.poll.now()
        if voter in self.last:
            # The later ballot counts, whatever the clock of a chain with a block each second.
            at = max(at, self.last[voter][0].ballot.cast_at_unix_s + 1)
        prepared = self.poll.prepare(voter, bits, at)
        nodes: set[int] = set()
        deadline = time.monotonic() + 90
        while len(nodes) < _QUORUM:
            assert time.monotonic() < deadline, (voter, nodes, self._refusal)
            record = prepared.record.to_json()
            through_gateway = self._choice.random() < 0.5
            given = self._by_gateway(record) if through_gateway else self._by_nodes(record)
            for node, signature in given.items():
                self.given.add(Given(node, prepared.ballot.digest, signature))
                nodes.add(node)
            if len(nodes) < _QUORUM:
                time.sleep(0.2)
        self.last[voter] = prepared, bits

    def _by_gateway(self, record: dict[str, Any]) -> dict[int, str]:
        answer = self._post(self._gateway, record)
        return {one["node"]: one["signature"] for one in answer.get("receipts", [])}

    def _by_nodes(self, record: dict[str, Any]) -> dict[int, str]:
        urls = {node: self.poll.url(node, "/ballots") for node in range(1, NODES + 1)}
        with ThreadPoolExecutor(NODES) as threads:
            answers = threads.map(lambda url: self._post(url, record), urls.values())
        given = dict(zip(urls, answers, strict=True))
        return {node: one["signature"] for node, one in given.items() if "signature" in one}

    def _post(self, url: str, body: object) -> dict[str, Any]:
        """The answer; empty if the process is gone or refuses."""
        try:
            answer = self._client.post(url, json=body)
            found = answer.json()
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            self._refusal = repr(error)
            return {}
        if answer.status_code != 200:
            self._refusal = answer.text
            return {}
        assert isinstance(found, dict)
        return found


class Killer:
    """Kills one process after the other, and starts each again; the chain is only paused."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town = town
        self._choice = random.Random(f"kills {seed}")
        self.killed: list[str] = []

    def kill(self, count: int) -> None:
        """Kill processes at random moments, and wait until each is back."""
        stack = self._town.stack
        for _ in range(count):
            time.sleep(self._choice.uniform(0, 1))
            victim = self._choice.choice(("gateway", "chain", *range(1, NODES + 1)))
            self.killed.append(f"node {victim}" if isinstance(victim, int) else victim)
            if isinstance(victim, int):
                stack.kill_node(victim)
                time.sleep(self._choice.uniform(0, 0.5))
                stack.start_node(victim)
                stack.wait_for_node(victim)
            elif victim == "gateway":
                stack.kill_gateway()
                stack.start_gateway([self._town.committee.digest])
            else:
                # It has no disk: killed, it would be another chain.
                stack.pause_chain()
                time.sleep(self._choice.uniform(0.5, 2))
                stack.resume_chain()


@contextmanager
def town_with_gateway(folder: Path) -> Iterator[Town]:
    """Chain, four nodes and a gateway, all as processes."""
    town = Town(folder, nodes=NODES, threshold=2, faults=1)
    with town.stack:
        town.start()
        town.stack.start_gateway([town.committee.digest])
        yield town


def run(town: Town, seed: int, kills: int) -> list[str]:
    """Hold a poll under kills and require its promises; return who was killed."""
    casting, settling = int(kills * _CASTING), int(kills * _SETTLING)
    poll = town.open_poll(VOTERS)
    killer = Killer(town, seed)
    with Caster(poll, town.stack.gateway_url, seed) as caster:
        killer.kill(casting)
    poll.close()
    # A proposal must be possible between two kills, so the settling is not awaited meanwhile.
    killer.kill(settling)
    require_promises(poll, caster)
    poll.anchor()
    poll.end_window()
    with ThreadPoolExecutor(1) as thread:
        counting = thread.submit(town.courier.tally, poll.published, town.curve, 120)
        killer.kill(kills - casting - settling)
        tally = counting.result()[0].values
    wanted = tuple(sum(bits[slot] for _, bits in caster.last.values()) for slot in range(4))
    assert tally == wanted
    require_promises(poll, caster)
    require_counted(poll, caster)
    return killer.killed


def require_promises(poll: Poll, caster: Caster) -> None:
    """Every receipt that a node ever gave, it gives again, word for word."""
    assert caster.given
    for one in caster.given:
        answer = poll.get(one.node, f"/receipts/{to_hex(one.digest)}")
        assert answer.status_code == 200, (one, answer.text)
        assert answer.json()["signature"] == one.signature


def require_counted(poll: Poll, caster: Caster) -> None:
    """Every node has the same board, with each voter's last ballot, and the audit holds."""
    boards = []
    for node in range(1, NODES + 1):
        eventually(
            lambda node=node: poll.get(node).json()["key_destroyed"],  # type: ignore[misc]
            f"node {node} destroyed its poll key",
            90,
        )
        content = poll.get(node, "/board").content
        boards.append(Board.decode(content, poll.published.layout.size, poll.published.slots))
    assert len({board.leaves for board in boards}) == 1
    last = {prepared.ballot.encoded for prepared, _ in caster.last.values()}
    assert {leaf.ballot for leaf in boards[0].leaves} == last
    require_audit(poll)


def require_audit(poll: Poll) -> None:
    """The audit of a node's board holds."""
    command = [sys.executable, "-m", "ostraka_verifier", "audit", "--json"]
    command += ["--rpc", poll.town.stack.rpc_url, "--poll", str(poll.poll_id)]
    command += ["--registry", to_hex(poll.town.stack.registry.address)]
    command += ["--board", poll.url(1, "/board")]
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert json.loads(completed.stdout)["verdict"] == "holds", completed.stdout
