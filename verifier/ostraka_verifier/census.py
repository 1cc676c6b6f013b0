"""Census: who may vote, with which key and which weight.

Source: docs/protocol.md §6; OpenZeppelin's StandardMerkleTree. Vectors: tests/vectors/census.json.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, keccak256, unsigned, word
from ostraka_verifier.errors import Malformed, Rejected

MINIMUM_CLASS = 5
"""Voters that must share each weight before a poll may be called secret (§6.4)."""

_WEIGHT_BYTES = 16


@dataclass(frozen=True)
class CensusEntry:
    """One voter: account, address of the signing key, weight in [1, 2^128)."""

    account: bytes
    signing_key: bytes
    weight: int

    @property
    def leaf(self) -> bytes:
        """Leaf hash, 32 bytes. Hashed twice, so that no inner node is ever a leaf."""
        return keccak256(keccak256(word(self.account), word(self.signing_key), word(self.weight)))


@dataclass(frozen=True)
class Census:
    """All voters of one poll, strictly increasing by account.

    Raises:
        Rejected: Accounts do not increase strictly, or a weight is out of range (check C1).
    """

    entries: tuple[CensusEntry, ...]

    def __post_init__(self) -> None:
        previous = b""
        for number, entry in enumerate(self.entries):
            item = f"census[{number}]"
            if entry.account <= previous:
                raise Rejected("C1", item, "account does not follow the one before in strict order")
            if not 1 <= entry.weight < 1 << 128:
                raise Rejected("C1", item, f"weight {entry.weight} outside 1 … 2^128 − 1")
            previous = entry.account
        if not self.entries:
            raise Rejected("C1", "census", "it has no entry")

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
    def root(self) -> bytes:
        """Merkle root, 32 bytes."""
        return self._tree[0]

    @cached_property
    def _tree(self) -> list[bytes]:
        return merkle_tree([entry.leaf for entry in self.entries])

    def proof(self, account: bytes) -> list[bytes]:
        """Hashes that lead from an account's leaf to the root; KeyError when it is not listed."""
        leaf, tree = self.by_account[account].leaf, self._tree
        place, path = tree.index(leaf, len(self.entries) - 1), []
        while place:
            path.append(tree[place + 1 if place % 2 else place - 1])
            place = (place - 1) // 2
        return path

    def identifying_weights(self) -> list[tuple[int, int]]:
        """(weight, voters) of each weight that too few share for a poll to be secret."""
        counts = Counter(entry.weight for entry in self.entries)
        return sorted((weight, n) for weight, n in counts.items() if n < MINIMUM_CLASS)

    def encode(self) -> bytes:
        """`u32 count` and the entries."""
        parts = [unsigned(len(self.entries), 4)]
        for entry in self.entries:
            parts += [entry.account, entry.signing_key, unsigned(entry.weight, _WEIGHT_BYTES)]
        return b"".join(parts)

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
            raise Malformed(f"census: {len(data)} bytes do not hold {count} entries")
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
    """Length of a census of so many voters."""
    return 4 + voters * (2 * ADDRESS_BYTES + _WEIGHT_BYTES)


def merkle_tree(leaves: Sequence[bytes]) -> list[bytes]:
    """OpenZeppelin's StandardMerkleTree with its default sorted leaves (§6.2), root first."""
    if not leaves:
        raise ValueError("no leaves")
    size = 2 * len(leaves) - 1
    tree = [b""] * size
    for number, leaf in enumerate(sorted(leaves)):
        tree[size - 1 - number] = leaf
    for number in range(len(leaves) - 2, -1, -1):
        tree[number] = keccak256(*sorted((tree[2 * number + 1], tree[2 * number + 2])))
    return tree
