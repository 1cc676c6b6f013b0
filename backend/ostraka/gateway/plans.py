"""What organizers plan with this gateway: rounds and polls, their invitations and transactions."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import Engine, func, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.chain.contract import Sent
from ostraka.gateway.leaks import LeakWarning
from ostraka.gateway.specification import PollSpecification, RoundSpecification
from ostraka.storage.gateway_tables import Invitation, Plan, RelayCount, Step
from ostraka.wire.invitations import code_hash
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex

log = structlog.get_logger()

MAX_INVITATIONS = 100_000
_CODE_BYTES = 16
_ID = re.compile("[0-9a-f]{16}")


class Plans:
    """The plans of one gateway."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = Lock()

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with self._writing, Session(self._engine, expire_on_commit=False) as session:
            if self._engine.dialect.name == "sqlite":
                # Locks no rows: the whole file, before what is changed is read.
                session.execute(text("BEGIN IMMEDIATE"))
            yield session
            session.commit()

    def add(
        self,
        specification: RoundSpecification | PollSpecification,
        members: bytes | None = None,
        warnings: Sequence[LeakWarning] = (),
        plan_id: str | None = None,
    ) -> Plan:
        """Keep a plan; the one of this id, where another gateway keeps it at the same moment."""
        plan = Plan(
            id=plan_id or secrets.token_hex(8),
            is_round=isinstance(specification, RoundSpecification),
            specification=specification.model_dump(mode="json"),
            members=members,
            warnings=[one.to_json() for one in warnings],
        )
        try:
            with self._write() as session:
                session.add(plan)
        except IntegrityError:
            return self.get(plan.id)
        return plan

    def find(self, plan_id: str) -> Plan | None:
        """A plan, None when there is none."""
        with Session(self._engine) as session:
            return session.get(Plan, plan_id)

    def remove(self, plan: Plan) -> None:
        """Forget a plan for which nothing was sent."""
        with self._write() as session:
            known = session.get(Plan, plan.id)
            if known is not None:
                session.delete(known)

    def save(self, plan: Plan) -> None:
        """Keep what changed of a plan."""
        with self._write() as session:
            session.merge(plan)

    def all(self) -> list[Plan]:
        """All plans, oldest first."""
        with Session(self._engine) as session:
            return list(session.exec(select(Plan).order_by(col(Plan.created_at))))

    def get(self, plan_id: str) -> Plan:
        """A plan; Problem when there is none."""
        plan = None
        # Not every database takes every text.
        if _ID.fullmatch(plan_id):
            with Session(self._engine) as session:
                plan = session.get(Plan, plan_id)
        if plan is None:
            raise Problem(404, "No such plan", f"this gateway has no plan {plan_id[:40]}", "plan")
        return plan

    def of_round(self, round_id: int) -> Plan | None:
        """The plan that a round came from."""
        with Session(self._engine) as session:
            return session.exec(select(Plan).where(Plan.round_id == round_id)).first()

    def of_poll(self, poll_id: int) -> Plan | None:
        """The plan that a poll came from."""
        with Session(self._engine) as session:
            return session.exec(select(Plan).where(Plan.poll_id == poll_id)).first()

    def record(self, plan: Plan, name: str, sent: Sent) -> None:
        """Keep a transaction that was sent for a plan; once, however often its receipt is read."""
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

    def steps(self, plan: Plan) -> list[Step]:
        """Transactions sent for a plan, in order."""
        with Session(self._engine) as session:
            query = select(Step).where(Step.plan_id == plan.id).order_by(col(Step.id))
            return list(session.exec(query))

    def invite(self, plan: Plan, count: int, weight: int) -> list[str]:
        """New invitation codes; nobody can read them here afterwards.

        Raises:
            Problem: They would be too many.
        """
        codes = [secrets.token_hex(_CODE_BYTES) for _ in range(count)]
        with self._write() as session:
            query = select(func.count()).where(Invitation.plan_id == plan.id)
            if session.exec(query).one() + count > MAX_INVITATIONS:
                detail = f"a plan has at most {MAX_INVITATIONS} invitations"
                raise Problem(422, "Too many invitations", detail, "count")
            session.add_all(
                Invitation(code_hash=code_hash(code), plan_id=plan.id, weight=weight)
                for code in codes
            )
        return codes

    def invitations(self, plan: Plan) -> list[Invitation]:
        """All invitations of a plan."""
        with Session(self._engine) as session:
            return list(session.exec(select(Invitation).where(Invitation.plan_id == plan.id)))

    def fix_census(
        self, plan: Plan, census: bytes, source: dict[str, object] | None, redeemed: int
    ) -> bool:
        """Fix a plan's census; False when somebody has registered that it does not know of.

        Args:
            redeemed: Invitations that were redeemed when it was made.
        """
        with self._write() as session:
            stored = session.get_one(Plan, plan.id, with_for_update=True)
            if self._redeemed(session, plan.id) != redeemed:
                return False
            stored.census, stored.source = census, source
            session.add(stored)
        plan.census, plan.source = census, source
        return True

    @staticmethod
    def _redeemed(session: Session, plan_id: str) -> int:
        query = select(func.count()).where(
            Invitation.plan_id == plan_id, col(Invitation.account).is_not(None)
        )
        return session.exec(query).one()

    def invitation(self, code: str) -> Invitation:
        """An invitation by its code; Problem when there is none."""
        with Session(self._engine) as session:
            invitation = session.get(Invitation, code_hash(code))
        if invitation is None:
            raise Problem(404, "No such invitation", "nobody was given this code", "code")
        return invitation

    def redeem(self, code: str, account: bytes) -> Invitation:
        """Use an invitation up; the same account may say so again.

        Raises:
            Problem: There is no such code, it or the account was used before, or the census is
                fixed.
        """
        with self._write() as session:
            invitation = session.get(Invitation, code_hash(code), with_for_update=True)
            if invitation is None:
                raise Problem(404, "No such invitation", "nobody was given this code", "code")
            # With the plan locked: who is told to be registered is in the census.
            registering = select(col(Plan.census).is_(None)).where(Plan.id == invitation.plan_id)
            if not session.exec(registering.with_for_update()).one():
                raise Problem(409, "Registration closed", "the census is fixed already", "code")
            if invitation.account not in (None, account):
                raise Problem(409, "Used before", "somebody redeemed this code before", "code")
            taken = session.exec(
                select(Invitation).where(
                    Invitation.plan_id == invitation.plan_id,
                    Invitation.account == account,
                    Invitation.code_hash != invitation.code_hash,
                )
            ).first()
            if taken is not None:
                raise Problem(
                    409, "Registered before", "this account came by another invitation", "account"
                )
            invitation.account = account
            session.add(invitation)
        return invitation

    def count_relay(self, round_id: int, member: bytes, limit: int) -> None:
        """Count a transaction paid for a member or a proposal; Problem when there were too many."""
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
                raise Problem(429, "Too many", detail, "authorization.member")
            known.count += 1
            session.add(known)

    def forget_relay(self, round_id: int, member: bytes) -> None:
        """Take back a count: nothing was paid."""
        with self._write() as session:
            known = session.get_one(RelayCount, (round_id, member), with_for_update=True)
            known.count -= 1
            session.add(known)

    def to_json(self, plan: Plan, brief: bool = False) -> dict[str, Any]:
        """A plan as shown to everybody: counts of invitations, no codes.

        Args:
            brief: Without the accounts of its electorates, which may be very many.
        """
        with Session(self._engine) as session:
            query = select(func.count()).where(Invitation.plan_id == plan.id)
            issued, redeemed = session.exec(query).one(), self._redeemed(session, plan.id)
        return {
            "plan": plan.id,
            "round": None if plan.round_id is None else str(plan.round_id),
            "poll": None if plan.poll_id is None else str(plan.poll_id),
            "specification": _brief(plan.specification) if brief else plan.specification,
            "census_source": plan.source,
            "census_fixed": plan.census is not None,
            "warnings": plan.warnings,
            "finished": plan.finished,
            "problem": plan.problem or None,
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
            shown[electorate] = {name: value for name, value in given if name != "accounts"}
    return shown


def specification_of(plan: Plan) -> RoundSpecification | PollSpecification:
    """A plan's specification as its organizer gave it."""
    kind = RoundSpecification if plan.is_round else PollSpecification
    return kind.model_validate(plan.specification)


def known_accounts(invitations: Sequence[Invitation]) -> dict[bytes, int]:
    """Weight of each account that redeemed an invitation."""
    return {one.account: one.weight for one in invitations if one.account is not None}
