"""Census: who may vote, with which key and which weight.

Source: docs/protocol.md §6. Vectors: tests/vectors/census.json.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from ostraka_verifier.census_tree import ENTRY_BYTES, WEIGHT_BYTES, CensusRoot, prove, tree_root
from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, unsigned
from ostraka_verifier.errors import Malformed, Rejected

MINIMUM_CLASS = 5
"""Least number of voters with each weight in a poll called secret (§6.4)."""

COUNT_BYTES = 4
"""Before the entries of an encoded census: their number."""


@dataclass(frozen=True)
class CensusEntry:
    """One voter: account, address of the signing key, weight in [1, 2^128)."""

    account: bytes
    signing_key: bytes
    weight: int

    def encode(self) -> bytes:
        """Return 56 bytes: account, signing key, weight as u128."""
        return self.account + self.signing_key + unsigned(self.weight, WEIGHT_BYTES)

    @classmethod
    def decode(cls, data: bytes) -> "CensusEntry":
        """Reverse `encode`, of exactly 56 bytes."""
        keys = 2 * ADDRESS_BYTES
        weight = int.from_bytes(data[keys:], "big")
        return cls(data[:ADDRESS_BYTES], data[ADDRESS_BYTES:keys], weight)


class SharedKeys(NamedTuple):
    """Signing keys of several accounts.

    Attributes:
        number: Of these keys.
        first: That of the earliest account among theirs; empty if there is no such key.
        accounts: Number of accounts for which `first` signs.
    """

    number: int
    first: bytes
    accounts: int


class CensusView(Protocol):
    """A valid census as the checks read it, however it is kept."""

    def __len__(self) -> int:
        """Return the number of voters."""

    @property
    def entries(self) -> Iterable[CensusEntry]:
        """All entries in order."""

    @property
    def total_weight(self) -> int:
        """Sum of all weights, below 2^128."""

    @property
    def tree(self) -> CensusRoot:
        """Root of the sum tree: hash, total weight and number of voters."""

    def find(self, account: bytes) -> CensusEntry | None:
        """Return the entry of an account; None if there is none."""

    def identifying_weight(self) -> tuple[int, int] | None:
        """Return the least weight that too few voters have for a secret poll, and their number."""

    def different_weights(self) -> tuple[int, int] | None:
        """Return the first weight and the first other one; None if all are equal."""

    def shared_keys(self) -> SharedKeys:
        """Count signing keys of several accounts."""

    def other_keys(self) -> int:
        """Return the number of entries that sign with a different key than the account's."""

    def first_differing(self, source: "Census") -> CensusEntry | None:
        """Return the first entry that `source` does not have exactly so."""

    def first_left_out(self, source: "Census") -> CensusEntry | None:
        """Return the first entry of `source` whose account is not in this census."""


@dataclass(frozen=True)
class Census:
    """All voters of one poll, strictly increasing by account, in readable form.

    Attributes:
        engine: Engine that hashes the sum tree, as for `curve.load`.

    Raises:
        Rejected: Accounts do not increase strictly, an account or signing key is zero, or weights
            are out of range (check C1).
    """

    entries: tuple[CensusEntry, ...]
    engine: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        previous = b""
        for number, entry in enumerate(self.entries):
            check_entry(number, entry, previous)
            previous = entry.account
        check_totals(len(self), self.total_weight)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def by_account(self) -> dict[bytes, CensusEntry]:
        """Entries by account."""
        return {entry.account: entry for entry in self.entries}

    @cached_property
    def total_weight(self) -> int:
        """Sum of all weights."""
        return sum(entry.weight for entry in self.entries)

    @cached_property
    def tree(self) -> CensusRoot:
        """Root of the sum tree: hash, total weight and number of voters.

        Raises:
            Rejected: The weights add up to 2^128 or more (check C1).
        """
        return tree_root(self.packed, self.engine)

    @property
    def root(self) -> bytes:
        """`censusRoot`, 32 bytes."""
        return self.tree.digest

    def proof(self, account: bytes) -> tuple[int, bytes]:
        """Return an account's place in the census, and the siblings from there to the root.

        Raises:
            KeyError: The census does not list it.
        """
        index = self.entries.index(self.by_account[account])
        return index, prove(self.packed, index)

    def find(self, account: bytes) -> CensusEntry | None:
        """Return the entry of an account; None if there is none."""
        return self.by_account.get(account)

    def shared_keys(self) -> SharedKeys:
        """Count signing keys of several accounts."""
        counts = Counter(entry.signing_key for entry in self.entries)
        shared = [(key, accounts) for key, accounts in counts.items() if accounts > 1]
        return SharedKeys(len(shared), *(shared[0] if shared else (b"", 0)))

    def other_keys(self) -> int:
        """Return the number of entries that sign with a different key than the account's."""
        return sum(entry.signing_key != entry.account for entry in self.entries)

    def first_differing(self, source: "Census") -> CensusEntry | None:
        """Return the first entry that `source` does not have exactly so."""
        return next((one for one in self.entries if source.find(one.account) != one), None)

    def first_left_out(self, source: "Census") -> CensusEntry | None:
        """Return the first entry of `source` whose account is not in this census."""
        return next((one for one in source.entries if self.find(one.account) is None), None)

    @cached_property
    def packed(self) -> bytes:
        """All entries end to end, 56 bytes each."""
        return b"".join([entry.encode() for entry in self.entries])

    def identifying_weight(self) -> tuple[int, int] | None:
        """Return the least weight that too few voters have for a secret poll, and their number."""
        return next(iter(self.identifying_weights()), None)

    def identifying_weights(self) -> list[tuple[int, int]]:
        """Return (weight, voters) for each weight held by too few voters for a secret poll."""
        counts = Counter(entry.weight for entry in self.entries)
        return sorted((weight, n) for weight, n in counts.items() if n < MINIMUM_CLASS)

    def different_weights(self) -> tuple[int, int] | None:
        """Return the first weight and the first other one; None if all are equal."""
        first = self.entries[0].weight
        others = (entry.weight for entry in self.entries if entry.weight != first)
        return next(((first, other) for other in others), None)

    def encode(self) -> bytes:
        """Return `u32 count` and the entries."""
        return unsigned(len(self.entries), COUNT_BYTES) + self.packed

    @classmethod
    def decode(cls, data: bytes, engine: str | None = None) -> "Census":
        """Read a census, whose tree an engine hashes.

        Raises:
            Malformed: Bytes are missing or left over.
            Rejected: Order or weights are wrong (check C1).
        """
        entry_count(data[:COUNT_BYTES], len(data))
        places = range(COUNT_BYTES, len(data), ENTRY_BYTES)
        return cls(
            tuple([CensusEntry.decode(data[at : at + ENTRY_BYTES]) for at in places]), engine
        )


def check_entry(number: int, entry: CensusEntry, previous: bytes) -> None:
    """Check order and bounds of entry `number`.

    Args:
        previous: Account of the entry before; empty for the first one.

    Raises:
        Rejected: The entry is out of order or bounds (check C1).
    """
    item = f"census[{number}]"
    if not any(entry.account):
        raise Rejected("C1", item, "account is the zero address")
    if entry.account <= previous:
        raise Rejected("C1", item, "account does not follow the one before in strict order")
    if not 1 <= entry.weight < 1 << 128:
        raise Rejected("C1", item, f"weight {entry.weight} outside 1 … 2^128 − 1")
    if not any(entry.signing_key):
        raise Rejected("C1", item, "signing key is the zero address")


def check_totals(voters: int, total_weight: int | None) -> None:
    """Check number and total weight; `total_weight` may be None from 2^128 on.

    Raises:
        Rejected: There is no voter, or too much weight (check C1).
    """
    if not voters:
        raise Rejected("C1", "census", "it has no entry")
    if total_weight is None or total_weight >= 1 << 128:
        raise Rejected("C1", "census", "weights add up to 2^128 or more")


def entry_count(start: bytes, size: int) -> int:
    """Return the number of entries of an encoded census, of which `start` are the first 4 bytes.

    Args:
        size: Length of all its bytes.

    Raises:
        Malformed: Bytes are missing or left over.
    """
    count = Reader(start, "census").unsigned(COUNT_BYTES, "count")
    if size != census_bytes(count):
        raise Malformed("census", f"{size} bytes do not hold {count} entries")
    return count


def census_bytes(voters: int) -> int:
    """Return the length of a census with this number of voters."""
    return COUNT_BYTES + voters * ENTRY_BYTES
