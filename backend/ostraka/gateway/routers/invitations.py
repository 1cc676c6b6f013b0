"""Invitations: where they can be redeemed, and their redemption."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from ostraka.gateway.answers.invitations import Invitation, Redemption
from ostraka.gateway.dependencies import AddressPath, Gateway
from ostraka.planning.fields import Address, Strict
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex
from ostraka.wire.strict_requests import StrictRoute
from ostraka_verifier import redemption

router = APIRouter(tags=["invitations"], route_class=StrictRoute)

Signature = Annotated[str, Field(pattern="^0x[0-9a-f]{130}$")]


class Redeeming(Strict):
    """An invitation, the key to which it is bound, and both keys' signatures."""

    plan: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    invitation: Address
    signing_key: Address
    by_invitation: Signature
    by_signing_key: Signature
    by_code: Signature | None = None
    """Signature of `Redemption` by the code that replaced the invitation's own, if one did."""


@router.get(
    "/invitations/{address}",
    responses=problems(
        ProblemType.INVALID_REQUEST, ProblemType.NO_INVITATIONS, ProblemType.NOT_CREATED
    ),
)
def invited(gateway: Gateway, address: AddressPath) -> list[Invitation]:
    """Plans in which an invitation may be redeemed, with the signed electorates; newest first."""
    return gateway.invitations.invited(from_hex(address, "address"))


@router.post(
    "/invitations/redemption",
    responses=problems(
        ProblemType.MALFORMED,
        ProblemType.INVALID_REQUEST,
        ProblemType.NO_SUCH_PLAN,
        ProblemType.NO_INVITATIONS,
        ProblemType.NOT_CREATED,
        ProblemType.CHECK_FAILED,
        ProblemType.NO_SUCH_INVITATION,
        ProblemType.REGISTRATION_CLOSED,
        ProblemType.INVITATION_USED,
        ProblemType.INVITATION_REPLACED,
        ProblemType.KEY_IN_USE,
    ),
)
def redeem(gateway: Gateway, wanted: Redeeming) -> Redemption:
    """Bind an invitation to a key, until the census is fixed.

    `statement` is this gateway's signature of `Redeemed`: the key must be in the census.
    """
    signatures = redemption.Redemption(
        from_hex(wanted.by_invitation, "by_invitation"),
        from_hex(wanted.by_signing_key, "by_signing_key"),
    )
    return gateway.invitations.redeem(
        gateway.context.plans.get(wanted.plan),
        from_hex(wanted.invitation, "invitation"),
        from_hex(wanted.signing_key, "signing_key"),
        signatures,
        None if wanted.by_code is None else from_hex(wanted.by_code, "by_code"),
    )
