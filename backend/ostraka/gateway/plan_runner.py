"""Run each plan as chain time allows: census, opening, anchoring, tally, decision.

After a crash, the state is read from the chain. Anybody could do what the gateway does here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.registry import OutcomeState, Status
from ostraka.chain.treasury import RoundStatus
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.description import poll_description, round_description
from ostraka.gateway.known_polls import warnings_of
from ostraka.gateway.outcomes import problem_of
from ostraka.gateway.plans import Fixed, specification_of
from ostraka.gateway.rounds import Rounds
from ostraka.planning.asked_poll import electorate_of, planned_poll, to_shuffle
from ostraka.planning.electorates import invited_census
from ostraka.planning.feasibility import field_of_weights, weights_objection
from ostraka.planning.leaks import AskedPoll
from ostraka.planning.specification import (
    AccountList,
    Invitations,
    PollSpecification,
    RoundSpecification,
)
from ostraka.storage.gateway_tables import Invitation, Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.description import Description
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import AuditError
from ostraka_verifier.outcome import BallotOutcome, outcome_rule_digest
from ostraka_verifier.parameters import PollParameters
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import poll_rule
from ostraka_verifier.redemption import Redemption, Redemptions
from ostraka_verifier.snapshot import InvitedCensus
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted

log = structlog.get_logger()

_RETRY_S, _LONGEST_RETRY_S = 3, 30
"""Pause before a plan with a problem is tried again, and the pause after many failures."""
_QUICK_RETRIES = 20
"""Number of failures after which the pauses become longer."""
_SURE_S = 30
"""A plan is also advanced without a new block after that time: a replica may have lagged behind."""
_PUSH_S, _PUSH_AT_REST_S = 5, 120
"""Interval of checks on transactions that no request waits for, and without pending ones."""


_OVER = (RoundStatus.DECIDED, RoundStatus.EXPIRED, RoundStatus.VOID, RoundStatus.VETOED)
"""Of rounds that the gateway has nothing left to do for."""


@dataclass(frozen=True)
class _Attempt:
    """The last attempt to advance a plan: at which block, when, and failures in a row."""

    block: Head | None = None
    at_monotonic_s: float = 0
    failures: int = 0

    def is_over(self, newest: Head | None) -> bool:
        """Whether the next attempt is due."""
        since_s = time.monotonic() - self.at_monotonic_s
        if self.failures:
            longer = max(0, self.failures - _QUICK_RETRIES)
            return since_s >= min(_RETRY_S * 1.5 ** min(longer, 9), _LONGEST_RETRY_S)
        return newest is None or newest != self.block or since_s >= _SURE_S

    def next(self, newest: Head | None, *, failed: bool) -> "_Attempt":
        """Return the attempt that ends now."""
        return _Attempt(newest, time.monotonic(), self.failures + 1 if failed else 0)


class PlanRunner:
    """Runs the plans of one gateway."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._courier = Courier(gateway.registry, gateway.account)
        self._rounds = Rounds(gateway)
        self._attempts: dict[str, _Attempt] = {}
        self._checked_at_monotonic_s = self._pushed_at_monotonic_s = 0.0

    def tick(self, newest: Head | None = None) -> None:
        """Advance every plan that can be advanced now.

        Args:
            newest: Newest block. A plan without a problem is advanced once at each; None advances
                all plans that do not pause.
        """
        self._push()
        unfinished = self._gateway.plans.unfinished()
        self._attempts = {one: self._attempts[one] for one in unfinished if one in self._attempts}
        for plan_id in unfinished:
            last = self._attempts.get(plan_id, _Attempt())
            if not last.is_over(newest):
                continue
            plan = self._gateway.plans.find(plan_id)
            if plan is None or plan.finished:
                continue
            if plan.is_round and plan.round_id is None and not self._rounds.begun(plan):
                # A request of its organizer is working on it.
                continue
            problem = None
            try:
                self._advance(plan)
            except (ChainError, CourierError, AuditError, Problem) as error:
                problem = _shown(problem_of(error))
                log.warning("plan waits", plan=plan.id, problem=str(error))
            except Exception as error:
                # One plan's failure must not stop the others.
                problem = _shown(problem_of(error))
                log.exception("plan failed", plan=plan.id)
            self._attempts[plan_id] = last.next(newest, failed=problem is not None)
            if problem != plan.problem:
                plan.problem = problem
                self._gateway.plans.save(plan)

    def _push(self) -> None:
        """Send pending transactions again, also for clients that disconnected and paused plans."""
        now_monotonic_s = time.monotonic()
        if now_monotonic_s < self._checked_at_monotonic_s + _PUSH_S:
            return
        self._checked_at_monotonic_s = now_monotonic_s
        # Without any, only a deep reorganization can make one pending again.
        rests = now_monotonic_s < self._pushed_at_monotonic_s + _PUSH_AT_REST_S
        if rests and not self._gateway.has_pending():
            return
        self._pushed_at_monotonic_s = now_monotonic_s
        try:
            self._gateway.push()
        except ChainError as error:
            log.warning("chain unreachable", problem=str(error))

    def _advance(self, plan: Plan) -> None:
        wanted = specification_of(plan)
        if isinstance(wanted, RoundSpecification):
            self._advance_round(plan, wanted)
        else:
            self._advance_own_poll(plan, wanted)

    def _advance_round(self, plan: Plan, wanted: RoundSpecification) -> None:
        gateway = self._gateway
        round_id = self._rounds.number(plan)
        view = gateway.treasury.round(round_id)
        if view.status is RoundStatus.NONE:
            raise Problem(ProblemType.ROUND_REVERTED, "a reorganization removed the round")
        if view.status is RoundStatus.READY:
            if view.deposited < view.parameters.budget:
                detail = f"{view.deposited} of {view.parameters.budget} are deposited"
                raise Problem(ProblemType.UNDERFUNDED, detail)
            self._start_voting(plan, wanted, round_id)
        elif view.status is RoundStatus.VOTING:
            if plan.poll_id != view.poll_id:
                plan.poll_id = view.poll_id
                gateway.plans.save(plan)
            self._advance_poll(plan)
        elif view.status is RoundStatus.TALLIED:
            poll, _ = gateway.poll(view.poll_id)
            if self._outcome_known(plan, poll):
                self._decide(plan, round_id, poll)
        elif view.status in _OVER:
            self._finish(plan)

    def _start_voting(self, plan: Plan, wanted: RoundSpecification, round_id: int) -> None:
        gateway = self._gateway
        census = self._census(plan, wanted)
        described = round_description(
            gateway.treasury, round_id, plan.source, _shares_keys(wanted, census)
        )
        options = Description.decode(described).options
        self._warn(plan, planned_poll("this round", wanted, census, options))
        plan.poll_id, sent = gateway.treasury.start_voting(
            gateway.errand(f"start voting {plan.id}"), round_id, census, described
        )
        gateway.plans.save(plan)
        gateway.record(plan, "start voting", sent)

    def _outcome_known(self, plan: Plan, poll: PublishedPoll) -> bool:
        """Return whether the outcome of a tallied poll is final, or lost; bring what nodes attest.

        While its veto holder may object, there is nothing to do.
        """
        if not isinstance(poll.outcome_rule, BallotOutcome):
            return True
        state = self._gateway.registry.outcome(poll.poll_id).state
        if state is OutcomeState.AWAITED:
            _, sent = self._courier.attest(poll, 0)
            self._gateway.record(plan, "attest outcome", sent)
            return False
        return state not in (OutcomeState.NONE, OutcomeState.OBJECTABLE)

    def _decide(self, plan: Plan, round_id: int, poll: PublishedPoll) -> None:
        gateway = self._gateway
        tally = gateway.registry.tally(poll.poll_id)
        if tally is None:
            raise Problem(ProblemType.NOT_INDEXED, "the chain does not show the tally")
        sent = gateway.treasury.decide(
            gateway.errand(f"decide {plan.id}"),
            round_id,
            tally.values,
            poll.outcome_rule.order(tally.values),
        )
        gateway.record(plan, "decide", sent)

    def _advance_own_poll(self, plan: Plan, wanted: PollSpecification) -> None:
        gateway = self._gateway
        errand = gateway.errand(f"create poll {plan.id}")
        if errand.begun:
            if plan.poll_id is None or not errand.settled:
                # After a reorganization the poll may have another number.
                poll_id, sent = gateway.registry.poll_created_by(errand)
                gateway.record(plan, "create poll", sent)
                if poll_id != plan.poll_id:
                    plan.poll_id = poll_id
                    gateway.plans.save(plan)
            self._advance_poll(plan)
            status = gateway.registry.poll(plan.poll_id or 0).status
            if status is Status.VOID or (
                status is Status.TALLIED
                and self._outcome_known(plan, gateway.poll(plan.poll_id or 0)[0])
            ):
                self._finish(plan)
            return
        now = gateway.registry.head().timestamp
        if now < (wanted.registration_closes_at or now):
            return
        if now >= wanted.closes_at:
            # Saved together with the problem, which is permanent.
            plan.finished = True
            raise Problem(ProblemType.TOO_LATE, "voting would end before it begins")
        self._create_poll(plan, wanted, now)

    def _create_poll(self, plan: Plan, wanted: PollSpecification, now: UnixSeconds) -> None:
        gateway = self._gateway
        census = self._census(plan, wanted)
        self._warn(plan, planned_poll("this poll", wanted, census))
        questions = wanted.asked
        shared_keys = _shares_keys(wanted, census)
        described = poll_description(wanted, plan.id, plan.source, shared_keys)
        rule, outcome = poll_rule(questions), wanted.outcome_rule(questions).encode()
        parameters = PollParameters(
            committee=gateway.committee(wanted.committee, to_shuffle(wanted, census, rule)),
            rule=rule.digest,
            outcome_rule=outcome_rule_digest(outcome),
            description=keccak256(described),
            census_root=census.root,
            voters=len(census),
            total_weight=census.total_weight,
            secret=wanted.secret,
            opens_at=max(now, wanted.opens_at or now),
            closes_at=wanted.closes_at,
            minimum_ballots=wanted.minimum_ballots,
            **wanted.counted,
            **wanted.times.fixed(gateway.registry.period_floor(), gateway.registry.is_disputable()),
        )
        plan.poll_id, sent = gateway.registry.create_poll(
            gateway.errand(f"create poll {plan.id}"),
            parameters,
            census.tree,
            rule.encode(),
            outcome,
            described,
        )
        gateway.record(plan, "create poll", sent)
        gateway.plans.save(plan)

    def _census(self, plan: Plan, wanted: RoundSpecification | PollSpecification) -> Census:
        """Fix a plan's census; it is on the disk before anything depends on it."""
        # Retry until no registration arrives while the census is built.
        while plan.census is None:
            used = [one for one in self._gateway.plans.invitations(plan) if one.signing_key]
            self._gateway.plans.fix_census(plan, self._voters(plan, wanted, used), len(used))
        census = Census.decode(plan.census)
        least = max(wanted.minimum_ballots, wanted.opens_from)
        if least > len(census):
            # Too few people redeemed invitations or hold votes.
            needed = counted(least, "ballot", "ballots")
            detail = f"{len(census)} may vote, and the poll needs {needed}"
            raise Problem(ProblemType.TOO_FEW_VOTERS, detail)
        objection = weights_objection(wanted, census)
        if objection is not None:
            raise Problem(ProblemType.INVALID_REQUEST, objection, field_of_weights(wanted))
        return census

    def _voters(
        self,
        plan: Plan,
        wanted: RoundSpecification | PollSpecification,
        used: Sequence[Invitation],
    ) -> Fixed:
        """Return the voters as of now, or as of the close of a round's proposals."""
        electorate = electorate_of(wanted)
        if isinstance(electorate, Invitations):
            return _redeemed(electorate, used, plan.nonce)
        if isinstance(wanted, RoundSpecification) and not isinstance(electorate, AccountList):
            at = wanted.proposals_close_at
            census, source = self._gateway.electorates.census_at(electorate, at)
            return Fixed(census, source.to_json())
        listed, origin = self._gateway.electorates.census(electorate)
        return Fixed(listed, origin.to_json() if origin else None)

    def _warn(self, plan: Plan, poll: AskedPoll) -> None:
        """Store the poll's leak warnings, now that its voters are known."""
        plan.warnings = [one.to_json() for one in warnings_of(self._gateway, poll, plan)]
        self._gateway.plans.save(plan)

    def _advance_poll(self, plan: Plan) -> None:
        gateway = self._gateway
        poll_id = plan.poll_id or 0
        poll, view = gateway.served(poll_id)
        now = gateway.registry.head().timestamp
        if view.status is Status.CREATED:
            self._open(plan, poll)
        elif view.status is Status.CLOSED and now >= poll.parameters.freezes_at:
            _, sent = self._courier.anchor(poll, 0)
            gateway.record(plan, "anchor", sent)
        elif view.status is Status.RELEASABLE:
            _, sent = self._courier.tally(poll, gateway.curve, 0)
            gateway.record(plan, "tally", sent)

    def _open(self, plan: Plan, poll: PublishedPoll) -> None:
        if plan.census is None:
            raise Problem(ProblemType.CENSUS_UNKNOWN, "this gateway did not fix the poll's census")
        sent = self._courier.open_poll(poll, plan.census + (plan.redemptions or b""))
        self._gateway.record(plan, "open poll", sent)

    def _finish(self, plan: Plan) -> None:
        plan.finished, plan.problem = True, None
        self._gateway.plans.save(plan)
        log.info("plan finished", plan=plan.id, poll=plan.poll_id)


def _shares_keys(wanted: RoundSpecification | PollSpecification, census: Census) -> bool:
    """Whether the poll allows one key to sign for several accounts.

    On chain each account chooses its key: two that chose the same must not prevent the opening.
    """
    if isinstance(electorate_of(wanted), AccountList | Invitations):
        return wanted.shared_keys
    return wanted.shared_keys or census.shared_keys().number > 0


def _redeemed(electorate: Invitations, used: Sequence[Invitation], nonce: bytes | None) -> Fixed:
    """Return the census of the redeemed invitations, with the proofs."""
    if not used:
        raise Problem(ProblemType.NOBODY_REGISTERED, "no invitation was redeemed")
    invited = invited_census(electorate)
    census = Census(
        tuple(CensusEntry(one.address, one.signing_key or b"", one.weight) for one in used)
    )
    records = tuple(Redemption(one.by_invitation or b"", one.by_signing_key or b"") for one in used)
    origin = InvitedCensus(invited.root, nonce).to_json()
    return Fixed(census, origin, Redemptions(invited, records).encode())


def _shown(problem: Problem) -> dict[str, Any]:
    """Return a plan's problem for storage: nodes can send any text, and databases refuse some."""
    problem.detail = problem.detail.replace("\0", " ")
    return problem.to_json()
