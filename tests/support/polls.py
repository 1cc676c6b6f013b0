"""A whole poll without processes: what nodes would do, done here by the real parts.

Gives the board and the chain evidence of an honest poll, and hooks to make it a dishonest one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ostraka.chain.registry import PollView, Status
from ostraka.keys import SigningKey
from ostraka.sealing import PollKey, ballot_info
from ostraka.voter.prepare import BallotFactory, SignedBallot
from ostraka_verifier import typed_data
from ostraka_verifier.board import (
    AnchoredRoot,
    Attestation,
    Board,
    BoardLeaf,
    PollKeyAnnouncement,
    SignedShare,
)
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.curve import Curve, load
from ostraka_verifier.description import Description
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.evidence import (
    ChainEvidence,
    ElectorateEvidence,
    OutcomeEvidence,
    Payout,
    ProposalEvidence,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.merkle_sum import Leaf, SumRoot, sum_root
from ostraka_verifier.outcome import (
    BallotOutcome,
    FundingRule,
    Greedy,
    GreedyByCategory,
    NoOutcome,
    OutcomeRule,
    Proportional,
    outcome_rule_digest,
)
from ostraka_verifier.parameters import Committee, Member, PollIdentity, PollParameters
from ostraka_verifier.poll_key import node_key, poll_keys_hash
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import SingleChoice, approval, implied_question
from ostraka_verifier.redemption import (
    Redemption,
    Redemptions,
    invitations,
    poll_electorate,
    round_electorate,
)
from ostraka_verifier.rule import BallotRule, slack_bits
from ostraka_verifier.sharing import BoxContent, Share, boxes_hash
from ostraka_verifier.shuffle import ballots_hash
from ostraka_verifier.signatures import recover_key
from ostraka_verifier.snapshot import CensusSource, InvitedCensus
from ostraka_verifier.tally_proof import Tally, aggregate, aggregate_share_hash, combine
from tests.support.deployments import TABLE, code_of, deployment, treasury_code
from tests.support.randomness import SeededRandomness

_NO_TALLY = NoOutcome | BallotOutcome
REGISTRY = bytes(range(1, 21))
CHAIN_ID = 31337
TOKEN = bytes([200] * 20)
NONCE = bytes([6] * 32)
OPENS_AT = 1_800_000_000
CLOSES_AT = OPENS_AT + 3600


def selection_bits(rule: BallotRule, chosen: Sequence[int]) -> list[int]:
    """Bits of a ballot that selects some slots, counted from 0, under the rule of a selection."""
    question = implied_question(rule, "Which?", [str(slot) for slot in range(len(rule.slots))])
    return question.vote_bits(chosen[0] if isinstance(question, SingleChoice) else chosen)


@dataclass
class SyntheticPoll:
    """An honest poll over given votes; change a field before `finish` to make it lie.

    Attributes:
        votes: Bits of each ballot, in the order of the voters' accounts.
        weights: Of each voter; all 1 by default.
    """

    votes: Sequence[Sequence[int]]
    rule: BallotRule
    outcome: OutcomeRule
    nodes: int = 4
    threshold: int = 2
    faults: int = 1
    weights: Sequence[int] = ()
    secret: bool = True
    seed: str = "poll"
    source: CensusSource | None = None
    """Source of the census in the description; the chain then agrees."""
    treasury: bytes | None = None
    """Address of a treasury whose round 7 the poll decides, with a withdrawn proposal in it."""
    round_title: str = "A question"
    """Of that round; its poll asks under the same title unless `members` name another."""
    unused_invitations: int | None = None
    """Number of invitations that were not redeemed; None: no invitations."""
    members: Mapping[str, object] = field(default_factory=dict)
    """Further members of the description, or others in place of its own."""
    registry: bytes = REGISTRY
    poll_id: int = 1
    chain_id: int = CHAIN_ID
    times: Mapping[str, int] = field(default_factory=dict)
    """Parameters of the poll in place of the usual ones, by name."""
    curve: Curve = field(default_factory=load)

    def __post_init__(self) -> None:
        self.random = SeededRandomness(self.seed)
        self.node_keys = [SigningKey(self.random.bytes(32)) for _ in range(self.nodes)]
        members = tuple(
            Member(key.address, f"https://node-{number}.example")
            for number, key in enumerate(self.node_keys, start=1)
        )
        self.committee = Committee(members, self.threshold, self.faults)
        self.make_electorate()
        options = [f"option {slot}" for slot in range(len(self.rule.slots))]
        content: dict[str, object] = {"title": "A question", "options": options}
        if self.source:
            content["census"] = self.source.to_json()
        if self.unused_invitations is not None:
            nonce = None if self.treasury else NONCE
            content["census"] = InvitedCensus(self.invited.root, nonce).to_json()
        if self.treasury:
            content["round"] = {"treasury": "0x" + self.treasury.hex(), "id": 7}
        self.description = json.dumps(content | dict(self.members)).encode()
        usual: dict[str, Any] = {
            "opens_at": OPENS_AT,
            "closes_at": CLOSES_AT,
            "freeze_delay": 10,
            "round_duration": 60,
            "max_rounds": 10,
            "dispute_window": 600,
            "tally_period": 86_400,
            "minimum_ballots": 1,
        }
        self.parameters = PollParameters(
            committee=self.committee.digest,
            rule=self.rule.digest,
            outcome_rule=outcome_rule_digest(self.outcome.encode()),
            description=keccak256(self.description),
            census_root=self.census.tree.digest,
            voters=len(self.census),
            total_weight=self.census.total_weight,
            secret=self.secret,
            **(usual | dict(self.times)),
        )
        self.identity = PollIdentity(self.chain_id, self.registry, self.poll_id)
        self.domain = typed_data.Domain(self.chain_id, self.registry)
        self.context = self.identity.context(self.parameters, self.rule)
        self.poll_keys = [PollKey(self.random.bytes(32)) for _ in range(self.nodes)]
        self.factory = BallotFactory(
            self.curve,
            self.rule,
            self.threshold,
            self.domain,
            self.context,
            [key.public_key for key in self.poll_keys],
            self.random,
        )
        self.prepared = [
            self.factory.prepare(key, account, bits, self.parameters.opens_at + number)
            for number, (key, account, bits) in enumerate(
                zip(self.voter_keys, self.accounts, self.votes, strict=True)
            )
        ]

    def make_electorate(self) -> None:
        """Make the voters' keys, their accounts and the census."""
        keys = [SigningKey(self.random.bytes(32)) for _ in self.votes]
        self.voter_keys = sorted(keys, key=lambda key: key.address)
        weights = self.weights or [1] * len(self.votes)
        used = self.voter_keys
        if self.unused_invitations is not None:
            made = [
                SigningKey(self.random.bytes(32))
                for _ in range(self.unused_invitations + len(keys))
            ]
            self.invitation_keys = sorted(made, key=lambda key: key.address)
            self.invited = invitations([(key.address, 1) for key in self.invitation_keys])
            used = self.invitation_keys[: len(keys)]
        self.accounts = [key.address for key in used]
        self.census = Census(
            tuple(
                CensusEntry(account, key.address, weight)
                for account, key, weight in zip(
                    self.accounts, self.voter_keys, weights, strict=True
                )
            )
        )

    @property
    def published(self) -> PublishedPoll:
        """The poll as its registry's events have it."""
        return PublishedPoll(
            self.identity,
            self.context,
            self.parameters,
            self.rule,
            self.outcome,
            Description.decode(self.description),
            self.committee,
        )

    def redemptions(self) -> Redemptions:
        """What binds each used invitation to its voter's key."""
        root, domain = self.invited.root, self.domain
        if self.treasury:
            domain = typed_data.Domain(CHAIN_ID, self.treasury)
            electorate = round_electorate(CHAIN_ID, self.treasury, 7, root)
        else:
            electorate = poll_electorate(CHAIN_ID, REGISTRY, NONCE, root)
        records = []
        for invitation, key in zip(self.invitation_keys, self.voter_keys, strict=False):
            digest = domain.digest(
                typed_data.REDEMPTION, electorate, invitation.address, key.address
            )
            records.append(Redemption(invitation.sign(digest), key.sign(digest)))
        return Redemptions(self.invited, tuple(records))

    def leaf(self, prepared: SignedBallot) -> BoardLeaf:
        """A ballot as the board lists it."""
        digest = self.domain.digest(
            typed_data.BALLOT,
            self.context,
            prepared.ballot.voter,
            prepared.ballot.cast_at_unix_s,
            prepared.ballot.digest,
            boxes_hash(prepared.boxes),
        )
        return BoardLeaf(
            prepared.ballot.encoded,
            recover_key(digest, prepared.signature),
            boxes_hash(prepared.boxes),
            prepared.signature,
        )

    def root(self) -> SumRoot:
        """Root over all prepared ballots."""
        ballots = [prepared.ballot for prepared in self.prepared]
        leaves = [
            Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
            for ballot, weight in zip(ballots, self.counted_weights, strict=True)
        ]
        values = self.curve.concat([ballot.sharing[0] for ballot in ballots])
        return sum_root(self.curve, leaves, values)

    @property
    def counted_weights(self) -> list[int]:
        """Weight of each prepared ballot."""
        return [self.census.by_account[one.ballot.voter].weight for one in self.prepared]

    def attest(self, root: SumRoot, nodes: Sequence[int], number: int = 0) -> AnchoredRoot:
        """A root with the signatures of some nodes."""
        digest = self.domain.digest(*root.statement(self.context, number))
        return AnchoredRoot(
            number,
            root,
            tuple(Attestation(node, self.node_keys[node - 1].sign(digest)) for node in nodes),
        )

    def aggregate_share(self, node: int) -> Share:
        """What node `node` releases."""
        shares = [
            BoxContent.decode(
                self.poll_keys[node - 1].open(one.boxes[node - 1], ballot_info(self.context, node)),
                len(self.rule.slots),
            ).share
            for one in self.prepared
        ]
        return aggregate(shares, self.counted_weights, len(self.rule.slots))

    def sign_share(self, node: int, share: Share, root: SumRoot) -> SignedShare:
        """An aggregate share under its node's signature."""
        digest = self.domain.digest(
            typed_data.AGGREGATE_SHARE,
            self.context,
            root.digest,
            node,
            aggregate_share_hash(share),
        )
        return SignedShare(node, share, self.node_keys[node - 1].sign(digest))

    def finish(self) -> tuple[Board, ChainEvidence]:
        """Board and chain evidence of the poll after its tally."""
        root = self.root()
        anchored = self.attest(root, range(1, self.committee.quorum + 1))
        shares = {node: self.aggregate_share(node) for node in range(1, self.threshold + 2)}
        tally = combine(shares, self.threshold)
        leaves = [self.leaf(prepared) for prepared in self.prepared]
        return self.board(leaves, anchored, shares), self.chain(anchored, tally)

    def board(
        self,
        leaves: Sequence[BoardLeaf],
        anchored: AnchoredRoot | None = None,
        shares: Mapping[int, Share] | None = None,
    ) -> Board:
        """A board of the poll with these leaves."""
        pinned = poll_keys_hash([key.public_key for key in self.poll_keys])
        return Board(
            poll=self.identity.encode(),
            parameters=self.parameters.encode(),
            rule=self.rule.encode(),
            outcome_rule=self.outcome.encode(),
            description=self.description,
            committee=self.committee.encode(),
            poll_keys=tuple(
                PollKeyAnnouncement(
                    key.public_key,
                    node.sign(self.domain.digest(typed_data.POLL_KEYS, self.context, pinned)),
                )
                for node, key in zip(self.node_keys, self.poll_keys, strict=True)
            ),
            census=self.encoded_census(),
            leaves=tuple(leaves),
            root=anchored,
            shares=()
            if anchored is None
            else tuple(
                self.sign_share(node, share, anchored.root)
                for node, share in (shares or {}).items()
            ),
            redemptions=(None if self.unused_invitations is None else self.redemptions().encode()),
        )

    def encoded_census(self) -> bytes:
        """The census as the board has it."""
        return self.census.encode()

    def chain(self, anchored: AnchoredRoot, tally: Tally) -> ChainEvidence:
        """Answers of an honest chain after the tally."""
        keys = [key.public_key for key in self.poll_keys]
        return ChainEvidence(
            chain_id=CHAIN_ID,
            block=1000,
            status="tallied",
            poll_context=self.context,
            committee=self.committee.digest,
            poll_keys_digest=poll_keys_hash(keys),
            root=anchored.root,
            tally_digest=tally_digest(tally),
            rejected_rounds=0,
            rejected_at=0,
            anchored_at=CLOSES_AT + 100,
            dispute_window_ends_at=CLOSES_AT + 700,
            tally_deadline=CLOSES_AT + 87_000,
            generators=TABLE,
            node_keys=tuple(node_key(one) for one in keys),
            anchored=anchored,
            tally=tally,
            tallied_at=CLOSES_AT + 701,
            awards=None if isinstance(self.outcome, _NO_TALLY) else tuple(self.awards(tally)),
            outcome=self.attested_outcome(),
            creator=self.treasury or bytes(20),
            creator_is_contract=self.treasury is not None,
            creator_is_treasury=self.treasury is not None,
            round=self.round(tally) if self.treasury else None,
            deployment=deployment(CHAIN_ID, REGISTRY),
            census=self.census if self.source else None,
            census_code=code_of("MemberRegistry") if self.source else b"",
            census_times=(OPENS_AT - 60, OPENS_AT - 48) if self.source else None,
        )

    def awards(self, tally: Tally) -> list[int]:
        """Awards of the outcome rule: of the tally, or of the ballots where it needs them."""
        attested = self.attested_outcome()
        return self.outcome.awards(tally.values) if attested is None else list(attested.awards)

    def attested_outcome(self) -> OutcomeEvidence | None:
        """What an honest chain has of the opened ballots' outcome, after the time to object."""
        if not isinstance(self.outcome, BallotOutcome):
            return None
        ballots = [tuple(self.rule.slot_values(bits)) for bits in self.votes]
        awards = tuple(self.outcome.awards_of(ballots))
        return OutcomeEvidence(3, ballots_hash([Share(one, 0) for one in ballots]), awards)

    def round(self, tally: Tally) -> RoundEvidence:
        """An honest chain's data of the round after all payouts except the last."""
        assert isinstance(self.outcome, FundingRule)
        awards = self.awards(tally)
        divides = isinstance(self.outcome, Proportional)
        costs = awards if divides else self.outcome.costs
        budget = self.outcome.amount if divides else self.outcome.budget
        by_category = isinstance(self.outcome, GreedyByCategory)
        categories = self.outcome.categories if by_category else [0] * len(costs)
        unpaid = max(slot for slot, funded in enumerate(awards) if funded)
        proposals = [
            ProposalEvidence(
                id=bytes([slot + 1] * 32),
                recipient=bytes([slot + 1] * 20),
                amount=cost,
                category=categories[slot],
                withdrawn=False,
                funded=bool(funded),
                paid=bool(funded) and slot != unpaid,
                title=f"option {slot}",
            )
            for slot, (cost, funded) in enumerate(zip(costs, awards, strict=True))
        ]
        payouts = tuple(
            Payout(one.id, one.recipient, one.amount, 950, bytes([number] * 32))
            for number, one in enumerate(proposals)
            if one.paid
        )
        withdrawn = ProposalEvidence(
            bytes([99] * 32), bytes([99] * 20), 1, 0, True, False, False, ""
        )
        assert self.treasury is not None
        code, rules = treasury_code(CHAIN_ID, REGISTRY, self.treasury)
        tree, members = self.census.tree, self.census.root
        kind = 0
        if self.unused_invitations is not None:
            kind, tree, members = 3, self.invited.tree, bytes([5] * 32)
        return RoundEvidence(
            registry=REGISTRY,
            code=code,
            rules=rules,
            status=6,
            poll_id=1,
            budget=budget,
            deposited=budget,
            committed=sum(one.amount for one in proposals if one.funded),
            paid_out=sum(one.amount for one in payouts),
            title=self.round_title,
            text="",
            electorate=ElectorateEvidence(kind, tree.digest, tree.count, tree.sum, b""),
            member_root=members,
            secret=self.secret,
            token=TOKEN,
            proposals=(proposals[0], withdrawn, *proposals[1:]),
            payouts=payouts,
            moved=tuple(Transfer(one.transaction, one.recipient, one.amount) for one in payouts),
        )


def open_view(poll: SyntheticPoll) -> PollView:
    """The registry's data of the poll while ballots are cast."""
    parameters = poll.parameters
    return PollView(
        status=Status.OPEN,
        poll_context=poll.context,
        committee=parameters.committee,
        creator=bytes(20),
        slots=len(poll.rule.slots),
        max_slot_value=poll.rule.max_slot_value,
        total_weight=parameters.total_weight,
        voters=parameters.voters,
        minimum_ballots=parameters.minimum_ballots,
        opens_at=parameters.opens_at,
        closes_at=parameters.closes_at,
        freezes_at=parameters.freezes_at,
        anchor_deadline=parameters.settling().deadline,
        anchored_at=0,
        releasable_at=0,
        tally_deadline=0,
        outcome_rule=parameters.outcome_rule,
        poll_keys=poll_keys_hash([key.public_key for key in poll.poll_keys]),
        round=0,
        root=SumRoot(bytes(32), bytes(64), 0),
        tally_digest=bytes(32),
        rejected_rounds=0,
        rejected_at=0,
        contested=False,
    )


def tally_digest(tally: Tally) -> bytes:
    """keccak256(abi.encode(T)), as the contract stores it."""
    return keccak256(b"".join(word(value) for value in (32, len(tally.values), *tally.values)))


SHUFFLED: Mapping[str, int] = {"counting": 1, "open_minimum": 5, "shuffle_period": 600}
"""Parameters of a poll that opens every ballot, for `SyntheticPoll.times`."""


def approval_poll(**changes: object) -> SyntheticPoll:
    """Seven voters, four options, one to three of them approved, greedy funding."""
    choices = ([0], [0, 1], [1, 2, 3], [2], [0, 3], [0, 1, 2], [3])
    votes = [
        [int(slot in chosen) for slot in range(4)] + slack_bits(2, 3 - len(chosen))
        for chosen in choices
    ]
    arguments = {
        "votes": votes,
        "rule": approval(4, 1, 3),
        "outcome": Greedy((50, 40, 30, 20), 100),
    }
    return SyntheticPoll(**(arguments | changes))  # type: ignore[arg-type]
