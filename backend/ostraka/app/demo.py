"""A city's budget: members propose, voters decide in private, the treasury pays.

Everything is real: chain, contracts, nodes as processes with databases of their own, ballots over
HTTP, and the audit as the separate program that anybody would run.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ostraka.app.demo_result import DemoResult, Step
from ostraka.app.local_stack import LocalStack
from ostraka.app.plain_count import count_votes
from ostraka.chain.published import PublishedPoll
from ostraka.chain.treasury import Item, Token
from ostraka.client.gateway import Gateway, Refusal
from ostraka.formats.pabulib import Election, PabulibError, Project, read_election
from ostraka.gateway.courier import Courier
from ostraka.keys import SigningKey
from ostraka.voter.choice import selection_bits
from ostraka.voter.prepare import BallotFactory, PreparedBallot
from ostraka.wire.records import CastRecord, encode_records, from_hex, to_hex
from ostraka_verifier.curve import Curve, load

MINIMUM_VOTERS = 5
REFERENCE_VOTERS = 40
_PROPOSING_S = 86_400
_VOTING_S = 86_400
_TITLE_BYTES = 150
_BATCH = 50
_PATIENCE_S = 180
_POLL_S = 0.2
_T = TypeVar("_T")


@dataclass(frozen=True)
class Question:
    """A `.pb` file as a round of Ostraka asks it."""

    election: Election
    ballot: dict[str, Any]

    @classmethod
    def of(cls, election: Election) -> "Question":
        """Kind of ballot that the file's metadata ask for."""
        least, most = election.selections
        if (least, most) == (1, 1):
            return cls(election, {"kind": "single_choice"})
        return cls(election, {"kind": "approval", "at_least": least, "at_most": most})

    def chosen(self, vote: Sequence[str]) -> list[int]:
        """Slots that a vote of the file names."""
        return [
            slot
            for slot, project in enumerate(self.election.projects)
            if project.project_id in vote
        ]

    def item(self, project: Project) -> Item:
        """A project as a proposal, to be paid to an account of its own."""
        return Item(
            SigningKey().address, project.cost, _shortened(project.name), project.project_id
        )


class Demo:
    """One run over one file."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        console: Console,
        *,
        voters: int | None,
        nodes: int,
        kill: bool,
    ) -> None:
        """Args:
        path: A `.pb` file.
        folder: Empty folder for keys, databases and logs.
        voters: Use only the file's first so many.
        nodes: Committee size; threshold and faults follow.
        kill: Kill `f` nodes after half of the ballots.
        """
        self.election = read_election(path)
        self.curve: Curve = load()
        self._path = path
        self._console = console
        self._kill = kill
        limit = REFERENCE_VOTERS if self.curve.name == "reference" else None
        wanted = min(n for n in (voters, limit, len(self.election.votes)) if n is not None)
        if wanted < MINIMUM_VOTERS:
            raise PabulibError(
                f"{wanted} voters: at least {MINIMUM_VOTERS}, or the tally tells on them"
            )
        if limit and wanted == limit:
            console.print(
                f"The native engine is not installed: {limit} voters on the reference engine."
            )
        self._votes = self.election.votes[:wanted]
        self._question = Question.of(self.election)
        dearest = max(project.cost for project in self.election.projects)
        if dearest > self.election.budget:
            raise PabulibError(f"a project costs {dearest}, more than the whole budget")
        self.threshold, self.faults = committee_bounds(nodes)
        self.stack = LocalStack(folder, nodes)
        self._steps: list[Step] = []
        self._plan = ""

    def run(self) -> DemoResult:
        """Everything from the first block to the auditor's verdict."""
        stack, budget = self.stack, self.election.budget
        with self._step("chain and contracts"):
            stack.start_chain()
            token, _ = stack.deploy_token("Test PLN", "PLN", budget)
        with self._step(f"{len(stack.node_urls)} nodes"):
            stack.start_nodes()
        with self._step("register committee") as step:
            committee, sent = Courier(stack.registry, stack.organizer).register_committee(
                stack.node_urls, self.threshold, self.faults
            )
            step.gas = sent.gas_used
        with self._step("gateway"):
            stack.start_gateway([committee.digest])
        keys = sorted((SigningKey() for _ in self._votes), key=lambda key: key.address)
        with Gateway(stack.gateway_url, stack.organizer_token) as gateway:
            return self._run_round(gateway, keys, token)

    def _run_round(self, gateway: Gateway, keys: Sequence[SigningKey], token: Token) -> DemoResult:
        stack = self.stack
        with self._step("create round") as step:
            self._plan = gateway.post(
                "/rounds", self._specification(keys, token), as_organizer=True
            )["plan"]
            step.gas = self._gas(gateway, "create round")
        round_id = int(gateway.get(f"/plans/{self._plan}")["round"])
        with self._step("approve and fund") as step:
            gateway.post(
                f"/rounds/{round_id}/funding",
                {"amount": str(self.election.budget)},
                as_organizer=True,
            )
            step.gas = self._gas(gateway, "approve", "fund")
        with self._step("propose") as step:
            step.gas = self._propose(gateway, round_id, keys)
        times = gateway.get(f"/rounds/{round_id}")
        stack.move_time(times["proposals_close_at"])
        with self._step("start voting and open") as step:
            poll = self._await_poll(gateway)
            step.gas = self._gas(gateway, "start voting", "open poll")
        stack.move_time(times["voting_opens_at"])
        with self._step("prepare ballots"):
            ballots = self._prepare(poll, keys)
        self._await_heads()
        with self._step("cast ballots"):
            killed = self._cast_all(gateway, poll, ballots)
        stack.move_time(poll.parameters.freezes_at)
        with self._step("settle and anchor") as step:
            released_at = self._await(
                gateway, f"/polls/{poll.poll_id}", lambda seen: seen["releasable_at"]
            )
            step.gas = self._gas(gateway, "anchor")
        stack.move_time(released_at)
        with self._step("release, tally and decide") as step:
            self._await(gateway, f"/rounds/{round_id}", lambda seen: seen["status"] == "decided")
            results = self._await(
                gateway,
                f"/polls/{poll.poll_id}/results",
                lambda seen: dict(seen) if seen["round"]["decided"] else {},
            )
            step.gas = self._gas(gateway, "tally", "decide")
        with self._step("pay out") as step:
            step.gas = sum(
                gateway.post(f"/proposals/{one['proposal']}/payout", None)["gas_used"]
                for one in results["round"]["payouts"]
                if one["funded"]
            )
        with self._step("audit"):
            audit = self._audit(poll)
        return self._result(results, token, killed, audit)

    def _specification(self, keys: Sequence[SigningKey], token: Token) -> dict[str, Any]:
        """The round, as an organizer's file would describe it."""
        election, now = self.election, self.stack.registry.head().timestamp
        costs = [project.cost for project in election.projects]
        return {
            "title": _shortened(election.title),
            "token": to_hex(token.address),
            "budget": str(election.budget),
            "minimum_amount": str(min(costs)),
            "maximum_amount": str(max(costs)),
            # So that a few voters of a large file can propose all of it.
            "proposals_per_member": -(-len(costs) // len(keys)),
            "maximum_proposals": max(2, len(costs)),
            "proposals_close_at": now + _PROPOSING_S,
            "voting_opens_at": now + 2 * _PROPOSING_S,
            "voting_closes_at": now + 2 * _PROPOSING_S + _VOTING_S,
            "members": {
                "kind": "list",
                "accounts": [{"account": key.address_hex} for key in keys],
            },
            "ballot": self._question.ballot,
            "minimum_ballots": MINIMUM_VOTERS,
            "times": {
                "freeze_delay": 5,
                "round_duration": 10,
                "max_rounds": 1000,
                "dispute_window": 3600,
                "tally_period": 7 * 86_400,
            },
        }

    def _propose(self, gateway: Gateway, round_id: int, keys: Sequence[SigningKey]) -> int:
        """Members sign their proposals and the gateway carries them: members need no coins."""
        treasury, projects = self.stack.treasury, self.election.projects
        deadline = treasury.round(round_id).parameters.proposals_close_at
        gas = 0
        with self._progress("proposals", len(projects)) as advance:
            for number, project in enumerate(projects):
                key, item = keys[number % len(keys)], self._question.item(project)
                signed = treasury.authorize_proposal(key, key.address, round_id, item, deadline)
                sent = gateway.post(
                    f"/rounds/{round_id}/proposals",
                    {
                        "item": {
                            "recipient": to_hex(item.recipient),
                            "amount": str(item.amount),
                            "title": item.title,
                            "text": item.text,
                        },
                        "authorization": {
                            "member": to_hex(signed.member),
                            "nonce": str(signed.nonce),
                            "deadline": signed.deadline,
                            "signature": to_hex(signed.signature),
                        },
                    },
                )
                gas += sent["gas_used"]
                advance()
        return gas

    def _await_poll(self, gateway: Gateway) -> PublishedPoll:
        """The round's poll, once the gateway has started and opened it."""
        poll_id = int(self._await(gateway, f"/plans/{self._plan}", lambda plan: plan["poll"]))
        self._await(gateway, f"/polls/{poll_id}", lambda poll: poll["poll_keys"])
        # From the chain, not from the gateway: voters need not believe it.
        poll = PublishedPoll.read(self.stack.registry, poll_id)
        if poll is None:
            raise RuntimeError("the chain does not show the poll that was just created")
        return poll

    def _await(self, gateway: Gateway, path: str, ready: Callable[[Any], _T]) -> _T:
        """What `ready` gives of an answer, as soon as that is something."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                found = ready(gateway.get(path))
                if found:
                    return found
                seen = "not ready"
            except Refusal as refusal:
                seen = str(refusal)
            if time.monotonic() > deadline:
                waiting = gateway.get(f"/plans/{self._plan}")["problem"]
                raise RuntimeError(f"{path}: {seen}; the gateway says: {waiting}")
            time.sleep(_POLL_S)

    def _gas(self, gateway: Gateway, *names: str) -> int:
        """Gas of the round's transactions of these names."""
        sent = gateway.get(f"/plans/{self._plan}")["transactions"]
        return sum(one["gas_used"] for one in sent if one["name"] in names)

    def _await_heads(self) -> None:
        """Chain time jumps here as it never does; nodes must have seen it before ballots come."""
        head = self.stack.registry.head().number
        for url in self.stack.node_urls:
            deadline = time.monotonic() + _PATIENCE_S
            while httpx.get(f"{url}/api/v1/config", trust_env=False).json()["head"] < head:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{url} does not see block {head}")
                time.sleep(_POLL_S)

    def _prepare(self, poll: PublishedPoll, keys: Sequence[SigningKey]) -> list[PreparedBallot]:
        opened = self.stack.registry.opened(poll.poll_id)
        if opened is None:
            raise RuntimeError("the chain does not show the poll as opened")
        factory = BallotFactory(
            self.curve,
            poll.rule,
            poll.committee.threshold,
            poll.domain,
            poll.context,
            opened.public_keys,
        )
        now = self.stack.registry.head().timestamp
        ballots = []
        with self._progress("ballots prepared", len(keys)) as advance:
            for key, vote in zip(keys, self._votes, strict=True):
                bits = selection_bits(poll.rule, self._question.chosen(vote))
                ballots.append(factory.prepare(key, key.address, bits, now))
                advance()
        return ballots

    def _cast_all(
        self, gateway: Gateway, poll: PublishedPoll, ballots: Sequence[PreparedBallot]
    ) -> list[int]:
        killed: list[int] = []
        records = [CastRecord(one.ballot.encoded, one.boxes, one.signature) for one in ballots]
        half = len(records) // 2
        with self._progress("ballots recorded", len(records)) as advance:
            self._cast(gateway, poll, records[:half], advance)
            if self._kill:
                # The first to propose goes first: rotation must carry the poll.
                killed = list(range(1, self.faults + 1))
                for number in killed:
                    self.stack.kill_node(number)
                self._console.print(f"Killed for good after half of the ballots: node {killed}")
            self._cast(gateway, poll, records[half:], advance)
        return killed

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

    def _audit(self, poll: PublishedPoll) -> dict[str, Any]:
        """Run the verifier as anybody would: another program, from chain and board alone."""
        completed = subprocess.run(  # noqa: S603 - the command is our own
            [
                sys.executable,
                "-m",
                "ostraka_verifier",
                *self.audit_arguments(poll),
                "--json",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            report: dict[str, Any] = json.loads(completed.stdout)
        except ValueError:
            raise RuntimeError(f"the audit failed to run: {completed.stderr[-2000:]}") from None
        return report

    def audit_arguments(self, poll: PublishedPoll) -> list[str]:
        """Arguments of `ostraka-verify` for this poll."""
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

    def _result(
        self, results: dict[str, Any], token: Token, killed: list[int], audit: dict[str, Any]
    ) -> DemoResult:
        plain = count_votes(self._path, len(self._votes))
        projects = [
            {
                "id": project.project_id,
                "name": project.name,
                "cost": str(project.cost),
                "votes": int(option["votes"]),
                "plain_count": plain[project.project_id],
                "funded": payout["funded"],
                "funded_by_city": project.selected,
                # What the recipient really holds, not what the treasury says.
                "paid": str(token.balance(from_hex(payout["recipient"], "recipient"))),
            }
            for project, option, payout in zip(
                self.election.projects,
                results["options"],
                results["round"]["payouts"],
                strict=True,
            )
        ]
        # A city's winners say something of all its voters only, and of greedy budgets only.
        comparable = (
            len(self._votes) == len(self.election.votes)
            and self.election.meta.get("rule", "") == "greedy"
            and all(project.selected is not None for project in self.election.projects)
        )
        return DemoResult(
            title=self.election.title,
            engine=self.curve.name,
            nodes=len(self.stack.node_urls),
            killed_nodes=killed,
            ballots=len(self._votes),
            verdict=audit["verdict"],
            projects=projects,
            count_agrees=all(one["votes"] == one["plain_count"] for one in projects),
            payouts_agree=all(
                one["paid"] == (one["cost"] if one["funded"] else "0") for one in projects
            ),
            winners_agree=(
                all(one["funded"] == one["funded_by_city"] for one in projects)
                if comparable
                else None
            ),
            steps=self._steps,
            audit=audit,
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[Step]:
        self._console.print(f"[dim]…[/dim] {name}")
        step = Step(name, 0)
        start = time.monotonic()
        yield step
        step.seconds = time.monotonic() - start
        self._steps.append(step)

    @contextmanager
    def _progress(self, name: str, total: int) -> Iterator[Any]:
        columns = (
            TextColumn(name),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(name, total=total)
            yield lambda: progress.advance(task)


def _shortened(title: str) -> str:
    """A title that the treasury takes."""
    printable = "".join(character for character in title if character >= " ")
    return printable.encode()[:_TITLE_BYTES].decode(errors="ignore") or "–"


def committee_bounds(nodes: int) -> tuple[int, int]:
    """Threshold and faults that a committee of so many nodes has by default (§3.2)."""
    defaults = {3: (2, 0), 4: (2, 1), 5: (3, 1), 7: (3, 2)}
    if nodes not in defaults:
        raise PabulibError(f"{nodes} nodes: the demo runs {', '.join(map(str, defaults))}")
    return defaults[nodes]
