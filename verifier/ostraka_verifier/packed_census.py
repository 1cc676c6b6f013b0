"""A census that is read in blocks, by the native engine, and is never in memory as a whole.

`Census` is its specification: the same errors, counts and entries. Only the readable code has words
for what is wrong.

Source: docs/protocol.md §6, §13.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from ostraka_verifier.census import (
    COUNT_BYTES,
    MINIMUM_CLASS,
    Census,
    CensusEntry,
    CensusView,
    SharedKeys,
    check_entry,
    check_totals,
    entry_count,
)
from ostraka_verifier.census_tree import ENTRY_BYTES, CensusRoot
from ostraka_verifier.content import Within
from ostraka_verifier.encoding import ADDRESS_BYTES
from ostraka_verifier.errors import Undecided

BLOCK_ENTRIES = 1 << 13
"""Entries that are read at once, a power of two: enough for all cores, 448 kB in memory."""
COUNTED_AT_ONCE = 1 << 17
"""Different weights or keys that are counted in one reading of the census, some 8 MB in memory."""
_WEIGHT = range(2 * ADDRESS_BYTES, ENTRY_BYTES)
"""Bytes of the weight in an entry."""


def read_census(content: Within, engine: str) -> CensusView:
    """Read a census by an engine, "native" or "reference".

    Raises:
        Malformed: Bytes are missing or left over.
        Rejected: Order or weights are wrong (check C1).
        Undecided: It does not arrive.
    """
    if engine == "native":
        return PackedCensus(content)
    return Census.decode(content.read(0, content.size), engine)


@dataclass(frozen=True)
class CensusIndex:
    """What finds entries of a valid census, and recognizes its bytes.

    Attributes:
        voters: Number of entries.
        block_entries: Of each block; the last one may have fewer.
        firsts: First account of each block.
        hashes: SHA-256 of each block.
    """

    voters: int
    block_entries: int
    firsts: tuple[bytes, ...]
    hashes: tuple[bytes, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 over number and bytes of all entries, block by block."""
        numbers = self.voters.to_bytes(4, "big"), self.block_entries.to_bytes(4, "big")
        return sha256(b"".join([*numbers, *self.hashes])).digest()


class CensusBlocks:
    """Entries of a census that was read before, by its index.

    Attributes:
        content: The encoded census.
    """

    def __init__(self, content: Within, index: CensusIndex) -> None:
        self.content = content
        self.index = index
        self._kept = -1, b""

    def __iter__(self) -> Iterator[bytes]:
        """Yield all blocks in order; errors as for `block`."""
        return map(self.block, range(len(self.index.firsts)))

    def block(self, number: int) -> bytes:
        """Return a block by its number.

        Raises:
            Undecided: It is not the block that was read before: it does not arrive, or it changed.
        """
        kept, data = self._kept
        if kept != number:
            data = _block(self.content, self.index.voters, self.index.block_entries, number)
            if sha256(data).digest() != self.index.hashes[number]:
                raise Undecided("board.census: its bytes are not those that were read before")
            self._kept = number, data
        return data

    def entries_of(self, accounts: bytes) -> bytes:
        """Return the entries of some accounts, end to end; accounts without one are left out.

        Only the blocks that may have them are read.

        Args:
            accounts: 20 bytes each, ascending.

        Raises:
            Undecided: As for `block`.
        """
        from ostraka_verifier_native import census_entries_of

        def account(place: int) -> bytes:
            return accounts[ADDRESS_BYTES * place : ADDRESS_BYTES * (place + 1)]

        firsts, found = self.index.firsts, list[bytes]()
        total, at = len(accounts) // ADDRESS_BYTES, 0
        while at < total:
            number = max(0, bisect_right(firsts, account(at)) - 1)
            end = total
            if number + 1 < len(firsts):
                end = bisect_left(range(total), firsts[number + 1], lo=at, key=account)
            wanted = accounts[ADDRESS_BYTES * at : ADDRESS_BYTES * end]
            found.append(census_entries_of(self.block(number), wanted))
            at = end
        return b"".join(found)


class PackedCensus:
    """All voters of one poll; errors as for `read_census`.

    Attributes:
        blocks: Its entries.
        total_weight: Sum of all weights.
        tree: Root of the sum tree: hash, total weight and number of voters.
    """

    def __init__(self, content: Within) -> None:
        from ostraka_verifier_native import CensusScan

        voters, size = entry_count(content.read(0, COUNT_BYTES), content.size), BLOCK_ENTRIES
        scan, firsts, hashes = CensusScan(voters, size), list[bytes](), list[bytes]()
        previous = b""
        for number in range(-(-voters // size)):
            block = _block(content, voters, size, number)
            place = scan.add(block)
            if place is not None:
                _refuse(block, place, number * size, previous)
            firsts.append(block[:ADDRESS_BYTES])
            hashes.append(sha256(block).digest())
            previous = block[-ENTRY_BYTES:][:ADDRESS_BYTES]
        check_totals(voters, scan.total_weight)
        self.total_weight = scan.total_weight or 0
        self.tree = CensusRoot(*scan.tree_root(), voters)
        self.blocks = CensusBlocks(content, CensusIndex(voters, size, tuple(firsts), tuple(hashes)))
        self._other_keys = scan.other_keys

    def __len__(self) -> int:
        return self.blocks.index.voters

    @property
    def entries(self) -> Iterator[CensusEntry]:
        """All entries in order, each made when it is asked for."""
        for block in self.blocks:
            for at in range(0, len(block), ENTRY_BYTES):
                yield CensusEntry.decode(block[at : at + ENTRY_BYTES])

    def find(self, account: bytes) -> CensusEntry | None:
        """Return the entry of an account; None if there is none."""
        entry = self.blocks.entries_of(account)
        return CensusEntry.decode(entry) if entry else None

    def identifying_weight(self) -> tuple[int, int] | None:
        """Return the least weight that too few voters have for a secret poll, and their number."""
        from ostraka_verifier_native import WeightCounts

        counts = WeightCounts(COUNTED_AT_ONCE)
        while True:
            for first, block in self._placed():
                counts.add(first, block)
            rare = counts.rare(MINIMUM_CLASS)
            if rare is not None or not counts.advance():
                return rare

    def different_weights(self) -> tuple[int, int] | None:
        """Return the first weight and the first other one; None if all are equal."""
        first = _entry(self.blocks.block(0), 0).weight
        for block in self.blocks:
            # Byte by byte of all weights at once: equal weights are the rule.
            columns = (set(block[at::ENTRY_BYTES]) for at in _WEIGHT)
            if any(len(column) > 1 for column in columns) or _entry(block, 0).weight != first:
                places = range(len(block) // ENTRY_BYTES)
                weights = (_entry(block, place).weight for place in places)
                return next((first, other) for other in weights if other != first)
        return None

    def shared_keys(self) -> SharedKeys:
        """Count signing keys of several accounts."""
        return self._shared_keys

    @cached_property
    def _shared_keys(self) -> SharedKeys:
        from ostraka_verifier_native import KeyCounts

        number, firsts = 0, list[tuple[int, bytes, int]]()
        # Accounts differ. If each is its own key, keys differ as well.
        counts = KeyCounts(COUNTED_AT_ONCE) if self._other_keys else None
        while counts is not None:
            for first, block in self._placed():
                counts.add(first, block)
            more, shared = counts.shared()
            number += more
            firsts += [] if shared is None else [shared]
            if not counts.advance():
                break
        _, key, accounts = min(firsts, default=(0, b"", 0))
        return SharedKeys(number, key, accounts)

    def other_keys(self) -> int:
        """Return the number of entries that sign with a different key than the account's."""
        return self._other_keys

    def first_differing(self, source: Census) -> CensusEntry | None:
        """Return the first entry that `source` does not have exactly so."""
        from ostraka_verifier_native import census_first_differing

        for block in self.blocks:
            place = census_first_differing(block, source.packed)
            if place is not None:
                return _entry(block, place)
        return None

    def first_left_out(self, source: Census) -> CensusEntry | None:
        """Return the first entry of `source` whose account is not in this census."""
        from ostraka_verifier_native import census_first_absent

        size = self.blocks.index.block_entries
        for first in range(0, len(source), size):
            some = source.entries[first : first + size]
            here = self.blocks.entries_of(b"".join([entry.account for entry in some]))
            place = census_first_absent(b"".join([entry.encode() for entry in some]), here)
            if place is not None:
                return some[place]
        return None

    def _placed(self) -> Iterator[tuple[int, bytes]]:
        """Yield each block with the place of its first entry."""
        for number, block in enumerate(self.blocks):
            yield number * self.blocks.index.block_entries, block


def _block(content: Within, voters: int, size: int, number: int) -> bytes:
    first = number * size
    wanted = ENTRY_BYTES * min(size, voters - first)
    return content.read(COUNT_BYTES + ENTRY_BYTES * first, wanted)


def _refuse(block: bytes, place: int, start: int, previous: bytes) -> None:
    """Raise what the readable check says of an entry, with its number and the account before it.

    Args:
        place: Of the entry in the census.
        start: Place of the block's first entry.
        previous: Last account of the block before; empty before the first one.
    """
    if place > start:
        previous = _entry(block, place - start - 1).account
    check_entry(place, _entry(block, place - start), previous)
    raise RuntimeError(f"the native engine finds fault with census[{place}] alone")


def _entry(block: bytes, place: int) -> CensusEntry:
    return CensusEntry.decode(block[ENTRY_BYTES * place : ENTRY_BYTES * (place + 1)])
