"""What organizers say of a round or a poll: as JSON over HTTP, as TOML in a file.

Amounts are integers in the token's smallest unit, as numbers or decimal strings; times are Unix
seconds, or dates and times with a zone. What is left out has a safe default.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ostraka.chain.treasury import BallotKind
from ostraka_verifier.outcome import Greedy, Misfit, NoOutcome, Order, OutcomeRule
from ostraka_verifier.question import approval, knapsack, single_choice
from ostraka_verifier.rule import BallotRule

_DAY_S = 86_400
_MAX_TIME = 1 << 40
MAX_ENTRIES = 600_000


def _integer(value: Any) -> Any:
    # JSON's numbers lose digits in many clients; a decimal string does not.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 39:
        return int(value)
    return value


def _unix_s(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return _integer(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs a zone, as in 2026-12-01T08:00:00+01:00")
        return int(value.timestamp())
    return value


Address = Annotated[
    str,
    BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v),
    Field(pattern="^0x[0-9a-f]{40}$", examples=["0x00000000000000000000000000000000000000aa"]),
]
Digest = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
Amount = Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=0, lt=1 << 128)]
Weight = Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=1, lt=1 << 64)]
Time = Annotated[int, BeforeValidator(_unix_s), Field(strict=True, ge=0, lt=_MAX_TIME)]
Seconds = Annotated[int, Field(strict=True, ge=1, lt=1 << 32)]
Title = Annotated[str, Field(min_length=1, max_length=150)]


class Strict(BaseModel):
    """Refuses members that it does not know: a misspelt option must not be ignored."""

    model_config = ConfigDict(extra="forbid")


class Entry(Strict):
    """Somebody who may vote or propose."""

    account: Address
    weight: Weight = 1
    signing_key: Address | None = None
    """Key that signs for the account, where it is another one."""


class AccountList(Strict):
    """Accounts that the organizer names, and those who redeem invitations."""

    kind: Literal["list"] = "list"
    accounts: list[Entry] = Field(default=[], max_length=MAX_ENTRIES)


class RegistryMembers(Strict):
    """Members of a member registry, read at a finalized block."""

    kind: Literal["members"]
    contract: Address
    keys: Address | None = None
    """Contract with voting keys."""


class TokenVotes(Strict):
    """Holders of votes of an ERC-20 or ERC-721 token (ERC-5805), read at a finalized block."""

    kind: Literal["votes"]
    contract: Address
    unit: Amount = Field(default=1, gt=0)
    """Votes that give a weight of one."""
    keys: Address | None = None
    """Contract with voting keys."""


Electorate = Annotated[AccountList | RegistryMembers | TokenVotes, Field(discriminator="kind")]


class Ballot(Strict):
    """How votes are given."""

    kind: Literal["single_choice", "approval", "knapsack"]
    at_least: Annotated[int, Field(strict=True, ge=0, lt=1 << 16)] = 0
    """Fewest options of an approval ballot."""
    at_most: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)] | None = None
    """Most options of an approval ballot; all of them when left out."""

    @property
    def number(self) -> BallotKind:
        """As the treasury numbers it."""
        return BallotKind[self.kind.upper()]


class Ranking(Strict):
    """How winners follow from votes: greedily, while the budget lasts."""

    order: Literal["votes", "votes_per_cost"] = "votes"
    misfit: Literal["skip", "stop"] = "skip"
    """What happens at an option that costs more than is left."""
    minimum_support: Amount = 1

    @property
    def rule(self) -> tuple[Order, Misfit]:
        """As the contracts number them."""
        return Order[self.order.upper()], Misfit[self.misfit.upper()]


class Times(Strict):
    """Durations that the protocol needs, in seconds."""

    freeze_delay: Seconds = 60
    """From closing until nodes sign no more receipts."""
    round_duration: Seconds = 60
    """Of one attempt to settle."""
    max_rounds: Annotated[int, Field(strict=True, ge=1, lt=1 << 32)] = 1440
    dispute_window: Seconds = _DAY_S
    """From anchoring until anything is opened."""
    tally_period: Seconds = 30 * _DAY_S


class _Vote(Strict):
    title: Title
    text: Annotated[str, Field(max_length=16_000)] = ""
    committee: Digest | None = None
    """Digest of the committee that tallies; the gateway's first when left out."""
    secret: bool = True
    minimum_ballots: Annotated[int, Field(strict=True, ge=0, lt=1 << 32)] = 5
    times: Times = Times()


class RoundSpecification(_Vote):
    """A round of a shared budget: members propose, voters decide, the treasury pays."""

    token: Address | None = None
    """ERC-20 token; the chain's own coin when left out."""
    budget: Amount = Field(gt=0)
    minimum_amount: Amount = Field(default=1, gt=0)
    """Least that a proposal may ask for."""
    maximum_amount: Amount | None = None
    """Most that a proposal may ask for; the budget when left out."""
    proposals_per_member: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)] = 3
    maximum_proposals: Annotated[int, Field(strict=True, ge=2, le=1000)] = 50
    proposals_open_at: Time | None = None
    """Now when left out."""
    proposals_close_at: Time
    voting_opens_at: Time
    voting_closes_at: Time
    claim_period: Seconds = 90 * _DAY_S
    members: Electorate
    """Who may propose; fixed now."""
    voters: Electorate | None = None
    """Who may vote; fixed when proposals close. The members when left out."""
    ballot: Ballot
    ranking: Ranking = Ranking()


class PollSpecification(_Vote):
    """A poll without a round."""

    options: list[Title] = Field(min_length=2, max_length=1000)
    registration_closes_at: Time | None = None
    """Until then invitations can be redeemed; now when left out."""
    opens_at: Time | None = None
    """When voting begins; as soon as the nodes are ready when left out."""
    closes_at: Time
    voters: Electorate
    ballot: Ballot
    costs: list[Amount] | None = None
    """Of each option, where a budget is to be shared."""
    budget: Amount | None = None
    ranking: Ranking | None = None
    """How a budget is shared; without one the counts themselves are the result."""

    @model_validator(mode="after")
    def _costs_fit(self) -> "PollSpecification":
        budgeted = self.ranking is not None or self.ballot.kind == "knapsack"
        if budgeted and (self.costs is None or self.budget is None):
            raise ValueError("costs and budget: needed for a knapsack ballot or a ranking")
        if self.costs is not None and len(self.costs) != len(self.options):
            raise ValueError(f"costs: {len(self.costs)} for {len(self.options)} options")
        return self

    @property
    def rule(self) -> BallotRule:
        """Rejected when there is no such ballot."""
        options = len(self.options)
        if self.ballot.kind == "single_choice":
            return single_choice(options)
        if self.ballot.kind == "approval":
            most = options if self.ballot.at_most is None else self.ballot.at_most
            return approval(options, self.ballot.at_least, most)
        return knapsack(self.costs or [], self.budget or 0)

    @property
    def outcome_rule(self) -> OutcomeRule:
        """Rejected when a cost is out of range."""
        if self.ranking is None:
            return NoOutcome()
        order, misfit = self.ranking.rule
        return Greedy(
            tuple(self.costs or ()), self.budget or 0, order, misfit, self.ranking.minimum_support
        )
