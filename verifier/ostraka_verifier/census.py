"""Census: who may vote, with which key and which weight.

Source: docs/protocol.md §6. Vectors: tests/vectors/census.json.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.census_tree import CensusRoot, prove, tree_root
from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, unsigned
from ostraka_verifier.errors import Malformed, Rejected

MINIMUM_CLASS = 5
"""Least number of voters with each weight in a poll called secret (§6.4)."""

_WEIGHT_BYTES = 16


@dataclass(frozen=True)
class CensusEntry:
    """One voter: account, address of the signing key, weight in [1, 2^128)."""

    account: bytes
    signing_key: bytes
    weight: int

    def encode(self) -> bytes:
        """Return 56 bytes: account, signing key, weight as u128."""
        return self.account + self.signing_key + unsigned(self.weight, _WEIGHT_BYTES)


@dataclass(frozen=True)
class Census:
    """All voters of one poll, strictly increasing by account.

    Raises:
        Rejected: Accounts do not increase strictly, an account or signing key is zero, or weights
            are out of range (check C1).
    """

    entries: tuple[CensusEntry, ...]

    def __post_init__(self) -> None:
        previous = b""
        for number, entry in enumerate(self.entries):
            item = f"census[{number}]"
            if not any(entry.account):
                raise Rejected("C1", item, "account is the zero address")
            if entry.account <= previous:
                raise Rejected("C1", item, "account does not follow the one before in strict order")
            if not 1 <= entry.weight < 1 << 128:
                raise Rejected("C1", item, f"weight {entry.weight} outside 1 … 2^128 − 1")
            if not any(entry.signing_key):
                raise Rejected("C1", item, "signing key is the zero address")
            previous = entry.account
        if not self.entries:
            raise Rejected("C1", "census", "it has no entry")
        if self.total_weight >= 1 << 128:
            raise Rejected("C1", "census", "weights add up to 2^128 or more")

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
        return self.tree_by(None)

    def tree_by(self, engine: str | None) -> CensusRoot:
        """Return the same as `tree`, computed by a named engine (`curve.load`)."""
        return tree_root(self._packed, engine)

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
        return index, prove(self._packed, index)

    def shared_keys(self) -> dict[bytes, int]:
        """Return signing keys of several accounts, with the number of accounts of each."""
        counts = Counter(entry.signing_key for entry in self.entries)
        return {key: n for key, n in counts.items() if n > 1}

    @cached_property
    def _packed(self) -> bytes:
        return b"".join([entry.encode() for entry in self.entries])

    def identifying_weights(self) -> list[tuple[int, int]]:
        """Return (weight, voters) for each weight held by too few voters for a secret poll."""
        counts = Counter(entry.weight for entry in self.entries)
        return sorted((weight, n) for weight, n in counts.items() if n < MINIMUM_CLASS)

    def encode(self) -> bytes:
        """Return `u32 count` and the entries."""
        return unsigned(len(self.entries), 4) + self._packed

    @classmethod
    def decode(cls, data: bytes) -> "Census":
        """Read a census.

        Raises:
            Malformed: Bytes are missing or left over.
            Rejected: Order or weights are wrong (check C1).
        """
        reader = Reader(data, "census")
        count = reader.unsigned(4, "count")
        if len(data) != census_bytes(count):
            raise Malformed("census", f"{len(data)} bytes do not hold {count} entries")
        return cls(
            tuple(
                [
                    CensusEntry(
                        reader.take(ADDRESS_BYTES, "account"),
                        reader.take(ADDRESS_BYTES, "signing_key"),
                        reader.unsigned(_WEIGHT_BYTES, "weight"),
                    )
                    for _ in range(count)
                ]
            )
        )


def census_bytes(voters: int) -> int:
    """Return the length of a census with this number of voters."""
    return 4 + voters * (2 * ADDRESS_BYTES + _WEIGHT_BYTES)
