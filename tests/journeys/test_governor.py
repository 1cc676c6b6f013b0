"""A DAO decides a proposal by a private vote, with false censuses on the way (§18.9, §18.10)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi import abi
from typer.testing import CliRunner
from web3 import Web3

from ostraka.built_files import built_folder
from ostraka.chain.contract import checksum, connect, deploy, transact
from ostraka.chain.governor import CensusDisputes, Governor, PlacedEntry, ProposalState, WeightRule
from ostraka.chain.published import read_published
from ostraka.chain.registry import Status
from ostraka.chain.treasury import Token
from ostraka.cli.main import app
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.encoding import keccak256
from tests.support.api import audit
from tests.support.town import TIMEOUT_S, Poll, Town, eventually

VOTES = (700, 300, 120, 90, 55, 41, 8)
BOND = 10**17
WINDOW_S, RESPONSE_S = 3600, 600
FOR, AGAINST, ABSTAIN = [1, 0, 0], [0, 1, 0], [0, 0, 1]


class Dao:
    """A token with delegates, a timelock, and the Governor that is its only proposer."""

    def __init__(self, town: Town) -> None:
        self.stack = town.stack
        self.web3 = connect(self.stack.rpc_url)
        self.voters = [SigningKey() for _ in VOTES]
        self.watcher, self.thief, self.recipient = SigningKey(), SigningKey(), SigningKey()
        for key in (*self.voters, self.watcher, self.thief):
            self.ask("hardhat_setBalance", [checksum(key.address), hex(10**20)])
        self.token, _ = self.stack.deploy_token("Votes", "VOTE", 2000)
        for key, votes in zip(self.voters, VOTES, strict=True):
            self.token.send(self.stack.organizer, "transfer", checksum(key.address), votes)
            self.token.send(key, "delegate", checksum(key.address))
        self.timelock = self._timelock()
        address, _ = deploy(
            self.stack.rpc_url,
            self.stack.organizer,
            "CensusDisputes",
            BOND,
            10**15,
            WINDOW_S,
            RESPONSE_S,
            8 * RESPONSE_S,
        )
        self.disputes = CensusDisputes(self.stack.rpc_url, address)
        self.governor = self._governor(town)

    def ask(self, method: str, parameters: list[Any]) -> None:
        """Call a method of the test chain."""
        answer = self.web3.provider.make_request(method, parameters)  # type: ignore[arg-type]
        assert "error" not in answer, answer

    def _timelock(self) -> Any:
        """OpenZeppelin's, whose administrator is the organizer."""
        path = built_folder("artifacts", "artifacts") / "@openzeppelin/contracts/governance"
        name = "TimelockController"
        built = json.loads((path / f"{name}.sol" / f"{name}.json").read_text())
        contract = self.web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
        anybody = checksum(bytes(20))
        organizer = self.stack.organizer
        made = contract.constructor(60, [], [anybody], checksum(organizer.address))
        receipt = transact(self.web3, organizer, made)
        return self.web3.eth.contract(receipt["contractAddress"], abi=built["abi"])  # type: ignore[call-overload]

    def _governor(self, town: Town) -> Governor:
        organizer = self.stack.organizer
        terms = (
            town.committee.digest,
            *(0, 3600, 5, 8, 100, 600, 86_400, 5, 300, 1200),
            *(1, int(WeightRule.VOTES)),
        )
        address, _ = deploy(
            self.stack.rpc_url,
            organizer,
            "OstrakaGovernor",
            checksum(self.token.address),
            self.timelock.address,
            ("Club", 1, 100_000, 0, 20),
            checksum(self.stack.registry.address),
            checksum(self.disputes.address),
            terms,
        )
        role = self.timelock.functions.grantRole(
            Web3.keccak(text="PROPOSER_ROLE"), checksum(address)
        )
        transact(self.web3, organizer, role)
        return Governor(self.stack.rpc_url, address)

    def propose(self, amount: int) -> int:
        """Propose that the timelock pays the recipient; returns the proposal's id."""
        organizer = self.stack.organizer
        timelock = bytes.fromhex(self.timelock.address[2:])
        self.token.send(organizer, "transfer", checksum(timelock), amount)
        to = checksum(self.recipient.address)
        call = keccak256(b"transfer(address,uint256)")[:4] + abi.encode(
            ["address", "uint256"], [to, amount]
        )
        arguments = [checksum(self.token.address)], [0], [call], "Pay the gardener"
        receipt = self.governor.transact(organizer, "propose", *arguments)
        self.ask("hardhat_mine", ["0x3"])
        return int(self.governor.event_of(receipt, "ProposalCreated")["proposalId"])

    def enact(self, name: str, proposal_id: int) -> None:
        """`queue` or `execute` a proposal."""
        known = self.governor.proposal(proposal_id)
        hashed = keccak256(known.description.encode())
        calls = known.targets, known.values, known.calls
        self.governor.send(self.stack.organizer, name, *calls, hashed)

    def attempt(self, key: SigningKey, *command: object) -> tuple[int, Any]:
        """Exit code of `ostraka governor`, and its answer as JSON."""
        environment = {
            "OSTRAKA_SECRET_KEY": key.secret().hex(),
            "OSTRAKA_GOVERNOR": "0x" + self.governor.address.hex(),
            "OSTRAKA_RPC": self.stack.rpc_url,
        }
        name, *more = map(str, command)
        arguments = ["governor", name, *more, "--json"]
        if name != "census":
            arguments += ["--deployments", str(self.stack.folder / "governor")]
        if name == "post":
            arguments.append("--unsafe-short-times")
        done = CliRunner().invoke(app, arguments, env=environment)
        return done.exit_code, json.loads(done.stdout) if done.stdout else None

    def run(self, key: SigningKey, *command: object) -> Any:
        """The answer of a command that succeeds."""
        code, answer = self.attempt(key, *command)
        assert code == 0, answer
        return answer

    def reaches(self, status: str, *command: object) -> bool:
        """Whether the operator's command brings the poll to a status."""
        code, answer = self.attempt(self.stack.organizer, *command)
        return code == 0 and answer["status"] == status

    def later(self, seconds: int) -> None:
        """Let chain time pass."""
        self.stack.move_time(self.stack.registry.head().timestamp + seconds)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path, nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        yield town


def test_a_dao_decides_by_a_private_vote(town: Town, tmp_path: Path) -> None:
    dao = Dao(town)
    stack, registry, operator = town.stack, town.stack.registry, town.stack.organizer
    proposal = dao.propose(25)
    source = dao.governor.source(proposal)
    seen = dao.run(operator, "census", proposal)
    assert (seen["voters"], seen["total_weight"]) == (len(VOTES), str(sum(VOTES)))
    entries = sorted(
        (
            CensusEntry(key.address, key.address, votes)
            for key, votes in zip(dao.voters, VOTES, strict=True)
        ),
        key=lambda entry: entry.account,
    )
    right = Census(tuple(entries))
    assert seen["census_root"] == "0x" + right.root.hex()

    # A thief posts three, and shows every place that is asked for.
    frauds = [
        Census((*entries[:3], *entries[4:])),
        Census((*entries[:5], replace(entries[5], weight=999), entries[6])),
        Census((*entries[:2], replace(entries[2], signing_key=dao.thief.address), *entries[3:])),
    ]
    for fraud in frauds:
        dao.disputes.post(dao.thief, source, fraud.tree)
    assert dao.run(operator, "post", proposal) == {"census": 4}
    assert dao.run(operator, "post", proposal) == {"census": 4}
    posted = dao.disputes.posts(source)
    dao.disputes.challenge(dao.thief, posted[3], 2)
    done = dao.run(dao.watcher, "guard", proposal, "--at-once", 2)
    assert done[:2] == ["census 4: right; showed place 2", "census 4: right"]
    for _ in range(4):
        for post, fraud in zip(posted, frauds, strict=False):
            for challenge in dao.disputes.open_challenges(post):
                if dao.disputes.view(post).state.name != "STANDING":
                    continue
                entry = fraud.entries[challenge.index]
                _, siblings = fraud.proof(entry.account)
                place = PlacedEntry(challenge.index, entry, siblings)
                dao.disputes.answer(dao.thief, post, place)
        dao.run(dao.watcher, "guard", proposal, "--at-once", 2)
    states = [dao.disputes.view(post).state.name for post in posted]
    assert states == ["FALLEN", "FALLEN", "FALLEN", "STANDING"]
    assert int(dao.run(dao.watcher, "claim", proposal)["wei"]) >= 3 * BOND // 2

    assert dao.attempt(operator, "start", proposal)[0] == 1
    dao.later(WINDOW_S)
    eventually(
        lambda: dao.reaches("open", "start", proposal), "all nodes sign the poll's keys", TIMEOUT_S
    )
    published = read_published(registry, dao.governor.poll_of(proposal))
    assert published is not None
    keys = {key.address: key for key in dao.voters}
    ordered = [keys[entry.account] for entry in right.entries]
    poll = Poll(town, published, ordered, right)
    for node in range(1, 5):
        eventually(
            lambda node=node: poll.get(node).json()["status"] == "open",  # type: ignore[misc]
            f"node {node} sees the poll as open",
        )
    choices = {700: FOR, 300: AGAINST, 120: ABSTAIN, 90: FOR, 55: AGAINST, 41: FOR, 8: AGAINST}
    wanted = [choices[entry.weight] for entry in right.entries]
    # One votes as people do, without any gateway.
    write_key(tmp_path / "voter.key", ordered[0], None)
    where = ["--rpc", stack.rpc_url, "--registry", "0x" + registry.address.hex(), "--direct"]
    named = ["--key", str(tmp_path / "voter.key"), "--plain-key"]
    file = ["--file", str(tmp_path / "ballot.json"), "--choose", str(1 + wanted[0].index(1))]
    vote = ["vote", "cast", str(published.poll_id), *where, *named, *file]
    done = CliRunner().invoke(app, vote)
    assert done.exit_code == 0, done.output
    ballots = [poll.prepare(index, bits) for index, bits in enumerate(wanted) if index]
    for cast in poll.cast_all(ballots):
        assert cast.recorded, cast.refusals
    poll.close()

    eventually(lambda: dao.reaches("anchored", "tally", proposal), "a root is anchored", TIMEOUT_S)
    assert dao.governor.state(proposal) is ProposalState.ACTIVE
    poll.end_window()
    eventually(
        lambda: dao.reaches("tallied", "tally", proposal), "the tally is accepted", TIMEOUT_S
    )
    assert registry.poll(published.poll_id).status is Status.TALLIED
    dao.ask("hardhat_mine", ["0x1"])
    assert dao.governor.state(proposal) is ProposalState.SUCCEEDED
    assert dao.governor.read("proposalVotes", proposal) == [363, 831, 120]

    dao.enact("queue", proposal)
    dao.later(61)
    dao.enact("execute", proposal)
    assert dao.governor.state(proposal) is ProposalState.EXECUTED
    token = Token(stack.rpc_url, dao.token.address)
    assert token.read("balanceOf", checksum(dao.recipient.address)) == 25
    assert int(dao.run(operator, "claim", proposal)["wei"]) >= BOND

    report = audit(stack, published.poll_id, board=poll.url(1, "/board"))
    findings = {one["check"]: one for one in report["checks"]}
    assert findings["C4"]["verdict"] == "holds", findings["C4"]
    assert not [one for one in report["checks"] if one["verdict"] == "fails"]
