"""Shares of a whole state, and what `t` of them open: every ballot, in an order nobody knows.

Source: docs/protocol.md §19.9 to §19.11. Vectors: tests/vectors/shuffle.json.
"""

from collections.abc import Mapping, Sequence

from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.encoding import Reader, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share, lagrange, powers, share_commitment
from ostraka_verifier.shuffle.proof import WEIGHT_BITS, Randomness
from ostraka_verifier.shuffle.state import positions_of


def verify_state_shares(
    curve: Curve,
    key: CommitmentKey,
    node: int,
    sharing: Points,
    shares: Sequence[Share],
    randomness: Randomness,
    check: str = "A0",
    first: int = 0,
) -> None:
    """Check that a share for each position opens the state's commitments at a node, in one batch.

    Args:
        key: For at least the number of slots.
        node: Committee index, from 1; 0 for the ballots themselves.
        sharing: The same number of points for each position: `V, A_1 …`, or `V` alone for node 0.
        shares: One for each position, in order.
        randomness: Source of the weights, unpredictable to the makers of the shares.
        check: Number of the check that fails.
        first: Place of the first of these positions, from 0.

    Raises:
        Rejected: A share does not; the item names the first position, from 1.
    """
    each, rest = divmod(len(sharing), len(shares))
    if rest or not each:
        raise ValueError(f"{len(sharing)} points for {len(shares)} shares")
    if _all_open(curve, key, node, sharing, shares, randomness):
        return
    low, high = 0, len(shares)
    while high - low > 1:
        middle = (low + high) // 2
        half = sharing[low * each : middle * each]
        if _all_open(curve, key, node, half, shares[low:middle], randomness):
            low = middle
        else:
            high = middle
    raise Rejected(
        check, f"positions[{first + low + 1}]", f"does not open its commitment at node {node}"
    )


def _all_open(
    curve: Curve,
    key: CommitmentKey,
    node: int,
    sharing: Points,
    shares: Sequence[Share],
    randomness: Randomness,
) -> bool:
    at_node = powers(node, positions_of(sharing, len(shares)))
    weights = [randomness(WEIGHT_BITS) for _ in shares]
    scalars = [weight * power % R for weight in weights for power in at_node]
    values = [
        sum(map(int.__mul__, weights, column)) % R
        for column in zip(*(share.values for share in shares), strict=True)
    ]
    blinding = sum(map(int.__mul__, weights, [share.blinding for share in shares])) % R
    return curve.msm(sharing, scalars) == key.commit([(values, blinding)])


def refuted_by(curve: Curve, key: CommitmentKey, node: int, sharing: Points, share: Share) -> bool:
    """Return whether one position's `V, A_1 …` refute a node's share of it."""
    return key.commit([(share.values, share.blinding)]) != share_commitment(curve, sharing, node)


def combine_shares(shares: Mapping[int, Sequence[Share]], threshold: int) -> list[Share]:
    """Return the opening of each position from the good shares of at least `t` nodes, by index.

    Raises:
        Rejected: There are fewer (check A5).
    """
    if len(shares) < threshold:
        raise Rejected("A5", "shares", f"{len(shares)} good ones, {threshold} needed")
    nodes = sorted(shares)[:threshold]
    coefficients = lagrange(nodes)
    return [
        Share(
            tuple(
                sum(map(int.__mul__, coefficients, column)) % R
                for column in zip(*(share.values for share in position), strict=True)
            ),
            sum(map(int.__mul__, coefficients, [share.blinding for share in position])) % R,
        )
        for position in zip(*(shares[node] for node in nodes), strict=True)
    ]


def encode_shares(shares: Sequence[Share]) -> bytes:
    """Return `k + 1` scalars for each position, in order."""
    return b"".join([share.encode() for share in shares])


def decode_shares(data: bytes, ballots: int, slots: int, subject: str) -> list[Share]:
    """Read a share for each of `ballots` positions; Malformed if the bytes are others."""
    reader = Reader(data, subject)
    shares = [Share.read(reader, slots, f"positions[{at + 1}]") for at in range(ballots)]
    reader.end()
    return shares


def verify_openings(
    curve: Curve,
    key: CommitmentKey,
    values: Points,
    openings: Sequence[Share],
    randomness: Randomness,
    first: int = 0,
) -> None:
    """Check that the openings are those of a state's positions, or of some neighbouring ones.

    Args:
        values: `V` of these positions.
        openings: Slots and blinding of each.
        first: Place of the first of them, from 0.

    Raises:
        Malformed: Their number is another one.
        Rejected: One does not open its commitment (check A5).
    """
    if len(openings) != len(values):
        raise Malformed("openings", f"{len(openings)}, expected {len(values)}")
    verify_state_shares(curve, key, 0, values, openings, randomness, "A5", first)


def verify_sum(openings: Sequence[Share], weight: int, tally: Sequence[int], blinding: int) -> None:
    """Check that the opened ballots add up to the tally on chain; see `verify_total`."""
    verify_total(sum_of(openings), weight, tally, blinding)


def sum_of(openings: Sequence[Share]) -> Share:
    """Return the sum of opened ballots, of which there is at least one: slots as integers."""
    columns = zip(*(opening.values for opening in openings), strict=True)
    return Share(tuple(map(sum, columns)), sum(opening.blinding for opening in openings) % R)


def verify_total(total: Share, weight: int, tally: Sequence[int], blinding: int) -> None:
    """Check that the sum of all opened ballots is the tally on chain.

    Args:
        total: As of `sum_of`.
        weight: That of every voter.
        tally: `T_1 … T_k`.
        blinding: `R`.

    Raises:
        Rejected: They do not (check A6).
    """
    for slot, (votes, found) in enumerate(zip(tally, total.values, strict=True)):
        if weight * found != votes:
            reason = f"{votes}, but the ballots give {weight * found}"
            raise Rejected("A6", f"tally[{slot}]", reason)
    if weight * total.blinding % R != blinding:
        raise Rejected("A6", "blinding", "is not that of the ballots' sum")


def ballots_hash(openings: Sequence[Share]) -> bytes:
    """Return the hash of the opened ballots, whatever their order (§19.11), 32 bytes."""
    slots = len(openings[0].values)
    records = sorted(
        b"".join([unsigned(value, 32) for value in opening.values]) for opening in openings
    )
    return tagged_hash(
        "opened-ballots", unsigned(len(records), 4), unsigned(slots, 2), b"".join(records)
    )
