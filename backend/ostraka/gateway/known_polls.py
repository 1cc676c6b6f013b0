"""Leak warnings for a poll, also compared with every other poll that this gateway knows.

Source: docs/threat-model.md.
"""

from ostraka.gateway.context import GatewayContext
from ostraka.gateway.plans import specification_of
from ostraka.planning.asked_poll import census_so_far
from ostraka.planning.leaks import AskedPoll, LeakWarning, leak_warnings
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census
from ostraka_verifier.question import read_questions


def warnings_of(
    gateway: GatewayContext, poll: AskedPoll, plan: Plan | None = None
) -> list[LeakWarning]:
    """Return how a poll may reveal votes, alone or with any other poll that this gateway knows.

    Args:
        plan: Its own plan, if it exists.
    """
    others = []
    for other in gateway.plans.all():
        if plan is not None and other.id == plan.id:
            continue
        labels = _labels(gateway, other)
        name = f"plan {other.id}" if other.poll_id is None else f"poll {other.poll_id}"
        if AskedPoll(name, labels, None).asks_what(poll.labels):
            others.append(AskedPoll(name, labels, _census(gateway, other)))
    return leak_warnings(poll, others)


def _labels(gateway: GatewayContext, plan: Plan) -> tuple[tuple[str, ...], ...]:
    if not plan.is_round:
        # Not the whole specification, which contains all accounts.
        return tuple(one.labels() for one in read_questions(plan.specification["questions"]))
    if plan.poll_id is None:
        return ()
    try:
        return (gateway.poll(plan.poll_id)[0].description.options,)
    except Problem:
        return ()


def _census(gateway: GatewayContext, plan: Plan) -> Census | None:
    if plan.census is not None:
        return Census.decode(plan.census)
    try:
        return census_so_far(None, specification_of(plan))
    except Problem:
        return None
