"""What a plan's poll is about to ask, and of whom, by what is known before it is created.

Source: docs/threat-model.md.
"""

from collections.abc import Sequence

from ostraka.planning.electorates import Electorates, census_of_list, invited_census
from ostraka.planning.leaks import AskedPoll
from ostraka.planning.specification import (
    AccountList,
    Electorate,
    Invitations,
    PollSpecification,
    RoundSpecification,
)
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census


def electorate_of(wanted: RoundSpecification | PollSpecification) -> Electorate:
    """Who may vote; of a round that does not say, its members."""
    if isinstance(wanted, RoundSpecification):
        return wanted.members if wanted.voters is None else wanted.voters
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
    if electorates is None:
        return None
    try:
        return electorates.census(electorate)[0]
    except Problem:
        # Whoever is given votes until the census is fixed is in it.
        return None
