"""Any election's file, by its suffix."""

from pathlib import Path

from ostraka.formats.election import Election, FileError
from ostraka.formats.pabulib import read_pabulib
from ostraka.formats.pabulib_rules import election_of
from ostraka.formats.preflib import SUFFIXES, preflib_election, read_preflib


def read_election(path: Path, *, greedy: bool = False) -> Election:
    """What a file asks, and how that is decided.

    Args:
        greedy: Fund greedily by votes whatever rule a `.pb` file names.

    Raises:
        FileError: It cannot be read, or Ostraka cannot honour it; says why.
        OSError: The file cannot be read.
    """
    if path.suffix.lower() == ".pb":
        return election_of(read_pabulib(path), greedy=greedy)
    if path.suffix.lower() in (*SUFFIXES, ".toc", ".toi"):
        if greedy:
            raise FileError(f"{path}: --greedy is of .pb files; nothing costs anything here")
        return preflib_election(read_preflib(path))
    raise FileError(f"{path}: expected a .pb file, or one of {', '.join(SUFFIXES)}")
