"""Ballots of an election's file: those that obey its rule, and those that break it."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from pathlib import Path

from ostraka.demo.plain_count import PlainCount
from ostraka.formats.election import Election, FileError
from ostraka_verifier.question import Pairwise, Ranking


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
    expected = plain_slots(election, plain)
    for (slot, counted), votes in zip(expected, rule.slot_values(together), strict=True):
        if votes != counted:
            reason = f"Ostraka counts {votes}, the plain count {counted}"
            raise FileError(f"{path}: option {slot}: {reason}")


def plain_slots(election: Election, plain: PlainCount) -> list[tuple[str, Fraction | int]]:
    """Return name and plain count of each slot: the options, then their pairs if they count."""
    ids = [option.option_id for option in election.options]
    found: list[tuple[str, Fraction | int]] = [(one, plain.counts[one]) for one in ids]
    if isinstance(election.question, Ranking) and election.question.scores[-1] and plain.named:
        # The plain count gives the last place no point.
        found = [(one, points + plain.named[one]) for one, points in found]
    if isinstance(election.question, Pairwise):
        found += ((f"{a} > {b}", plain.pairs[a, b]) for a, b in permutations(ids, 2))
    return found
