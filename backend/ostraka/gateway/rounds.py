"""Create rounds of a shared budget on chain, fund them and refund unused money."""

from dataclasses import replace

from ostraka.chain.contract import ChainError, Sent
from ostraka.chain.sending import Errand
from ostraka.chain.treasury import ElectorateKind, RoundElectorate, RoundParameters, Token
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.known_polls import warnings_of
from ostraka.gateway.plans import PLAN_DIGITS, Fixed, specification_of
from ostraka.planning.asked_poll import (
    census_so_far,
    electorate_of,
    planned_poll,
    to_shuffle,
)
from ostraka.planning.electorates import census_of_list, invited_census
from ostraka.planning.feasibility import refuse_impossible, refuse_wrong_periods
from ostraka.planning.leaks import LeakWarning
from ostraka.planning.specification import AccountList, Invitations, RoundSpecification
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex
from ostraka_verifier.census import Census
from ostraka_verifier.errors import Rejected
from ostraka_verifier.snapshot import CensusSource
from ostraka_verifier.weight_classes import in_classes


class Rounds:
    """Rounds that one gateway creates and funds from its own account."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway

    def create(self, wanted: RoundSpecification, request: str) -> Plan:
        """Create a round on chain.

        Args:
            request: Identifier in hex; the same request creates the same round.

        Raises:
            Problem: A member of the specification is impossible; names it.
            ChainError: The chain is unreachable, or the treasury refuses.
        """
        gateway, plan_id = self._gateway, request[:PLAN_DIGITS]
        plan = gateway.plans.find(plan_id)
        if plan is None:
            members, source = self._members_of(wanted)
            parameters = self._round_of(wanted, members)
            warnings = self._warnings(wanted)
            fixed = self._fixed_voters(wanted, members, source)
            electorate = self._electorate(wanted, members, fixed.census if fixed else None)
            gateway.treasury.try_round(parameters, electorate, wanted.title, wanted.named_text)
            # Stored before anything is sent: after a crash the gateway finds the round with it.
            plan = gateway.plans.add(wanted, members.encode(), warnings, fixed, plan_id)
        try:
            self.number(plan)
        except ChainError:
            if not self.begun(plan):
                gateway.plans.remove(plan)
            raise
        return plan

    def begun(self, plan: Plan) -> bool:
        """Whether the transaction that creates a plan's round was signed."""
        return self._creation(plan).begun

    def number(self, plan: Plan) -> int:
        """Return the number of a plan's round; create the round unless it exists."""
        gateway, errand = self._gateway, self._creation(plan)
        if plan.round_id is not None and errand.settled:
            return plan.round_id
        if errand.begun:
            round_id, sent = gateway.treasury.round_created_by(errand)
        else:
            wanted = specification_of(plan)
            if not isinstance(wanted, RoundSpecification) or plan.members is None:
                raise ValueError(f"plan {plan.id} is not of a round")
            members = Census.decode(plan.members)
            census = None if plan.census is None else Census.decode(plan.census)
            round_id, sent = gateway.treasury.create_round(
                errand,
                self._round_of(wanted, members),
                self._electorate(wanted, members, census),
                wanted.title,
                wanted.named_text,
            )
        gateway.record(plan, "create round", sent)
        if round_id != plan.round_id:
            plan.round_id = round_id
            gateway.plans.save(plan)
        return round_id

    def _creation(self, plan: Plan) -> Errand:
        return self._gateway.errand(f"create round {plan.id}")

    def check(self, wanted: RoundSpecification) -> list[LeakWarning]:
        """Return how a round's poll may reveal votes; nothing is sent. Raises as `create` does."""
        members, source = self._members_of(wanted)
        fixed = self._fixed_voters(wanted, members, source)
        electorate = self._electorate(wanted, members, fixed.census if fixed else None)
        parameters = self._round_of(wanted, members)
        self._gateway.treasury.try_round(parameters, electorate, wanted.title, wanted.named_text)
        return self._warnings(wanted)

    def _fixed_voters(
        self, wanted: RoundSpecification, members: Census, source: CensusSource | None
    ) -> Fixed | None:
        """Return the voters known when the round is created; None if they are read later."""
        if wanted.voters is None and not isinstance(wanted.members, Invitations):
            census, classes = members, wanted.members.classes
            if classes is not None:
                census = in_classes(members, classes)
                source = replace(source, classes=classes) if source else None
            return Fixed(census, source.to_json() if source else None)
        if isinstance(wanted.voters, AccountList):
            return Fixed(census_of_list(wanted.voters))
        return None

    def _electorate(
        self, wanted: RoundSpecification, members: Census, fixed: Census | None
    ) -> RoundElectorate:
        """Return the electorate that the treasury fixes before anybody pays money."""
        if fixed is not None:
            same = fixed.root == members.root
            kind = ElectorateKind.MEMBERS if same else ElectorateKind.FIXED
            return RoundElectorate(kind, fixed.tree)
        voters = electorate_of(wanted)
        if isinstance(voters, Invitations):
            return RoundElectorate(ElectorateKind.INVITATIONS, invited_census(voters).tree)
        if isinstance(voters, AccountList):
            raise ValueError("the voters of a list are fixed with the round")
        rule = self._gateway.electorates.source_rule(voters, wanted.proposals_close_at)
        return RoundElectorate(ElectorateKind.SOURCE, source=rule)

    def _members_of(self, wanted: RoundSpecification) -> tuple[Census, CensusSource | None]:
        try:
            rule, now = wanted.check(), self._gateway.registry.head().timestamp
            refuse_impossible(wanted, census_so_far(None, wanted), rule, now)
            registry = self._gateway.registry
            refuse_wrong_periods(wanted, registry.period_floor(), registry.is_disputable())
        except Rejected as rejected:
            raise Problem(ProblemType.INVALID_REQUEST, rejected.reason, rejected.item) from rejected
        if wanted.token:
            self._gateway.electorates.require_token(wanted.token)
        # Weight classes concern votes; members propose without weights.
        proposers = wanted.members
        if not isinstance(proposers, Invitations):
            proposers = proposers.model_copy(update={"classes": None})
        return self._gateway.electorates.census(proposers)

    def _round_of(self, wanted: RoundSpecification, members: Census) -> RoundParameters:
        registry = self._gateway.registry
        now = registry.head().timestamp
        minimum_amount, maximum_amount = wanted.amounts
        return RoundParameters(
            token=from_hex(wanted.token, "token") if wanted.token else bytes(20),
            budget=wanted.budget,
            minimum_amount=minimum_amount,
            maximum_amount=maximum_amount,
            proposals_per_member=wanted.proposals_per_member,
            maximum_proposals=wanted.maximum_proposals,
            member_root=members.root,
            proposals_open_at=wanted.proposals_open_at or now,
            proposals_close_at=wanted.proposals_close_at,
            claim_period=wanted.claim_period,
            payout_delay=wanted.fixed_payout_delay,
            veto_holder=from_hex(wanted.veto_holder, "veto_holder")
            if wanted.veto_holder
            else bytes(20),
            ballot=wanted.ballot.encoded,
            outcome=wanted.outcome.encoded,
            committee=self._committee_of(wanted),
            voting_opens_at=wanted.voting_opens_at,
            voting_closes_at=wanted.voting_closes_at,
            minimum_ballots=wanted.minimum_ballots,
            secret=wanted.secret,
            **wanted.times.fixed(registry.period_floor(), registry.is_disputable()),
        )

    def _committee_of(self, wanted: RoundSpecification) -> bytes:
        census = census_so_far(self._gateway.electorates, wanted) if wanted.is_shuffled else None
        return self._gateway.committee(wanted.committee, to_shuffle(wanted, census, wanted.check()))

    def _warnings(self, wanted: RoundSpecification) -> list[LeakWarning]:
        census = census_so_far(self._gateway.electorates, wanted)
        return warnings_of(self._gateway, planned_poll("this round", wanted, census))

    def fund(self, round_id: int, amount: int, request: str) -> list[Sent]:
        """Pay money from the gateway's own account into a round.

        Args:
            request: Identifier; the same request pays only once.
        """
        gateway, errand = self._gateway, self._gateway.errand(f"fund {request}")
        approval = gateway.errand(f"approve {request}")
        if errand.begun:
            # A provider that lags behind may show the round's old state.
            sent = [gateway.treasury.sent_by(one) for one in (approval, errand) if one.begun]
        else:
            token = self._gateway.round(round_id).parameters.token
            sent = []
            if any(token):
                contract = Token(gateway.rpc_url, token)
                sent.append(contract.approve(approval, gateway.treasury.address, amount))
            sent.append(gateway.treasury.fund(errand, round_id, amount))
        plan = gateway.plans.of_round(round_id)
        if plan is not None:
            for name, one in zip(("approve", "fund")[-len(sent) :], sent, strict=True):
                gateway.record(plan, name, one)
        return sent

    def refund(self, round_id: int, funder: bytes, request: str) -> Sent:
        """Refund a funder's part of the money that proposals do not need.

        Args:
            request: Identifier; the same request refunds only once.
        """
        errand = self._gateway.errand(f"refund {request}")
        if errand.begun:
            return self._gateway.treasury.sent_by(errand)
        self._gateway.round(round_id)
        return self._gateway.treasury.refund(errand, round_id, funder)
