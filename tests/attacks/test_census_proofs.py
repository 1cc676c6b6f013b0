"""A proof shows that a census has an entry, no matter who made the tree.

Here the census's maker is the attacker, who fixes a root of any tree. On a verifier that leaves one
rule of docs/protocol.md §6.2 out each forgery works; the real one refuses it for that rule.
"""

from dataclasses import dataclass
from random import Random

import pytest

from ostraka_verifier.census_tree import CensusRoot, verify_proof
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import AuditError

Node = tuple[bytes, int]
SUMS = 2**128


@dataclass(frozen=True)
class Forgery:
    """What the attacker hands in; `sides` are what the index's bits ought to say."""

    root: CensusRoot
    index: int
    entry: bytes
    siblings: tuple[Node, ...]
    sides: tuple[int, ...]

    @property
    def proof(self) -> bytes:
        return b"".join(part + weight.to_bytes(16, "big") for part, weight in self.siblings)


def entry(seed: int, weight: int, account: bytes = b"", key: bytes = b"") -> bytes:
    random = Random(seed)
    made = (account or random.randbytes(20)) + (key or random.randbytes(20))
    return made + weight.to_bytes(16, "big")


def leaf(of: bytes) -> Node:
    return keccak256(b"ostraka/v2/census-leaf", of), int.from_bytes(of[40:], "big")


def parent(left: Node, right: Node) -> Node:
    """Wraps where the sum does not fit."""
    encoded = [part + weight.to_bytes(16, "big") for part, weight in (left, right)]
    return keccak256(b"ostraka/v2/census-node", *encoded), (left[1] + right[1]) % SUMS


def weak_verify(forged: Forgery) -> bool:
    """Hashes up to the root, and asks for nothing else."""
    node = leaf(forged.entry)
    for sibling, side in zip(forged.siblings, forged.sides, strict=True):
        node = parent(sibling, node) if side else parent(node, sibling)
    return node == (forged.root.hash, forged.root.sum)


def wrapped() -> Forgery:
    """A total weight of 10, and in it a voter with nearly all weights that there are."""
    huge, other = entry(1, SUMS - 5), entry(2, 15)
    top = parent(leaf(huge), leaf(other))
    return Forgery(CensusRoot(*top, 2), 0, huge, (leaf(other),), (0,))


def beyond_the_count() -> Forgery:
    """Three voters are announced, and a fourth leaf is in the place of padding."""
    leaves = [leaf(entry(seed, 1)) for seed in range(3)]
    hidden = entry(3, 1)
    left, right = parent(*leaves[:2]), parent(leaves[2], leaf(hidden))
    root = CensusRoot(*parent(left, right), 3)
    return Forgery(root, 3, hidden, (leaves[2], left), (1, 1))


def deeper() -> Forgery:
    """Two voters are announced, and one of the two leaves is a tree of its own."""
    hidden, twin, other = entry(1, 1), entry(2, 1), entry(3, 1)
    root = CensusRoot(*parent(parent(leaf(hidden), leaf(twin)), leaf(other)), 2)
    return Forgery(root, 0, hidden, (leaf(twin), leaf(other)), (0, 0))


def shallower() -> Forgery:
    """Three voters are announced, and the root's own child is a voter."""
    first, second = entry(1, 2), entry(2, 1)
    root = CensusRoot(*parent(leaf(first), leaf(second)), 3)
    return Forgery(root, 0, first, (leaf(second),), (0,))


def another_place() -> Forgery:
    """The right leaf passes for the left one: order, and so absence, could be forged."""
    first, second = entry(1, 1), entry(2, 1)
    root = CensusRoot(*parent(leaf(first), leaf(second)), 2)
    return Forgery(root, 0, second, (leaf(first),), (1,))


def single(of: bytes) -> Forgery:
    return Forgery(CensusRoot(*leaf(of), 1), 0, of, (), ())


FORGERIES = {
    "wrapped": (wrapped(), r"weights add up to 2\^128 or more"),
    "beyond the count": (beyond_the_count(), "the census has 3 entries"),
    "deeper": (deeper(), "siblings: 96 bytes, not 48"),
    "shallower": (shallower(), "siblings: 48 bytes, not 96"),
    "another place": (another_place(), "do not lead to the root"),
    "no weight": (single(entry(1, 0)), "weight is 0"),
    "no account": (single(entry(1, 1, account=bytes(20))), "account is the zero address"),
    "no key": (single(entry(1, 1, key=bytes(20))), "signing key is the zero address"),
}


@pytest.mark.parametrize(("forged", "reason"), FORGERIES.values(), ids=FORGERIES)
def test_forged_proofs_are_refused(forged: Forgery, reason: str) -> None:
    assert weak_verify(forged)
    with pytest.raises(AuditError, match=reason):
        verify_proof(forged.root.digest, forged.root, forged.index, forged.entry, forged.proof)


def test_honest_proofs_pass() -> None:
    honest = single(entry(1, 1))
    verify_proof(honest.root.digest, honest.root, 0, honest.entry, honest.proof)
