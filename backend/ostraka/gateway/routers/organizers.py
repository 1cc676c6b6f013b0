"""Organizers: who they are, what they did, and their sign-in by wallet."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from ostraka.gateway.answers.organizers import (
    ClosedSession,
    LoggedAction,
    LogPage,
    NewOrganizer,
    OpenedSession,
    SignInMessage,
    TeamMember,
)
from ostraka.gateway.audit_log import DONE, to_json
from ostraka.gateway.dependencies import (
    AnyOrganizer,
    Gateway,
    MayAdminister,
    MayReadLog,
    SentToken,
)
from ostraka.gateway.problem_groups import ACCESS
from ostraka.gateway.roles import BY_CODE
from ostraka.gateway.team import FIRST, is_active
from ostraka.planning.fields import Address, Strict, Time, Title
from ostraka.storage.gateway_tables import Organizer
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["organizers"], route_class=StrictRoute)

OrganizerId = Annotated[
    str, Path(pattern=f"^([0-9a-f]{{16}}|{FIRST})$", description="Id of the organizer.")
]
_MAX_PAGE = 500
_MAX_SIGNATURE = 8192
_CHANGING = (*ACCESS, ProblemType.INVALID_REQUEST, ProblemType.NO_SUCH_ORGANIZER)


_Role = Literal["administrator", "organizer", "moderator", "observer"]


class NewMember(Strict):
    """An organizer to add."""

    name: Title
    role: _Role
    wallet: Address | None = Field(
        default=None, description="Wallet to sign in with; without one, a token is made."
    )
    expires_at: Time | None = Field(default=None, description="When the access ends.")


class NewRole(Strict):
    """The role that an organizer gets."""

    role: _Role


class SignInWish(Strict):
    """The wallet that wants to sign in."""

    address: Address


class SignedMessage(Strict):
    """A message of this gateway, as signed by the wallet."""

    message: Annotated[str, Field(max_length=2000)]
    signature: Annotated[
        str,
        Field(
            pattern="^0x([0-9a-f]{2})+$",
            max_length=_MAX_SIGNATURE,
            description="As `personal_sign` returns it (EIP-191), or for a contract (ERC-1271).",
        ),
    ]


@router.get("/organizers", responses=problems(ACCESS))
def organizers(gateway: Gateway, access: MayAdminister) -> list[TeamMember]:
    """All organizers, former ones too."""
    team = gateway.context.team
    first = team.first and TeamMember(
        id=FIRST,
        name=team.first.name,
        role=team.first.role.code,
        active=True,
        wallet=None,
        has_token=True,
        created_at=None,
        expires_at=None,
        revoked_at=None,
    )
    return ([first] if first else []) + [_shown(one) for one in team.all()]


@router.post(
    "/organizers",
    status_code=201,
    responses=problems(
        ACCESS, ProblemType.MALFORMED, ProblemType.INVALID_REQUEST, ProblemType.ORGANIZER_EXISTS
    ),
)
def add_organizer(gateway: Gateway, access: MayAdminister, wanted: NewMember) -> NewOrganizer:
    """Add an organizer; the answer shows the token for the only time."""
    with access.recorded("organizer.add", f"{wanted.name}, {wanted.role}") as record:
        added, token = gateway.context.team.add(
            wanted.name,
            BY_CODE[wanted.role],
            from_hex(wanted.wallet, "wallet") if wanted.wallet else None,
            wanted.expires_at,
        )
        record.target = f"organizer {added.id}, {added.name}, {added.role}"
    return NewOrganizer(organizer=_shown(added), token=token)


@router.post(
    "/organizers/{organizer}/revocation",
    responses=problems(_CHANGING, ProblemType.LAST_ADMINISTRATOR),
)
def revoke_organizer(gateway: Gateway, access: MayAdminister, organizer: OrganizerId) -> TeamMember:
    """End an organizer's access at once: token, wallet and sessions."""
    with access.recorded("organizer.revoke", f"organizer {organizer}") as record:
        revoked = gateway.context.team.revoke(organizer)
        record.target = f"organizer {revoked.id}, {revoked.name}"
    return _shown(revoked)


@router.put(
    "/organizers/{organizer}/role",
    responses=problems(_CHANGING, ProblemType.MALFORMED, ProblemType.LAST_ADMINISTRATOR),
)
def change_role(
    gateway: Gateway, access: MayAdminister, organizer: OrganizerId, wanted: NewRole
) -> TeamMember:
    """Give an organizer another role; tokens, wallet and sessions stay, with the new rights."""
    with access.recorded("organizer.role", f"organizer {organizer}, {wanted.role}") as record:
        changed = gateway.context.team.change_role(organizer, BY_CODE[wanted.role])
        record.target = f"organizer {changed.id}, {changed.name}, now {changed.role}"
    return _shown(changed)


@router.post("/organizers/{organizer}/rotation", responses=problems(_CHANGING))
def rotate_token(gateway: Gateway, access: MayAdminister, organizer: OrganizerId) -> NewOrganizer:
    """Replace an organizer's token, which ends the old one; the answer shows the new one once."""
    with access.recorded("organizer.rotate", f"organizer {organizer}") as record:
        rotated, token = gateway.context.team.rotate(organizer)
        record.target = f"organizer {rotated.id}, {rotated.name}"
    return NewOrganizer(organizer=_shown(rotated), token=token)


@router.get("/audit-log", responses=problems(ACCESS, ProblemType.INVALID_REQUEST))
def audit_log(
    gateway: Gateway,
    access: MayReadLog,
    before: Annotated[
        int | None, Query(ge=1, lt=1 << 63, description="Only entries with smaller numbers.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE, description="Most entries.")] = 100,
) -> LogPage:
    """What organizers did and tried, the newest first.

    Each entry has the hash of the entry before, so that a change of one shows in all later ones.
    """
    found = gateway.audit_log.newest(before, limit)
    entries = [LoggedAction.model_validate(to_json(one)) for one in found]
    last = entries[-1].number if entries else 1
    return LogPage(entries=entries, before=last if last > 1 else None)


@router.post(
    "/sign-in/message",
    responses=problems(
        ProblemType.MALFORMED,
        ProblemType.INVALID_REQUEST,
        ProblemType.SIGN_IN_UNAVAILABLE,
    ),
)
def sign_in_message(gateway: Gateway, wanted: SignInWish) -> SignInMessage:
    """Return a message that an organizer's wallet signs to sign in (EIP-4361); usable once."""
    challenge = gateway.sign_in.challenge(from_hex(wanted.address, "address"))
    return SignInMessage(message=challenge.message, expires_at=challenge.expires_at)


@router.post(
    "/sign-in",
    responses=problems(
        ProblemType.MALFORMED,
        ProblemType.INVALID_REQUEST,
        ProblemType.SIGN_IN_FAILED,
        ProblemType.CHAIN_UNREACHABLE,
    ),
)
def sign_in(gateway: Gateway, wanted: SignedMessage) -> OpenedSession:
    """Open a session with a signed message of `/sign-in/message`."""
    opened = gateway.sign_in.open(wanted.message, from_hex(wanted.signature, "signature"))
    gateway.audit_log.add(opened.actor, "session.open", "by wallet", DONE)
    return OpenedSession(token=opened.token, expires_at=opened.expires_at)


@router.post("/sign-out", responses=problems(ProblemType.NOT_ORGANIZER))
def sign_out(gateway: Gateway, access: AnyOrganizer, token: SentToken) -> ClosedSession:
    """End the session of the token that is sent; an organizer's own token stays valid."""
    return ClosedSession(closed=gateway.sign_in.close(token))


def _shown(organizer: Organizer) -> TeamMember:
    members: dict[str, Any] = {
        "id": organizer.id,
        "name": organizer.name,
        "role": organizer.role,
        "active": is_active(organizer),
        "wallet": None if organizer.wallet is None else to_hex(organizer.wallet),
        "has_token": organizer.token_hash is not None,
        "created_at": organizer.created_at_unix_s,
        "expires_at": organizer.expires_at_unix_s,
        "revoked_at": organizer.revoked_at_unix_s,
    }
    return TeamMember.model_validate(members)
