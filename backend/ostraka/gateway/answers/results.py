"""Results of a poll, from the chain only."""

from typing import Annotated, Literal

from pydantic import Field

from ostraka.gateway.answers.polls import Question
from ostraka.gateway.answers.rounds import Status
from ostraka.wire.answers import (
    Address,
    Amount,
    Answer,
    Count,
    Decimal,
    Fraction,
    Hash,
    Number,
    UnixSeconds,
    Votes,
    Weight,
)

_MinimumSupport = Annotated[Decimal, Field(description="Votes that an option needs to win.")]
_Costs = Annotated[list[Amount], Field(description="Cost of each option.")]
_RankedBy = Annotated[
    Literal["votes", "votes_per_cost"], Field(description="How options are ranked.")
]
_Misfit = Annotated[
    Literal["skip", "stop"],
    Field(description="Treatment of an option that costs more than the remaining budget."),
]


class NoOutcome(Answer):
    """The counts themselves are the result."""

    kind: Literal["none"]


class Greedy(Answer):
    """Fund by rank while the budget lasts (docs/protocol.md §14.3)."""

    kind: Literal["greedy"]
    costs: _Costs
    budget: Amount
    ranked_by: _RankedBy
    misfit: _Misfit
    minimum_support: _MinimumSupport


class Majority(Answer):
    """Yes against no: the first two options (docs/protocol.md §14.4)."""

    kind: Literal["majority"]
    numerator: Decimal = Field(description="Share of yes and no votes that yes needs: this, …")
    denominator: Decimal = Field(description="… divided by this.")
    strict: bool = Field(description="Whether yes needs more than that share.")
    abstention: bool = Field(description="Whether the third option is an abstention.")
    quorum: Decimal = Field(description="Minimum turnout by weight, abstentions included.")


class Plurality(Answer):
    """The options with the most votes win (docs/protocol.md §14.5)."""

    kind: Literal["plurality"]
    seats: Decimal
    contenders: Decimal = Field(description="Number of options that can win, from the first one.")
    minimum_support: _MinimumSupport


class Categories(Answer):
    """Fund by rank while the budgets of categories last (docs/protocol.md §14.6)."""

    kind: Literal["categories"]
    costs: _Costs
    categories: list[Decimal] = Field(description="Category of each option, from 0.")
    category_budgets: list[Amount]
    budget: Amount
    ranked_by: _RankedBy
    misfit: _Misfit
    leftover: bool = Field(description="Whether a second pass spends unused category budgets.")
    minimum_support: _MinimumSupport


class Proportional(Answer):
    """Divide an amount by votes (docs/protocol.md §14.7)."""

    kind: Literal["proportional"]
    amount: Amount
    contenders: Decimal = Field(description="Number of options that can win, from the first one.")


class Condorcet(Answer):
    """The winner of a pairwise ranking (docs/protocol.md §14.9)."""

    kind: Literal["condorcet"]
    options: Decimal = Field(description="Number of options.")
    method: Literal["schulze", "ranked_pairs", "minimax", "copeland"] = Field(
        description="How a winner is found where options beat one another in a cycle."
    )
    strength: Literal["winning_votes", "margin"] = Field(
        description="By what defeats are compared; not used by Copeland's method."
    )


QuestionOutcome = Annotated[
    NoOutcome | Greedy | Majority | Plurality | Categories | Proportional | Condorcet,
    Field(discriminator="kind"),
]


class Parts(Answer):
    """Each question decides for itself (docs/protocol.md §14.8)."""

    kind: Literal["parts"]
    parts: list[tuple[Decimal, QuestionOutcome]] = Field(
        description="Number of slots and outcome rule of each question in turn."
    )


class BallotOutcome(Answer):
    """A rule on the opened ballots of a shuffled poll (docs/protocol.md §14.10)."""

    objection_time: Decimal = Field(
        description="Seconds between the attested outcome and its becoming final."
    )
    veto_holder: str | None = Field(
        description="The account that may void the outcome meanwhile; null for nobody."
    )


class EqualShares(BallotOutcome):
    """Fund what voters buy together with equal shares of the budget."""

    kind: Literal["equal_shares"]
    costs: _Costs
    budget: Amount
    utility: Literal["cost", "points"] = Field(
        description="Whether a point is worth the cost of its option, or 1."
    )
    completion: Literal["none", "utilitarian", "add_one", "add_one_utilitarian"] = Field(
        description="What is done with money that voters cannot spend."
    )
    increment: Amount = Field(description="By what add-one raises each share; 0 without it.")


class InstantRunoff(BallotOutcome):
    """The option with the fewest votes goes until one has more than half."""

    kind: Literal["instant_runoff"]
    options: Decimal = Field(description="Number of options.")


class TransferableVote(BallotOutcome):
    """The single transferable vote by the rules of Scottish local elections."""

    kind: Literal["transferable_vote"]
    seats: Decimal
    options: Decimal = Field(description="Number of options.")


class Phragmen(BallotOutcome):
    """Fund options by approvals under Phragmén's sequential rule."""

    kind: Literal["phragmen"]
    costs: _Costs
    budget: Amount


Outcome = Annotated[
    NoOutcome
    | Greedy
    | Majority
    | Plurality
    | Categories
    | Proportional
    | Condorcet
    | Parts
    | EqualShares
    | InstantRunoff
    | TransferableVote
    | Phragmen,
    Field(discriminator="kind"),
]


class Option(Answer):
    """A slot of the tally."""

    option: str
    votes: Votes
    award: Amount | None = Field(description="Its award by the outcome rule; null without one.")


class Share(Answer):
    """An option's share of a question's votes."""

    label: str
    count: Votes
    share: Fraction | None = Field(description="Null if nobody voted.")


class Quartile(Answer):
    """The bracket `low` ≤ x < `high` of a histogram in which a quantile lies."""

    quantile: Fraction
    label: str
    low: Decimal
    high: Decimal


class Moments(Answer):
    """Statistics of the numbers given by a group."""

    group: str
    count: Votes
    mean: Fraction | None
    variance: Fraction | None


class Statistics(Answer):
    """Statistics of one question."""

    kind: str = Field(description="Kind of the question.")
    title: str
    shares: list[Share]
    quartiles: list[Quartile]
    groups: list[Moments]
    overall: Moments | None = Field(description="All groups together.")


class Payout(Answer):
    """A proposal of the vote, and whether it is paid."""

    proposal: Hash
    title: str
    recipient: Address
    amount: Amount
    funded: bool
    paid: bool


class RoundPayouts(Answer):
    """Payouts of a round."""

    round: Number
    token: Address | None = Field(description="ERC-20 token; null for the chain's own coin.")
    symbol: str | None = Field(description="The token's symbol; null if it has none.")
    decimals: Count = Field(description="Decimals of an amount; 0 if the token has none.")
    status: Status
    categories: list[str] = Field(
        description="Names of the round's categories; empty if they have none."
    )
    decided: bool = Field(description="Whether the treasury has recorded the winners.")
    payouts_open_at: UnixSeconds | None = Field(
        description="Unix time in seconds from which payouts can be claimed; null before the "
        "decision."
    )
    claimable: bool = Field(
        description="Whether payouts can be claimed now, by the time of the newest block."
    )
    payouts: list[Payout] = Field(description="In the order of the options.")


class EqualBallots(Answer):
    """Opened ballots with the same votes."""

    count: Count = Field(description="Number of these ballots.")
    slots: list[Decimal] = Field(description="What each of them gives to every option, in order.")


class OpenedBallots(Answer):
    """The ballots of a shuffled poll, without their voters (docs/protocol.md §19)."""

    poll: Number
    title: str
    options: list[str] = Field(description="Meaning of each slot of a ballot.")
    counted: Count = Field(description="Number of all ballots.")
    ballots_hash: Hash = Field(description="Hash of the opened ballots (docs/protocol.md §19.11).")
    ballots: list[EqualBallots] = Field(
        description="Sorted by their slots, which says nothing about the order of casting."
    )


class AttestedOutcome(Answer):
    """What the contract knows of an outcome on opened ballots: the word of nodes (§18.11)."""

    state: Literal["none", "awaited", "objectable", "final", "vetoed", "missed"] = Field(
        description="`none` where the tally decides. `objectable` as long as the veto holder may "
        "void it; `missed` if nodes brought none in time."
    )
    attest_by: UnixSeconds | None = Field(
        description="Unix time in seconds until which nodes can bring it; null for `none`."
    )
    attested_at: UnixSeconds | None = Field(description="When they did; null if they did not.")
    objection_ends_at: UnixSeconds | None = Field(
        description="Unix time in seconds from which it is final; null before it is brought."
    )
    veto_holder: Address | None = Field(description="Who may void it; null: nobody.")
    ballots_hash: Hash | None = Field(description="Hash of the ballots from which it follows.")
    awards: list[int] | None = Field(description="1 or 0 for each option.")


class Results(Answer):
    """Tally, winners and, for a round, payouts."""

    poll: Number
    chain_id: Count
    registry: Address
    title: str
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    voters: Count
    total_weight: Weight
    counted: Count = Field(description="Ballots that were counted.")
    root: Hash = Field(description="Root of the counted ballots, as anchored on chain.")
    questions: list[Question]
    outcome: Outcome
    options: list[Option]
    statistics: list[Statistics]
    round: RoundPayouts | None = Field(description="Null for a poll without a round.")
