"""Ballots of an election's file: those that keep its rule, and those that do not."""

from dataclasses import dataclass

from ostraka.formats.election import Election
from ostraka.voter.choice import vote_bits


@dataclass(frozen=True)
class LeftOut:
    """A ballot of the file that breaks the file's own rule.

    Attributes:
        voter: Which of the file, from 1.
    """

    voter: int
    reason: str


@dataclass(frozen=True)
class FileBallots:
    """What of a file can be cast.

    Attributes:
        cast: Number of the voter, from 1, and the bits of the ballot.
        left_out: The others; nothing of them is changed to make it fit.
    """

    cast: list[tuple[int, list[int]]]
    left_out: list[LeftOut]


def file_ballots(election: Election, voters: int) -> FileBallots:
    """Ballots of the first `voters` voters of a file."""
    cast, left_out = [], []
    for one in election.votes[:voters]:
        try:
            if one.problem:
                raise ValueError(one.problem)
            cast.append((one.number, vote_bits(election.question, one.vote)))
        except ValueError as error:
            left_out.append(LeftOut(one.number, str(error)))
    return FileBallots(cast, left_out)
