"""A city's budget: members propose, voters decide in private, the treasury pays.

Everything is real: chain, contracts, nodes as processes with databases of their own, ballots over
HTTP, and the audit as the separate program that anybody would run.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ostraka.app.local_stack import LocalStack
from ostraka.app.plain_count import count_votes
from ostraka.chain import round_rules
from ostraka.chain.contract import Sent
from ostraka.chain.published import PublishedPoll
from ostraka.chain.treasury import BallotKind, Item, RoundParameters, Token
from ostraka.formats.pabulib import Election, PabulibError, Project, read_election
from ostraka.gateway.courier import Courier
from ostraka.gateway.description import round_description
from ostraka.keys import SigningKey
from ostraka.voter.cast import cast
from ostraka.voter.choice import selection_bits
from ostraka.voter.prepare import BallotFactory, PreparedBallot
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.curve import Curve, load
from ostraka_verifier.outcome import Greedy, Misfit, Order
from ostraka_verifier.parameters import Committee
from ostraka_verifier.tally_proof import Tally

MINIMUM_VOTERS = 5
REFERENCE_VOTERS = 40
_PROPOSING_S = 86_400
_VOTING_S = 86_400
_TITLE_BYTES = 150
_CONCURRENT_VOTERS = 16
_SETTLE_TIMEOUT_S = 180


@dataclass
class Step:
    """One step of the demo: what it was, how long it took, what gas it cost."""

    name: str
    seconds: float
    gas: int | None = None


@dataclass
class DemoResult:
    """Everything that a demo prints, machine-readable."""

    title: str
    engine: str
    nodes: int
    killed_nodes: list[int]
    ballots: int
    verdict: str
    projects: list[dict[str, Any]]
    count_agrees: bool
    winners_agree: bool | None
    payouts_agree: bool
    steps: list[Step] = field(default_factory=list)
    audit: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """The audit holds, and plain count, city's winners and payouts agree."""
        return (
            self.verdict == "holds"
            and self.count_agrees
            and self.payouts_agree
            and self.winners_agree is not False
        )

    def to_json(self) -> dict[str, Any]:
        """Members as printed by `--json`."""
        return {
            "title": self.title,
            "engine": self.engine,
            "nodes": self.nodes,
            "killed_nodes": self.killed_nodes,
            "ballots": self.ballots,
            "verdict": self.verdict,
            "count_agrees": self.count_agrees,
            "winners_agree": self.winners_agree,
            "payouts_agree": self.payouts_agree,
            "projects": self.projects,
            "steps": [
                {"name": step.name, "seconds": round(step.seconds, 3), "gas": step.gas}
                for step in self.steps
            ],
            "audit": self.audit,
        }


@dataclass(frozen=True)
class Question:
    """A `.pb` file as a round of Ostraka asks it."""

    election: Election
    kind: BallotKind
    least: int
    most: int

    @classmethod
    def of(cls, election: Election) -> "Question":
        """Kind of ballot that the file's metadata ask for."""
        least, most = election.selections
        if (least, most) == (1, 1):
            return cls(election, BallotKind.SINGLE_CHOICE, 0, 0)
        return cls(election, BallotKind.APPROVAL, least, most)

    @property
    def ballot(self) -> bytes:
        """As the treasury takes it."""
        if self.kind is BallotKind.SINGLE_CHOICE:
            return round_rules.single_choice()
        return round_rules.approval(self.least, self.most)

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

    def run(self) -> DemoResult:
        """Everything from the first block to the auditor's verdict."""
        stack, budget = self.stack, self.election.budget
        with self._step("chain and contracts"):
            stack.start_chain()
            token, _ = stack.deploy_token("Test PLN", "PLN", budget)
        with self._step(f"{len(stack.node_urls)} nodes"):
            stack.start_nodes()
        courier = Courier(stack.registry, stack.organizer)
        with self._step("register committee") as step:
            committee, sent = courier.register_committee(
                stack.node_urls, self.threshold, self.faults
            )
            step.gas = sent.gas_used
        keys = sorted((SigningKey() for _ in self._votes), key=lambda key: key.address)
        census = Census(tuple(CensusEntry(key.address, key.address, 1) for key in keys))
        with self._step("create round") as step:
            round_id, sent = stack.treasury.create_round(
                stack.organizer,
                self._round(committee, census, token),
                _shortened(self.election.title),
                "",
            )
            step.gas = sent.gas_used
        with self._step("approve and fund") as step:
            approved = token.approve(stack.organizer, stack.treasury.address, budget)
            funded = stack.treasury.fund(stack.organizer, round_id, budget)
            step.gas = approved.gas_used + funded.gas_used
        with self._step("propose") as step:
            step.gas = self._propose(round_id, keys, census)
        times = stack.treasury.round(round_id).parameters
        stack.move_time(times.proposals_close_at)
        with self._step("start voting") as step:
            poll, sent = self._start(round_id, census)
            step.gas = sent.gas_used
        with self._step("open poll") as step:
            step.gas = courier.open_poll(poll, census).gas_used
        stack.move_time(times.voting_opens_at)
        with self._step("prepare ballots"):
            ballots = self._prepare(poll, keys)
        with self._step("cast ballots"):
            killed = asyncio.run(self._cast_all(poll, ballots))
        stack.move_time(poll.parameters.freezes_at)
        with self._step("settle and anchor") as step:
            _, sent = courier.anchor(poll, _SETTLE_TIMEOUT_S)
            step.gas = sent.gas_used
        stack.move_time(stack.registry.poll(poll.poll_id).releasable_at)
        with self._step("release and tally") as step:
            tally, sent = courier.tally(poll, self.curve, _SETTLE_TIMEOUT_S)
            step.gas = sent.gas_used
        with self._step("decide") as step:
            if not isinstance(poll.outcome_rule, Greedy):
                raise RuntimeError("a round's poll has a greedy outcome rule")
            order = poll.outcome_rule.ranking(tally.values)
            step.gas = stack.treasury.decide(
                stack.organizer, round_id, tally.values, order
            ).gas_used
        with self._step("pay out") as step:
            step.gas = sum(
                stack.treasury.claim(stack.organizer, proposal.id).gas_used
                for proposal in stack.treasury.proposals(round_id)
                if proposal.funded
            )
        with self._step("audit"):
            audit = self._audit(poll, killed)
        return self._result(round_id, tally, token, killed, audit)

    def _round(self, committee: Committee, members: Census, token: Token) -> RoundParameters:
        election, now = self.election, self.stack.registry.head().timestamp
        costs = [project.cost for project in election.projects]
        return RoundParameters(
            token=token.address,
            budget=election.budget,
            minimum_amount=min(costs),
            maximum_amount=max(costs),
            # So that a few voters of a large file can propose all of it.
            proposals_per_member=-(-len(costs) // len(members)),
            maximum_proposals=len(costs),
            member_root=members.root,
            proposals_open_at=now,
            proposals_close_at=now + _PROPOSING_S,
            claim_period=90 * 86_400,
            ballot=self._question.ballot,
            outcome=round_rules.greedy(Order.VOTES, Misfit.SKIP, 1),
            committee=committee.digest,
            voting_opens_at=now + 2 * _PROPOSING_S,
            voting_closes_at=now + 2 * _PROPOSING_S + _VOTING_S,
            freeze_delay=5,
            round_duration=10,
            max_rounds=1000,
            dispute_window=3600,
            tally_period=7 * 86_400,
            minimum_ballots=MINIMUM_VOTERS,
        )

    def _propose(self, round_id: int, keys: Sequence[SigningKey], members: Census) -> int:
        """Members sign their proposals and the organizer carries them: members need no coins."""
        treasury, projects = self.stack.treasury, self.election.projects
        deadline = treasury.round(round_id).parameters.proposals_close_at
        gas = 0
        with self._progress("proposals", len(projects)) as advance:
            for number, project in enumerate(projects):
                key, item = keys[number % len(keys)], self._question.item(project)
                signed = treasury.authorize_proposal(key, key.address, round_id, item, deadline)
                _, sent = treasury.propose(self.stack.organizer, round_id, item, members, signed)
                gas += sent.gas_used
                advance()
        return gas

    def _start(self, round_id: int, census: Census) -> tuple[PublishedPoll, Sent]:
        treasury = self.stack.treasury
        description = round_description(treasury, round_id)
        poll_id, sent = treasury.start_voting(
            self.stack.organizer, round_id, census, True, description
        )
        poll = PublishedPoll.read(self.stack.registry, poll_id)
        if poll is None:
            raise RuntimeError("the chain does not show the poll that was just created")
        return poll, sent

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

    async def _cast_all(self, poll: PublishedPoll, ballots: Sequence[PreparedBallot]) -> list[int]:
        killed: list[int] = []
        turn = asyncio.Semaphore(_CONCURRENT_VOTERS)
        halves = [ballots[: len(ballots) // 2], ballots[len(ballots) // 2 :]]
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            with self._progress("ballots recorded", len(ballots)) as advance:

                async def vote(prepared: PreparedBallot) -> None:
                    async with turn:
                        result = await cast(client, poll, prepared)
                    if not result.recorded:
                        raise RuntimeError(f"a ballot is not recorded: {result.refusals}")
                    advance()

                await asyncio.gather(*(vote(prepared) for prepared in halves[0]))
                if self._kill:
                    # The first to propose goes first: rotation must carry the poll.
                    killed = list(range(1, self.faults + 1))
                    for number in killed:
                        self.stack.kill_node(number)
                    self._console.print(f"Killed for good after half of the ballots: node {killed}")
                await asyncio.gather(*(vote(prepared) for prepared in halves[1]))
        return killed

    def _audit(self, poll: PublishedPoll, killed: Sequence[int]) -> dict[str, Any]:
        """Run the verifier as anybody would: another program, from chain and board alone."""
        urls = [url for i, url in enumerate(self.stack.node_urls, start=1) if i not in killed]
        completed = subprocess.run(  # noqa: S603 - the command is our own
            [
                sys.executable,
                "-m",
                "ostraka_verifier",
                *self.audit_arguments(poll, urls[0]),
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

    def audit_arguments(self, poll: PublishedPoll, url: str) -> list[str]:
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
            f"{url}/api/v1/polls/{poll.poll_id}/board",
        ]

    def _result(
        self,
        round_id: int,
        tally: Tally,
        token: Token,
        killed: list[int],
        audit: dict[str, Any],
    ) -> DemoResult:
        plain = count_votes(self._path, len(self._votes))
        projects = [
            {
                "id": project.project_id,
                "name": project.name,
                "cost": str(project.cost),
                "votes": votes,
                "plain_count": plain[project.project_id],
                "funded": proposal.funded,
                "funded_by_city": project.selected,
                # What the recipient really holds, not what the treasury says.
                "paid": str(token.balance(proposal.item.recipient)),
            }
            for project, votes, proposal in zip(
                self.election.projects,
                tally.values,
                self.stack.treasury.proposals(round_id),
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


def print_result(result: DemoResult, console: Console) -> None:
    """Verdict, projects and costs for a person."""
    table = Table(title=result.title, title_justify="left")
    table.add_column("project", no_wrap=True, min_width=24)
    table.add_column("cost", justify="right")
    table.add_column("votes", justify="right")
    table.add_column("plain", justify="right")
    table.add_column("funded")
    table.add_column("city")
    table.add_column("paid", justify="right")
    marks = {True: "yes", False: "no", None: "–"}
    for one in sorted(result.projects, key=lambda one: -one["votes"]):
        table.add_row(
            one["name"][:60],
            f"{int(one['cost']):,}",
            str(one["votes"]),
            str(one["plain_count"]),
            marks[one["funded"]],
            marks[one["funded_by_city"]],
            f"{int(one['paid']):,}",
        )
    console.print(table)
    steps = Table(title="What it took", title_justify="left")
    steps.add_column("step")
    steps.add_column("seconds", justify="right")
    steps.add_column("gas", justify="right")
    for step in result.steps:
        steps.add_row(step.name, f"{step.seconds:.1f}", f"{step.gas:,}" if step.gas else "")
    console.print(steps)
    count = "equal" if result.count_agrees else "DIFFERENT"
    console.print(f"Plain count of the file and tally on chain: {count}.")
    if result.winners_agree is not None:
        winners = "equal" if result.winners_agree else "DIFFERENT"
        console.print(f"Winners on chain and the city's: {winners}.")
    payouts = "equal" if result.payouts_agree else "DIFFERENT"
    console.print(f"Payouts and the winners' costs: {payouts}.")
    console.print(
        f"The audit {result.verdict}." if result.verdict != "not checked" else "Not checked."
    )
