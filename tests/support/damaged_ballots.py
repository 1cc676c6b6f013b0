"""Canonical ballots with one thing broken."""

from hypothesis import strategies as st

from ostraka_verifier.curve import R


@st.composite
def damaged(draw: st.DrawFn, ballot: bytes, points: int) -> bytes:
    """The ballot with one thing broken. `points` is the number of its commitments."""
    first_scalar = 28 + 64 * points
    changed = bytearray(ballot)
    match draw(st.integers(0, 6)):
        case 0:
            place = draw(st.integers(0, len(ballot) - 1))
            changed[place] ^= 1 << draw(st.integers(0, 7))
        case 1:
            return ballot + draw(st.binary(min_size=1, max_size=64))
        case 2:
            return ballot[: draw(st.integers(28, len(ballot) - 1))]
        case 3:
            start = 28 + 64 * draw(st.integers(0, points - 1))
            changed[start : start + 64] = bytes(64)
        case 4:
            scalars = (len(ballot) - first_scalar) // 32
            start = first_scalar + 32 * draw(st.integers(0, scalars - 1))
            value = int.from_bytes(changed[start : start + 32], "big")
            # One more, or the same number again by another encoding.
            value = draw(st.sampled_from([(value + 1) % R, value + R]))
            changed[start : start + 32] = value.to_bytes(32, "big")
        case 5:
            # Two points exchanged: each is still a point.
            one, other = (28 + 64 * draw(st.integers(0, points - 1)) for _ in range(2))
            changed[one : one + 64], changed[other : other + 64] = (
                ballot[other : other + 64],
                ballot[one : one + 64],
            )
        case 6:
            changed[:20] = bytes([1] * 20)
    return bytes(changed)
