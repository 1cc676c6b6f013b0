"""BudgetTreasury on chain: rounds, proposals, escrow, payouts.

Source: contracts/interfaces/IBudgetTreasury.sol, docs/protocol.md §17.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from ostraka.chain.contract import DeployedContract, Sender, Sent, checksum, sent
from ostraka.chain.sending import Errand
from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census
from ostraka_verifier.census_tree import CensusRoot, siblings_of
from ostraka_verifier.encoding import HASH_BYTES, keccak256
from ostraka_verifier.units import Seconds, UnixSeconds


class RoundStatus(IntEnum):
    """Status of a round with the contract's numbers."""

    NONE = 0
    ANNOUNCED = 1
    PROPOSING = 2
    READY = 3
    VOTING = 4
    TALLIED = 5
    DECIDED = 6
    EXPIRED = 7
    VOID = 8
    VETOED = 9


@dataclass(frozen=True)
class RoundParameters:
    """Parameters of a round; names, order and types are the contract's.

    Attributes:
        token: 20 bytes; all zero for the chain's own coin.
        budget, minimum_amount, maximum_amount: In the token's smallest unit; minimum and maximum
            are 0 in a proportional round.
        member_root: Census root of the members who may propose.
        claim_period: Time from the end of the payout delay in which payouts can be claimed.
        payout_delay: Time from the decision until payouts can be claimed.
        veto_holder: Account that may veto all payouts before then, 20 bytes; all zero: nobody.
        ballot, outcome: Ballot kind and outcome rule, as encoded by `round_rules`.
    """

    token: bytes
    budget: int
    minimum_amount: int
    maximum_amount: int
    proposals_per_member: int
    maximum_proposals: int
    member_root: bytes
    proposals_open_at: UnixSeconds
    proposals_close_at: UnixSeconds
    claim_period: Seconds
    payout_delay: Seconds
    veto_holder: bytes
    ballot: bytes
    outcome: bytes
    committee: bytes
    voting_opens_at: UnixSeconds
    voting_closes_at: UnixSeconds
    freeze_delay: Seconds
    round_duration: Seconds
    max_rounds: int
    dispute_window: Seconds
    tally_period: Seconds
    response_time: Seconds
    max_dispute_delay: Seconds
    minimum_ballots: int
    secret: bool


class ElectorateKind(IntEnum):
    """Kind of a round's electorate with the contract's numbers (docs/protocol.md §17.4)."""

    MEMBERS = 0
    FIXED = 1
    SOURCE = 2
    INVITATIONS = 3


_NO_CENSUS = CensusRoot(bytes(HASH_BYTES), 0, 0)


@dataclass(frozen=True)
class RoundElectorate:
    """The voters of a round, fixed when the round is created.

    Attributes:
        tree: Tree of the census root: of the members, the voters or the invitations.
        source: Canonical JSON of the census's source on chain; kind `SOURCE` only.
    """

    kind: ElectorateKind
    tree: CensusRoot = _NO_CENSUS
    source: bytes = b""

    @property
    def root(self) -> bytes:
        """The 32 bytes that the treasury stores."""
        return keccak256(self.source) if self.kind is ElectorateKind.SOURCE else self.tree.digest

    def abi(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return int(self.kind), self.tree.hash, self.tree.sum, self.tree.count, self.source


@dataclass(frozen=True)
class RoundView:
    """State of a round; the poll id is 0 before voting, and so are times before the decision."""

    status: RoundStatus
    organizer: bytes
    poll_id: int
    deposited: int
    committed: int
    paid_out: int
    payouts_open_at: UnixSeconds
    claims_end_at: UnixSeconds
    proposals: int
    standing: int
    electorate_kind: ElectorateKind
    electorate_root: bytes
    electorate_voters: int
    electorate_weight: int
    parameters: RoundParameters

    def share(self, start: int, end: int) -> int:
        """Return what a stretch of deposits can be refunded in all.

        Source: docs/protocol.md §17.6.

        Args:
            start, end: Place in all deposits of the round, laid end to end in their order.
        """
        match self.status:
            case RoundStatus.DECIDED:
                return (end - start) * (self.deposited - self.committed) // self.deposited
            case RoundStatus.VOID | RoundStatus.EXPIRED | RoundStatus.VETOED if self.deposited:
                free = self.deposited - self.paid_out
                return end * free // self.deposited - start * free // self.deposited
            case _:
                return 0


@dataclass(frozen=True)
class Item:
    """Content of a proposal: 20-byte recipient, amount in the token's smallest unit.

    The amount is 0 in a proportional round; the category is 0 in a round without categories.
    """

    recipient: bytes
    amount: int
    title: str
    text: str
    category: int = 0
    details: bytes = bytes(HASH_BYTES)
    """keccak-256 of further details as canonical JSON; zero without details."""

    def abi(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return checksum(self.recipient), *self.words()[1:]

    def words(self) -> tuple[Any, ...]:
        """Return the values that the EIP-712 types `Proposal` and `Revision` hash."""
        return self.recipient, self.amount, self.category, self.title, self.text, self.details


@dataclass(frozen=True)
class Proposal:
    """Current state of a proposal with its latest texts.

    In a proportional round, the amount is the awarded amount.
    """

    id: bytes
    proposer: bytes
    item: Item
    withdrawn: bool
    funded: bool
    paid: bool


@dataclass(frozen=True)
class Authorization:
    """A member's signature that allows somebody else to send the member's request."""

    member: bytes
    nonce: int
    deadline: UnixSeconds
    signature: bytes

    def abi(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return checksum(self.member), self.nonce, self.deadline, self.signature


@dataclass(frozen=True)
class MemberKey:
    """Key that acts for an invitation on chain (docs/protocol.md §17.2), 20 bytes each.

    Attributes:
        code: Address of the code that registers a key; all zero before the first registration.
        signing_key: All zero until the code is redeemed on chain.
    """

    code: bytes
    signing_key: bytes


@dataclass(frozen=True)
class AnnouncedRound:
    """Content of a round's creation event other than the parameters.

    Attributes:
        source: Canonical JSON of the census's source on chain; empty for other kinds.
    """

    source: bytes
    title: str
    text: str


class Treasury(DeployedContract):
    """The BudgetTreasury at one address of one chain."""

    name = "BudgetTreasury"

    def round_count(self) -> int:
        """Return the number of rounds."""
        return int(self.read("roundCount"))

    def round(self, round_id: int) -> RoundView:
        """Return the state of a round; status NONE if it does not exist."""
        values = list(self.read("round", round_id))
        values[0], values[1] = RoundStatus(values[0]), bytes.fromhex(values[1][2:])
        values[10] = ElectorateKind(values[10])
        values[-1] = _parameters(list(values[-1]))
        return RoundView(*values)

    def announced(self, round_id: int) -> AnnouncedRound | None:
        """Return the content of a round's creation event; None if the provider shows none."""
        event = self.latest_event("RoundCreated", {"roundId": round_id})
        if event is None:
            return None
        given = event["args"]
        return AnnouncedRound(bytes(given["electorate"]["source"]), given["title"], given["text"])

    def organizer(self, round_id: int, gas: int) -> tuple[bytes, int]:
        """Return organizer and poll of a round of a contract that may not be a treasury.

        Args:
            gas: Limit of the call.
        """
        _, organizer, poll_id, *_ = self.read("round", round_id, gas=gas)
        return bytes.fromhex(organizer[2:]), int(poll_id)

    def proposals(self, round_id: int) -> list[Proposal]:
        """Return all proposals of a round in order of submission."""
        items: dict[bytes, dict[str, Any]] = {}
        for name in ("ProposalSubmitted", "ProposalRevised"):
            for event in self.all_events(name, {"roundId": round_id}):
                items[bytes(event["args"]["proposalId"])] = event["args"]["item"]
        found = []
        for id_, proposer, recipient, amount, category, *states in self.read("proposals", round_id):
            texts = items[bytes(id_)]
            item = Item(
                bytes.fromhex(recipient[2:]),
                amount,
                texts["title"],
                texts["text"],
                category,
                bytes(texts["details"]),
            )
            found.append(Proposal(bytes(id_), bytes.fromhex(proposer[2:]), item, *states))
        return found

    def nonce(self, member: bytes) -> int:
        """Return a member's next nonce."""
        return int(self.read("nonces", checksum(member)))

    def member_key(self, round_id: int, invitation: bytes) -> MemberKey:
        """Return the code and the key that the treasury stores for an invitation."""
        code, key = self.read("memberKey", round_id, checksum(invitation))
        return MemberKey(bytes.fromhex(code[2:]), bytes.fromhex(key[2:]))

    def register_member(
        self,
        sender: Sender,
        round_id: int,
        invitation: bytes,
        signing_key: bytes,
        members: Census,
        signature: bytes,
    ) -> Sent:
        """Register the key that acts for an invitation.

        Args:
            signature: `Redemption` by the key of the code that counts, 65 bytes.
        """
        shown = membership(members, invitation)
        named = checksum(invitation), checksum(signing_key)
        return self.send(sender, "registerMember", round_id, *named, shown, signature)

    def replace_member(self, sender: Sender, round_id: int, invitation: bytes, code: bytes) -> Sent:
        """Replace the code of an invitation whose key was lost; only the organizer may."""
        named = checksum(invitation), checksum(code)
        return self.send(sender, "replaceMember", round_id, *named)

    def create_round(
        self,
        sender: Sender,
        parameters: RoundParameters,
        electorate: RoundElectorate,
        title: str,
        text: str,
    ) -> tuple[int, Sent]:
        """Create a round; return its id and the transaction."""
        creation = _creation(parameters, electorate, title, text)
        receipt = self.transact(sender, "createRound", *creation)
        return int(self.event_of(receipt, "RoundCreated")["roundId"]), sent(receipt)

    def round_created_by(self, errand: Errand) -> tuple[int, Sent]:
        """Return the id of the round that an errand created before, and the transaction."""
        receipt = self.follow(errand)
        return int(self.event_of(receipt, "RoundCreated")["roundId"]), sent(receipt)

    def try_round(
        self, parameters: RoundParameters, electorate: RoundElectorate, title: str, text: str
    ) -> None:
        """Raise Refused if the treasury would refuse a round; nothing is sent."""
        self.read("createRound", *_creation(parameters, electorate, title, text))

    def fund(self, sender: Sender, round_id: int, amount: int) -> Sent:
        """Pay money into a round; a token must be approved first."""
        own_coin = not any(self.round(round_id).parameters.token)
        return self.send(sender, "fund", round_id, amount, value=amount if own_coin else 0)

    def authorize_proposal(
        self, key: SigningKey, member: bytes, round_id: int, item: Item, deadline: UnixSeconds
    ) -> Authorization:
        """Sign a proposal, for anybody to send."""
        nonce = self.nonce(member)
        digest = self.domain.digest(
            typed_data.PROPOSAL, round_id, member, *item.words(), nonce, deadline
        )
        return Authorization(member, nonce, deadline, key.sign(digest))

    def propose(
        self,
        sender: Sender,
        round_id: int,
        item: Item,
        members: Census,
        authorization: Authorization | None = None,
    ) -> tuple[bytes, Sent]:
        """Propose as the sender, or for the member who signed; return the proposal's id."""
        account = authorization.member if authorization else sender.address
        arguments: list[Any] = [round_id, item.abi(), membership(members, account)]
        if authorization is None:
            receipt = self.transact(sender, "propose", *arguments)
        else:
            receipt = self.transact(sender, "proposeFor", *arguments, authorization.abi())
        return bytes(self.event_of(receipt, "ProposalSubmitted")["proposalId"]), sent(receipt)

    def revise_for(
        self,
        sender: Sender,
        proposal_id: bytes,
        item: Item,
        members: Census,
        signed: Authorization,
    ) -> Sent:
        """Change the proposal of a member who signed `Revision`."""
        shown = membership(members, signed.member)
        return self.send(sender, "reviseFor", proposal_id, item.abi(), shown, signed.abi())

    def withdraw_for(
        self, sender: Sender, proposal_id: bytes, members: Census, signed: Authorization
    ) -> Sent:
        """Withdraw the proposal of a member who signed `Withdrawal`."""
        shown = membership(members, signed.member)
        return self.send(sender, "withdrawFor", proposal_id, shown, signed.abi())

    def revise(self, sender: Sender, proposal_id: bytes, item: Item) -> Sent:
        """Change the sender's proposal while proposals are open."""
        return self.send(sender, "revise", proposal_id, item.abi())

    def withdraw(self, sender: Sender, proposal_id: bytes) -> Sent:
        """Withdraw the sender's proposal while proposals are open."""
        return self.send(sender, "withdraw", proposal_id)

    def start_voting(
        self, sender: Sender, round_id: int, census: Census, description: bytes
    ) -> tuple[int, Sent]:
        """Create the round's poll with a census; return its id and the transaction."""
        tree = census.tree
        receipt = self.transact(
            sender, "startVoting", round_id, (tree.hash, tree.count, tree.sum), description
        )
        return int(self.event_of(receipt, "VotingStarted")["pollId"]), sent(receipt)

    def decide(
        self, sender: Sender, round_id: int, tally: Sequence[int], order: Sequence[int]
    ) -> Sent:
        """Fix which proposals are funded."""
        return self.send(sender, "decide", round_id, list(tally), list(order))

    def veto(self, sender: Sender, round_id: int) -> Sent:
        """Veto all payouts as the veto holder, before they open."""
        return self.send(sender, "veto", round_id)

    def claim(self, sender: Sender, proposal_id: bytes) -> Sent:
        """Pay a funded proposal to its recipient."""
        return self.send(sender, "claim", proposal_id)

    def refund(self, sender: Sender, round_id: int, funder: bytes) -> Sent:
        """Refund a funder's part of the money that proposals do not need."""
        return self.send(sender, "refund", round_id, checksum(funder))


class Token(DeployedContract):
    """An ERC-20 token."""

    name = "TestToken"

    def balance(self, account: bytes) -> int:
        """Return the balance in the smallest unit."""
        return int(self.read("balanceOf", checksum(account)))

    def approve(self, sender: Sender, spender: bytes, amount: int) -> Sent:
        """Let `spender` take up to `amount`."""
        return self.send(sender, "approve", checksum(spender), amount)


def _creation(
    parameters: RoundParameters, electorate: RoundElectorate, title: str, text: str
) -> tuple[Any, ...]:
    values = {name: getattr(parameters, name) for name in _NAMES}
    for name in _ADDRESSES:
        values[name] = checksum(values[name])
    return tuple(values.values()), electorate.abi(), title, text


_NAMES = [field.name for field in fields(RoundParameters)]
_ADDRESSES = ("token", "veto_holder")


def _parameters(values: list[Any]) -> RoundParameters:
    given = dict(zip(_NAMES, values, strict=True))
    for name in _ADDRESSES:
        given[name] = bytes.fromhex(given[name][2:])
    return RoundParameters(**given)


def membership(members: Census, account: bytes) -> tuple[Any, ...]:
    """Return the proof that an account is in the member root; ValueError if it is not."""
    entry = members.by_account.get(account)
    if entry is None:
        raise ValueError(f"0x{account.hex()} is not a member of this round")
    index, packed = members.proof(account)
    tree = members.tree
    return (
        checksum(entry.signing_key),
        entry.weight,
        index,
        tree.hash,
        tree.sum,
        tree.count,
        siblings_of(packed),
    )
