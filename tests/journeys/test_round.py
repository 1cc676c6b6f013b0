"""A round on a real chain, from proposals to the start of its vote, as the verifier reads it."""

import json
from collections.abc import Iterator

import pytest

from ostraka.app.local_stack import LocalStack
from ostraka.chain import round_rules
from ostraka.chain.contract import ChainError
from ostraka.chain.published import PublishedPoll
from ostraka.chain.treasury import Item, RoundParameters, RoundStatus
from ostraka.gateway.description import round_description
from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.evidence import ChainEvidence, ChainReader, RoundEvidence
from ostraka_verifier.outcome import Greedy, Misfit, Order
from ostraka_verifier.parameters import Committee, Member, RoundReference
from ostraka_verifier.question import knapsack

BUDGET = 1000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("round"), 0) as stack:
        stack.start_chain()
        yield stack


class Round:
    """A funded knapsack round in the chain's own coin, with members who hold none."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack, self.treasury, self.organizer = stack, stack.treasury, stack.organizer
        nodes = [SigningKey() for _ in range(3)]
        committee = Committee(
            tuple(Member(key.address, f"http://node-{n}.example") for n, key in enumerate(nodes)),
            2,
            0,
        )
        domain = stack.registry.domain
        stack.registry.register_committee(
            self.organizer,
            committee,
            [
                key.sign(domain.digest(typed_data.NODE_REGISTRATION, member.address, member.url))
                for key, member in zip(nodes, committee.members, strict=True)
            ],
        )
        # The first member is a cold wallet with a voting key; the organizer is one, too.
        self.keys = [SigningKey() for _ in range(5)]
        self.cold = SigningKey().address
        entries = [CensusEntry(key.address, key.address, 1) for key in self.keys]
        entries += [CensusEntry(self.cold, self.keys[0].address, 1)]
        entries += [CensusEntry(self.organizer.address, self.organizer.address, 1)]
        self.members = Census(tuple(sorted(entries, key=lambda entry: entry.account)))
        now = stack.registry.head().timestamp
        self.parameters = RoundParameters(
            token=bytes(20),
            budget=BUDGET,
            minimum_amount=1,
            maximum_amount=BUDGET,
            proposals_per_member=3,
            maximum_proposals=10,
            member_root=self.members.root,
            proposals_open_at=now,
            proposals_close_at=now + 3600,
            claim_period=3600,
            ballot=round_rules.knapsack(),
            outcome=round_rules.greedy(Order.VOTES, Misfit.SKIP, 1),
            committee=committee.digest,
            voting_opens_at=now + 7200,
            voting_closes_at=now + 10800,
            freeze_delay=5,
            round_duration=10,
            max_rounds=10,
            dispute_window=60,
            tally_period=600,
            minimum_ballots=5,
        )
        self.id, _ = self.treasury.create_round(self.organizer, self.parameters, "Wiosna", "")
        self.treasury.fund(self.organizer, self.id, BUDGET)

    def propose_for(self, member: bytes, key: SigningKey, item: Item) -> bytes:
        deadline = self.parameters.proposals_close_at
        signed = self.treasury.authorize_proposal(key, member, self.id, item, deadline)
        return self.treasury.propose(self.organizer, self.id, item, self.members, signed)[0]

    def start(self, description: bytes) -> int:
        return self.treasury.start_voting(self.organizer, self.id, self.members, True, description)[
            0
        ]


def item(title: str, amount: int) -> Item:
    return Item(SigningKey().address, amount, title, "why")


def evidence(stack: LocalStack, poll_id: int, reference: RoundReference | None) -> ChainEvidence:
    reader = ChainReader(stack.rpc_url, stack.registry.address)
    created = stack.registry.created(poll_id)
    assert created is not None
    return reader.read(poll_id, Greedy((1,), 1), created.outcome_rule, reference, None)


def test_from_proposals_to_the_vote(stack: LocalStack) -> None:
    round_ = Round(stack)
    treasury = stack.treasury
    bench = item("Ławka", 400)
    round_.propose_for(round_.cold, round_.keys[0], bench)
    gone, _ = treasury.propose(round_.organizer, round_.id, item("Gone", 1), round_.members)
    tree, _ = treasury.propose(round_.organizer, round_.id, item("Tree", 500), round_.members)
    better = item("Two trees", 700)
    treasury.revise(round_.organizer, tree, better)
    treasury.withdraw(round_.organizer, gone)
    with pytest.raises(ChainError, match="BudgetTreasuryWrongSigner"):
        round_.propose_for(round_.keys[1].address, round_.keys[2], bench)
    with pytest.raises(ValueError, match="no member"):
        treasury.propose(SigningKey(), round_.id, bench, round_.members)
    with pytest.raises(ChainError, match="BudgetTreasuryInvalidAmount"):
        round_.propose_for(round_.keys[1].address, round_.keys[1], item("Dear", 1001))

    stack.move_time(round_.parameters.proposals_close_at)
    poll_id = round_.start(round_description(treasury, round_.id))
    assert treasury.round(round_.id).status == RoundStatus.VOTING
    poll = PublishedPoll.read(stack.registry, poll_id)
    assert poll is not None
    assert poll.rule == knapsack([400, 700], BUDGET)
    assert poll.outcome_rule == Greedy((400, 700), BUDGET)
    assert poll.description.options == ("Ławka", "Two trees")
    assert poll.description.round == RoundReference(treasury.address, round_.id)

    found = evidence(stack, poll_id, poll.description.round)
    assert (found.creator, found.creator_is_treasury) == (treasury.address, True)
    seen = found.round
    assert isinstance(seen, RoundEvidence)
    assert (seen.registry, seen.poll_id) == (stack.registry.address, poll_id)
    assert (seen.budget, seen.deposited, seen.paid_out, seen.payouts) == (BUDGET, BUDGET, 0, ())
    assert [(one.title, one.amount, one.withdrawn) for one in seen.proposals] == [
        ("Ławka", 400, False),
        ("Gone", 1, True),
        ("Two trees", 700, False),
    ]
    assert seen.proposals[2].recipient == better.recipient


def test_a_round_kept_quiet_is_noticed(stack: LocalStack) -> None:
    round_ = Round(stack)
    round_.propose_for(round_.keys[0].address, round_.keys[0], item("Bench", 10))
    stack.move_time(round_.parameters.proposals_close_at)
    poll_id = round_.start(json.dumps({"title": "Nothing", "options": ["Bench"]}).encode())
    found = evidence(stack, poll_id, None)
    assert found.creator_is_treasury
    # A treasury that is none says nothing against the rest of the audit.
    named = evidence(stack, poll_id, RoundReference(bytes([1] * 20), 1))
    assert isinstance(named.round, Exception)
