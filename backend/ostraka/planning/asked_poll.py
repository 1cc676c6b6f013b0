"""A planned poll's questions and voters, as far as they are known before it is created.

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
    """Return who may vote; by default the members of a round."""
    if isinstance(wanted, RoundSpecification):
        return wanted.members if wanted.voters is None else wanted.voters
    return wanted.voters


def planned_poll(
    name: str,
    wanted: RoundSpecification | PollSpecification,
    census: Census | None,
    options: Sequence[str] = (),
) -> AskedPoll:
    """Return what a planned poll will ask.

    Args:
        options: Proposals of a round's poll, once they are closed.
    """
    questions = wanted.asked if isinstance(wanted, PollSpecification) else ()
    labels = [question.labels() for question in questions]
    if options:
        labels.append(tuple(options))
    return AskedPoll(
        name,
        tuple(labels),
        census,
        questions,
        wanted.minimum_ballots,
        wanted.secret,
        wanted.is_shuffled,
    )


def census_so_far(
    electorates: Electorates | None, wanted: RoundSpecification | PollSpecification
) -> Census | None:
    """Return the voters known so far; None if there are none.

    All invitations are assumed to be redeemed.

    Args:
        electorates: Reads electorates on chain; None skips that.

    Raises:
        Problem: The specification can never give an electorate.
        ChainError: The chain cannot be reached.
    """
    electorate = electorate_of(wanted)
    if isinstance(electorate, AccountList):
        return census_of_list(electorate)
    if isinstance(electorate, Invitations):
        return invited_census(electorate)
    if electorates is None:
        return None
    # No block of the future would make a census of a wrong contract.
    electorates.require_contract(electorate)
    try:
        return electorates.census(electorate)[0]
    except Problem:
        # Accounts can still receive votes until the census is fixed.
        return None
