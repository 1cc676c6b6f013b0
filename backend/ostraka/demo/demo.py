"""Run an election from a file, from proposals or questions to an audited result.

Everything is real: chain, contracts, nodes as processes with databases of their own, ballots over
HTTP, and the audit as the separate program that an auditor runs.
"""

from pathlib import Path
from typing import Any

from rich.console import Console

from ostraka.demo.chains import LocalChain
from ostraka.demo.file_ballots import check_readings, file_ballots, plain_slots
from ostraka.demo.fraud import commit_fraud
from ostraka.demo.local_stack import LocalStack
from ostraka.demo.plain_count import plain_count
from ostraka.demo.playground import Playground, open_playground
from ostraka.demo.poll import DemoPoll
from ostraka.demo.result import DemoFraud, DemoOpened, DemoResult
from ostraka.demo.round import DemoRound
from ostraka.demo.shuffled import await_opened
from ostraka.demo.stage import MINIMUM_VOTERS, Stage
from ostraka.formats.election import Election, FileError
from ostraka.formats.ranked_rules import RankedRule
from ostraka.formats.reading import read_election
from ostraka.gateway.courier import Courier
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka_verifier.curve import load
from ostraka_verifier.outcome import Greedy, GreedyByCategory, Plurality
from ostraka_verifier.wording import counted

REFERENCE_VOTERS = 40


class Demo:
    """One run of the demo with one file."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        console: Console,
        *,
        voters: int | None,
        nodes: int,
        kill: bool,
        greedy: bool = False,
        rule: RankedRule | None = None,
        seats: int = 1,
        fraud: bool = False,
        chain: LocalChain | None = None,
    ) -> None:
        """Args:
        path: A `.pb` file, or a file of PrefLib's.
        folder: Empty folder for keys, databases and logs.
        voters: Use only the file's first `voters` voters; None for all.
        nodes: Committee size, which determines threshold and faults.
        kill: Kill `f` nodes after half of the ballots.
        greedy: Fund greedily by votes, regardless of the file's rule.
        rule: How the winner of a ranked file is found; None for Borda.
        seats: Of a single transferable vote.
        fraud: Let all nodes anchor a false root first, and a watchtower watch.
        chain: Default: Hardhat.
        """
        self.election = read_election(path, greedy=greedy, rule=rule, seats=seats)
        curve = load()
        limit = REFERENCE_VOTERS if curve.name == "reference" else None
        there = len(self.election.votes)
        wanted = min(n for n in (voters, limit, there) if n is not None)
        self._ballots = file_ballots(self.election, wanted)
        _check_support(self.election, wanted)
        self._plain = plain_count(path, wanted)
        # Before anything is started, so that errors of the file show at once.
        check_readings(path, self.election, self._ballots, self._plain)
        if len(self._ballots.cast) < MINIMUM_VOTERS:
            raise FileError(
                f"{counted(len(self._ballots.cast), 'voter', 'voters')}: at least {MINIMUM_VOTERS} "
                "are needed, or the tally could reveal votes"
            )
        self._voters = wanted
        self.threshold, self.faults = committee_bounds(nodes, self.election.is_shuffled)
        self._commits_fraud = fraud
        self._fraud: DemoFraud | None = None
        self._opened: DemoOpened | None = None
        self._kill = list(range(1, self.faults + 1)) if kill else []
        self.stack = LocalStack(folder, nodes, chain)
        if fraud:
            # The services watch, too: they answer whoever disputes the honest root.
            self.stack.guard = "answer"
        self._stage = Stage(self.stack, console, curve, wanted)
        console.print(self.election.says, markup=False)
        if limit and wanted == limit:
            console.print(
                f"The native engine is not installed: running {limit} voters on the slow engine."
            )

    def run(self) -> DemoResult:
        """Run everything from the first block to the auditor's verdict."""
        stack, stage, election = self.stack, self._stage, self.election
        with stage.step("chain and contracts"):
            stack.start_chain()
        with stage.step(f"{len(stack.node_urls)} nodes"):
            stack.start_nodes()
        with stage.step("register committee") as step:
            committee, sent = Courier(stack.registry, stack.organizer).register_committee(
                stack.node_urls, self.threshold, self.faults
            )
            step.gas = sent.gas_used
        with stage.step("gateway"):
            stack.start_gateway([committee.digest])
        vote = (
            DemoPoll(stage, election)
            if election.round is None
            else DemoRound(stage, election, election.round)
        )
        # Voters whose ballots are left out are in the census, too.
        keys = sorted((SigningKey() for _ in range(self._voters)), key=lambda key: key.address)
        with Gateway(stack.gateway_url, stack.organizer_token) as gateway:
            plan = vote.start(gateway, keys)
            poll = stage.opened_poll(gateway, plan)
            if poll.rule != election.question.rule or poll.outcome_rule != election.outcome:
                raise RuntimeError("the poll on chain differs from the file")
            stack.move_time(poll.parameters.opens_at)
            with stage.step("prepare ballots"):
                ballots = stage.prepare(
                    poll, [(keys[number - 1], bits) for number, bits in self._ballots.cast]
                )
            with stage.step("cast ballots"):
                stage.cast(gateway, poll, ballots, self._kill)
            if self._commits_fraud:
                with stage.step("a false root, and a watchtower"):
                    # Thieves need no gateway; this one would be faster with the honest root.
                    stack.kill_gateway()
                    self._fraud = commit_fraud(stage, poll, len(ballots))
                    stack.start_gateway([committee.digest])
            stack.move_time(poll.parameters.freezes_at)
            with stage.step("settle and anchor") as step:
                path = f"/polls/{poll.poll_id}"
                released_at = stage.wait(gateway, plan, path, lambda seen: seen["releasable_at"])
                step.gas = stage.gas(gateway, plan, "anchor")
            stack.move_time(released_at)
            if election.is_shuffled:
                self._opened = await_opened(stage, gateway, plan, poll, election, self._ballots)
            results = vote.results(gateway, plan, poll)
            if self._opened is not None:
                for shown, award in zip(results["options"], self._opened.awards, strict=True):
                    shown["award"] = str(award)
            paid = vote.paid(results)
            with stage.step("audit"):
                audit = stage.audit(poll)
        return self._result(results, paid, audit)

    def open_playground(self) -> Playground:
        """Open a second round beside the counted one, for a visitor to propose in."""
        return open_playground(self._stage)

    def _result(
        self, results: dict[str, Any], paid: list[int] | None, audit: dict[str, Any]
    ) -> DemoResult:
        election, plain = self.election, self._plain
        projects = [
            {
                "id": option.option_id,
                "name": option.name,
                "cost": str(option.cost),
                "votes": int(shown["votes"]),
                "plain_count": int(plain.counts[option.option_id]),
                "published": option.published,
                "funded": None if shown["award"] is None else shown["award"] == "1",
                "funded_by_city": option.selected,
                "paid": None if paid is None else str(paid[slot]),
            }
            for slot, (option, shown) in enumerate(
                # A pairwise ranking has slots for pairs after those of its options.
                zip(election.options, results["options"], strict=False)
            )
        ]
        # The results in a file are those of all its voters.
        whole = self._voters == len(election.votes)
        won = [(one["funded"], one["funded_by_city"]) for one in projects]
        comparable = whole and election.honoured and all(None not in one for one in won)
        published = (
            whole
            and election.scores_as_published
            and all(one["published"] is not None for one in projects)
        )
        left_out = self._ballots.left_out
        counted = [int(shown["votes"]) for shown in results["options"]]
        return DemoResult(
            title=election.title,
            says=election.says,
            currency=election.currency,
            decimals=election.decimals,
            engine=self._stage.curve.name,
            nodes=len(self.stack.node_urls),
            killed_nodes=self._kill,
            voters=self._voters,
            ballots=results["counted"],
            left_out=left_out,
            verdict=audit["verdict"],
            projects=projects,
            count_agrees=counted == [votes for _, votes in plain_slots(election, plain)]
            and [one.voter for one in left_out] == plain.left_out,
            published_agrees=(
                all(one["votes"] == one["published"] for one in projects) if published else None
            ),
            winners_agree=all(ours == theirs for ours, theirs in won) if comparable else None,
            payouts_agree=(
                None
                if paid is None
                else all(one["paid"] == (one["cost"] if one["funded"] else "0") for one in projects)
            ),
            opened=self._opened,
            fraud=self._fraud,
            steps=self._stage.steps,
            audit=audit,
        )


def _check_support(election: Election, voters: int) -> None:
    """Raise FileError if the voters together cannot give an option the votes of a winner."""
    outcome = election.outcome
    if not isinstance(outcome, Greedy | GreedyByCategory | Plurality):
        return
    most = max(election.question.rule.slot_maxima) * voters
    if outcome.minimum_support > most:
        reason = f"a winner needs {outcome.minimum_support}; use more voters"
        given = f"can give an option at most {counted(most, 'vote', 'votes')}"
        raise FileError(f"{counted(voters, 'voter', 'voters')} {given}, but {reason}")


def committee_bounds(nodes: int, shuffles: bool = False) -> tuple[int, int]:
    """Return the default threshold and faults of a committee of `nodes` nodes (§3.2).

    Args:
        shuffles: Whether it must be able to shuffle ballots (§19.1).
    """
    defaults = {3: (2, 0), 4: (2, 1), 5: (2, 1) if shuffles else (3, 1), 7: (3, 2)}
    if nodes not in defaults:
        raise FileError(
            f"{counted(nodes, 'node', 'nodes')}: the demo runs {', '.join(map(str, defaults))}"
        )
    return defaults[nodes]
