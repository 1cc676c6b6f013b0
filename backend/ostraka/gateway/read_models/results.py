"""Results of polls in the API, from the chain only."""

from collections.abc import Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, cast

from ostraka.chain.registry import OutcomeState, PollView, Status
from ostraka.chain.treasury import RoundStatus
from ostraka.gateway.answers.results import AttestedOutcome, Option, Payout, Results, RoundPayouts
from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.read_models.currencies import Currencies
from ostraka.gateway.read_models.polls import questions_of, void_reason
from ostraka.gateway.read_models.proposals import ProposalReader
from ostraka.planning.round_rules import text_and_names
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.outcome import (
    BallotOutcome,
    Condorcet,
    EqualShares,
    Greedy,
    GreedyByCategory,
    InstantRunoff,
    Majority,
    NoOutcome,
    OutcomeRule,
    Parts,
    Phragmen,
    Plurality,
    Proportional,
    TransferableVote,
)
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.statistics import poll_statistics
from ostraka_verifier.wording import counted

Json = dict[str, Any]


class ResultReader:
    """Reads results of one gateway's polls."""

    def __init__(
        self, gateway: GatewayContext, currencies: Currencies, proposals: ProposalReader
    ) -> None:
        self._gateway = gateway
        self._currencies = currencies
        self._proposals = proposals

    def of(self, poll_id: int) -> Results:
        """Return tally, winners and, for a round, payouts, from the chain only.

        Raises:
            Problem: There is no tally yet, or there will never be one.
        """
        poll, view = self._gateway.poll(poll_id)
        require_tally(view)
        accepted = self._gateway.event(REGISTRY, "TallyAccepted", poll_id)
        tally = [int(value) for value in cast(list[str], accepted["tally"])]
        rule = poll.outcome_rule
        awards = self._awards(poll_id, rule, tally)
        options = [
            Option(
                option=name,
                votes=str(votes),
                award=None if awards is None else str(awards[slot]),
            )
            for slot, (name, votes) in enumerate(zip(poll.description.options, tally, strict=True))
        ]
        questions = questions_of(poll)
        return Results(
            poll=str(poll_id),
            chain_id=poll.identity.chain_id,
            registry=to_hex(poll.identity.registry),
            title=poll.description.title,
            opens_at=poll.parameters.opens_at,
            closes_at=poll.parameters.closes_at,
            voters=poll.parameters.voters,
            total_weight=str(poll.parameters.total_weight),
            counted=view.root.count,
            root=to_hex(view.root.hash),
            questions=[one.to_json() for one in questions],
            outcome=outcome_rule_json(rule),
            options=options,
            statistics=[one.to_json() for one in poll_statistics(questions, tally)]
            if questions
            else [],
            round=self._payouts(poll, view),
        )

    def attested(self, poll_id: int) -> AttestedOutcome:
        """Return what the contract knows of an outcome on opened ballots.

        Raises:
            Problem: As for `of`.
        """
        _, view = self._gateway.poll(poll_id)
        require_tally(view)
        found = self._gateway.registry.outcome(poll_id)
        is_there = bool(found.attested_at)
        return AttestedOutcome(
            state=found.state.name.lower(),
            attest_by=found.attest_by or None,
            attested_at=found.attested_at or None,
            objection_ends_at=found.objection_ends_at or None,
            veto_holder=to_hex(found.veto_holder) if any(found.veto_holder) else None,
            ballots_hash=to_hex(found.ballots_hash) if is_there else None,
            awards=list(found.awards) if is_there else None,
        )

    def _awards(
        self, poll_id: int, rule: OutcomeRule, tally: Sequence[int]
    ) -> Sequence[int] | None:
        """Return the awards; None without an outcome, and while nodes have not brought one."""
        if isinstance(rule, NoOutcome):
            return None
        if not isinstance(rule, BallotOutcome):
            return rule.awards(tally)
        found = self._gateway.registry.outcome(poll_id)
        return found.awards if found.state in _STANDING else None

    def _payouts(self, poll: PublishedPoll, view: PollView) -> RoundPayouts | None:
        reference = poll.description.round
        treasury = self._gateway.treasury
        if reference is None or reference.treasury != treasury.address:
            return None
        if view.creator != treasury.address:
            return None
        state = treasury.round(reference.round_id)
        symbol, decimals = self._currencies.of(state.parameters.token)
        return RoundPayouts(
            round=str(reference.round_id),
            token=to_hex(state.parameters.token) if any(state.parameters.token) else None,
            symbol=symbol,
            decimals=decimals,
            status=state.status.name.lower(),
            categories=self._categories(reference.round_id, state.parameters.outcome),
            decided=state.claims_end_at != 0,
            payouts_open_at=state.payouts_open_at or None,
            claimable=state.status is RoundStatus.DECIDED
            and self._gateway.registry.head().timestamp >= state.payouts_open_at,
            payouts=[
                Payout(
                    proposal=one.proposal,
                    title=one.title,
                    recipient=one.recipient,
                    amount=one.amount,
                    funded=one.funded,
                    paid=one.paid,
                )
                for one in self._proposals.of_round(reference.round_id)
                if not one.withdrawn
            ],
        )

    def _categories(self, round_id: int, outcome: bytes) -> list[str]:
        created = self._gateway.event(TREASURY, "RoundCreated", round_id)
        return text_and_names(str(created["text"]), outcome)[1]


_STANDING = (OutcomeState.OBJECTABLE, OutcomeState.FINAL)
"""States of an outcome that is on chain and not void."""
_OUTCOMES: dict[type[OutcomeRule], str] = {
    NoOutcome: "none",
    Greedy: "greedy",
    Majority: "majority",
    Plurality: "plurality",
    GreedyByCategory: "categories",
    Proportional: "proportional",
    Condorcet: "condorcet",
    Parts: "parts",
    EqualShares: "equal_shares",
    InstantRunoff: "instant_runoff",
    TransferableVote: "transferable_vote",
    Phragmen: "phragmen",
}


def outcome_rule_json(rule: OutcomeRule) -> Json:
    """Return an outcome rule with its parameters; integers in decimal."""
    members = {field.name: _plain(getattr(rule, field.name)) for field in fields(rule)}  # type: ignore[arg-type]
    return {"kind": _OUTCOMES[type(rule)], **members}


def _plain(value: object) -> object:
    if isinstance(value, OutcomeRule):
        return outcome_rule_json(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return to_hex(value) if any(value) else None
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool) else str(value)


def require_tally(view: PollView) -> None:
    """Raise Problem unless a poll has a tally: there is none yet, or there will never be one."""
    if view.status is Status.VOID:
        raise Problem(ProblemType.POLL_VOID, _why_void(view), "poll")
    if view.status is not Status.TALLIED:
        detail = f"the poll is {view.status.name.lower()}"
        raise Problem(ProblemType.NOT_TALLIED, detail, "poll", 5)


def _why_void(view: PollView) -> str:
    """Return in words why a poll became void."""
    match void_reason(view):
        case "unopened":
            return "the poll did not open, because not all nodes had signed its keys in time"
        case "unanchored":
            return "the nodes brought no root of the ballots in time"
        case "few-ballots":
            ballots = counted(view.root.count, "ballot", "ballots")
            return f"{ballots}, fewer than the minimum of {view.minimum_ballots}"
        case "contested":
            return "a dispute about the root was not decided in time"
    return "no tally arrived in time"
