"""Ballots of an election's file: those that obey its rule, and those that break it."""

from dataclasses import dataclass
from pathlib import Path

from ostraka.demo.plain_count import PlainCount
from ostraka.formats.election import Election, FileError


@dataclass(frozen=True)
class LeftOut:
    """A ballot of the file that breaks the file's own rule.

    Attributes:
        voter: Number of the voter in the file, from 1.
    """

    voter: int
    reason: str


@dataclass(frozen=True)
class FileBallots:
    """Ballots of a file, split into those that can be cast and the others.

    Attributes:
        cast: Number of the voter, from 1, and the bits of the ballot.
        left_out: The others. No ballot is changed to fit the rule.
    """

    cast: list[tuple[int, list[int]]]
    left_out: list[LeftOut]


def file_ballots(election: Election, voters: int) -> FileBallots:
    """Return the ballots of the first `voters` voters of a file."""
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
    """Compare the ballots with the plain count, before any ballot is cast.

    Raises:
        FileError: They have different counts or leave out different ballots. One of the two
            readings is wrong, and no tally could agree with both.
    """
    ours = {one.voter for one in ballots.left_out}
    differing = sorted(ours ^ set(plain.left_out))
    if differing:
        voter = differing[0]
        leaves_out = "Ostraka" if voter in ours else "the plain count"
        raise FileError(f"{path}: ballot of voter {voter}: only {leaves_out} leaves it out")
    # A slot is a linear map of bits, so all ballots can be counted together.
    rule = election.question.rule
    together = [0] * rule.bits
    for _, bits in ballots.cast:
        for place, bit in enumerate(bits):
            together[place] += bit
    for option, votes in zip(election.options, rule.slot_values(together), strict=True):
        counted = plain.counts[option.option_id]
        if votes != counted:
            reason = f"Ostraka counts {votes}, the plain count {counted}"
            raise FileError(f"{path}: option {option.option_id}: {reason}")
