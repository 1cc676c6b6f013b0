"""Merkle sum tree over a census: one root that fixes every voter, their number and total weight.

Entries are packed, in the order of the census: account (20 bytes), signing key (20), weight as
u128. A node is its hash and the sum of the weights below it. Every node whose range lies at or
beyond the last entry is (32 zero bytes, 0).

Source: docs/protocol.md §6.2, §10.4.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ostraka_verifier.curve import engine_name
from ostraka_verifier.encoding import ADDRESS_BYTES, HASH_BYTES, keccak256, unsigned
from ostraka_verifier.errors import Malformed, Rejected

WEIGHT_BYTES = 16
ENTRY_BYTES = 2 * ADDRESS_BYTES + WEIGHT_BYTES
SIBLING_BYTES = HASH_BYTES + WEIGHT_BYTES
"""A node of a proof: hash, and sum as u128."""

_SUMS = 1 << 8 * WEIGHT_BYTES
_COUNTS = 1 << 32

Node = tuple[bytes, int]
_PADDING: Node = (bytes(HASH_BYTES), 0)


@dataclass(frozen=True)
class CensusRoot:
    """Root of the tree: hash (32 bytes), total weight below 2^128, number of voters below 2^32."""

    hash: bytes
    sum: int
    count: int

    @property
    def digest(self) -> bytes:
        """`censusRoot`, 32 bytes; OverflowError where sum or count does not fit."""
        tag = b"ostraka/v2/census-root"
        return keccak256(tag, self.hash, unsigned(self.sum, WEIGHT_BYTES), unsigned(self.count, 4))


def tree_root(entries: bytes, engine: str | None = None) -> CensusRoot:
    """Return the root over packed entries, whose order and ranges the caller checks.

    Args:
        entries: 56 bytes an entry.
        engine: As for `curve.load`. "native" works on all cores with the interpreter lock
            released; "reference" is the readable specification, and uses no Rust.

    Raises:
        Malformed: The length is not a multiple of 56.
        Rejected: The weights add up to 2^128 or more (check C1).
        RuntimeError, ValueError: As for `curve.load`.
    """
    count = _count(entries)
    return CensusRoot(*_hasher(engine)(entries), count)


def prove(entries: bytes, index: int, engine: str | None = None) -> bytes:
    """Return siblings that lead from an entry to the root, from the leaf's level upward.

    Args:
        entries: As for `tree_root`.
        index: Index of the entry, below their number.
        engine: As for `tree_root`.

    Returns:
        `⌈log2 count⌉` nodes of 48 bytes.

    Raises:
        IndexError: There is no such entry.
        Also the errors of `tree_root`.
    """
    count, hasher = _count(entries), _hasher(engine)
    if not 0 <= index < count:
        raise IndexError(f"census: no entry {index} among {count}")
    proof, total = [], _leaf(entries[ENTRY_BYTES * index : ENTRY_BYTES * (index + 1)])[1]
    for height in range(_depth(count)):
        first = (index >> height ^ 1) << height
        below = entries[ENTRY_BYTES * first : ENTRY_BYTES * (first + (1 << height))]
        node = hasher(below)
        # The last subtree may be lower than its sibling. Padding fills it up.
        if below:
            for _ in range(_depth(len(below) // ENTRY_BYTES), height):
                node = _parent(node, _PADDING)
        proof.append(node[0] + unsigned(node[1], WEIGHT_BYTES))
        total += node[1]
    if total >= _SUMS:
        raise _too_heavy()
    return b"".join(proof)


def verify_proof(
    census_root: bytes, root: CensusRoot, index: int, entry: bytes, proof: bytes
) -> None:
    """Check that a census has an entry at a place.

    Args:
        census_root: The root that the poll or round fixed, 32 bytes.
        root: The root that the proof claims for it.
        index: Place of the entry in the census.
        entry: Account, signing key and weight, 56 bytes.
        proof: Result of `prove`.

    Raises:
        Malformed: A field has the wrong length.
        Rejected: The proof is invalid (check C1); names the reason.
    """
    for name, field, size in (
        ("census_root", census_root, HASH_BYTES),
        ("root.hash", root.hash, HASH_BYTES),
        ("entry", entry, ENTRY_BYTES),
    ):
        if len(field) != size:
            raise Malformed(f"census proof.{name}", f"{len(field)} bytes, not {size}")
    item = f"census[{index}]"

    def demand(holds: bool, reason: str) -> None:
        if not holds:
            raise Rejected("C1", item, reason)

    demand(0 <= root.sum < _SUMS, "total weight outside 0 … 2^128 − 1")
    demand(0 <= root.count < _COUNTS, "number of voters outside 0 … 2^32 − 1")
    demand(root.digest == census_root, "the proof opens another census root")
    demand(0 <= index < root.count, f"the census has {root.count} entries")
    depth = _depth(root.count)
    if len(proof) != depth * SIBLING_BYTES:
        raise Malformed("census proof.siblings", f"{len(proof)} bytes, not {depth * SIBLING_BYTES}")
    account, signing_key = entry[:ADDRESS_BYTES], entry[ADDRESS_BYTES : 2 * ADDRESS_BYTES]
    demand(any(account), "account is the zero address")
    demand(any(signing_key), "signing key is the zero address")
    node = _leaf(entry)
    demand(node[1] >= 1, "weight is 0")
    for height, sibling in enumerate(siblings_of(proof)):
        demand(node[1] + sibling[1] < _SUMS, "weights add up to 2^128 or more")
        node = _parent(sibling, node) if index >> height & 1 else _parent(node, sibling)
    demand(node == (root.hash, root.sum), "its siblings do not lead to the root")


def path_node(index: int, entry: bytes, proof: bytes, height: int) -> bytes:
    """Return the node above an entry at a height, 48 bytes, from a proof that is valid.

    Args:
        index: Place of the entry.
        entry: 56 bytes.
        proof: Siblings of at least the levels below `height`.
    """
    node = _leaf(entry)
    for level, sibling in enumerate(siblings_of(proof)[:height]):
        node = _parent(sibling, node) if index >> level & 1 else _parent(node, sibling)
    return node[0] + unsigned(node[1], WEIGHT_BYTES)


def siblings_of(proof: bytes) -> list[Node]:
    """Return the nodes of a proof, whose length is a multiple of 48 bytes: hash and sum of each."""
    return [
        (proof[at : at + HASH_BYTES], int.from_bytes(proof[at + HASH_BYTES : at + SIBLING_BYTES]))
        for at in range(0, len(proof), SIBLING_BYTES)
    ]


def _count(entries: bytes) -> int:
    if len(entries) % ENTRY_BYTES:
        raise Malformed("census", f"length {len(entries)} is not a multiple of {ENTRY_BYTES}")
    return len(entries) // ENTRY_BYTES


def _depth(count: int) -> int:
    """Return `⌈log2 count⌉`, or 0 for an empty census."""
    return max(count - 1, 0).bit_length()


def _hasher(engine: str | None) -> Callable[[bytes], Node]:
    return _native_root if engine_name(engine) == "native" else _reference_root


def _native_root(entries: bytes) -> Node:
    from ostraka_verifier_native import census_tree_root

    try:
        return census_tree_root(entries)
    except OverflowError:
        raise _too_heavy() from None


def _reference_root(entries: bytes) -> Node:
    nodes = [
        _leaf(entries[start : start + ENTRY_BYTES]) for start in range(0, len(entries), ENTRY_BYTES)
    ]
    if sum(weight for _, weight in nodes) >= _SUMS:
        raise _too_heavy()
    while len(nodes) > 1:
        if len(nodes) % 2:
            nodes.append(_PADDING)
        nodes = [_parent(*nodes[left : left + 2]) for left in range(0, len(nodes), 2)]
    return nodes[0] if nodes else _PADDING


def _leaf(entry: bytes) -> Node:
    weight = int.from_bytes(entry[-WEIGHT_BYTES:], "big")
    return keccak256(b"ostraka/v2/census-leaf", entry), weight


def _parent(left: Node, right: Node) -> Node:
    """Return inner node; the caller has checked that the sum is below 2^128."""
    encoded = [part + unsigned(weight, WEIGHT_BYTES) for part, weight in (left, right)]
    return keccak256(b"ostraka/v2/census-node", *encoded), left[1] + right[1]


def _too_heavy() -> Rejected:
    return Rejected("C1", "census", "weights add up to 2^128 or more")
