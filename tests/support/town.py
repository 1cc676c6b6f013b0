"""A live poll for journeys: real chain, real node processes, voters over HTTP."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from ostraka.chain.published import read_published
from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.courier import Courier, CourierError
from ostraka.keys import SigningKey
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.voter.prepare import BallotFactory, SignedBallot
from ostraka.wire import census_upload
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.relay import Cast, Nodes
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.outcome import Greedy, OutcomeRule, outcome_rule_digest
from ostraka_verifier.parameters import Committee, PollParameters
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import approval
from ostraka_verifier.rule import BallotRule, slack_bits
from tests.support.second_verifier import require_second_opinion

RULE = approval(4, 1, 3)
OUTCOME = Greedy((50, 40, 30, 20), 100)
TIMEOUT_S = 90


def vote_for(*chosen: int) -> list[int]:
    """Bits of an approval of one to three of four."""
    return [int(slot in chosen) for slot in range(4)] + slack_bits(2, 3 - len(chosen))


class Town:
    """One stack with one committee; polls as tests want them."""

    def __init__(self, folder: Path, nodes: int, threshold: int, faults: int) -> None:
        self.curve = load()
        self.stack = LocalStack(folder, nodes, Anvil())
        self._threshold, self._faults = threshold, faults
        self.committee: Committee
        self.courier: Courier

    def start(self, databases: Mapping[int, str] | None = None) -> None:
        """Start everything and register the committee."""
        self.stack.start_chain()
        self.stack.start_nodes(databases or {})
        self.register()

    def register(self) -> None:
        """Register the committee of the running nodes."""
        self.courier = Courier(self.stack.registry, self.stack.organizer)
        self.committee, _ = self.courier.register_committee(
            self.stack.node_urls, self._threshold, self._faults
        )

    def open_poll(
        self,
        voters: int,
        rule: BallotRule = RULE,
        outcome: OutcomeRule = OUTCOME,
        **changes: Any,
    ) -> "Poll":
        """Create and open a poll for fresh voters."""
        published, keys, census = self.create_poll(voters, rule, outcome, **changes)
        eventually(
            lambda: self.opens(published, census), "all nodes sign the poll's keys", TIMEOUT_S
        )
        poll = Poll(self, published, keys, census)
        for node in range(1, len(self.stack.node_urls) + 1):
            eventually(
                lambda node=node: poll.get(node).json()["status"] == "open",  # type: ignore[misc]
                f"node {node} sees the poll as open",
            )
        return poll

    def opens(self, published: PublishedPoll, census: Census) -> bool:
        """Ask for a poll to be opened; False while nodes wait for one another's keys."""
        try:
            self.courier.open_poll(published, census.encode())
        except CourierError as error:
            if "yet" not in str(error):
                raise
            return False
        return True

    def create_poll(
        self,
        voters: int,
        rule: BallotRule = RULE,
        outcome: OutcomeRule = OUTCOME,
        **changes: Any,
    ) -> tuple[PublishedPoll, list[SigningKey], Census]:
        """Create a poll for fresh voters, and leave it closed."""
        keys = sorted((SigningKey() for _ in range(voters)), key=lambda key: key.address)
        census = Census(tuple(CensusEntry(key.address, key.address, 1) for key in keys))
        now = self.stack.registry.head().timestamp
        description = json.dumps(
            {"title": "Town", "options": [f"option {n}" for n in range(len(rule.slots))]}
        ).encode()
        values: dict[str, Any] = {
            "committee": self.committee.digest,
            "rule": rule.digest,
            "outcome_rule": outcome_rule_digest(outcome.encode()),
            "description": keccak256(description),
            "census_root": census.root,
            "voters": voters,
            "total_weight": voters,
            "secret": True,
            "opens_at": now,
            "closes_at": now + 3600,
            "freeze_delay": 5,
            "round_duration": 8,
            "max_rounds": 100,
            "dispute_window": 600,
            "tally_period": 86_400,
            "response_time": 150,
            "max_dispute_delay": 600,
            "minimum_ballots": 5,
        }
        parameters = PollParameters(**(values | changes))
        poll_id, _ = self.stack.registry.create_poll(
            self.stack.organizer,
            parameters,
            census.tree,
            rule.encode(),
            outcome.encode(),
            description,
        )
        published = read_published(self.stack.registry, poll_id)
        assert published is not None
        return published, keys, census

    def give_census(
        self, node: int, poll: PublishedPoll, content: bytes, signer: SigningKey | None = None
    ) -> httpx.Response:
        """Give one node what may be a poll's census, signed by the organizer if by nobody else."""
        key = signer or self.stack.organizer
        upload = CensusUpload.sign(key.sign, poll.domain, poll.context, content)
        return httpx.put(
            f"{self.stack.node_urls[node - 1]}/api/v1/polls/{poll.poll_id}/census",
            content=content,
            headers={census_upload.HEADER: upload.encode()},
            timeout=30,
        )


class Poll:
    """An open poll with its voters' keys."""

    def __init__(
        self, town: Town, published: PublishedPoll, keys: Sequence[SigningKey], census: Census
    ) -> None:
        self.town = town
        self.published = published
        self.keys = keys
        self.census = census
        self.factory = self.factory_for(published.context)

    @property
    def poll_id(self) -> int:
        """Its id."""
        return self.published.poll_id

    def factory_for(self, context: bytes) -> BallotFactory:
        """Prepares ballots under any context."""
        opened = self.town.stack.registry.opened(self.poll_id)
        assert opened is not None
        published = self.published
        return BallotFactory(
            self.town.curve,
            published.rule,
            published.committee.threshold,
            published.domain,
            context,
            poll_keys_of_nodes(published.committee, self.poll_id, opened.node_keys).public_keys,
        )

    def now(self) -> int:
        """Chain time."""
        return self.town.stack.registry.head().timestamp

    def prepare(self, voter: int, bits: Sequence[int], at: int | None = None) -> SignedBallot:
        """A ballot of one voter."""
        key = self.keys[voter]
        return self.factory.prepare(key, key.address, bits, self.now() if at is None else at)

    def cast_all(self, ballots: Sequence[SignedBallot]) -> list[Cast]:
        """Cast ballots as their voters would."""

        async def run() -> list[Cast]:
            async def cast(prepared: SignedBallot) -> Cast:
                # Each voter's program knows for itself which nodes are slow.
                async with Nodes(client) as nodes:
                    return (await nodes.send(self.published, [prepared.record]))[0]

            async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
                return await asyncio.gather(*map(cast, ballots))

        return asyncio.run(run())

    def vote(self, votes: Sequence[Sequence[int]]) -> list[SignedBallot]:
        """Voters 0, 1, … cast these bits; all must be recorded."""
        ballots = [self.prepare(voter, bits) for voter, bits in enumerate(votes)]
        for result in self.cast_all(ballots):
            assert result.recorded, result.refusals
        return ballots

    def url(self, node: int, path: str = "") -> str:
        """Address of something of this poll at a node."""
        base = self.town.stack.node_urls[node - 1]
        return f"{base}/api/v1/polls/{self.poll_id}{path}"

    def post(self, node: int, body: object) -> httpx.Response:
        """POST anything as a ballot: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(self.url(node, "/ballots"), content=content, timeout=30)

    def get(self, node: int, path: str = "") -> httpx.Response:
        """GET something of this poll at a node."""
        return httpx.get(self.url(node, path), timeout=30)

    def accepted_report(self, node: int) -> dict[str, Any]:
        """The report of the verifier's command on a node's board, with which the second verifier
        agrees."""
        stack, board = self.town.stack, self.url(node, "/board")
        options = {
            "rpc": stack.rpc_url,
            "registry": "0x" + stack.registry.address.hex(),
            "poll": str(self.poll_id),
            "board": board,
        }
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        command = [sys.executable, "-m", "ostraka_verifier", "audit", *given, "--json"]
        completed = subprocess.run(command, capture_output=True, text=True, check=False)
        report: dict[str, Any] = json.loads(completed.stdout)
        assert (report["verdict"], completed.returncode) == ("holds", 0), report
        require_second_opinion(stack.rpc_url, stack.registry.address, self.poll_id, board, report)
        return report

    def close(self) -> None:
        """Let chain time pass to where nodes freeze."""
        self.town.stack.move_time(self.published.parameters.freezes_at)

    def anchor(self) -> None:
        """Wait for the root and anchor it."""
        self.town.courier.anchor(self.published, TIMEOUT_S)

    def end_window(self) -> None:
        """Let the dispute window pass."""
        view = self.town.stack.registry.poll(self.poll_id)
        self.town.stack.move_time(view.releasable_at)

    def tally(self) -> tuple[int, ...]:
        """Close, settle, anchor, wait, tally."""
        self.close()
        self.anchor()
        self.end_window()
        return self.town.courier.tally(self.published, self.town.curve, TIMEOUT_S)[0].values


def eventually(condition: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
    """Wait until something holds; fails naming it."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.2)
