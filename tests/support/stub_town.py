"""A gateway of one poll whose nodes sign receipts, and a voter with the command line."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from ostraka.cli.main import app
from ostraka.key_files import write_key
from ostraka.sealing import ballot_info
from ostraka.voter.poll import OpenPoll
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, to_hex
from ostraka.wire.relay import receipt_statement
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import tagged_hash
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import Question, approval
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import BoxContent
from tests.support.polls import (
    CHAIN_ID,
    OPENS_AT,
    REGISTRY,
    SyntheticPoll,
    selection_bits,
)
from tests.support.stub_gateway import Answer, StubGateway, answer

BALLOTS = "POST /polls/1/ballots"
RULE = approval(3, 1, 2)


class Town:
    """A gateway of one poll, whose nodes sign receipts."""

    def __init__(self, stub: StubGateway, folder: Path) -> None:
        self.stub = stub
        self.folder = folder
        self.publish()
        write_key(folder / "key", self.key, None)

    def publish(self, **members: Any) -> None:
        """Publish the poll, with members of its description in place of its own."""
        self._publish(RULE, selection_bits(RULE, [0]), members)

    def ask(self, question: Question, vote: Any) -> None:
        """Publish a poll on that question, with that vote by another voter."""
        members = {"questions": [question.to_json()], "options": list(question.labels())}
        self._publish(question.rule, question.vote_bits(vote), members)

    def _publish(self, rule: BallotRule, bits: list[int], members: dict[str, Any]) -> None:
        # One ballot of somebody else, so that the poll has a census.
        self.nodes = SyntheticPoll([bits], rule, NoOutcome(), members=members)
        self.key = self.nodes.voter_keys[0]
        self.poll = OpenPoll.opened(
            self.nodes.published, [key.public_key for key in self.nodes.poll_keys]
        )
        self.show(OPENS_AT + 5)

    def show(self, now: int, **changes: Any) -> None:
        self.stub.routes["GET /config"] = answer(
            200,
            {
                "chain_id": CHAIN_ID,
                "registry": to_hex(REGISTRY),
                "head": {"number": 1, "timestamp": now},
            },
        )
        shown = self.poll.to_json() | {"status": "open"} | changes
        self.stub.routes["GET /polls/1"] = answer(200, shown)

    def receipts(self, body: bytes, nodes: range = range(1, 5)) -> Answer:
        """What honest nodes answer."""
        record = CastRecord.from_json(body)
        statement = receipt_statement(self.poll, record)
        keys = self.nodes.node_keys
        unreachable = Problem(ProblemType.NODE_UNREACHABLE, "the node cannot be reached")
        return answer(
            200,
            {
                "ballot_digest": to_hex(tagged_hash("ballot", record.ballot)),
                "receipts": [
                    {"node": node, "signature": to_hex(keys[node - 1].sign(statement))}
                    for node in nodes
                ],
                "refusals": [
                    {"node": node, "problem": unreachable.to_json()}
                    for node in range(1, 5)
                    if node not in nodes
                ],
                "waiting": [],
            },
        )

    def run(self, *command: str, entered: str | None = None) -> Result:
        environment = {"OSTRAKA_GATEWAY": self.stub.url, "COLUMNS": "200"}
        environment["OSTRAKA_PLAIN_KEY"] = "1"
        return CliRunner().invoke(app, list(command), input=entered, env=environment)

    def vote(self, *more: str, choose: str = "2", trust: bool = True) -> Result:
        path = str(self.file)
        command = ("vote", "1", "--key", str(self.folder / "key"), "--file", path, "--json")
        command += ("--choose", choose, *more)
        return self.run(*command, *(("--trust-gateway",) if trust else ()))

    def slots_sent(self, slots: int) -> list[int]:
        """Values of the slots of the only ballot that was sent, opened from its boxes."""
        (sent,) = self.stub.bodies(BALLOTS)
        record = CastRecord.from_json(json.dumps(sent).encode())
        shares = [
            BoxContent.decode(key.open(box, ballot_info(self.poll.context, node)), slots).share
            for node, (key, box) in enumerate(
                zip(self.nodes.poll_keys, record.boxes, strict=True), start=1
            )
        ]
        first, second = (share.values for share in shares[:2])
        return [(2 * a - b) % R for a, b in zip(first, second, strict=True)]

    @property
    def file(self) -> Path:
        return self.folder / "votes" / "mine.json"
