"""Statements that accounts and nodes sign (§15), and their digests."""

from ostraka.keys import SigningKey
from ostraka.wire import talk
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.signatures import SECP256K1_ORDER
from tests.vectors.cases import Cases, hexed


def typed_statements() -> Cases:
    """One EIP-712 statement of each type, and signatures that must be refused."""
    key = SigningKey(bytes(31) + b"\7")
    domain = typed_data.Domain(31337, bytes(range(20)))
    context, digest = bytes([1] * 32), bytes([2] * 32)
    statements: list[tuple[str, list[int | bytes | str]]] = [
        (typed_data.COMMITTEE, [digest]),
        (typed_data.POLL_KEY, [context, digest]),
        (typed_data.POLL_KEYS, [context, digest]),
        (typed_data.CENSUS_UPLOAD, [context, digest]),
        (typed_data.BALLOT, [context, key.address, 1_800_000_000, digest, bytes([3] * 32)]),
        (typed_data.RECEIPT, [context, key.address, 1_800_000_000, digest]),
        (typed_data.INVENTORY, [context, digest]),
        (typed_data.CHECKPOINT, [context, 4, 2, 7, digest, bytes([3] * 32), 1_800_000_000]),
        (typed_data.COSIGNATURE, [context, digest]),
        (typed_data.ROOT, [context, 3, digest, 1, 2, 7]),
        (typed_data.FINAL, [context, digest]),
        (typed_data.AGGREGATE_SHARE, [context, digest, 4, bytes([5] * 32)]),
        (typed_data.REPAIR_MASK, [context, digest, bytes([6] * 32), 1, 2, bytes([7] * 32)]),
        (typed_data.REPAIR_SEED, [context, digest, 1, 2, bytes([6] * 32), bytes([7] * 32)]),
        (typed_data.REPAIR, [context, digest, bytes([6] * 32)]),
        (typed_data.WAITING, [context, digest, 1_800_000_000]),
        (typed_data.LACKING, [context, 5, bytes([8] * 32)]),
        (typed_data.SHUFFLED, [context, digest, 3, bytes([4] * 32), 7]),
        (typed_data.OUTCOME, [context, bytes([5] * 32), bytes([6] * 32)]),
        (
            typed_data.PROPOSAL,
            [3, key.address, bytes([8] * 20), 409_000, 0, "Ławka", "", digest, 5, 1_800_000_000],
        ),
        (
            typed_data.REVISION,
            [
                digest,
                bytes([8] * 20),
                1,
                65_535,
                "Ławka",
                "przy rzece",
                bytes(32),
                6,
                1_800_000_000,
            ],
        ),
        (typed_data.WITHDRAWAL, [digest, 7, 1_800_000_000]),
        (typed_data.REDEMPTION, [digest, key.address, bytes([9] * 20)]),
        (typed_data.REDEEMED, [digest, key.address, bytes([9] * 20)]),
        (typed_data.VOTING_KEY, [bytes([9] * 20), key.address]),
        (talk.COMMENT, [digest, key.address, "Ławka\nprzy rzece", 1_800_000_000]),
        (talk.ENDORSEMENT, [digest, key.address, 1, 1_800_000_000]),
    ]
    cases = []
    for type_string, values in statements:
        signed = domain.digest(type_string, *values)
        cases.append(
            {
                "type": type_string,
                "values": [hexed(one) if isinstance(one, bytes) else one for one in values],
                "digest": hexed(signed),
                "signature": hexed(key.sign(signed)),
            }
        )
    good = key.sign(digest)
    s = int.from_bytes(good[32:64], "big")
    high = unsigned(SECP256K1_ORDER - s, 32)
    refused = {
        "high s": good[:32] + high + bytes([55 - good[64]]),
        "v of 0": good[:64] + b"\0",
        "v of 29": good[:64] + bytes([29]),
        "one byte short": good[:64],
        "one byte over": good + b"\0",
        "r of zero": bytes(32) + good[32:],
        "s of zero": good[:32] + bytes(32) + good[64:],
        "r of the order": unsigned(SECP256K1_ORDER, 32) + good[32:],
    }
    return {
        "chain_id": domain.chain_id,
        "registry": hexed(domain.registry),
        "signer": hexed(key.address),
        "separator": hexed(domain.separator),
        "cases": cases,
        "refused": [
            {"name": name, "digest": hexed(digest), "signature": hexed(bad), "expect": "Malformed"}
            for name, bad in refused.items()
        ],
    }
