"""Gas of a poll's transactions, for 10 and for 600 voters, and of outcomes, on Hardhat's chain."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ostraka.app.local_stack import LocalStack
from ostraka.chain import round_rules
from ostraka.chain.contract import call, checksum
from ostraka.chain.registry import Registry
from ostraka.chain.treasury import Item, RoundParameters
from ostraka.keys import PollKey, SigningKey
from ostraka.randomness import system
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import Greedy, Misfit, Order, outcome_rule_digest
from ostraka_verifier.parameters import Committee, Member, PollIdentity, PollParameters
from ostraka_verifier.question import approval
from ostraka_verifier.tally_proof import Tally

RULE = approval(8, 0, 5)
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


def measure() -> Iterator[dict[str, Any]]:
    """Figures of the group."""
    with tempfile.TemporaryDirectory() as folder:
        stack = LocalStack(Path(folder), nodes=0)
        with stack:
            stack.start_chain()
            nodes = [SigningKey() for _ in range(5)]
            committee = _register(stack, nodes)
            # The very first poll of a registry also pays for its counter's storage.
            _poll(stack, committee, nodes, 10)
            small = _poll(stack, committee, nodes, 10)
            large = _poll(stack, committee, nodes, 600)
            deployment = stack.deployment.gas_used
            treasury = stack.treasury_deployment.gas_used
            outcomes = {
                (name, options): _round(stack, committee, nodes, name, options)
                for name in ROUNDS
                for options in OPTIONS
            }
    how = "gas used by the whole transaction; 8 options, five nodes, four signatures"
    goals = {"create": 400_000, "open": 150_000, "anchor": 250_000, "tally": 130_000}
    for step in STEPS:
        yield _figure(f"{step}, 600 voters", large[step], "gas", goals[step], how)
    worst = max(abs(large[step] - small[step]) / small[step] for step in STEPS)
    yield _figure(
        "largest difference of 10 and 600 voters", worst * 100, "%", 1, "same poll otherwise"
    )
    yield _figure("transactions of a poll", len(STEPS), "", 4, ", ".join(STEPS))
    yield _figure("deployment", deployment, "gas", TRANSACTION_CAP, "registry and generator table")
    how = "treasury and the contract that writes its rules"
    yield _figure("deployment of the treasury", treasury, "gas", TRANSACTION_CAP, how)
    how = "gas used by the whole transaction; approval ballots, 600 voters, a number of votes each"
    for (name, options), (awards, decide) in outcomes.items():
        yield _figure(f"awards, {name}, {options} options", awards, "gas", TRANSACTION_CAP, how)
        yield _figure(f"decide, {name}, {options} options", decide, "gas", TRANSACTION_CAP, how)


def _register(stack: LocalStack, nodes: list[SigningKey]) -> Committee:
    members = tuple(
        Member(key.address, f"https://node-{number}.example")
        for number, key in enumerate(nodes, start=1)
    )
    domain = stack.registry.domain
    signatures = [
        key.sign(domain.digest(typed_data.NODE_REGISTRATION, key.address, member.url))
        for key, member in zip(nodes, members, strict=True)
    ]
    committee = Committee(members, 3, 1)
    stack.registry.register_committee(stack.organizer, committee, signatures)
    return committee


def _poll(
    stack: LocalStack, committee: Committee, nodes: list[SigningKey], voters: int
) -> dict[str, int]:
    registry, sender = stack.registry, stack.organizer
    accounts = sorted(SigningKey().address for _ in range(voters))
    census = Census(tuple(CensusEntry(account, account, 1) for account in accounts))
    description = json.dumps({"title": "x", "options": [f"project {n}" for n in range(8)]}).encode()
    now = registry.head().timestamp
    parameters = PollParameters(
        committee=committee.digest,
        rule=RULE.digest,
        outcome_rule=outcome_rule_digest(OUTCOME.encode()),
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
        minimum_ballots=5,
    )
    poll_id, created = registry.create_poll(
        sender, parameters, RULE.encode(), OUTCOME.encode(), description
    )
    identity = PollIdentity(registry.domain.chain_id, registry.address, poll_id)
    context = identity.context(parameters, RULE)
    # The contract checks the opening, not the ballots: votes as a poll of that size would have.
    votes = [voters * share // 10 for share in (9, 3, 3, 3, 2, 2, 1, 1)]
    return {"create": created.gas_used} | _tally(stack, nodes, poll_id, context, voters, votes)


def _round(
    stack: LocalStack,
    committee: Committee,
    nodes: list[SigningKey],
    name: str,
    options: int,
) -> tuple[int, int]:
    """Gas of asking for a round's awards and of deciding it."""
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
            ballot=round_rules.approval(0, 5),
            outcome=ROUNDS[name],
            committee=committee.digest,
            voting_opens_at=now + 7200,
            voting_closes_at=now + 10_800,
            freeze_delay=10,
            round_duration=60,
            max_rounds=10,
            dispute_window=600,
            tally_period=86_400,
            minimum_ballots=5,
        ),
        "x",
        "",
    )
    treasury.fund(sender, round_id, BUDGET)
    for number in range(options):
        category = number % 2 if name == "by category" else 0
        item = Item(bytes([1] * 20), amount, f"project {number}", "", category)
        treasury.propose(sender, round_id, item, census)
    stack.move_time(now + 3600)
    poll_id, _ = treasury.start_voting(sender, round_id, census, True, b"{}")
    votes = [voters - slot for slot in range(options)]
    _tally(stack, nodes, poll_id, registry.poll(poll_id).poll_context, voters, votes)
    order = list(range(options))
    if name == "proportional":
        order.sort(key=lambda slot: -(BUDGET * votes[slot] % sum(votes)))
    _, outcome_rule = treasury.read("pollRules", round_id)
    asked = registry.contract.functions["awards"](poll_id, votes, outcome_rule, order)
    gas = call(lambda: asked.estimate_gas({"from": checksum(sender.address)}))
    return gas, treasury.decide(sender, round_id, votes, order).gas_used


def _tally(
    stack: LocalStack,
    nodes: list[SigningKey],
    poll_id: int,
    context: bytes,
    voters: int,
    votes: Sequence[int],
) -> dict[str, int]:
    """Gas of a poll's other transactions, from opening to an accepted tally of these votes."""
    registry, sender = stack.registry, stack.organizer
    keys = [PollKey().public_key for _ in nodes]
    opened = registry.open_poll(
        sender,
        poll_id,
        keys,
        [
            node.sign(registry.domain.digest(typed_data.POLL_KEY, context, key))
            for node, key in zip(nodes, keys, strict=True)
        ],
    )
    tally = Tally(tuple(votes), system.scalar())
    key = CommitmentKey(load(), len(votes))
    root = SumRoot(
        keccak256(b"root"), key.commit([(tally.values, tally.blinding)]).encode(), voters
    )
    stack.move_time(registry.poll(poll_id).freezes_at)
    anchored = registry.anchor_root(sender, poll_id, _attested(registry, nodes, context, root))
    stack.move_time(registry.poll(poll_id).releasable_at)
    accepted = registry.accept_tally(sender, poll_id, tally)
    steps = zip(STEPS[1:], (opened, anchored, accepted), strict=True)
    return {name: sent.gas_used for name, sent in steps}


def _attested(
    registry: Registry, nodes: list[SigningKey], context: bytes, root: SumRoot
) -> AnchoredRoot:
    digest = registry.domain.digest(
        typed_data.ROOT, context, 0, root.hash, root.sum[:32], root.sum[32:], root.count
    )
    signed = (Attestation(n, key.sign(digest)) for n, key in enumerate(nodes[:4], start=1))
    return AnchoredRoot(0, root, tuple(signed))


def _figure(name: str, value: float, unit: str, goal: float, how: str) -> dict[str, Any]:
    return {
        "group": "chain",
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "op": "<=",
        "met": value <= goal,
        "how": how,
    }
