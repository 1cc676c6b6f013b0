"""Gas of a poll's transactions, for 10 and for 600 voters, on Hardhat's chain."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ostraka.app.local_stack import LocalStack
from ostraka.chain.registry import Registry
from ostraka.keys import PollKey, SigningKey
from ostraka.randomness import system
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import Greedy, outcome_rule_digest
from ostraka_verifier.parameters import Committee, Member, PollIdentity, PollParameters
from ostraka_verifier.question import approval
from ostraka_verifier.tally_proof import Tally

RULE = approval(8, 0, 5)
OUTCOME = Greedy((20_000, 30_000, 270_000, 110_000, 350_000, 25_000, 225_000, 10_000), 409_000)
STEPS = ("create", "open", "anchor", "tally")


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
    how = "gas used by the whole transaction; 8 options, five nodes, four signatures"
    goals = {"create": 400_000, "open": 150_000, "anchor": 250_000, "tally": 130_000}
    for step in STEPS:
        yield _figure(f"{step}, 600 voters", large[step], "gas", goals[step], how)
    worst = max(abs(large[step] - small[step]) / small[step] for step in STEPS)
    yield _figure(
        "largest difference of 10 and 600 voters", worst * 100, "%", 1, "same poll otherwise"
    )
    yield _figure("transactions of a poll", len(STEPS), "", 4, ", ".join(STEPS))
    yield _figure("deployment", deployment, "gas", 16_777_216, "registry and generator table")


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
    # The contract checks the opening, not the ballots: votes as a poll of that size would have.
    tally = Tally(
        tuple(voters * share // 10 for share in (9, 3, 3, 3, 2, 2, 1, 1)), system.scalar()
    )
    point = CommitmentKey(load(), 8).commit([(tally.values, tally.blinding)]).encode()
    root = SumRoot(keccak256(b"root"), point, voters)
    stack.move_time(parameters.freezes_at)
    anchored = registry.anchor_root(sender, poll_id, _attested(registry, nodes, context, root))
    stack.move_time(registry.poll(poll_id).releasable_at)
    accepted = registry.accept_tally(sender, poll_id, tally)
    steps = zip(STEPS, (created, opened, anchored, accepted), strict=True)
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
