"""Rounds that opened ballots decide, on a real chain: the nodes' word, the veto, and refunds."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from ostraka.chain.contract import ChainError
from ostraka.chain.published import read_published
from ostraka.chain.registry import OutcomeState
from ostraka.chain.treasury import RoundStatus
from ostraka.cli.main import app
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.description import round_description
from ostraka.keys import SigningKey
from ostraka.planning import round_rules
from ostraka_verifier.outcome import Completion, EqualShares, Utility
from ostraka_verifier.units import later
from tests.journeys.test_round import BUDGET, Round, item

OBJECTION_S = 600
TALLY = [5, 4]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("outcomes"), 0) as stack:
        stack.start_chain()
        yield stack


class Opened:
    """A round by equal shares whose poll has its tally, over proposals of 400 and 700."""

    def __init__(self, stack: LocalStack, holder: bytes = bytes(20)) -> None:
        self.stack = stack
        rule = round_rules.equal_shares(
            Utility.COST, Completion.UTILITARIAN, 0, OBJECTION_S, holder
        )
        self.round = Round(stack, round_rules.approval(0, 2), rule)
        treasury, organizer = stack.treasury, self.round.organizer
        self.ids = [
            treasury.propose(organizer, self.round.id, item(title, amount), self.round.members)[0]
            for title, amount in (("Bench", 400), ("Tree", 700))
        ]
        stack.move_time(self.round.parameters.proposals_close_at)
        self.poll_id = self.round.start(round_description(treasury, self.round.id))
        published = read_published(stack.registry, self.poll_id)
        assert published is not None
        parameters, outcome = published.parameters, published.outcome_rule
        assert parameters.is_shuffled
        assert (parameters.open_minimum, parameters.shuffle_period) == (5, 300)
        assert isinstance(outcome, EqualShares)
        assert (outcome.costs, outcome.budget, outcome.veto_holder) == ((400, 700), BUDGET, holder)
        self.rule = outcome
        self.round.nodes.open(self.poll_id)
        tally, _ = self.round.nodes.anchor(self.poll_id, 7, TALLY)
        self.round.nodes.accept(self.poll_id, tally)

    @property
    def state(self) -> OutcomeState:
        return self.stack.registry.outcome(self.poll_id).state

    @property
    def status(self) -> RoundStatus:
        return self.stack.treasury.round(self.round.id).status

    def attest(self, awards: list[int]) -> None:
        self.round.nodes.attest(self.poll_id, self.rule, awards)

    def decide(self) -> None:
        self.stack.treasury.decide(self.round.organizer, self.round.id, TALLY, [])

    def require_refund(self) -> None:
        """Everything goes back to the only funder."""
        treasury, organizer = self.stack.treasury, self.round.organizer
        assert self.status is RoundStatus.VOID
        with pytest.raises(ChainError, match="BudgetTreasuryWrongStatus"):
            self.decide()
        balance = self.stack.registry.web3.eth.get_balance
        before = balance(treasury.contract.address)
        treasury.refund(organizer, self.round.id, organizer.address)
        assert before - balance(treasury.contract.address) == BUDGET


def test_a_round_pays_what_nodes_attested_once_nobody_may_object(stack: LocalStack) -> None:
    opened = Opened(stack)
    assert opened.state is OutcomeState.AWAITED
    with pytest.raises(ChainError, match="BallotOutcomeOverBudget"):
        opened.attest([1, 1])
    with pytest.raises(ChainError, match="PollRegistryWrongOutcomeState"):
        opened.decide()
    opened.attest([0, 1])
    seen = stack.registry.outcome(opened.poll_id)
    assert (seen.state, seen.awards) == (OutcomeState.OBJECTABLE, (0, 1))
    assert seen.objection_ends_at == seen.attested_at + OBJECTION_S
    with pytest.raises(ChainError, match="PollRegistryWrongOutcomeState"):
        opened.decide()
    stack.move_time(seen.objection_ends_at)
    awards = stack.registry.awards(opened.poll_id, TALLY, opened.rule.encode(), [])
    assert awards == [0, 1]
    opened.decide()
    assert opened.status is RoundStatus.DECIDED
    # Not in the block of the decision.
    stack.move_time(later(seen.objection_ends_at, 60))
    stack.treasury.claim(opened.round.organizer, opened.ids[1])
    assert stack.treasury.round(opened.round.id).paid_out == 700


def test_an_outcome_that_nobody_attests_gives_the_money_back(stack: LocalStack) -> None:
    opened = Opened(stack)
    stack.move_time(stack.registry.outcome(opened.poll_id).attest_by)
    assert opened.state is OutcomeState.MISSED
    with pytest.raises(ChainError, match="PollRegistryWrongOutcomeState"):
        opened.attest([1, 0])
    opened.require_refund()


def test_a_veto_holder_voids_the_outcome_from_the_command_line(stack: LocalStack) -> None:
    holder, stranger = SigningKey(), SigningKey()
    for key in (holder, stranger):
        stack.registry.web3.provider.make_request(
            "hardhat_setBalance",  # type: ignore[arg-type]
            [key.address_hex, hex(10**18)],
        )
    opened = Opened(stack, holder.address)
    command = ["poll", "veto", str(opened.poll_id), "--rpc", stack.rpc_url, "--json"]
    command += ["--registry", "0x" + stack.registry.address.hex()]
    command += ["--deployments", str(stack.folder / "vetoes")]

    def veto(key: SigningKey) -> Result:
        return CliRunner().invoke(app, command, env={"OSTRAKA_SECRET_KEY": key.secret().hex()})

    early = veto(holder)
    assert early.exit_code == 1
    assert "nodes have not attested the outcome yet" in early.stderr
    opened.attest([1, 0])
    refused = veto(stranger)
    assert (refused.exit_code, opened.state) == (1, OutcomeState.OBJECTABLE)
    assert f"{holder.address_hex} may veto" in refused.stderr
    # The same command again finds it done.
    for _ in range(2):
        done = veto(holder)
        assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (0, "vetoed"), done.output
    assert opened.state is OutcomeState.VETOED
    opened.require_refund()
