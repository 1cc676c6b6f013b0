"""Plans of organizers: rounds and polls with their invitations and transactions."""

import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import Engine, delete, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.chain.contract import Sent
from ostraka.planning.leaks import LeakWarning
from ostraka.planning.specification import Invitations, PollSpecification, RoundSpecification
from ostraka.storage.database import writing
from ostraka.storage.gateway_tables import (
    Invitation,
    MemberReplacement,
    Plan,
    RelayCount,
    Step,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.census import Census
from ostraka_verifier.redemption import Redemption

log = structlog.get_logger()

PLAN_DIGITS = 16
"""Length of a plan's id."""
_NONCE_BYTES = 32
_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class PlanCounts:
    """Numbers of plans.

    Attributes:
        going_on: Unfinished plans without a problem.
        stuck: Unfinished plans with a problem, by the code of its type.
    """

    finished: int
    going_on: int
    stuck: Counter[str]


@dataclass(frozen=True)
class Fixed:
    """A fixed census.

    Attributes:
        source: Its source as in the poll's description; None if the organizer listed it.
        redemptions: Section 12 of the poll's board, if voters redeemed invitations.
    """

    census: Census
    source: dict[str, object] | None = None
    redemptions: bytes | None = None


@dataclass(frozen=True)
class Replacement:
    """Signature of the code that replaced an invitation's own, already checked, 65 bytes.

    Attributes:
        code: Address of the code, 20 bytes.
    """

    code: bytes
    by_code: bytes


class Plans:
    """The plans of one gateway.

    Attributes:
        engine: The gateway's database.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = Lock()

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with self._writing, writing(self.engine) as session:
            yield session

    def add(
        self,
        specification: RoundSpecification | PollSpecification,
        members: bytes | None = None,
        warnings: Sequence[LeakWarning] = (),
        fixed: Fixed | None = None,
        plan_id: str | None = None,
    ) -> Plan:
        """Store a plan, and return it; if another gateway has just stored it, return that one.

        Args:
            fixed: Its census, if that is fixed now.
        """
        electorate, is_round = specification.voters, isinstance(specification, RoundSpecification)
        if electorate is None and isinstance(specification, RoundSpecification):
            electorate = specification.members
        invited = electorate.invitations if isinstance(electorate, Invitations) else []
        plan = Plan(
            id=plan_id or secrets.token_hex(8),
            is_round=is_round,
            specification=specification.model_dump(mode="json"),
            members=members,
            census=fixed.census.encode() if fixed else None,
            source=fixed.source if fixed else None,
            nonce=secrets.token_bytes(_NONCE_BYTES) if invited and not is_round else None,
            warnings=[one.to_json() for one in warnings],
        )
        invitations = [
            Invitation(plan_id=plan.id, address=from_hex(one.address, "address"), weight=one.weight)
            for one in invited
        ]
        try:
            with self._write() as session:
                session.add(plan)
                session.add_all(invitations)
        except IntegrityError:
            return self.get(plan.id)
        return plan

    def find(self, plan_id: str) -> Plan | None:
        """Return a plan; None if it does not exist."""
        with Session(self.engine) as session:
            return session.get(Plan, plan_id)

    def remove(self, plan: Plan) -> None:
        """Delete a plan for which nothing was sent."""
        with self._write() as session:
            session.execute(delete(Invitation).where(col(Invitation.plan_id) == plan.id))
            known = session.get(Plan, plan.id)
            if known is not None:
                session.delete(known)

    def save(self, plan: Plan) -> None:
        """Store the changes of a plan."""
        with self._write() as session:
            session.merge(plan)

    def all(self) -> list[Plan]:
        """Return all plans, oldest first."""
        with Session(self.engine) as session:
            return list(session.exec(select(Plan).order_by(col(Plan.created_at))))

    def unfinished(self) -> list[str]:
        """Return the ids of the plans that are not finished, oldest first."""
        with Session(self.engine) as session:
            query = select(Plan.id).where(col(Plan.finished).is_(False))
            return list(session.exec(query.order_by(col(Plan.created_at))))

    def counts(self) -> PlanCounts:
        """Return how many plans are in which state, without reading the plans."""
        with Session(self.engine) as session:
            finished = session.exec(
                select(func.count()).select_from(Plan).where(col(Plan.finished).is_(True))
            ).one()
            problems = session.exec(select(Plan.problem).where(col(Plan.finished).is_(False))).all()
        stuck = Counter(Problem.from_json(one).kind.code for one in problems if one)
        return PlanCounts(finished, len(problems) - stuck.total(), stuck)

    def get(self, plan_id: str) -> Plan:
        """Return a plan; Problem if it does not exist."""
        plan = None
        # Databases refuse some texts.
        if _ID.fullmatch(plan_id):
            with Session(self.engine) as session:
                plan = session.get(Plan, plan_id)
        if plan is None:
            raise Problem(
                ProblemType.NO_SUCH_PLAN, f"this gateway has no plan {plan_id[:40]}", "plan"
            )
        return plan

    def of_round(self, round_id: int) -> Plan | None:
        """Return the plan of a round."""
        with Session(self.engine) as session:
            return session.exec(select(Plan).where(Plan.round_id == round_id)).first()

    def of_poll(self, poll_id: int) -> Plan | None:
        """Return the plan of a poll."""
        with Session(self.engine) as session:
            return session.exec(select(Plan).where(Plan.poll_id == poll_id)).first()

    def record(self, plan: Plan, name: str, sent: Sent) -> None:
        """Store and log a transaction sent for a plan; only once, even if its receipt is read
        repeatedly."""
        with self._write() as session:
            known = select(Step).where(
                Step.plan_id == plan.id, Step.transaction == to_hex(sent.hash)
            )
            if session.exec(known).first() is not None:
                return
            session.add(
                Step(
                    plan_id=plan.id,
                    name=name,
                    transaction=to_hex(sent.hash),
                    gas_used=sent.gas_used,
                    block=sent.block,
                )
            )
        log.info(
            "transaction", plan=plan.id, step=name, transaction=to_hex(sent.hash), block=sent.block
        )

    def steps(self, plan: Plan) -> list[Step]:
        """Return the transactions sent for a plan, in order."""
        with Session(self.engine) as session:
            query = select(Step).where(Step.plan_id == plan.id).order_by(col(Step.id))
            return list(session.exec(query))

    def invitations(self, plan: Plan) -> list[Invitation]:
        """Return all invitations of a plan, by address."""
        with Session(self.engine) as session:
            query = select(Invitation).where(Invitation.plan_id == plan.id)
            return list(session.exec(query.order_by(col(Invitation.address))))

    def invited(self, address: bytes) -> list[tuple[Plan, Invitation]]:
        """Return the plans of an invitation, the newest first."""
        with Session(self.engine) as session:
            query = (
                select(Plan, Invitation)
                .where(Plan.id == Invitation.plan_id, Invitation.address == address)
                .order_by(col(Plan.created_at).desc())
            )
            return list(session.exec(query))

    def invitation(self, plan: Plan, address: bytes) -> Invitation | None:
        """Return an invitation of a plan; None if it has none with this address."""
        with Session(self.engine) as session:
            return session.get(Invitation, (plan.id, address))

    def bound_to(self, plan: Plan, key: bytes) -> Invitation | None:
        """Return a plan's invitation that is bound to a key; None without one."""
        query = select(Invitation).where(
            Invitation.plan_id == plan.id, Invitation.signing_key == key
        )
        with Session(self.engine) as session:
            return session.exec(query).first()

    def replace(self, plan: Plan, address: bytes, code: bytes) -> None:
        """Release an invitation from its key: only its new code binds it again.

        Args:
            code: Address of the new code. If it replaced the former one already, nothing changes.
        """
        with self._write() as session:
            invitation = session.get_one(Invitation, (plan.id, address), with_for_update=True)
            if invitation.code == code:
                return
            invitation.code, invitation.by_code = code, None
            invitation.signing_key = None
            invitation.by_invitation = invitation.by_signing_key = None
            session.add(invitation)

    def note_replacement(self, round_id: int, invitation: bytes, code: bytes, reason: str) -> None:
        """Store why an invitation's code is replaced; a later reason takes the earlier one's place.

        Args:
            code: Address of the new code.
        """
        with self._write() as session:
            session.merge(
                MemberReplacement(
                    round_id=round_id, invitation=invitation, code=code, reason=reason
                )
            )

    def replacement_reasons(self, round_id: int) -> dict[tuple[bytes, bytes], str]:
        """Return why codes of a round were replaced, by invitation and new code."""
        query = select(MemberReplacement).where(MemberReplacement.round_id == round_id)
        with Session(self.engine) as session:
            return {(one.invitation, one.code): one.reason for one in session.exec(query)}

    def fix_census(self, plan: Plan, fixed: Fixed, redeemed: int) -> bool:
        """Fix a plan's census; return False if a registration arrived after it was built.

        Args:
            redeemed: Number of invitations that were redeemed when it was built.
        """
        with self._write() as session:
            stored = session.get_one(Plan, plan.id, with_for_update=True)
            if self._redeemed(session, plan.id) != redeemed:
                return False
            for one in (stored, plan):
                one.census, one.source = fixed.census.encode(), fixed.source
                one.redemptions = fixed.redemptions
            session.add(stored)
        return True

    @staticmethod
    def _redeemed(session: Session, plan_id: str) -> int:
        query = select(func.count()).where(
            Invitation.plan_id == plan_id, col(Invitation.signing_key).is_not(None)
        )
        return session.exec(query).one()

    def redeem(
        self,
        plan: Plan,
        address: bytes,
        signing_key: bytes,
        redemption: Redemption,
        replacement: Replacement | None = None,
    ) -> Invitation:
        """Bind an invitation to a key; repeating it with the same key is allowed.

        Args:
            redemption: Signatures of both keys, already checked.
            replacement: Signature of the code that replaced the invitation's own.

        Raises:
            Problem: The invitation does not exist, it or the key was used before, or the census is
                fixed.
        """
        with self._write() as session:
            key = plan.id, address
            invitation = session.get(Invitation, key, with_for_update=True)
            if invitation is None:
                raise Problem(ProblemType.NO_SUCH_INVITATION, "not of this plan", "invitation")
            # This locks the plan: every confirmed registration must be in the census.
            registering = select(col(Plan.census).is_(None)).where(Plan.id == plan.id)
            if not session.exec(registering.with_for_update()).one():
                detail = "the census is already fixed"
                raise Problem(ProblemType.REGISTRATION_CLOSED, detail, "invitation")
            if invitation.code != (replacement and replacement.code):
                detail = "its code was replaced by a newer one"
                raise Problem(ProblemType.INVITATION_REPLACED, detail, "invitation")
            if invitation.signing_key not in (None, signing_key):
                detail = "this invitation is bound to another key"
                raise Problem(ProblemType.INVITATION_USED, detail, "invitation")
            taken = session.exec(
                select(Invitation).where(
                    Invitation.plan_id == plan.id,
                    Invitation.signing_key == signing_key,
                    Invitation.address != address,
                )
            ).first()
            if taken is not None:
                detail = "this key is bound to another invitation"
                raise Problem(ProblemType.KEY_IN_USE, detail, "signing_key")
            invitation.signing_key = signing_key
            invitation.by_invitation = redemption.by_invitation
            invitation.by_signing_key = redemption.by_signing_key
            invitation.by_code = None if replacement is None else replacement.by_code
            session.add(invitation)
        return invitation

    def count_relay(self, round_id: int, member: bytes, limit: int) -> None:
        """Count a transaction paid for a member or a proposal; Problem if there were too many."""
        key = round_id, member
        try:
            with self._write() as session:
                if session.get(RelayCount, key) is None:
                    session.add(RelayCount(round_id=round_id, member=member))
        except IntegrityError:
            log.info("counted elsewhere", round=round_id)
        with self._write() as session:
            known = session.get_one(RelayCount, key, with_for_update=True)
            if known.count >= limit:
                detail = f"this gateway pays for {limit} transactions of this kind in a round"
                raise Problem(ProblemType.QUOTA_EXCEEDED, detail, "authorization.member")
            known.count += 1
            session.add(known)

    def forget_relay(self, round_id: int, member: bytes) -> None:
        """Undo a count, as nothing was paid."""
        with self._write() as session:
            known = session.get_one(RelayCount, (round_id, member), with_for_update=True)
            known.count -= 1
            session.add(known)

    def to_json(self, plan: Plan, brief: bool = False) -> dict[str, Any]:
        """Return a plan's public JSON: counts of invitations, no codes.

        Args:
            brief: Whether to leave out the accounts of its electorates, which can be numerous.
        """
        with Session(self.engine) as session:
            query = select(func.count()).where(Invitation.plan_id == plan.id)
            issued, redeemed = session.exec(query).one(), self._redeemed(session, plan.id)
        return {
            "plan": plan.id,
            "round": None if plan.round_id is None else str(plan.round_id),
            "poll": None if plan.poll_id is None else str(plan.poll_id),
            "specification": _brief(plan.specification) if brief else plan.specification,
            "census_source": plan.source,
            "nonce": plan.nonce and to_hex(plan.nonce),
            "census_fixed": plan.census is not None,
            "warnings": plan.warnings,
            "finished": plan.finished,
            "problem": plan.problem,
            "invitations": {"issued": issued, "redeemed": redeemed},
            "transactions": [
                {
                    "name": step.name,
                    "transaction": step.transaction,
                    "gas_used": step.gas_used,
                    "block": step.block,
                }
                for step in self.steps(plan)
            ],
        }


def _brief(specification: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(specification)
    for electorate in ("members", "voters"):
        if shown.get(electorate):
            given = shown[electorate].items()
            long = ("accounts", "invitations")
            shown[electorate] = {name: value for name, value in given if name not in long}
    return shown


def specification_of(plan: Plan) -> RoundSpecification | PollSpecification:
    """Return a plan's specification."""
    kind = RoundSpecification if plan.is_round else PollSpecification
    return kind.model_validate(plan.specification)
