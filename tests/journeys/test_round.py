"""A round on a real chain, from proposals to the start of its vote, as the verifier reads it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostraka.chain.contract import ChainError, checksum
from ostraka.chain.published import read_published
from ostraka.chain.treasury import (
    ElectorateKind,
    Item,
    RoundElectorate,
    RoundParameters,
    RoundStatus,
)
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.description import round_description
from ostraka.keys import SigningKey
from ostraka.planning import round_rules
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.description import RoundReference
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.evidence import ChainEvidence, RoundEvidence
from ostraka_verifier.outcome import Greedy, Misfit, Order
from ostraka_verifier.question import approval, knapsack, single_choice
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row, Terms
from tests.support.committees import KeyCommittee

BUDGET = 1000
KNAPSACK = round_rules.knapsack()
GREEDY = round_rules.greedy(Order.VOTES, Misfit.SKIP, 1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("round"), 0) as stack:
        stack.start_chain()
        yield stack


class Round:
    """A funded round in the chain's own coin, with members who hold none."""

    def __init__(
        self,
        stack: LocalStack,
        ballot: bytes = KNAPSACK,
        outcome: bytes = GREEDY,
        secret: bool = True,
        electorate: RoundElectorate | None = None,
    ) -> None:
        self.stack, self.treasury, self.organizer = stack, stack.treasury, stack.organizer
        self.nodes = KeyCommittee.register(stack, 3, 2, 0)
        # The first member is a cold wallet with a voting key; the organizer is one, too.
        self.keys = [SigningKey() for _ in range(5)]
        self.cold = SigningKey().address
        entries = [CensusEntry(key.address, key.address, 1) for key in self.keys]
        entries += [CensusEntry(self.cold, self.keys[0].address, 1)]
        entries += [CensusEntry(self.organizer.address, self.organizer.address, 1)]
        self.members = Census(tuple(sorted(entries, key=lambda entry: entry.account)))
        now = stack.registry.head().timestamp
        least = int(outcome != round_rules.proportional())
        self.parameters = RoundParameters(
            token=bytes(20),
            budget=BUDGET,
            minimum_amount=least,
            maximum_amount=least * BUDGET,
            proposals_per_member=3,
            maximum_proposals=10,
            member_root=self.members.root,
            proposals_open_at=now,
            proposals_close_at=now + 3600,
            claim_period=3600,
            ballot=ballot,
            outcome=outcome,
            committee=self.nodes.committee.digest,
            voting_opens_at=now + 7200,
            voting_closes_at=now + 10800,
            freeze_delay=5,
            round_duration=10,
            max_rounds=10,
            dispute_window=60,
            tally_period=600,
            response_time=15,
            max_dispute_delay=60,
            minimum_ballots=5,
            secret=secret,
        )
        self.electorate = electorate or RoundElectorate(ElectorateKind.MEMBERS, self.members.tree)
        self.id, _ = self.treasury.create_round(
            self.organizer, self.parameters, self.electorate, "Wiosna", ""
        )
        self.treasury.fund(self.organizer, self.id, BUDGET)

    def propose_for(self, member: bytes, key: SigningKey, item: Item) -> bytes:
        deadline = self.parameters.proposals_close_at
        signed = self.treasury.authorize_proposal(key, member, self.id, item, deadline)
        return self.treasury.propose(self.organizer, self.id, item, self.members, signed)[0]

    def start(self, description: bytes, census: Census | None = None) -> int:
        """The poll of the round, over its members if over nobody else."""
        voters = census or self.members
        return self.treasury.start_voting(self.organizer, self.id, voters, description)[0]


def item(title: str, amount: int) -> Item:
    return Item(SigningKey().address, amount, title, "why")


def evidence(stack: LocalStack, poll_id: int, reference: RoundReference | None) -> ChainEvidence:
    reader = ChainReader(stack.rpc_url, stack.registry.address)
    created = stack.registry.created(poll_id)
    assert created is not None
    return reader.read(poll_id, Greedy((1,), 1), created.outcome_rule, reference, None)


def test_a_round_runs_from_proposals_to_the_vote(stack: LocalStack) -> None:
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
    with pytest.raises(ValueError, match="not a member"):
        treasury.propose(SigningKey(), round_.id, bench, round_.members)
    with pytest.raises(ChainError, match="BudgetTreasuryInvalidAmount"):
        round_.propose_for(round_.keys[1].address, round_.keys[1], item("Dear", 1001))

    stack.move_time(round_.parameters.proposals_close_at)
    poll_id = round_.start(round_description(treasury, round_.id))
    assert treasury.round(round_.id).status == RoundStatus.VOTING
    poll = read_published(stack.registry, poll_id)
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


def test_a_hidden_round_is_found(stack: LocalStack) -> None:
    round_ = Round(stack)
    round_.propose_for(round_.keys[0].address, round_.keys[0], item("Bench", 10))
    stack.move_time(round_.parameters.proposals_close_at)
    poll_id = round_.start(json.dumps({"title": "Nothing", "options": ["Bench"]}).encode())
    found = evidence(stack, poll_id, None)
    assert found.creator_is_treasury
    # A treasury that is none says nothing against the rest of the audit.
    named = evidence(stack, poll_id, RoundReference(bytes([1] * 20), 1))
    assert isinstance(named.round, Exception)


def ones(*bits: int) -> Terms:
    return tuple((bit, 1) for bit in bits)


# What two standing proposals give, written out by hand (§5.5, §17.7).
RULES = {
    "single choice": (round_rules.single_choice(), single_choice(2)),
    "approval": (round_rules.approval(1, 5), approval(2, 1, 2)),
    "score of 5": (
        round_rules.score(5),
        BallotRule(6, (((0, 1), (1, 2), (2, 2)), ((3, 1), (4, 2), (5, 2)))),
    ),
    "2 to 3 points": (
        round_rules.points(3, 2),
        BallotRule(
            5,
            (((0, 1), (1, 2)), ((2, 1), (3, 2))),
            (Row(((0, 1), (1, 2), (2, 1), (3, 2), (4, 1)), 3),),
        ),
    ),
    "quadratic votes for 5 credits": (
        round_rules.quadratic(5),
        BallotRule(
            7,
            (((0, 1), (1, 1)), ((2, 1), (3, 1))),
            (),
            (QuadraticRow((0, 1), ((4, 1), (5, 2), (6, 2)), 5),),
        ),
    ),
    "ranking of up to three": (
        round_rules.ranking([3, 1, 0]),
        BallotRule(
            4,
            (((0, 3), (1, 1)), ((2, 3), (3, 1))),
            tuple(Row(ones(*bits), 1) for bits in ((0, 2), (1, 3), (0, 1), (2, 3))),
        ),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_round_of_each_kind_of_ballot(stack: LocalStack, name: str) -> None:
    ballot, expected = RULES[name]
    round_ = Round(stack, ballot)
    for number in range(2):
        stack.treasury.propose(
            round_.organizer, round_.id, item(f"Tree {number}", 1), round_.members
        )
    stack.move_time(round_.parameters.proposals_close_at)
    poll = read_published(
        stack.registry, round_.start(round_description(stack.treasury, round_.id))
    )
    assert poll is not None
    assert poll.rule == expected


def test_categories_are_the_proposals(stack: LocalStack) -> None:
    outcome = round_rules.greedy_by_category(
        [700, 300], Order.VOTES_PER_COST, Misfit.STOP, leftover=True, minimum_support=2
    )
    round_, treasury = Round(stack, KNAPSACK, outcome), stack.treasury
    park = replace(item("Park", 250), category=1)
    round_.propose_for(round_.keys[1].address, round_.keys[1], park)
    round_.propose_for(round_.keys[2].address, round_.keys[2], item("Road", 600))
    with pytest.raises(ChainError, match="BudgetTreasuryInvalidCategory"):
        round_.propose_for(round_.keys[1].address, round_.keys[1], replace(park, category=2))
    assert [one.item.category for one in treasury.proposals(round_.id)] == [1, 0]
    assert treasury.round(round_.id).parameters.outcome == outcome
    numbers = [unsigned(value, 16) for value in (2, BUDGET, 700, 300, 250, 600)]
    expected = bytes([4, 1, 1, 1]) + numbers[0] + numbers[1] + unsigned(2, 2)
    expected += numbers[2] + numbers[3] + unsigned(2, 2)
    expected += numbers[4] + unsigned(1, 2) + numbers[5] + unsigned(0, 2)
    assert treasury.read("pollRules", round_.id)[1] == expected


def test_proposals_of_a_proportional_round_have_no_amount(stack: LocalStack) -> None:
    round_ = Round(stack, round_rules.points(10), round_rules.proportional())
    with pytest.raises(ChainError, match="BudgetTreasuryInvalidAmount"):
        stack.treasury.propose(round_.organizer, round_.id, item("Food", 1), round_.members)
    stack.treasury.propose(round_.organizer, round_.id, item("Food", 0), round_.members)
    stack.treasury.propose(round_.organizer, round_.id, item("Shelter", 0), round_.members)
    outcome_rule = stack.treasury.read("pollRules", round_.id)[1]
    assert outcome_rule == unsigned(5, 1) + unsigned(BUDGET, 16) + unsigned(2, 2)


@pytest.mark.parametrize("kind", [ElectorateKind.MEMBERS, ElectorateKind.FIXED])
def test_only_voters_fixed_by_the_round_can_vote(stack: LocalStack, kind: ElectorateKind) -> None:
    entries = [CensusEntry(one, one, 1) for one in sorted(SigningKey().address for _ in range(6))]
    listed = Census(tuple(entries))
    fixed = RoundElectorate(kind, listed.tree) if kind is ElectorateKind.FIXED else None
    round_ = Round(stack, electorate=fixed)
    voters, others = (listed, round_.members) if fixed else (round_.members, listed)
    stack.treasury.propose(round_.organizer, round_.id, item("Bench", 10), round_.members)
    stack.move_time(round_.parameters.proposals_close_at)
    described = round_description(stack.treasury, round_.id)
    # The voters themselves, all of them with keys of the organizer.
    mine = [replace(one, signing_key=SigningKey().address) for one in voters.entries]
    for census in (Census(tuple(mine)), Census(voters.entries[:-1]), others):
        with pytest.raises(ChainError, match="BudgetTreasuryElectorateDiffers"):
            round_.start(described, census)
    poll_id = round_.start(described, voters)
    created = stack.registry.created(poll_id)
    assert created is not None
    assert created.parameters.census_root == voters.root


@pytest.mark.parametrize("secret", [True, False])
def test_the_round_fixes_whether_its_poll_is_secret(stack: LocalStack, secret: bool) -> None:
    round_ = Round(stack, secret=secret)
    stack.treasury.propose(round_.organizer, round_.id, item("Bench", 10), round_.members)
    stack.move_time(round_.parameters.proposals_close_at)
    poll_id = round_.start(round_description(stack.treasury, round_.id))
    created = stack.registry.created(poll_id)
    assert created is not None
    assert created.parameters.secret is secret
    found = evidence(stack, poll_id, RoundReference(stack.treasury.address, round_.id)).round
    assert isinstance(found, RoundEvidence)
    assert found.secret is secret


def test_an_electorate_that_opens_no_root_is_refused(stack: LocalStack) -> None:
    accounts = [bytes([number] * 20) for number in range(1, 6)]
    others = Census(tuple(CensusEntry(one, one, 1) for one in accounts))
    rule = b'{"at":1,"contract":"0x%s","kind":"members"}' % (b"11" * 20)
    for electorate, says in (
        (RoundElectorate(ElectorateKind.MEMBERS, others.tree), "electorate.censusHash"),
        (RoundElectorate(ElectorateKind.MEMBERS, others.tree, rule), "electorate.source"),
        (RoundElectorate(ElectorateKind.FIXED), "electorate.voters"),
        (RoundElectorate(ElectorateKind.SOURCE), "electorate.source"),
        (RoundElectorate(ElectorateKind.SOURCE, others.tree, rule), "electorate.censusHash"),
    ):
        with pytest.raises(ChainError, match=says):
            Round(stack, electorate=electorate)


def test_nothing_is_paid_in_the_block_of_the_decision(stack: LocalStack) -> None:
    round_, treasury = Round(stack), stack.treasury
    bench, _ = treasury.propose(round_.organizer, round_.id, item("Bench", 400), round_.members)
    treasury.propose(round_.organizer, round_.id, item("Dear", 700), round_.members)
    stack.move_time(round_.parameters.proposals_close_at)
    poll_id = round_.start(round_description(treasury, round_.id))
    round_.nodes.open(poll_id)
    tally, _ = round_.nodes.anchor(poll_id, 7, [5, 2])
    round_.nodes.accept(poll_id, tally)
    web3, functions = treasury.web3, treasury.contract.functions
    request = web3.provider.make_request
    sender = {"from": checksum(round_.organizer.address), "gas": 1_000_000}
    # Both in one block, as whoever makes blocks can put them.
    for method, value in (("evm_setIntervalMining", 0), ("evm_setAutomine", False)):
        request(method, [value])  # type: ignore[arg-type]
    try:
        decide = functions["decide"](round_.id, [5, 2], [0, 1]).transact(sender)  # type: ignore[arg-type]
        claim = functions["claim"](bench).transact(sender)  # type: ignore[arg-type]
        request("evm_mine", [])  # type: ignore[arg-type]
    finally:
        for method, value in (("evm_setAutomine", True), ("evm_setIntervalMining", 1000)):
            request(method, [value])  # type: ignore[arg-type]
    decided, claimed = map(web3.eth.get_transaction_receipt, (decide, claim))
    assert decided["blockNumber"] == claimed["blockNumber"]
    assert (decided["status"], claimed["status"]) == (1, 0)
    assert treasury.round(round_.id).status == RoundStatus.DECIDED
    # The contract says why: asked as of that block.
    with pytest.raises(ChainError, match="BudgetTreasuryTooEarly"):
        treasury.read("claim", bench, block=decided["blockNumber"])
    request("evm_mine", [])  # type: ignore[arg-type]
    treasury.claim(round_.organizer, bench)
    assert treasury.round(round_.id).paid_out == 400
