"""Rehearsals: a short poll with the questions of a round or poll, marked as a rehearsal."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter
from pydantic import Field

from ostraka.gateway.answers.plans import Plan
from ostraka.gateway.dependencies import DoneOnce, Gateway, MayOrganize
from ostraka.gateway.plans import specification_of
from ostraka.gateway.problem_groups import SPECIFYING
from ostraka.planning.fields import Strict, Title
from ostraka.planning.rehearsal import rehearsal_of
from ostraka.planning.specification import InvitedAddress, PollSpecification, RoundSpecification
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.strict_requests import StrictRoute
from ostraka_verifier.errors import Rejected

log = structlog.get_logger()
router = APIRouter(tags=["plans"], route_class=StrictRoute)

_Minutes = Annotated[int, Field(strict=True, ge=1, le=1440)]


class Rehearsing(Strict):
    """What is rehearsed, exactly one of `plan`, `poll` and `round`, and by whom."""

    plan: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = None
    """A plan of this gateway."""
    poll: PollSpecification | None = None
    """A poll that is not created yet."""
    round: RoundSpecification | None = None
    """A round that is not created yet."""
    invitations: list[InvitedAddress] = Field(min_length=1, max_length=20)
    """Throw-away invitations; the gateway never gets their codes."""
    label: Annotated[Title, Field(max_length=40)] = "Rehearsal"
    """Begins the title, in the language of the people who rehearse."""
    notice: Annotated[str, Field(min_length=1, max_length=500)] = (
        "This is a rehearsal. Its votes are not secret and count for nothing."
    )
    """Begins the text."""
    registration_minutes: _Minutes = 10
    """Time to register."""
    voting_minutes: _Minutes = 20
    """Time to vote after that."""


@router.post(
    "/rehearsals",
    status_code=201,
    response_model=Plan,
    response_model_exclude_unset=True,
    responses=problems(SPECIFYING, ProblemType.NO_SUCH_PLAN, ProblemType.DESCRIPTION_TOO_LONG),
)
def rehearse(gateway: Gateway, access: MayOrganize, wanted: Rehearsing, once: DoneOnce) -> Any:
    """Plan a rehearsal: a poll on the same chain with the same questions, minutes instead of days.

    Its title begins with `label`, and its description has `"rehearsal": true`. One ballot suffices,
    and so it is not secret. A round is rehearsed with made-up proposals. The log has an entry with
    the plan, what it rehearses, the number of its voters, and its end.
    """

    def plan(name: str) -> dict[str, Any]:
        with access.recorded("poll.rehearse", "rehearsal") as record:
            planned = _plan(gateway, wanted, name)
            record.target = f"plan {planned['plan']}"
        return planned

    return once(plan)


def _plan(gateway: Gateway, wanted: Rehearsing, request: str) -> dict[str, Any]:
    plans, registry = gateway.context.plans, gateway.context.registry
    try:
        poll = rehearsal_of(
            _rehearsed(gateway, wanted),
            wanted.invitations,
            wanted.label,
            wanted.notice,
            (wanted.registration_minutes, wanted.voting_minutes),
            registry.head().timestamp,
            registry.period_floor(),
        )
    except Rejected as error:
        raise Problem(ProblemType.INVALID_REQUEST, error.reason, error.item) from error
    plan = gateway.polls.create(poll, request)
    log.info(
        "rehearsal",
        plan=plan.id,
        of=wanted.plan or ("poll" if wanted.poll else "round"),
        title=poll.title,
        voters=len(wanted.invitations),
        closes_at=poll.closes_at,
    )
    return plans.to_json(plan)


def _rehearsed(gateway: Gateway, wanted: Rehearsing) -> PollSpecification | RoundSpecification:
    given = [one for one in (wanted.plan, wanted.poll, wanted.round) if one is not None]
    if len(given) != 1:
        detail = "state exactly one of plan, poll and round"
        raise Problem(ProblemType.INVALID_REQUEST, detail, "plan")
    (one,) = given
    found = specification_of(gateway.context.plans.get(one)) if isinstance(one, str) else one
    if isinstance(found, PollSpecification) and found.rehearsal:
        raise Problem(ProblemType.INVALID_REQUEST, "this is a rehearsal itself", "plan")
    return found
