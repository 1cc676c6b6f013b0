"""Read any election file by its suffix."""

from pathlib import Path

from ostraka.formats.election import Election, FileError
from ostraka.formats.pabulib import read_pabulib
from ostraka.formats.pabulib_rules import election_of
from ostraka.formats.preflib import SUFFIXES, preflib_election, read_preflib


def read_election(path: Path, *, greedy: bool = False) -> Election:
    """Return a file's election.

    Args:
        greedy: Fund greedily by votes, regardless of the rule of a `.pb` file.

    Raises:
        FileError: It is invalid, or Ostraka cannot honour it; states why.
        OSError: The file cannot be read.
    """
    if path.suffix.lower() == ".pb":
        return election_of(read_pabulib(path), greedy=greedy)
    if path.suffix.lower() in (*SUFFIXES, ".toc", ".toi"):
        if greedy:
            raise FileError(f"{path}: --greedy needs a .pb file; options have no costs here")
        return preflib_election(read_preflib(path))
    raise FileError(f"{path}: expected a .pb file, or one of {', '.join(SUFFIXES)}")
