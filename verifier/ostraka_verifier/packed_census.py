"""A census as its bytes, read by the native engine without an object for each voter.

`Census` is its specification: the same errors, counts and entries. Only the readable code has words
for what is wrong.

Source: docs/protocol.md §6, §13.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ostraka_verifier.census import (
    MINIMUM_CLASS,
    Census,
    CensusEntry,
    CensusView,
    SharedKeys,
    check_entry,
    check_totals,
    entries_start,
)
from ostraka_verifier.census_tree import CensusRoot

if TYPE_CHECKING:
    from ostraka_verifier_native import Census as NativeCensus


def read_census(data: bytes, engine: str) -> CensusView:
    """Read a census by an engine, "native" or "reference".

    Raises:
        Malformed: Bytes are missing or left over.
        Rejected: Order or weights are wrong (check C1).
    """
    return PackedCensus(data) if engine == "native" else Census.decode(data, engine)


class PackedCensus:
    """All voters of one poll; errors as for `Census.decode`.

    Attributes:
        native: The census of the native engine.
        total_weight: Sum of all weights.
    """

    def __init__(self, data: bytes) -> None:
        self.native = _native_census(data, entries_start(data))
        number = self.native.first_fault()
        if number is not None:
            previous = self._entry(number - 1).account if number else b""
            check_entry(number, self._entry(number), previous)
            raise RuntimeError(f"the native engine finds fault with census[{number}] alone")
        total = self.native.total_weight()
        check_totals(len(self), total)
        self.total_weight = total or 0

    def __len__(self) -> int:
        return len(self.native)

    @property
    def entries(self) -> Iterator[CensusEntry]:
        """All entries in order, each made when it is asked for."""
        return map(self._entry, range(len(self)))

    @cached_property
    def tree(self) -> CensusRoot:
        """Root of the sum tree: hash, total weight and number of voters."""
        return CensusRoot(*self.native.tree_root(), len(self))

    def find(self, account: bytes) -> CensusEntry | None:
        """Return the entry of an account; None if there is none."""
        entry = self.native.find(account)
        return None if entry is None else CensusEntry.decode(entry)

    def identifying_weight(self) -> tuple[int, int] | None:
        """Return the least weight that too few voters have for a secret poll, and their number."""
        return self.native.rare_weight(MINIMUM_CLASS)

    def shared_keys(self) -> SharedKeys:
        """Count signing keys of several accounts."""
        number, first = self.native.shared_keys()
        return SharedKeys(number, *(first or (b"", 0)))

    def other_keys(self) -> int:
        """Return the number of entries that sign with a different key than the account's."""
        return self.native.other_keys()

    def first_differing(self, source: Census) -> CensusEntry | None:
        """Return the first entry that `source` does not have exactly so."""
        number = self.native.first_differing(_native_census(source.packed))
        return None if number is None else self._entry(number)

    def first_left_out(self, source: Census) -> CensusEntry | None:
        """Return the first entry of `source` whose account is not in this census."""
        number = _native_census(source.packed).first_absent(self.native)
        return None if number is None else source.entries[number]

    def _entry(self, number: int) -> CensusEntry:
        entry = self.native.entry(number)
        if entry is None:
            raise IndexError(f"census: no entry {number} among {len(self)}")
        return CensusEntry.decode(entry)


def _native_census(data: bytes, start: int = 0) -> "NativeCensus":
    from ostraka_verifier_native import Census as NativeCensus

    return NativeCensus(data, start)
