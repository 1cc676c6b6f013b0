"""A planned poll's questions and voters, as far as they are known before it is created.

Source: docs/threat-model.md.
"""

from collections.abc import Sequence

from ostraka.planning import round_rules
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
from ostraka.wire.shuffle_sizes import ToShuffle
from ostraka_verifier.census import Census
from ostraka_verifier.question import Question
from ostraka_verifier.rule import BallotRule


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
    if isinstance(wanted, PollSpecification):
        questions = wanted.asked
        labels = [question.labels() for question in questions]
    else:
        questions = (_round_question(wanted, len(options)),) if wanted.is_shuffled else ()
        labels = [tuple(options)] if options else []
    return AskedPoll(
        name,
        tuple(labels),
        census,
        questions,
        wanted.minimum_ballots,
        wanted.secret,
        wanted.is_shuffled,
    )


def _round_question(wanted: RoundSpecification, proposals: int) -> Question:
    """Return what a round asks: about its standing proposals, or about as many as it allows."""
    count = proposals or wanted.maximum_proposals
    names = [(f"proposal {number}", 1) for number in range(1, count + 1)]
    return round_rules.question_of(wanted.ballot.encoded, wanted.title, names, wanted.budget)


def to_shuffle(
    wanted: RoundSpecification | PollSpecification, census: Census | None, rule: BallotRule
) -> ToShuffle | None:
    """Return which ballots nodes will have to shuffle; None if only their sum is opened.

    Args:
        census: The voters as far as they are known.
        rule: Of the longest possible ballot.
    """
    if not wanted.is_shuffled:
        return None
    return ToShuffle(0 if census is None else len(census), len(rule.slots))


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
