"""Polls that a gateway knows, as far as their results could give votes away.

Source: docs/threat-model.md.
"""

from collections.abc import Sequence

from ostraka.gateway.desk import Desk
from ostraka.gateway.electorates import census_of
from ostraka.gateway.leaks import AskedPoll, LeakWarning, leak_warnings
from ostraka.gateway.plans import known_accounts, specification_of
from ostraka.gateway.specification import Electorate, PollSpecification, RoundSpecification
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census
from ostraka_verifier.question import read_questions


def electorate_of(wanted: RoundSpecification | PollSpecification) -> Electorate | None:
    """Who may vote; of a round that does not say, its members."""
    if wanted.voters is None and isinstance(wanted, RoundSpecification):
        return wanted.members
    return wanted.voters


def planned_poll(
    name: str,
    wanted: RoundSpecification | PollSpecification,
    census: Census | None,
    options: Sequence[str] = (),
) -> AskedPoll:
    """What a plan's poll is about to ask.

    Args:
        options: Of a round's poll, once its proposals are closed.
    """
    questions = wanted.asked if isinstance(wanted, PollSpecification) else ()
    labels = [question.labels() for question in questions]
    if options:
        labels.append(tuple(options))
    return AskedPoll(name, tuple(labels), census, questions, wanted.minimum_ballots, wanted.secret)


def census_so_far(
    rpc_url: str | None, wanted: RoundSpecification | PollSpecification
) -> Census | None:
    """Who may vote by what is known now, None where nobody is.

    Args:
        rpc_url: None to read nothing from the chain.

    Raises:
        Problem: What the organizer named can never be an electorate.
    """
    electorate = electorate_of(wanted)
    if electorate is None or (electorate.kind != "list" and rpc_url is None):
        return None
    try:
        return census_of(rpc_url or "", electorate, {})[0]
    except Problem as problem:
        if electorate.kind == "list" and problem.status != 409:
            raise
        # Whoever registers, or is given votes, until the census is fixed is in it.
        return None


def warnings_of(desk: Desk, poll: AskedPoll, plan: Plan | None = None) -> list[LeakWarning]:
    """What a poll may give away, alone or with any other that this gateway knows.

    Args:
        plan: Its own, if there is one yet.
    """
    others = []
    for other in desk.plans.all():
        if plan is not None and other.id == plan.id:
            continue
        labels = _labels(desk, other)
        name = f"plan {other.id}" if other.poll_id is None else f"poll {other.poll_id}"
        if AskedPoll(name, labels, None).asks_what(poll.labels):
            others.append(AskedPoll(name, labels, _census(desk, other)))
    return leak_warnings(poll, others)


def _labels(desk: Desk, plan: Plan) -> tuple[tuple[str, ...], ...]:
    if not plan.is_round:
        # Not the whole specification: it holds all accounts.
        return tuple(one.labels() for one in read_questions(plan.specification["questions"]))
    if plan.poll_id is None:
        return ()
    try:
        return (desk.poll(plan.poll_id)[0].description.options,)
    except Problem:
        return ()


def _census(desk: Desk, plan: Plan) -> Census | None:
    if plan.census is not None:
        return Census.decode(plan.census)
    electorate = electorate_of(specification_of(plan))
    if electorate is None or electorate.kind != "list":
        return None
    try:
        invited = known_accounts(desk.plans.invitations(plan))
        return census_of(desk.rpc_url, electorate, invited)[0]
    except Problem:
        return None
