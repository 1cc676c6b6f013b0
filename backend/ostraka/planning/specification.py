"""What organizers say of a round or a poll: as JSON over HTTP, as TOML in a file.

What is left out has a safe default.
"""

from collections.abc import Sequence
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
from ostraka.planning.round_ballots import RoundBallot, RoundGreedy, RoundOutcome
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import OutcomeRule
from ostraka_verifier.question import Question, poll_rule, read_questions
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.units import Seconds

_DAY_S = 86_400
MAX_ENTRIES = 600_000


class Entry(Strict):
    """Somebody who may vote or propose."""

    account: Address
    weight: Weight = 1
    signing_key: Address | None = None
    """Key that signs for the account, where it is another one."""


class _Weighed(Strict):
    classes: Classes | None = None
    """How voters' weights are made equal within classes: at most how many of them, or how else;
    weights stay as they are when left out."""


class AccountList(_Weighed):
    """Accounts that the organizer names."""

    kind: Literal["list"] = "list"
    accounts: list[Entry] = Field(default=[], max_length=MAX_ENTRIES)


class RegistryMembers(_Weighed):
    """Members of a member registry, read at a finalized block."""

    kind: Literal["members"]
    contract: Address
    voting_keys: bool = False
    """Whether members may have named a key that votes for them."""


class TokenVotes(_Weighed):
    """Holders of votes of an ERC-20 or ERC-721 token (ERC-5805), read at a finalized block."""

    kind: Literal["votes"]
    contract: Address
    unit: Amount = Field(default=1, gt=0)
    """Votes that give a weight of one."""
    voting_keys: bool = False
    """Whether holders may have named a key that votes for them."""


class InvitedAddress(Strict):
    """An invitation: the address of its key, whose secret is the code that its invitee gets."""

    address: Address
    weight: Weight = 1


class Invitations(Strict):
    """People who were each given an invitation; who redeems it votes with a key of their own."""

    kind: Literal["invitations"]
    invitations: list[InvitedAddress] = Field(min_length=1, max_length=MAX_ENTRIES)


Electorate = Annotated[
    AccountList | RegistryMembers | TokenVotes | Invitations, Field(discriminator="kind")
]


class Times(Strict):
    """Durations that the protocol needs."""

    freeze_delay: Duration = Seconds(60)
    """From closing until nodes sign no more receipts."""
    round_duration: Duration = Seconds(60)
    """Of one attempt to settle."""
    max_rounds: Annotated[int, Field(strict=True, ge=1, lt=1 << 32)] = 1440
    dispute_window: Duration = Seconds(_DAY_S)
    """From anchoring until anything is opened."""
    tally_period: Duration = Seconds(30 * _DAY_S)


class _Vote(Strict):
    title: Title
    text: Annotated[str, Field(max_length=16_000)] = ""
    committee: Digest | None = None
    """Digest of the committee that tallies; the gateway's first when left out."""
    secret: bool = True
    shared_keys: bool = False
    """Whether one signing key may sign for several accounts: then fewer people than voters vote.

    Of an electorate on chain it may all the same, where accounts chose so there.
    """
    minimum_ballots: Annotated[int, Field(strict=True, ge=1, lt=1 << 32)] = 5
    times: Times = Times()


class RoundSpecification(_Vote):
    """A round of a shared budget: members propose, voters decide, the treasury pays."""

    token: Address | None = None
    """ERC-20 token; the chain's own coin when left out."""
    budget: Amount = Field(gt=0, lt=1 << 112)
    minimum_amount: Amount = Field(default=1, gt=0)
    """Least that a proposal may ask for."""
    maximum_amount: Amount | None = None
    """Most that a proposal may ask for; the budget when left out."""
    proposals_per_member: Annotated[int, Field(strict=True, ge=1, lt=1 << 16)] = 3
    maximum_proposals: Annotated[int, Field(strict=True, ge=2, le=200)] = 50
    proposals_open_at: Time | None = None
    """Now when left out."""
    proposals_close_at: Time
    voting_opens_at: Time
    voting_closes_at: Time
    claim_period: Duration = Seconds(90 * _DAY_S)
    members: Electorate
    """Who may propose; fixed now."""
    voters: Electorate | None = None
    """Who may vote. The members as they are now when left out; a list is fixed now, invitations are
    fixed now and redeemed until proposals close, a contract is read as of when proposals close."""
    ballot: RoundBallot
    outcome: RoundOutcome = RoundGreedy()

    @property
    def amounts(self) -> tuple[int, int]:
        """Least and most that a proposal may ask for; nothing where votes divide the budget."""
        if self.outcome.kind == "proportional":
            return 0, 0
        most = self.budget if self.maximum_amount is None else self.maximum_amount
        return self.minimum_amount, most

    def check(self) -> BallotRule:
        """The ballot rule of as many proposals as may stand.

        Raises:
            Rejected: There is none, or no proposal could ask for an amount.
        """
        least, most = self.amounts
        if most > self.budget:
            reason = f"{most}, more than the budget of {self.budget}"
            raise Rejected("P2", "maximum_amount", reason)
        if least > most:
            bound = "the budget" if self.maximum_amount is None else "maximum_amount"
            raise Rejected("P2", "minimum_amount", f"{least}, more than {bound} of {most}")
        return round_rules.widest_rule(
            self.ballot.encoded, self.outcome.encoded, self.maximum_proposals, self.budget
        )


class PollSpecification(_Vote):
    """A poll without a round: one question or several, in one ballot."""

    questions: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=320,
        examples=[[{"kind": "single_choice", "title": "Where?", "options": ["Here", "There"]}]],
    )
    """In their JSON form (docs/protocol.md §5.8)."""
    outcomes: list[PollOutcome] | None = None
    """How each question decides; the counts themselves are the results when left out."""
    registration_closes_at: Time | None = None
    """Until then invitations can be redeemed; now when left out, so that nobody can."""
    opens_at: Time | None = None
    """When voting begins; as soon as the nodes are ready when left out."""
    closes_at: Time
    voters: Electorate

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions.

        Raises:
            Malformed: One cannot be read.
            Rejected: One cannot be asked.
        """
        return read_questions(self.questions)

    def check(self) -> BallotRule:
        """The ballot rule.

        Raises:
            Malformed: A question cannot be read.
            Rejected: Questions, or how they decide, are none.
        """
        questions = self.asked
        rule = poll_rule(questions)
        self.outcome_rule(questions)
        return rule

    def outcome_rule(self, questions: Sequence[Question]) -> OutcomeRule:
        """How the poll decides; Rejected when it cannot."""
        return poll_outcome_rule(questions, self.outcomes)
