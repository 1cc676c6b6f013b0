"""Create rounds and polls, fund them, and carry what members sign to the treasury."""

import time
from dataclasses import replace
from typing import Any

from ostraka.chain.contract import ChainError, Refused, Reverted, Sent
from ostraka.chain.errors import NotMinedYet
from ostraka.chain.sending import Errand
from ostraka.chain.treasury import (
    Authorization,
    ElectorateKind,
    Item,
    RoundElectorate,
    RoundParameters,
    RoundStatus,
    Token,
    membership,
)
from ostraka.gateway.description import poll_description
from ostraka.gateway.desk import MAX_ID, Desk
from ostraka.gateway.known_polls import warnings_of
from ostraka.gateway.plans import Fixed, specification_of
from ostraka.planning.asked_poll import census_so_far, electorate_of, planned_poll
from ostraka.planning.electorates import census_of_list, invited_census
from ostraka.planning.feasibility import refuse_impossible
from ostraka.planning.leaks import LeakWarning
from ostraka.planning.specification import (
    AccountList,
    Invitations,
    PollSpecification,
    RoundSpecification,
)
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.typed_json import typed_json
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census
from ostraka_verifier.errors import Rejected
from ostraka_verifier.redemption import Redemption, check_redemption
from ostraka_verifier.snapshot import CensusSource
from ostraka_verifier.typed_data import recover
from ostraka_verifier.weight_classes import in_classes

RELAYS_PER_MEMBER = 20
"""Transactions of one member in one round for which the gateway pays."""
PAYOUT_TRIES = 5
"""Failed transactions to pay one proposal for which the gateway pays."""
PLAN_DIGITS = 16
"""Length of a plan's id."""
_SIGNING_S = 3600
_TOO_EARLY = "BudgetTreasuryTooEarly"
_NEXT_BLOCK_S = 20
"""How long a payout waits for the block after the decision's."""
_LOOK_S = 0.5
_KEPT_CENSUSES = 8


class Organizing:
    """Organizes with one gateway's account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._members: dict[str, Census] = {}

    def create_round(self, wanted: RoundSpecification, request: str) -> Plan:
        """Create a round on chain.

        Args:
            request: In hex; the same request creates the same round.

        Raises:
            Problem: Something in the specification cannot be; names it.
            ChainError: The chain is out of reach, or the treasury refuses.
        """
        desk, plan_id = self._desk, request[:PLAN_DIGITS]
        plan = desk.plans.find(plan_id)
        if plan is None:
            members, source = self._members_of(wanted)
            parameters = self._round_of(wanted, members)
            warnings = self._warnings(wanted)
            fixed = self._fixed_voters(wanted, members, source)
            electorate = self._electorate(wanted, members, fixed.census if fixed else None)
            desk.treasury.try_round(parameters, electorate, wanted.title, wanted.text)
            # Kept before anything is sent: after a crash the conductor finds the round by it.
            plan = desk.plans.add(wanted, members.encode(), warnings, fixed, plan_id)
        try:
            self.round_number(plan)
        except ChainError:
            if not self.begun(plan):
                desk.plans.remove(plan)
            raise
        return plan

    def begun(self, plan: Plan) -> bool:
        """Whether the transaction that creates a plan's round was signed."""
        return self._creation(plan).begun

    def round_number(self, plan: Plan) -> int:
        """Number of a plan's round, which is created now if it was not before."""
        desk, errand = self._desk, self._creation(plan)
        if plan.round_id is not None and errand.settled:
            return plan.round_id
        if errand.begun:
            round_id, sent = desk.treasury.round_created_by(errand)
        else:
            wanted = specification_of(plan)
            if not isinstance(wanted, RoundSpecification) or plan.members is None:
                raise ValueError(f"plan {plan.id} is no round's")
            members = Census.decode(plan.members)
            census = None if plan.census is None else Census.decode(plan.census)
            round_id, sent = desk.treasury.create_round(
                errand,
                self._round_of(wanted, members),
                self._electorate(wanted, members, census),
                wanted.title,
                wanted.text,
            )
        desk.record(plan, "create round", sent)
        if round_id != plan.round_id:
            plan.round_id = round_id
            desk.plans.save(plan)
        return round_id

    def _creation(self, plan: Plan) -> Errand:
        return self._desk.errand(f"create round {plan.id}")

    def try_round(self, wanted: RoundSpecification) -> list[LeakWarning]:
        """What a round's poll may give away; nothing is sent. Raises as `create_round` does."""
        members, source = self._members_of(wanted)
        fixed = self._fixed_voters(wanted, members, source)
        electorate = self._electorate(wanted, members, fixed.census if fixed else None)
        parameters = self._round_of(wanted, members)
        self._desk.treasury.try_round(parameters, electorate, wanted.title, wanted.text)
        return self._warnings(wanted)

    def _fixed_voters(
        self, wanted: RoundSpecification, members: Census, source: CensusSource | None
    ) -> Fixed | None:
        """Voters that are known when the round is created; None where they come later."""
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
        """Who votes, as the treasury fixes it before anybody gives money."""
        if fixed is not None:
            same = fixed.root == members.root
            kind = ElectorateKind.MEMBERS if same else ElectorateKind.FIXED
            return RoundElectorate(kind, fixed.tree)
        voters = electorate_of(wanted)
        if isinstance(voters, Invitations):
            return RoundElectorate(ElectorateKind.INVITATIONS, invited_census(voters).tree)
        if voters is None or isinstance(voters, AccountList):
            raise ValueError("the voters of a list are fixed with the round")
        rule = self._desk.electorates.source_rule(voters, wanted.proposals_close_at)
        return RoundElectorate(ElectorateKind.SOURCE, source=rule)

    def _members_of(self, wanted: RoundSpecification) -> tuple[Census, CensusSource | None]:
        try:
            rule, now = wanted.check(), self._desk.registry.head().timestamp
            refuse_impossible(wanted, census_so_far(None, wanted), rule, now)
        except Rejected as rejected:
            raise Problem(ProblemType.INVALID_REQUEST, rejected.reason, rejected.item) from rejected
        # Classes are for votes: who proposes needs no weight.
        proposers = wanted.members
        if not isinstance(proposers, Invitations):
            proposers = proposers.model_copy(update={"classes": None})
        return self._desk.electorates.census(proposers)

    def _round_of(self, wanted: RoundSpecification, members: Census) -> RoundParameters:
        now = self._desk.registry.head().timestamp
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
            ballot=wanted.ballot.encoded,
            outcome=wanted.outcome.encoded,
            committee=self._committee(wanted.committee),
            voting_opens_at=wanted.voting_opens_at,
            voting_closes_at=wanted.voting_closes_at,
            minimum_ballots=wanted.minimum_ballots,
            secret=wanted.secret,
            **wanted.times.model_dump(),
        )

    def create_poll(self, wanted: PollSpecification, request: str) -> Plan:
        """Plan a poll; it goes on chain when registration is over.

        Args:
            request: In hex; the same request plans the same poll.

        Raises:
            Problem: Something in the specification cannot be; names it.
        """
        plans, plan_id = self._desk.plans, request[:PLAN_DIGITS]
        return plans.find(plan_id) or plans.add(
            wanted, warnings=self.try_poll(wanted), plan_id=plan_id
        )

    def try_poll(self, wanted: PollSpecification) -> list[LeakWarning]:
        """What a poll may give away; nothing is kept. Raises as `create_poll` does."""
        try:
            rule = wanted.check()
            # With the longest source of a census that there is.
            poll_description(wanted, "0" * 16, {"source": "x" * 300})
            self._committee(wanted.committee)
            now = self._desk.registry.head().timestamp
            census = census_so_far(self._desk.electorates, wanted)
            if census is not None:
                rule.check_weight(census.total_weight)
            refuse_impossible(wanted, census, rule, now)
        except Rejected as rejected:
            raise Problem(ProblemType.INVALID_REQUEST, rejected.reason, rejected.item) from rejected
        return warnings_of(self._desk, planned_poll("this poll", wanted, census))

    def _warnings(self, wanted: RoundSpecification) -> list[LeakWarning]:
        census = census_so_far(self._desk.electorates, wanted)
        return warnings_of(self._desk, planned_poll("this round", wanted, census))

    def fund(self, round_id: int, amount: int, request: str) -> list[Sent]:
        """Put money of the gateway's own account into a round.

        Args:
            request: The same request puts it there once.
        """
        desk, errand = self._desk, self._desk.errand(f"fund {request}")
        approval = desk.errand(f"approve {request}")
        if errand.begun:
            # Whatever a provider that lags behind says of the round by now.
            sent = [desk.treasury.sent_by(one) for one in (approval, errand) if one.begun]
        else:
            token = self.round(round_id).parameters.token
            sent = []
            if any(token):
                contract = Token(desk.rpc_url, token)
                sent.append(contract.approve(approval, desk.treasury.address, amount))
            sent.append(desk.treasury.fund(errand, round_id, amount))
        plan = desk.plans.of_round(round_id)
        if plan is not None:
            for name, one in zip(("approve", "fund")[-len(sent) :], sent, strict=True):
                desk.record(plan, name, one)
        return sent

    def refund(self, round_id: int, funder: bytes, request: str) -> Sent:
        """Send a funder back what is not, or no longer, meant for proposals.

        Args:
            request: The same request sends it once.
        """
        errand = self._desk.errand(f"refund {request}")
        if errand.begun:
            return self._desk.treasury.sent_by(errand)
        self.round(round_id)
        return self._desk.treasury.refund(errand, round_id, funder)

    def claim(self, round_id: int, proposal_id: bytes) -> Sent:
        """Have a funded proposal paid to its recipient.

        Raises:
            Problem: The recipient refused too often what was paid for.
        """
        desk, errand = self._desk, self._payout(proposal_id)
        if errand.begun:
            return desk.treasury.sent_by(errand)
        # A recipient that takes the money when gas is estimated and refuses it when it is mined
        # would make the gateway pay for ever.
        desk.plans.count_relay(round_id, proposal_id, PAYOUT_TRIES)
        try:
            return self._claim_later(errand, proposal_id)
        except (Reverted, NotMinedYet):
            raise
        except ChainError:
            if not errand.begun:
                desk.plans.forget_relay(round_id, proposal_id)
            raise

    def _claim_later(self, errand: Errand, proposal_id: bytes) -> Sent:
        """Claim once there is a block after the one in which the round was decided."""
        deadline = time.monotonic() + _NEXT_BLOCK_S
        while True:
            try:
                return self._desk.treasury.claim(errand, proposal_id)
            except Refused as error:
                if _TOO_EARLY not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK_S)

    def paying(self, proposal_id: bytes) -> bool:
        """Whether this gateway sent a proposal's payout, mined or not."""
        return self._payout(proposal_id).begun

    def _payout(self, proposal_id: bytes) -> Errand:
        return self._desk.errand(f"pay {to_hex(proposal_id)}")

    def round(self, round_id: int) -> Any:
        """State of a round; Problem when there is none."""
        if not 1 <= round_id <= MAX_ID:
            raise Problem(
                ProblemType.NO_SUCH_ROUND, "the treasury has no round of that number", "round"
            )
        view = self._desk.treasury.round(round_id)
        if view.status is RoundStatus.NONE:
            raise Problem(
                ProblemType.NO_SUCH_ROUND, f"the treasury has no round {round_id}", "round"
            )
        return view

    def members(self, round_id: int) -> Census:
        """Who may propose in a round; Problem when this gateway does not know."""
        self.round(round_id)
        plan = self._desk.plans.of_round(round_id)
        if plan is None or plan.members is None:
            detail = "this gateway did not create the round, and does not know its members"
            raise Problem(ProblemType.MEMBERS_UNKNOWN, detail, "round")
        # Reading them takes long where they are many.
        if plan.id not in self._members:
            while len(self._members) >= _KEPT_CENSUSES:
                self._members.pop(next(iter(self._members)), None)
            self._members[plan.id] = Census.decode(plan.members)
        return self._members[plan.id]

    def member(self, round_id: int, account: bytes) -> dict[str, Any]:
        """An account's membership with its proof; Problem when it is no member."""
        members = self.members(round_id)
        try:
            key, weight, index, root_hash, total, count, siblings = membership(members, account)
        except ValueError as error:
            raise Problem(ProblemType.NO_SUCH_MEMBER, str(error), "account") from None
        return {
            "account": to_hex(account),
            "signing_key": key.lower(),
            "weight": str(weight),
            "index": index,
            "root_hash": to_hex(root_hash),
            "total_weight": str(total),
            "count": count,
            "siblings": [{"hash": to_hex(one), "sum": str(weight)} for one, weight in siblings],
        }

    def to_sign(
        self, kind: str, member: bytes, subject: int | bytes, item: Item | None
    ) -> dict[str, Any]:
        """Nonce, deadline and EIP-712 statement that a member signs.

        Args:
            kind: `proposal`, `revision` or `withdrawal`.
            subject: The round, or the proposal.
        """
        treasury = self._desk.treasury
        nonce = treasury.nonce(member)
        if isinstance(subject, int):
            deadline = self.round(subject).parameters.proposals_close_at
            head: tuple[int | bytes, ...] = (subject, member)
        else:
            deadline = self._desk.registry.head().timestamp + _SIGNING_S
            head = (subject,)
        types = {
            "proposal": typed_data.PROPOSAL,
            "revision": typed_data.REVISION,
            "withdrawal": typed_data.WITHDRAWAL,
        }
        words = item.words() if item else ()
        return {
            "authorization": {
                "member": to_hex(member),
                "nonce": str(nonce),
                "deadline": deadline,
            },
            "typed_data": typed_json(treasury.domain, types[kind], *head, *words, nonce, deadline),
        }

    def propose(self, round_id: int, item: Item, signed: Authorization) -> tuple[bytes, Sent]:
        """Send a member's signed proposal."""
        desk, head = self._desk, (round_id, signed.member, *item.words())
        errand, members = self._authorized(round_id, signed, typed_data.PROPOSAL, *head)
        return desk.treasury.propose(errand, round_id, item, members, signed)

    def revise(self, round_id: int, proposal: bytes, item: Item, signed: Authorization) -> Sent:
        """Send a member's signed change of a proposal."""
        desk, head = self._desk, (proposal, *item.words())
        errand, members = self._authorized(round_id, signed, typed_data.REVISION, *head)
        return desk.treasury.revise_for(errand, proposal, item, members, signed)

    def withdraw(self, round_id: int, proposal: bytes, signed: Authorization) -> Sent:
        """Send a member's signed withdrawal of a proposal."""
        desk = self._desk
        errand, members = self._authorized(round_id, signed, typed_data.WITHDRAWAL, proposal)
        return desk.treasury.withdraw_for(errand, proposal, members, signed)

    def invited(self, address: bytes) -> list[dict[str, Any]]:
        """Where an invitation may be redeemed, the newest plan first."""
        return [
            {
                "plan": plan.id,
                "title": specification_of(plan).title,
                "weight": str(invitation.weight),
                "electorate": self._invited_electorate(plan).to_json(),
                "signing_key": invitation.signing_key and to_hex(invitation.signing_key),
                "open": plan.census is None,
            }
            for plan, invitation in self._desk.plans.invited(address)
        ]

    def redeem(
        self, plan: Plan, address: bytes, signing_key: bytes, redemption: Redemption
    ) -> dict[str, Any]:
        """Bind an invitation to the key of who redeems it, and say so under a signature.

        Raises:
            Problem: It is no invitation of the plan, it or the key was used before, registration
                is over, or one of the keys did not sign.
        """
        electorate = self._invited_electorate(plan)
        try:
            check_redemption(redemption, address, signing_key, electorate.digest, electorate.domain)
        except Rejected as rejected:
            raise Problem(ProblemType.CHECK_FAILED, rejected.reason, "signature") from rejected
        invitation = self._desk.plans.redeem(plan, address, signing_key, redemption)
        statement = electorate.domain.digest(
            typed_data.REDEEMED, electorate.digest, address, signing_key
        )
        return {
            "plan": plan.id,
            "invitation": to_hex(address),
            "signing_key": to_hex(signing_key),
            "weight": str(invitation.weight),
            "statement": to_hex(self._desk.account.sign_statement(statement)),
        }

    def _invited_electorate(self, plan: Plan) -> InvitedElectorate:
        voters = electorate_of(specification_of(plan))
        if not isinstance(voters, Invitations):
            raise Problem(ProblemType.NO_INVITATIONS, "nobody votes there by invitation", "plan")
        contract = self._desk.registry if plan.nonce else self._desk.treasury
        if plan.nonce is None and plan.round_id is None:
            raise Problem(ProblemType.NOT_CREATED, "the round is not on chain yet", "plan")
        root = invited_census(voters).root
        return InvitedElectorate(contract.domain, root, plan.round_id, plan.nonce)

    def _authorized(
        self, round_id: int, signed: Authorization, kind: str, *head: int | bytes | str
    ) -> tuple[Errand, Census]:
        """Sender and members of a round, once it is sure that one of them asked for this.

        What is signed names the transaction: asked for again, it is the same one. Checked here
        although the treasury does: nobody else may use up what the gateway pays.
        """
        members = self.members(round_id)
        entry = members.by_account.get(signed.member)
        if entry is None:
            detail = f"{to_hex(signed.member)} is no member of this round"
            raise Problem(ProblemType.NOT_A_MEMBER, detail, "authorization.member")
        digest = self._desk.treasury.domain.digest(kind, *head, signed.nonce, signed.deadline)
        if recover(digest, signed.signature) != entry.signing_key:
            detail = "not of this request by the member's signing key"
            raise Problem(ProblemType.CHECK_FAILED, detail, "authorization.signature")
        errand = self._desk.errand(f"relay {digest.hex()}")
        if errand.begun:
            return errand, members
        nonce = self._desk.treasury.nonce(signed.member)
        if signed.nonce != nonce:
            # What stands on chain for everybody to copy must not use up the member's transactions.
            detail = f"{signed.nonce} is not the member's next nonce, {nonce}"
            raise Problem(ProblemType.NONCE_USED, detail, "authorization.nonce")
        self._desk.plans.count_relay(round_id, signed.member, RELAYS_PER_MEMBER)
        return errand, members

    def _committee(self, wanted: str | None) -> bytes:
        if wanted is None:
            if not self._desk.committees:
                detail = "this gateway knows no committee; name one in its settings"
                raise Problem(ProblemType.NO_COMMITTEE, detail, "committee")
            return self._desk.committees[0]
        digest = from_hex(wanted, "committee")
        if digest not in self._desk.committees:
            raise Problem(
                ProblemType.COMMITTEE_NOT_SERVED, "this gateway does not talk to it", "committee"
            )
        return digest
