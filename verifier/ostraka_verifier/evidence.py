"""Evidence from the chain: plain values, already read and decoded.

Source: contracts/interfaces/IPollRegistry.sol, contracts/interfaces/IBudgetTreasury.sol.
"""

from dataclasses import dataclass

from ostraka_verifier.board import AnchoredRoot
from ostraka_verifier.census import Census
from ostraka_verifier.errors import AuditError
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.units import Seconds, UnixSeconds

ROUND_VETOED = 9
"""Number in the contract of a round whose payouts were vetoed after its decision."""
ROUND_DECIDED = (6, 7, ROUND_VETOED)
"""Statuses of a round with winners: decided and, later, expired."""
ROUND_VOID = 8
"""Number in the contract of a round that pays nobody."""
OUTCOME_ATTESTED = (2, 3, 4)
"""States of an outcome that nodes attested: it may be vetoed, is final, or was vetoed."""
OUTCOME_VETOED, OUTCOME_MISSED = OUTCOME_LOST = 4, 5
"""States of an outcome that will never decide: vetoed, or not attested in time."""
STATUS_NAMES = (
    "none",
    "created",
    "open",
    "closed",
    "anchored",
    "releasable",
    "tallied",
    "void",
)


@dataclass(frozen=True)
class ProposalEvidence:
    """A proposal in the treasury, with the title of its newest event."""

    id: bytes
    recipient: bytes
    amount: int
    category: int
    withdrawn: bool
    funded: bool
    paid: bool
    title: str


@dataclass(frozen=True)
class Payout:
    """A payment that the treasury reports.

    Attributes:
        transaction: Hash of the transaction, 32 bytes.
    """

    proposal_id: bytes
    recipient: bytes
    amount: int
    block: int
    transaction: bytes


@dataclass(frozen=True)
class Transfer:
    """A transfer out of the treasury that a token's event reports."""

    transaction: bytes
    recipient: bytes
    amount: int


@dataclass(frozen=True)
class CoinReceipt:
    """An account's coins before and after a block in which the treasury reports a payment.

    Attributes:
        before, after: Coins at the block before, and at the block.
        spent: Whether the account could have spent within the block: it has code, or sent a
            transaction.
    """

    recipient: bytes
    block: int
    before: int
    after: int
    spent: bool


@dataclass(frozen=True)
class CodeEvidence:
    """A contract: 20-byte address, and the code that runs there."""

    address: bytes
    code: bytes


@dataclass(frozen=True)
class ElectorateEvidence:
    """The electorate that the round fixed at its creation (§17.4).

    Attributes:
        kind: 0 members, 1 fixed, 2 source on chain, 3 invitations.
        root: Root of the census or of the invitations; keccak-256 of the source in kind 2.
        source: Canonical JSON of the census's source, from the round's event; kind 2 only.
    """

    kind: int
    root: bytes
    voters: int
    weight: int
    source: bytes


@dataclass(frozen=True)
class RoundEvidence:
    """Evidence of one round.

    Attributes:
        registry: Registry in which the treasury creates its polls.
        code: Code of the treasury.
        rules: The contract that writes the rules of its polls.
        status: Number in the contract; in `ROUND_DECIDED` once winners are fixed.
        member_root: Census root of the members, who may propose.
        title, text: Texts of the round's event; U+FFFD replaces invalid UTF-8.
        secret: Whether the round asked for a secret poll.
        token: The token that it pays in, 20 bytes; zero for the chain's coin.
        proposals: In order of submission.
        payouts: In order of payment.
        moved: Payouts in the token's events or in accounts' balances; or why they are
            unreadable.
    """

    registry: bytes
    code: bytes
    rules: CodeEvidence
    status: int
    poll_id: int
    budget: int
    deposited: int
    committed: int
    paid_out: int
    electorate: ElectorateEvidence
    title: str
    text: str
    member_root: bytes
    secret: bool
    token: bytes
    proposals: tuple[ProposalEvidence, ...]
    payouts: tuple[Payout, ...]
    moved: tuple[Transfer, ...] | tuple[CoinReceipt, ...] | AuditError


@dataclass(frozen=True)
class DisputesEvidence:
    """The contract that may reject roots.

    Attributes:
        ballot_check: The contract that it names for checks of ballots; None if it names none.
    """

    contract: CodeEvidence
    ballot_check: CodeEvidence | None


@dataclass(frozen=True)
class DeploymentEvidence:
    """The contracts that judge a poll.

    Attributes:
        registry: Code of the registry.
        generator_table: Address of the table of generators.
        period_floor: Shortest dispute window and tally period.
        disputes: None where nobody may reject roots.
    """

    registry: bytes
    generator_table: bytes
    voting_keys: CodeEvidence
    poll_rules: CodeEvidence
    period_floor: Seconds
    disputes: DisputesEvidence | None


@dataclass(frozen=True)
class OutcomeEvidence:
    """The outcome of opened ballots by the word of nodes (§18.11).

    Attributes:
        state: Number in the contract, 0 to `OUTCOME_MISSED`.
        ballots_hash: Of the opened ballots, 32 bytes; zeros before nodes attested an outcome.
        awards: Of each slot; empty before.
    """

    state: int
    ballots_hash: bytes
    awards: tuple[int, ...]


@dataclass(frozen=True)
class ChainEvidence:
    """Evidence of one poll at one block.

    Attributes:
        block: Number of the block at which everything was read.
        status: Status of the poll at that block's time, one of `STATUS_NAMES`.
        generators: Code of the contract's generator table.
        node_keys: Words of the poll keys in `PollOpened`; empty before.
        anchored: Root with its attestations, None before.
        rejected_rounds: One more than the number of the last round with a rejected root.
        rejected_at: Chain time of that rejection.
        anchored_at, tallied_at: Block timestamps, 0 before.
        tally: As accepted, None before.
        awards: The contract's award of each slot, None where no tally gives awards; or why there is
            no answer, for example because the board's outcome rule is not the poll's.
        outcome: What nodes attested, None where the tally decides or before it; or why there is no
            answer.
        creator: Account that created the poll.
        creator_is_contract: Whether that account has code.
        creator_is_treasury: Whether that account is a contract that uses polls of this registry.
        deployment: The registry and its parts; or why they are unreadable.
        round: The round that the description names, None if it names none; or why it is
            unreadable, which does not affect the rest.
        census: The census read again from the source that the description names, None if it names
            none; or why it is unreadable.
        census_code: Code of that source's contract, empty without a source.
        census_times: Timestamps of the source's block and of the next one, None without a source;
            or why they are unreadable.
    """

    chain_id: int
    block: int
    status: str
    poll_context: bytes
    committee: bytes
    poll_keys_digest: bytes
    root: SumRoot
    tally_digest: bytes
    rejected_rounds: int
    rejected_at: UnixSeconds
    anchored_at: UnixSeconds
    dispute_window_ends_at: UnixSeconds
    tally_deadline: UnixSeconds
    generators: bytes
    node_keys: tuple[bytes, ...]
    anchored: AnchoredRoot | None
    tally: Tally | None
    tallied_at: UnixSeconds
    awards: tuple[int, ...] | AuditError | None
    outcome: OutcomeEvidence | AuditError | None
    creator: bytes
    creator_is_contract: bool
    creator_is_treasury: bool
    round: RoundEvidence | AuditError | None
    deployment: DeploymentEvidence | AuditError
    census: Census | AuditError | None
    census_code: bytes
    census_times: tuple[UnixSeconds, UnixSeconds] | AuditError | None
