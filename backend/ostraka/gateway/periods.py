"""Periods of rounds and polls, held to the least that the registry takes."""

from ostraka.gateway.context import GatewayContext
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem


def refuse_short(
    gateway: GatewayContext, wanted: RoundSpecification | PollSpecification, more: dict[str, int]
) -> None:
    """Refuse periods that the registry would refuse once the poll goes on chain (§4.1).

    Args:
        more: Further periods in seconds, by field.
    """
    floor, times = gateway.registry.period_floor(), wanted.times
    periods = {
        "times.dispute_window": times.dispute_window,
        "times.tally_period": times.tally_period,
        **more,
    }
    for field, period_s in periods.items():
        if period_s < floor:
            detail = f"{period_s} s, at least {floor} s in this registry"
            raise Problem(ProblemType.INVALID_REQUEST, detail, field)
