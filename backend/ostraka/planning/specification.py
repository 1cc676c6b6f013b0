"""Specification of a round or a poll: JSON over HTTP, TOML in a file.

Members that are left out have safe defaults.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from ostraka.planning import round_rules
from ostraka.planning.fields import (
    Address,
    Amount,
    Classes,
    Digest,
    Duration,
    Strict,
    Time,
    Title,
    Weight,
)
from ostraka.planning.poll_outcomes import PollOutcome, poll_outcome_rule
from ostraka.planning.question_members import refuse_unknown_members
from ostraka.planning.round_ballots import (
    RoundBallot,
    RoundCategories,
    RoundGreedy,
    RoundOutcome,
)
from ostraka_verifier.category_names import named_text
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import OutcomeRule
from ostraka_verifier.parameters import LEAST_ANSWERS, MINIMUM_OPENED, SHUFFLED
from ostraka_verifier.question import Question, poll_rule, read_questions
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.units import Seconds

_DAY_S = 86_400
MAX_ENTRIES = 600_000


class Entry(Strict):
    """An account that may vote or propose."""

    account: Address
    weight: Weight = 1
    signing_key: Address | None = None
    """Key that signs for the account, if it is not the account's own."""


class _Weighed(Strict):
    classes: Classes | None = None
    """How weights are made equal within classes: the largest number of classes, or another rule.

    If left out, weights are used unchanged.
    """


class AccountList(_Weighed):
    """Accounts that the organizer names."""

    kind: Literal["list"] = "list"
    accounts: list[Entry] = Field(default=[], max_length=MAX_ENTRIES)


class RegistryMembers(_Weighed):
    """Members of a member registry, read at a finalized block."""

    kind: Literal["members"]
    contract: Address
    voting_keys: bool = False
    """Whether members may appoint a key that votes for them."""


class TokenVotes(_Weighed):
    """Holders of votes of an ERC-20 or ERC-721 token (ERC-5805), read at a finalized block."""

    kind: Literal["votes"]
    contract: Address
    unit: Amount = Field(default=1, gt=0)
    """Number of token votes that give a weight of 1."""
    voting_keys: bool = False
    """Whether holders may appoint a key that votes for them."""


class InvitedAddress(Strict):
    """An invitation: the address of its key. The code that the invited person gets is its
    secret."""

    address: Address
    weight: Weight = 1


class Invitations(Strict):
    """Invited people; each redeems an invitation and then votes with a key of their own."""

    kind: Literal["invitations"]
    invitations: list[InvitedAddress] = Field(min_length=1, max_length=MAX_ENTRIES)


Electorate = Annotated[
    AccountList | RegistryMembers | TokenVotes | Invitations, Field(discriminator="kind")
]


class Times(Strict):
    """Durations that the protocol needs."""

    freeze_delay: Duration = Seconds(60)
    """From closing until nodes stop signing receipts."""
    round_duration: Duration = Seconds(60)
    """Length of one settling round."""
    max_rounds: Annotated[int, Field(strict=True, ge=1, lt=1 << 32)] = 1440
    dispute_window: Duration = Seconds(_DAY_S)
    """From anchoring until shares are released, unless the root is disputed."""
    tally_period: Duration = Seconds(30 * _DAY_S)
    shuffle_period: Duration | None = None
    """In a shuffled poll, from the end of the dispute window until nodes open the sum only; by
    default a day, and at most half of the tally period."""
    response_time: Duration | None = None
    """Time to answer a challenge of the root; by default a quarter of the dispute window."""
    max_dispute_delay: Duration | None = None
    """By how much disputes may lengthen the dispute window; by default four times response_time,
    which is the minimum."""

    @property
    def fixed_shuffle_period(self) -> Seconds:
        """Time in which nodes shuffle, if the poll is shuffled."""
        return self.shuffle_period or Seconds(max(1, min(_DAY_S, self.tally_period // 2)))

    def fixed(self, period_floor: Seconds, disputable: bool) -> dict[str, Any]:
        """Return every duration apart from the shuffle's, as a poll of a registry fixes it (§4.1).

        Args:
            period_floor: Shortest response time that the registry takes.
            disputable: Whether the registry has disputes; without them, their times are 0.
        """
        fixed = self.model_dump(exclude={"shuffle_period"})
        if not disputable:
            return fixed | {"response_time": 0, "max_dispute_delay": 0}
        # Four answers one after another then take as long as the window itself: disputes at most
        # double it, and nodes that are down for some hours can still answer.
        response = self.response_time or max(self.dispute_window // LEAST_ANSWERS, period_floor, 1)
        delay = self.max_dispute_delay or LEAST_ANSWERS * response
        return fixed | {"response_time": response, "max_dispute_delay": delay}


class _Vote(Strict):
    title: Title
    text: Annotated[str, Field(max_length=16_000)] = ""
    committee: Digest | None = None
    """Digest of the committee that tallies; by default the gateway's first."""
    secret: bool = True
    shared_keys: bool = False
    """Whether one signing key may sign for several accounts; fewer people than accounts then vote.

    In an electorate on chain, accounts may share a key in any case if they chose so there.
    """
    minimum_ballots: Annotated[int, Field(strict=True, ge=1, lt=1 << 32)] = 5
    times: Times = Times()


class RoundSpecification(_Vote):
    """A round of a shared budget: members propose, voters decide, the treasury pays."""

    token: Address | None = None
    """ERC-20 token; by default the chain's own coin."""
    budget: Amount = Field(gt=0, lt=1 << 112)
    minimum_amount: Amount = Field(default=1, gt=0)
    """Minimum that a proposal may ask for."""
    maximum_amount: Amount | None = None
    """Maximum that a proposal may ask for; by default the budget."""
    proposals_per_member: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)] = 3
    maximum_proposals: Annotated[int, Field(strict=True, ge=2, le=200)] = 50
    proposals_open_at: Time | None = None
    """By default now."""
    proposals_close_at: Time
    voting_opens_at: Time
    voting_closes_at: Time
    claim_period: Duration = Seconds(90 * _DAY_S)
    """From the end of the payout delay, in which winners are paid."""
    payout_delay: Duration | None = None
    """From the decision until winners are paid; by default a day where somebody may veto, and
    otherwise no time."""
    veto_holder: Address | None = None
    """Account that may veto all payouts within that time; by default nobody."""
    members: Electorate
    """Who may propose; fixed now."""
    voters: Electorate | None = None
    """Who may vote; by default the current members. A list is fixed now; invitations are fixed now
    and redeemed until proposals close; a contract is read as of the close of proposals."""
    ballot: RoundBallot
    outcome: RoundOutcome = RoundGreedy()

    @property
    def named_text(self) -> str:
        """The text that the chain gets: with the names of categories, if they have any."""
        names = self.outcome.names if isinstance(self.outcome, RoundCategories) else None
        return named_text(self.text, names) if names else self.text

    @property
    def is_shuffled(self) -> bool:
        """Whether every ballot will be opened, without its voter's name (§17.7)."""
        return round_rules.opens_ballots(self.outcome.encoded)

    @property
    def opens_from(self) -> int:
        """Number of ballots from which on they are opened one by one; 0 in a summed round."""
        return self.minimum_ballots if self.is_shuffled else 0

    @property
    def fixed_payout_delay(self) -> Seconds:
        """Time from the decision until payouts open."""
        return self.payout_delay or Seconds(_DAY_S if self.veto_holder else 0)

    @property
    def amounts(self) -> tuple[int, int]:
        """Minimum and maximum that a proposal may ask for; 0 and 0 if votes divide the budget."""
        if self.outcome.kind == "proportional":
            return 0, 0
        most = self.budget if self.maximum_amount is None else self.maximum_amount
        return self.minimum_amount, most

    def check(self) -> BallotRule:
        """Return the ballot rule for the largest number of proposals.

        Raises:
            Rejected: No rule is possible, or no proposal could ask for an amount.
        """
        self.check_amounts()
        return round_rules.widest_rule(
            self.ballot.encoded, self.outcome.encoded, self.maximum_proposals, self.budget
        )

    def check_amounts(self, written: Callable[[int], str] = str) -> None:
        """Check that a proposal can ask for an amount.

        Args:
            written: Writes an amount in the smallest unit for the reason.

        Raises:
            Rejected: No amount is possible.
        """
        least, most = self.amounts
        if most > self.budget:
            reason = f"{written(most)}, more than the budget of {written(self.budget)}"
            raise Rejected("P2", "maximum_amount", reason)
        if least > most:
            bound = "the budget" if self.maximum_amount is None else "maximum_amount"
            reason = f"{written(least)}, more than {bound} of {written(most)}"
            raise Rejected("P2", "minimum_amount", reason)


class PollSpecification(_Vote):
    """A poll without a round: one or several questions in one ballot."""

    questions: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=320,
        examples=[[{"kind": "single_choice", "title": "Where?", "options": ["Here", "There"]}]],
    )
    """In their JSON form (docs/protocol.md §5.8)."""
    outcomes: list[PollOutcome] | None = None
    """How each question decides; by default the counts themselves are the results."""
    registration_closes_at: Time | None = None
    """Invitations can be redeemed until then; by default now, so that nobody can."""
    opens_at: Time | None = None
    """When voting begins; by default as soon as the nodes are ready."""
    closes_at: Time
    voters: Electorate
    counting: Literal["summed", "shuffled"] = "summed"
    """Whether nodes open only the sum of all ballots, or every ballot without its voter's name.

    Shuffled polls need voters of equal weight and a committee that can shuffle.
    """
    open_minimum: Annotated[int, Field(strict=True, ge=MINIMUM_OPENED, lt=1 << 32)] | None = None
    """Ballots without which a shuffled poll opens their sum only; by default minimum_ballots, and
    at least 5."""
    rehearsal: bool = False
    """Whether it only rehearses another vote; its description then has `"rehearsal": true`."""

    @property
    def is_shuffled(self) -> bool:
        """Whether every ballot will be opened, without its voter's name (§19)."""
        return self.counting == "shuffled"

    @property
    def opens_from(self) -> int:
        """Number of ballots from which on they are opened one by one; 0 in a summed poll."""
        if not self.is_shuffled:
            return 0
        return self.open_minimum or max(self.minimum_ballots, MINIMUM_OPENED)

    @property
    def counted(self) -> dict[str, Any]:
        """How the poll counts, as its parameters fix it (§4.1)."""
        if not self.is_shuffled:
            return {}
        return {
            "counting": SHUFFLED,
            "open_minimum": self.opens_from,
            "shuffle_period": self.times.fixed_shuffle_period,
        }

    @property
    def asked(self) -> tuple[Question, ...]:
        """Return the questions.

        Raises:
            Malformed: A question cannot be read.
            Rejected: A question cannot be asked.
        """
        refuse_unknown_members(self.questions)
        return read_questions(self.questions)

    def check(self) -> BallotRule:
        """Return the ballot rule.

        Raises:
            Malformed: A question cannot be read.
            Rejected: Questions or outcomes are invalid.
        """
        questions = self.asked
        rule = poll_rule(questions)
        self.outcome_rule(questions)
        return rule

    def outcome_rule(self, questions: Sequence[Question]) -> OutcomeRule:
        """Return the poll's outcome rule; Rejected if it is impossible."""
        return poll_outcome_rule(questions, self.outcomes)
