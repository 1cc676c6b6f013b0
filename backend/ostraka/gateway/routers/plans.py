"""Plans: rounds and polls that this gateway organizes."""

from fastapi import APIRouter

from ostraka.gateway.answers.plans import Plan
from ostraka.gateway.dependencies import Brief, Gateway
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["plans"], route_class=StrictRoute)


@router.get(
    "/plans",
    response_model_exclude_unset=True,
    responses=problems(ProblemType.INVALID_REQUEST),
)
def plans(gateway: Gateway, brief: Brief = False) -> list[Plan]:
    """Rounds and polls that this gateway organizes."""
    known = gateway.context.plans
    return [Plan.model_validate(known.to_json(plan, brief)) for plan in known.all()]


@router.get(
    "/plans/{plan}",
    response_model_exclude_unset=True,
    responses=problems(ProblemType.INVALID_REQUEST, ProblemType.NO_SUCH_PLAN),
)
def show_plan(gateway: Gateway, plan: str, brief: Brief = False) -> Plan:
    """A plan with its transactions, and the problem that it waits for."""
    known = gateway.context.plans
    return Plan.model_validate(known.to_json(known.get(plan), brief))
