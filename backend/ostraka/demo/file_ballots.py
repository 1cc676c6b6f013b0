"""Ballots of an election's file: those that keep its rule, and those that do not."""

from dataclasses import dataclass
from pathlib import Path

from ostraka.demo.plain_count import PlainCount
from ostraka.formats.election import Election, FileError


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
            cast.append((one.number, election.question.vote_bits(one.vote)))
        except ValueError as error:
            left_out.append(LeftOut(one.number, str(error)))
    return FileBallots(cast, left_out)


def check_readings(path: Path, election: Election, ballots: FileBallots, plain: PlainCount) -> None:
    """Hold the ballots that would be cast against the plain count, before any is.

    Raises:
        FileError: They come to something else, or others are left out: one of the two readings is
            wrong, and no tally could agree with both.
    """
    ours = {one.voter for one in ballots.left_out}
    differing = sorted(ours ^ set(plain.left_out))
    if differing:
        voter = differing[0]
        left = "Ostraka leaves out" if voter in ours else "the plain count leaves out"
        raise FileError(f"{path}: the ballot of voter {voter}: {left}, and the other does not")
    # A slot is a linear map of bits: all ballots together are counted at once.
    rule = election.question.rule
    together = [0] * rule.bits
    for _, bits in ballots.cast:
        for place, bit in enumerate(bits):
            together[place] += bit
    for option, votes in zip(election.options, rule.slot_values(together), strict=True):
        counted = plain.counts[option.option_id]
        if votes != counted:
            reason = f"Ostraka reads {votes} votes, the plain count {counted}"
            raise FileError(f"{path}: option {option.option_id}: {reason}")
