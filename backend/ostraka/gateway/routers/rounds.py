"""Rounds of a shared budget: create, fund, refund, show."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from ostraka.gateway.answers.plans import Plan
from ostraka.gateway.answers.rounds import (
    Funder,
    Membership,
    Replacements,
    Round,
    RoundSummary,
)
from ostraka.gateway.answers.transactions import Transaction
from ostraka.gateway.dependencies import (
    AddressPath,
    DoneOnce,
    DryRun,
    Gateway,
    MayOrganize,
    RoundNumber,
)
from ostraka.gateway.invited_members import Reason
from ostraka.gateway.problem_groups import ORGANIZING, ROUND, SENDING, SPECIFYING
from ostraka.gateway.routers.dry_runs import DRY_RUN, dry_run_answer
from ostraka.planning.fields import Address, Amount, Strict
from ostraka.planning.specification import RoundSpecification
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["rounds"], route_class=StrictRoute)


class Funding(Strict):
    """Money from the gateway's own account."""

    amount: Amount = Field(gt=0)


class Refund(Strict):
    """The funder to refund."""

    funder: Address


class NewCode(Strict):
    """The code that replaces an invitation's own."""

    code: Address
    """Address of a new code, which was never used."""
    reason: Reason | None = Field(
        default=None, description="Shown publicly beside the event on the chain."
    )


@router.post(
    "/rounds",
    status_code=201,
    response_model=Plan,
    response_model_exclude_unset=True,
    responses=DRY_RUN | problems(SPECIFYING, SENDING),
)
def create_round(
    gateway: Gateway,
    access: MayOrganize,
    wanted: RoundSpecification,
    once: DoneOnce,
    dry_run: DryRun = False,
) -> Any:
    """Create a round on chain; the gateway then runs it to its end.

    `warnings` state how its poll may reveal votes.
    """
    if dry_run:
        return dry_run_answer(gateway.rounds.check(wanted))

    def create(name: str) -> dict[str, Any]:
        with access.recorded("round.create", wanted.title) as record:
            plan = gateway.rounds.create(wanted, name)
            record.target = f"plan {plan.id}"
        gateway.follow()
        return gateway.context.plans.to_json(plan)

    return once(create)


@router.get("/rounds", responses=problems(ProblemType.CHAIN_UNREACHABLE))
def rounds(gateway: Gateway) -> list[RoundSummary]:
    """All rounds of the treasury."""
    return gateway.round_reader.all()


@router.get("/rounds/{round_id}", responses=problems(ROUND))
def show_round(gateway: Gateway, round_id: RoundNumber) -> Round:
    """A round with its state."""
    return gateway.round_reader.one(round_id)


@router.get(
    "/rounds/{round_id}/members/{account}",
    responses=problems(ROUND, ProblemType.MEMBERS_UNKNOWN, ProblemType.NO_SUCH_MEMBER),
)
def member(gateway: Gateway, round_id: RoundNumber, account: AddressPath) -> Membership:
    """A member's signing key, weight and proof for the treasury.

    The path names the member's account, or the key that is bound to the member's invitation.
    """
    return gateway.relayed_proposals.member(round_id, from_hex(account, "account"))


@router.post(
    "/rounds/{round_id}/members/{account}/replacement",
    response_model=Transaction,
    responses=problems(
        ORGANIZING,
        ROUND,
        SENDING,
        ProblemType.NO_INVITATIONS,
        ProblemType.NO_SUCH_INVITATION,
        ProblemType.INVITATION_UNUSED,
        ProblemType.REGISTRATION_CLOSED,
        ProblemType.CODE_USED,
    ),
)
def replace_member(
    gateway: Gateway,
    access: MayOrganize,
    round_id: RoundNumber,
    account: AddressPath,
    wanted: NewCode,
    once: DoneOnce,
) -> Any:
    """Replace the code of an invitation whose key was lost.

    The lost key can no longer propose or vote. The treasury logs this publicly.
    """
    invitation, code = from_hex(account, "account"), from_hex(wanted.code, "code")

    def replace(_: str) -> dict[str, Any]:
        with access.recorded("member.replace", f"round {round_id}, member {account}"):
            sent = gateway.invited_members.replace(round_id, invitation, code, wanted.reason)
        return gateway.shown(sent).model_dump()

    return once(replace)


@router.get(
    "/rounds/{round_id}/replacements",
    responses=problems(ROUND, ProblemType.INVALID_REQUEST),
)
def replacements(
    gateway: Gateway,
    round_id: RoundNumber,
    before: Annotated[
        int | None, Query(ge=1, lt=1 << 63, description="Only entries with smaller numbers.")
    ] = None,
) -> Replacements:
    """Codes of invitations that the round's organizer replaced, as the chain shows them."""
    return gateway.round_reader.replacements(round_id, before)


@router.post(
    "/rounds/{round_id}/funding",
    response_model=list[Transaction],
    responses=problems(ORGANIZING, ROUND, SENDING),
)
def fund(
    gateway: Gateway, access: MayOrganize, round_id: RoundNumber, wanted: Funding, once: DoneOnce
) -> Any:
    """Fund a round from the gateway's account; anybody may also fund it on chain."""

    def pay(name: str) -> list[dict[str, Any]]:
        with access.recorded("round.fund", f"round {round_id}, amount {wanted.amount}"):
            sent = gateway.rounds.fund(round_id, wanted.amount, name)
        return [gateway.shown(one).model_dump() for one in sent]

    return once(pay)


@router.get("/rounds/{round_id}/funders", responses=problems(ROUND))
def funders(gateway: Gateway, round_id: RoundNumber) -> list[Funder]:
    """Funders of a round, with the amounts paid and those that can be refunded now."""
    return gateway.round_reader.funders(round_id)


@router.post(
    "/rounds/{round_id}/refunds",
    response_model=Transaction,
    responses=problems(ORGANIZING, ROUND, SENDING),
)
def refund(
    gateway: Gateway, access: MayOrganize, round_id: RoundNumber, wanted: Refund, once: DoneOnce
) -> Any:
    """Refund a funder's part of the money that proposals do not need."""
    funder = from_hex(wanted.funder, "funder")

    def pay_back(name: str) -> dict[str, Any]:
        with access.recorded("round.refund", f"round {round_id}, funder {wanted.funder}"):
            sent = gateway.rounds.refund(round_id, funder, name)
        return gateway.shown(sent).model_dump()

    return once(pay_back)
