"""Censuses (§6.2) and merkle-sum trees (§10), sound and broken."""

from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.commitment import derive_generator
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.merkle_sum import Leaf, sum_root
from tests.support.randomness import SeededRandomness
from tests.vectors.cases import Cases, hexed


def censuses() -> Cases:
    """Roots of small censuses, and invalid bytes."""
    random = SeededRandomness("census")
    valid = []
    for count in (1, 2, 3, 5, 8):
        accounts = sorted(random.bytes(20) for _ in range(count))
        census = Census(
            tuple(
                CensusEntry(account, random.bytes(20), number + 1)
                for number, account in enumerate(accounts)
            )
        )
        proofs = [census.proof(account) for account in accounts]
        valid.append(
            {
                "census": hexed(census.encode()),
                "hash": hexed(census.tree.hash),
                "sum": str(census.tree.sum),
                "root": hexed(census.root),
                "proofs": [
                    {"index": index, "siblings": hexed(siblings)} for index, siblings in proofs
                ],
            }
        )
    two = [bytes([1] * 20), bytes([2] * 20)]

    def raw(*entries: tuple[bytes, int]) -> bytes:
        parts = [unsigned(len(entries), 4)]
        for account, weight in entries:
            parts += [account, account, unsigned(weight, 16)]
        return b"".join(parts)

    def keyless(account: bytes) -> bytes:
        return unsigned(1, 4) + account + bytes(20) + unsigned(1, 16)

    good = raw((two[0], 1), (two[1], 1))
    refused = [
        ("no entry", raw(), "Rejected"),
        ("falling order", raw((two[1], 1), (two[0], 1)), "Rejected"),
        ("account twice", raw((two[0], 1), (two[0], 1)), "Rejected"),
        ("weight of zero", raw((two[0], 0)), "Rejected"),
        ("zero address", raw((bytes(20), 1)), "Rejected"),
        ("zero signing key", keyless(two[0]), "Rejected"),
        ("weights of 2^128 together", raw((two[0], (1 << 128) - 1), (two[1], 1)), "Rejected"),
        ("one byte short", good[:-1], "Malformed"),
        ("one byte over", good + b"\0", "Malformed"),
        ("count too large", unsigned(3, 4) + good[4:], "Malformed"),
        ("count too small", unsigned(1, 4) + good[4:], "Malformed"),
        ("empty", b"", "Malformed"),
    ]
    return {
        "cases": valid,
        "refused": [
            {"name": name, "census": hexed(data), "expect": expected}
            for name, data, expected in refused
        ],
    }


def sum_trees() -> Cases:
    """Roots of Merkle sum trees of every small size."""
    curve, random = load("reference"), SeededRandomness("tree")
    bases = curve.fixed_bases(curve.decode(derive_generator(1)))
    cases = []
    for count in (0, 1, 2, 3, 4, 5, 7):
        leaves = [
            Leaf(voter, number + 1, 1_800_000_000 + number, random.bytes(32))
            for number, voter in enumerate(sorted(random.bytes(20) for _ in range(count)))
        ]
        values = bases.commit([[random.scalar()] for _ in leaves]) if leaves else curve.concat([])
        root = sum_root(curve, leaves, values)
        cases.append(
            {
                "leaves": [
                    {
                        "voter": hexed(leaf.voter),
                        "weight": str(leaf.weight),
                        "cast_at": leaf.cast_at_unix_s,
                        "digest": hexed(leaf.digest),
                        "value": hexed(values[number].encode()),
                    }
                    for number, leaf in enumerate(leaves)
                ],
                "hash": hexed(root.hash),
                "sum": hexed(root.sum),
                "root_digest": hexed(root.digest),
            }
        )
    return {"cases": cases}
