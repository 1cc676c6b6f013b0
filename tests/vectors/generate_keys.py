"""Vectors of poll keys, of what boxes are sealed for, and of redeemed invitations."""

from ostraka.keys import SigningKey
from ostraka.sealing import (
    PollKey,
    ballot_info,
    challenge_info,
    contribution_info,
    seed_info,
)
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.poll_key import ML_KEM_BYTES, check_poll_key, node_key, poll_keys_hash
from ostraka_verifier.redemption import (
    Redemption,
    Redemptions,
    invitations,
    poll_electorate,
    round_electorate,
)
from ostraka_verifier.typed_data import Domain
from tests.vectors.cases import Cases, hexed

_FIELD = 2**255 - 19
# Curve25519's points of small order, except the one at infinity, as u-coordinates.
_ORDER_8 = 325606250916557431795983626356110631294008115727848805560023387167927233504


def poll_keys() -> Cases:
    """Keys with their words, keys that are refused alone, and lists that are refused together."""
    keys = [PollKey(bytes([number]) * 32) for number in range(1, 6)]
    good = keys[0].public_key
    head, half = good[:ML_KEM_BYTES], good[ML_KEM_BYTES:]

    def with_half(u: int) -> bytes:
        return head + u.to_bytes(32, "little")

    u = int.from_bytes(half, "little")
    refused = {
        "empty": b"",
        "one byte short": good[:-1],
        "one byte over": good + b"\0",
        "an X25519 key alone": half,
        "coefficient of 3329, first of a pair": b"\x01\x0d\x00" + good[3:],
        "coefficient of 3329, second of a pair": b"\x00\x10\xd0" + good[3:],
        "coefficient of 4095": b"\xff\xff\xff" + good[3:],
        "last coefficients of 4095": good[:1149] + b"\xff\xff\xff" + good[1152:],
        "u of 0": with_half(0),
        "u of 1": with_half(1),
        "u of p - 1": with_half(_FIELD - 1),
        "u of order 8": with_half(_ORDER_8),
        "u of p": with_half(_FIELD),
        "u plus p": with_half(_FIELD + 9),
        "top bit set": with_half(u | 1 << 255),
    }
    other = keys[1].public_key
    # The key plus the point of order 2: other bytes, the same secret.
    twin = pow(u, -1, _FIELD).to_bytes(32, "little")
    lists = {
        "the same key": [good, good],
        "equal ML-KEM halves": [good, head + other[ML_KEM_BYTES:]],
        "equal X25519 halves": [good, other[:ML_KEM_BYTES] + half],
        "an X25519 half with another point of order 2 in it": [good, other[:ML_KEM_BYTES] + twin],
    }
    return {
        "keys": [
            {
                "seed": hexed(key.secret()),
                "public_key": hexed(key.public_key),
                "node_key": hexed(node_key(key.public_key)),
                "cleared": hexed(check_poll_key(key.public_key)),
            }
            for key in keys
        ],
        "poll_keys": hexed(poll_keys_hash([key.public_key for key in keys])),
        "refused": [
            {"name": name, "public_key": hexed(key), "expect": "Malformed"}
            for name, key in refused.items()
        ],
        "refused_lists": [
            {"name": name, "public_keys": [hexed(key) for key in keys], "expect": "Malformed"}
            for name, keys in lists.items()
        ],
    }


def sealing() -> Cases:
    """What boxes of each purpose are bound to (§7.3)."""
    context, repair, pinned = bytes([1] * 32), bytes([2] * 32), bytes([3] * 32)
    low, high = bytes([4] * 32), bytes([5] * 32)
    return {
        "poll_context": hexed(context),
        "repair_hash": hexed(repair),
        "poll_keys": hexed(pinned),
        "node_key_low": hexed(low),
        "node_key_high": hexed(high),
        "info": {
            "ballot for node 3": hexed(ballot_info(context, 3)),
            "seed of nodes 2 and 5": hexed(seed_info(context, repair, (2, 5), (low, high))),
            "contribution of node 2 for node 4": hexed(contribution_info(context, repair, 2, 4)),
            "challenge of node 1 for node 5": hexed(challenge_info(context, pinned, 1, 5)),
        },
    }


def redemptions() -> Cases:
    """Section 12 of a board, and the same with one thing wrong."""
    chain_id, contract, nonce = 31337, bytes(range(20)), bytes([7] * 32)
    invited_keys = sorted(
        (SigningKey(bytes(31) + bytes([number])) for number in range(1, 6)),
        key=lambda key: key.address,
    )
    keys = [SigningKey(bytes(30) + bytes([1, number])) for number in range(1, 6)]
    invited = invitations([(key.address, 1 + place) for place, key in enumerate(invited_keys)])
    of_round = round_electorate(chain_id, contract, 3, invited.root)
    of_poll = poll_electorate(chain_id, contract, nonce, invited.root)
    domain, used = Domain(chain_id, contract), (0, 2, 3)

    def redeem(place: int, key: SigningKey, electorate: bytes = of_round) -> Redemption:
        digest = domain.digest(
            typed_data.REDEMPTION, electorate, invited_keys[place].address, key.address
        )
        return Redemption(invited_keys[place].sign(digest), key.sign(digest))

    def census(bound: dict[int, SigningKey]) -> Census:
        return Census(
            tuple(
                CensusEntry(invited_keys[place].address, key.address, 1 + place)
                for place, key in bound.items()
            )
        )

    honest = {place: keys[place] for place in used}
    records = [redeem(place, key) for place, key in honest.items()]
    good = Redemptions(invited, tuple(records))
    uninvited = SigningKey(bytes(30) + b"\2\1")
    swapped = [records[0], Redemption(records[1].by_signing_key, records[1].by_invitation)]
    foreign = [redeem(place, key, of_poll) for place, key in honest.items()]
    one_key = dict.fromkeys(used, keys[0])
    heavier = Census(
        tuple(
            CensusEntry(entry.account, entry.signing_key, entry.weight + 1)
            for entry in census(honest).entries
        )
    )
    strange = Census((CensusEntry(uninvited.address, keys[0].address, 1),))
    encoded = good.encode()
    broken: list[tuple[str, Census, bytes, str]] = [
        (
            "signatures swapped",
            census(honest),
            Redemptions(invited, (*swapped, records[2])).encode(),
            "Rejected",
        ),
        (
            "of another electorate",
            census(honest),
            Redemptions(invited, tuple(foreign)).encode(),
            "Rejected",
        ),
        (
            "one key for three invitations",
            census(one_key),
            Redemptions(invited, tuple(redeem(place, keys[0]) for place in used)).encode(),
            "Rejected",
        ),
        ("a different weight than invited", heavier, encoded, "Rejected"),
        (
            "not invited",
            strange,
            Redemptions(invited, (records[0],)).encode(),
            "Rejected",
        ),
        (
            "an invitation left out of the list",
            census(honest),
            Redemptions(
                Census(tuple(e for e in invited.entries if e is not invited.entries[4])),
                tuple(records),
            ).encode(),
            "Rejected",
        ),
        ("one byte short", census(honest), encoded[:-1], "Malformed"),
        ("one byte over", census(honest), encoded + b"\0", "Malformed"),
        ("count too large", census(honest), unsigned(6, 4) + encoded[4:], "Malformed"),
    ]
    return {
        "chain_id": chain_id,
        "contract": hexed(contract),
        "round": 3,
        "nonce": hexed(nonce),
        "root": hexed(invited.root),
        "round_electorate": hexed(of_round),
        "poll_electorate": hexed(of_poll),
        "cases": [
            {
                "name": name,
                "census": hexed(listed.encode()),
                "redemptions": hexed(section),
                "expect": expected,
            }
            for name, listed, section, expected in [
                ("honest", census(honest), encoded, "valid"),
                *broken,
            ]
        ],
    }
