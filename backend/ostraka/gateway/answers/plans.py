"""Plans: the organizers' specifications and their progress."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from ostraka.gateway.answers.electorates import CensusOrigin
from ostraka.gateway.answers.transactions import PlannedTransaction
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.wire.answers import Address, Answer, Count, Hash, Number, PlanId
from ostraka.wire.problems import ProblemDocument

_DEFAULTS_WRITTEN = ConfigDict(
    extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
)
_Weight = Annotated[int, Field(ge=1, lt=1 << 64)]


class PlannedEntry(Answer):
    """An account that may vote or propose."""

    account: Address
    weight: _Weight
    signing_key: Address | None


class PlannedInvitation(Answer):
    """An invitation, by the address of its key."""

    address: Address
    weight: _Weight


class PlannedElectorate(Answer):
    """An electorate as specified; members that its kind does not have are absent."""

    kind: Literal["list", "members", "votes", "invitations"]
    classes: int | str | None = Field(
        default=None,
        description="How weights are made equal within classes: the largest number of classes, or "
        "another rule.",
    )
    accounts: list[PlannedEntry] | None = Field(
        default=None, description="For a list; absent from a brief answer."
    )
    contract: Address | None = Field(default=None)
    voting_keys: bool | None = Field(default=None)
    unit: int | None = Field(default=None, description="Votes that give a weight of one.")
    invitations: list[PlannedInvitation] | None = Field(
        default=None, description="For invitations; absent from a brief answer."
    )


class PlannedRound(RoundSpecification):
    """The specification of a round, defaults included."""

    model_config = _DEFAULTS_WRITTEN

    members: PlannedElectorate  # type: ignore[assignment]
    voters: PlannedElectorate | None = None  # type: ignore[assignment]


class PlannedPoll(PollSpecification):
    """The specification of a poll without a round, defaults included."""

    model_config = _DEFAULTS_WRITTEN

    voters: PlannedElectorate  # type: ignore[assignment]


class LeakWarning(Answer):
    """One way in which a result may reveal votes."""

    code: str = Field(description="Kind of warning, for programs.")
    numbers: dict[str, Any] = Field(description="Its numbers by name; shares as `p/q`.")
    sentence: str = Field(description="The warning in English.")
    refused: bool = Field(description="Whether nodes refuse such a poll.")


class InvitationCounts(Answer):
    """Numbers of invitations."""

    issued: Count
    redeemed: Count


class Plan(Answer):
    """A round or poll that this gateway organizes."""

    plan: PlanId
    round: Number | None
    poll: Number | None = Field(description="Null before the poll is on chain.")
    specification: PlannedRound | PlannedPoll
    census_source: CensusOrigin | None = Field(
        description="Source of the census; null while it is not fixed, or if the organizer listed "
        "it."
    )
    nonce: Hash | None = Field(description="For a poll by invitation without a round.")
    census_fixed: bool
    warnings: list[LeakWarning] = Field(description="How the poll may reveal votes.")
    finished: bool
    problem: ProblemDocument | None = Field(description="Why it waits; null if it does not.")
    invitations: InvitationCounts
    transactions: list[PlannedTransaction]


class DryRun(Answer):
    """How a round or poll may reveal votes; nothing was created."""

    plan: None = None
    round: None = None
    poll: None = None
    warnings: list[LeakWarning]
