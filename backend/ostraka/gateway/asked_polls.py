"""Polls that a gateway knows, as far as their results could give votes away.

Source: docs/threat-model.md.
"""

from collections.abc import Sequence

from ostraka.gateway.desk import Desk
from ostraka.gateway.electorates import Electorates, census_of_list, invited_census
from ostraka.gateway.leaks import AskedPoll, LeakWarning, leak_warnings
from ostraka.gateway.plans import specification_of
from ostraka.gateway.specification import (
    AccountList,
    Electorate,
    Invitations,
    PollSpecification,
    RoundSpecification,
)
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
    electorates: Electorates | None, wanted: RoundSpecification | PollSpecification
) -> Census | None:
    """Who may vote by what is known now, None where that is nobody.

    Of invitations all are taken to be redeemed.

    Args:
        electorates: None to read nothing from the chain.

    Raises:
        Problem: What the organizer named can never be an electorate.
    """
    electorate = electorate_of(wanted)
    if isinstance(electorate, AccountList):
        return census_of_list(electorate)
    if isinstance(electorate, Invitations):
        return invited_census(electorate)
    if electorate is None or electorates is None:
        return None
    try:
        return electorates.census(electorate)[0]
    except Problem:
        # Whoever is given votes until the census is fixed is in it.
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
    try:
        return census_so_far(None, specification_of(plan))
    except Problem:
        return None
