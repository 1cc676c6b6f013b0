"""Gas of a poll's transactions, for 10 and for 600 voters, and of outcomes, on Hardhat's chain."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.committees import KeyCommittee

from benchmarks.figures import figure_at_most
from ostraka.chain.contract import call, checksum
from ostraka.chain.treasury import ElectorateKind, Item, RoundElectorate, RoundParameters
from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka.planning import round_rules
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.outcome import Greedy, Misfit, NoOutcome, Order, outcome_rule_digest
from ostraka_verifier.parameters import PollParameters
from ostraka_verifier.question import approval

OUTCOME = Greedy((20_000, 30_000, 270_000, 110_000, 350_000, 25_000, 225_000, 10_000), 409_000)
STEPS = ("create", "open", "anchor", "tally")
TRANSACTION_CAP = 16_777_216
"""Most gas of one transaction (EIP-7825)."""
BUDGET = 1_000_000
ROUNDS = {
    "greedy": round_rules.greedy(Order.VOTES_PER_COST, Misfit.SKIP, 1),
    "by category": round_rules.greedy_by_category(
        [BUDGET // 2, BUDGET // 4], Order.VOTES_PER_COST, Misfit.SKIP, True, 1
    ),
    "proportional": round_rules.proportional(),
}
OPTIONS = (8, 50, 200)
_figure = partial(figure_at_most, "chain", digits=3)


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    with tempfile.TemporaryDirectory() as folder:
        stack = LocalStack(Path(folder), nodes=0)
        with stack:
            stack.start_chain()
            nodes = KeyCommittee.register(stack, 5, 3, 1)
            # The very first poll of a registry also pays for its counter's storage.
            _poll(stack, nodes, 10)
            small = _poll(stack, nodes, 10)
            large = _poll(stack, nodes, 600)
            wide = {options: _poll(stack, nodes, 600, options)["tally"] for options in (10, 128)}
            deployment = stack.deployment.gas_used
            treasury = stack.treasury_deployment.gas_used
            outcomes = {
                (name, options): _round(stack, nodes, name, options)
                for name in ROUNDS
                for options in OPTIONS
            }
    how = "gas used by the whole transaction; 8 options, five nodes, four signatures"
    goals = {"create": 400_000, "open": 150_000, "anchor": 250_000, "tally": 130_000}
    for step in STEPS:
        yield _figure(f"{step}, 600 voters", large[step], "gas", goals[step], how)
    for options, used in wide.items():
        yield _figure(f"tally, {options} options", used, "gas", TRANSACTION_CAP, how)
    worst = max(abs(large[step] - small[step]) / small[step] for step in STEPS)
    yield _figure(
        "largest difference of 10 and 600 voters", worst * 100, "%", 1, "same poll otherwise"
    )
    yield _figure("transactions of a poll", len(STEPS), "", 4, ", ".join(STEPS))
    yield _figure("deployment", deployment, "gas", TRANSACTION_CAP, "registry and generator table")
    how = "treasury and the contract that writes its rules"
    yield _figure("deployment of the treasury", treasury, "gas", TRANSACTION_CAP, how)
    how = "gas used by the whole transaction; approval ballots, 600 voters, a number of votes each"
    for (name, options), steps in outcomes.items():
        for step, used in steps.items():
            yield _figure(f"{step}, {name}, {options} options", used, "gas", TRANSACTION_CAP, how)


def _poll(stack: LocalStack, nodes: KeyCommittee, voters: int, options: int = 8) -> dict[str, int]:
    registry, sender = stack.registry, stack.organizer
    accounts = sorted(SigningKey().address for _ in range(voters))
    census = Census(tuple(CensusEntry(account, account, 1) for account in accounts))
    titles = [f"project {number}" for number in range(options)]
    description = json.dumps({"title": "x", "options": titles}).encode()
    rule = approval(options, 0, 5)
    outcome = (OUTCOME if options == len(OUTCOME.costs) else NoOutcome()).encode()
    now = registry.head().timestamp
    parameters = PollParameters(
        committee=nodes.committee.digest,
        rule=rule.digest,
        outcome_rule=outcome_rule_digest(outcome),
        description=keccak256(description),
        census_root=census.root,
        voters=voters,
        total_weight=voters,
        secret=True,
        opens_at=now,
        closes_at=now + 3600,
        freeze_delay=10,
        round_duration=60,
        max_rounds=10,
        dispute_window=600,
        tally_period=86_400,
        response_time=150,
        max_dispute_delay=600,
        minimum_ballots=5,
    )
    poll_id, created = registry.create_poll(
        sender, parameters, census.tree, rule.encode(), outcome, description
    )
    # The contract checks the opening and not the ballots. The votes fit a poll of that size.
    shares = (9, 3, 3, 3, 2, 2, 1, 1)
    votes = [voters * shares[slot % 8] // 10 // (1 + slot // 8) for slot in range(options)]
    return {"create": created.gas_used} | _tally(nodes, poll_id, voters, votes)


def _round(
    stack: LocalStack,
    nodes: KeyCommittee,
    name: str,
    options: int,
) -> dict[str, int]:
    """Return the gas of a proposal, of a round's awards, its decision and the winner's claim."""
    registry, treasury, sender = stack.registry, stack.treasury, stack.organizer
    amount = 0 if name == "proportional" else BUDGET // options
    voters = 600
    accounts = sorted([sender.address, *(SigningKey().address for _ in range(voters - 1))])
    census = Census(tuple(CensusEntry(account, account, 1) for account in accounts))
    now = registry.head().timestamp
    round_id, _ = treasury.create_round(
        sender,
        RoundParameters(
            token=bytes(20),
            budget=BUDGET,
            minimum_amount=amount,
            maximum_amount=amount,
            proposals_per_member=options,
            maximum_proposals=options,
            member_root=census.root,
            proposals_open_at=now,
            proposals_close_at=now + 3600,
            claim_period=3600,
            payout_delay=0,
            veto_holder=bytes(20),
            ballot=round_rules.approval(0, 5),
            outcome=ROUNDS[name],
            committee=nodes.committee.digest,
            voting_opens_at=now + 7200,
            voting_closes_at=now + 10_800,
            freeze_delay=10,
            round_duration=60,
            max_rounds=10,
            dispute_window=600,
            tally_period=86_400,
            response_time=150,
            max_dispute_delay=600,
            minimum_ballots=5,
            secret=True,
        ),
        RoundElectorate(ElectorateKind.MEMBERS, census.tree),
        "x",
        "",
    )
    treasury.fund(sender, round_id, BUDGET)
    proposals = []
    for number in range(options):
        category = number % 2 if name == "by category" else 0
        item = Item(bytes([1] * 20), amount, f"project {number}", "", category)
        proposals.append(treasury.propose(sender, round_id, item, census))
    stack.move_time(now + 3600)
    poll_id, _ = treasury.start_voting(sender, round_id, census, b"{}")
    votes = [voters - slot for slot in range(options)]
    _tally(nodes, poll_id, voters, votes)
    order = list(range(options))
    if name == "proportional":
        order.sort(key=lambda slot: -(BUDGET * votes[slot] % sum(votes)))
    _, outcome_rule = treasury.read("pollRules", round_id)
    asked = registry.contract.functions["awards"](poll_id, votes, outcome_rule, order)
    steps = {
        "propose": proposals[-1][1].gas_used,
        "awards": call(lambda: asked.estimate_gas({"from": checksum(sender.address)})),
        "decide": treasury.decide(sender, round_id, votes, order).gas_used,
    }
    # Payouts follow in a later block than the decision.
    stack.move_time(registry.head().timestamp + 1)
    winner, _ = proposals[0]
    return steps | {"claim": treasury.claim(sender, winner).gas_used}


def _tally(nodes: KeyCommittee, poll_id: int, voters: int, votes: Sequence[int]) -> dict[str, int]:
    """Return the gas of a poll's other transactions, from opening to a tally of these votes."""
    opened = nodes.open(poll_id)
    tally, anchored = nodes.anchor(poll_id, voters, votes)
    accepted = nodes.accept(poll_id, tally)
    steps = zip(STEPS[1:], (opened, anchored, accepted), strict=True)
    return {name: sent.gas_used for name, sent in steps}
