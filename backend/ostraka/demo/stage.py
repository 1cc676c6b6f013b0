"""Parts of every demo: the local stack, timed steps, waiting, voting and the audit."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ostraka.chain.published import read_published
from ostraka.demo.local_stack import LocalStack
from ostraka.demo.result import Step
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.voter.prepare import BallotFactory, SignedBallot
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, encode_records
from ostraka_verifier.curve import Curve
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.wording import noun

MINIMUM_VOTERS = 5
DAY_S = 86_400
_BATCH = 50
_PATIENCE_S = 180
_BALLOTS_PER_S = 5
"""Ballots that nodes settle in a second at least, all on one busy machine."""
_TURN_S = 20
"""Time for one run of the shuffle, with few ballots: a turn without a run passes idly."""
_SHUFFLED_PER_S = 10
"""Ballots that nodes shuffle in a second at least, in all steps, all on one busy machine."""
_POLL_S = 0.2
_T = TypeVar("_T")


class Stage:
    """Chain, nodes and gateway of one demo, and its steps so far."""

    def __init__(self, stack: LocalStack, console: Console, curve: Curve, voters: int) -> None:
        self.stack = stack
        self.console = console
        self.curve = curve
        self.steps: list[Step] = []
        self._patience_s = _PATIENCE_S + voters // _BALLOTS_PER_S
        # No chain skips the time that voters and nodes need.
        pace = stack.chain.pace
        self.shuffle_period_s = len(stack.node_urls) * (_TURN_S + voters // _SHUFFLED_PER_S)
        self.phase_s = pace.phase_s + voters // _BALLOTS_PER_S
        self.times = {
            "freeze_delay": 5,
            "round_duration": pace.round_s + voters // (10 * _BALLOTS_PER_S),
            "max_rounds": 1000,
            "dispute_window": pace.dispute_window_s,
            "tally_period": 7 * DAY_S,
        }

    def wait(self, gateway: Gateway, plan: str, path: str, ready: Callable[[Any], _T]) -> _T:
        """Ask again until `ready` returns something true for an answer, and return that."""
        deadline_monotonic_s = time.monotonic() + self._patience_s
        while True:
            try:
                found = ready(gateway.get(path))
                if found:
                    return found
                seen = "not ready"
            except Problem as problem:
                seen = str(problem)
            if time.monotonic() > deadline_monotonic_s:
                waiting = gateway.get(f"/plans/{plan}")["problem"]
                raise RuntimeError(f"{path}: {seen}; the gateway waits for: {waiting}")
            time.sleep(_POLL_S)

    def gas(self, gateway: Gateway, plan: str, *names: str) -> int:
        """Return the gas of a plan's transactions with these names."""
        sent = gateway.get(f"/plans/{plan}")["transactions"]
        return sum(one["gas_used"] for one in sent if one["name"] in names)

    def opened_poll(self, gateway: Gateway, plan: str) -> PublishedPoll:
        """Return a plan's poll, once the gateway has created and opened it."""
        poll_id = int(self.wait(gateway, plan, f"/plans/{plan}", lambda seen: seen["poll"]))
        self.wait(gateway, plan, f"/polls/{poll_id}", lambda seen: seen["poll_keys"])
        # From the chain and not from the gateway, which voters need not trust.
        poll = read_published(self.stack.registry, poll_id)
        if poll is None:
            raise RuntimeError("the chain does not show the poll that was just created")
        return poll

    def prepare(
        self, poll: PublishedPoll, ballots: Sequence[tuple[SigningKey, Sequence[int]]]
    ) -> list[SignedBallot]:
        """Return ballots of voters, ready to be cast.

        Args:
            ballots: Each voter's key and the bits of the vote.
        """
        opened = self.stack.registry.opened(poll.poll_id)
        if opened is None:
            raise RuntimeError("the chain does not show the poll as opened")
        factory = BallotFactory(
            self.curve,
            poll.rule,
            poll.committee.threshold,
            poll.domain,
            poll.context,
            poll_keys_of_nodes(poll.committee, poll.poll_id, opened.node_keys).public_keys,
        )
        now = self.stack.registry.head().timestamp
        prepared = []
        with self.progress("ballots prepared", len(ballots)) as advance:
            for key, bits in ballots:
                prepared.append(factory.prepare(key, key.address, bits, now))
                advance()
        return prepared

    def cast(
        self,
        gateway: Gateway,
        poll: PublishedPoll,
        ballots: Sequence[SignedBallot],
        kill: Sequence[int],
    ) -> None:
        """Cast all ballots through the gateway.

        Args:
            kill: Nodes to kill permanently after half of the ballots.
        """
        self._await_heads()
        records = [one.record for one in ballots]
        half = len(records) // 2
        with self.progress("ballots recorded", len(records)) as advance:
            self._cast(gateway, poll, records[:half], advance)
            for number in kill:
                self.stack.kill_node(number)
            if kill:
                killed = f"{noun(len(kill), 'node', 'nodes')} {', '.join(map(str, kill))}"
                self.console.print(f"Killed permanently after half of the ballots: {killed}")
            self._cast(gateway, poll, records[half:], advance)

    def audit(self, poll: PublishedPoll) -> dict[str, Any]:
        """Run the verifier like an auditor: a separate program, with chain and board alone."""
        completed = subprocess.run(  # noqa: S603 - the command is our own
            [sys.executable, "-m", "ostraka_verifier", *self._audit_arguments(poll), "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            report: dict[str, Any] = json.loads(completed.stdout)
        except ValueError:
            raise RuntimeError(f"the audit failed to run: {completed.stderr[-2000:]}") from None
        return report

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Announce, time and record a step."""
        self.console.print(f"[dim]…[/dim] {name}")
        step = Step(name, 0)
        start = time.monotonic()
        yield step
        step.seconds = time.monotonic() - start
        self.steps.append(step)

    @contextmanager
    def progress(self, name: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a progress bar; yields the function that advances it by one."""
        columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(name, total=total)
            yield lambda: progress.advance(task)

    def _cast(
        self,
        gateway: Gateway,
        poll: PublishedPoll,
        records: Sequence[CastRecord],
        advance: Callable[[], None],
    ) -> None:
        for start in range(0, len(records), _BATCH):
            batch = encode_records(records[start : start + _BATCH])
            for answer in gateway.post_bytes(f"/polls/{poll.poll_id}/ballots:batch", batch):
                if not answer["recorded"]:
                    raise RuntimeError(f"a ballot is not recorded: {answer['refusals']}")
                advance()

    def _await_heads(self) -> None:
        """Wait until nodes have seen chain time jump, as it never does on real chains."""
        head = self.stack.registry.head().number
        for url in self.stack.node_urls:
            deadline_monotonic_s = time.monotonic() + _PATIENCE_S
            # A node that has just started has seen no block.
            while (httpx.get(f"{url}/api/v1/config", trust_env=False).json()["head"] or 0) < head:
                if time.monotonic() > deadline_monotonic_s:
                    raise RuntimeError(f"{url} does not see block {head}")
                time.sleep(_POLL_S)

    def _audit_arguments(self, poll: PublishedPoll) -> list[str]:
        return [
            "audit",
            "--rpc",
            self.stack.rpc_url,
            "--registry",
            "0x" + self.stack.registry.address.hex(),
            "--poll",
            str(poll.poll_id),
            "--board",
            f"{self.stack.gateway_url}/api/v1/polls/{poll.poll_id}/board",
        ]
