"""Read any election file by its suffix."""

from pathlib import Path

from ostraka.formats.election import Election, FileError
from ostraka.formats.pabulib import read_pabulib
from ostraka.formats.pabulib_rules import election_of
from ostraka.formats.preflib import SUFFIXES, preflib_election, read_preflib
from ostraka.formats.ranked_rules import RankedRule


def read_election(
    path: Path, *, greedy: bool = False, rule: RankedRule | None = None, seats: int = 1
) -> Election:
    """Return a file's election.

    Args:
        greedy: Fund greedily by votes, regardless of the rule of a `.pb` file.
        rule: How the winner of a ranked file is found; None for Borda.
        seats: Of a single transferable vote.

    Raises:
        FileError: It is invalid, or Ostraka cannot honour it; states why.
        OSError: The file cannot be read.
    """
    if path.suffix.lower() == ".pb":
        if rule is not None or seats != 1:
            raise FileError(f"{path}: --rule needs a ranked file; a .pb file names its own rule")
        return election_of(read_pabulib(path), greedy=greedy)
    if path.suffix.lower() in SUFFIXES:
        if greedy:
            raise FileError(f"{path}: --greedy needs a .pb file; options have no costs here")
        return preflib_election(read_preflib(path), rule, seats)
    raise FileError(f"{path}: expected a .pb file, or one of {', '.join(SUFFIXES)}")
