"""Ballots' signatures beside public keys: which of them check B4 accepts (docs/protocol.md §13).

`recover_key` of the reference engine gives every verdict. Wherever a case can, it fulfils
`s R = z G + r Q` and breaks only the rule that it is about.
"""

from itertools import count
from typing import NamedTuple

from py_ecc.secp256k1.secp256k1 import G, N, P, add, inv, multiply

from ostraka.keys import SigningKey
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover_key
from tests.vectors.cases import Cases, hexed

_Point = tuple[int, int]

_EVEN, _ODD = 27, 28
_OTHER_KEY = "not signed by its public key"
_KEYS = [SigningKey(bytes(31) + bytes([number])) for number in (7, 11, 13)]
_DIGEST = bytes(range(32))
_Z = int.from_bytes(_DIGEST, "big")


class _Signed(NamedTuple):
    digest: bytes
    signature: bytes
    public_key: bytes

    def case(self) -> Cases:
        return {
            "digest": hexed(self.digest),
            "signature": hexed(self.signature),
            "public_key": hexed(self.public_key),
        }

    def refusal(self) -> tuple[str, str] | None:
        """The class and the words of the refusal; None where the signature is good."""
        try:
            signer = recover_key(self.digest, self.signature, "reference")
        except Malformed as error:
            return "Malformed", str(error)
        return None if signer == self.public_key else ("Rejected", _OTHER_KEY)


def signatures() -> Cases:
    """Single signatures, and batches with the positions that fail."""
    good, bad = _good(), _bad()
    return {
        "cases": [
            *(_case(name, signed, good=True) for name, signed in good.items()),
            *(_case(name, signed, good=False) for name, signed in bad.items()),
        ],
        "batches": [
            {
                "name": name,
                "signatures": [signed.case() for signed in batch],
                "failing": [number for number, one in enumerate(batch) if one.refusal()],
            }
            for name, batch in _batches([*good.values()], bad).items()
        ],
    }


def _case(name: str, signed: _Signed, *, good: bool) -> Cases:
    refusal = signed.refusal()
    if good != (refusal is None):
        raise ValueError(f"{name}: {refusal}")
    case = {"name": name, **signed.case()}
    if refusal is not None:
        case["expect"], case["reason"] = refusal
    return case


def _good() -> dict[str, _Signed]:
    small = _point(next(x for x in count(1) if _square_root(x) is not None))
    large = _point(next(N - step for step in count(1) if _square_root(N - step) is not None))
    return {
        "an ordinary signature": _by_key(0),
        "of another key": _by_key(1),
        "of a third key": _by_key(2),
        "nonce with even y": _with_nonce(small),
        "nonce with odd y": _with_nonce(_opposite(small)),
        "largest r with a point": _with_nonce(large),
        "s of 1": _with_nonce(small, s=1),
        "s of n/2": _with_nonce(small, s=N // 2),
        "digest of zero": _by_key(0, bytes(32)),
        "digest of the order": _by_key(0, _word(N)),
        "digest of all ones": _by_key(0, b"\xff" * 32),
        "key with the least x": _for_key(small),
        "key and nonce are the generator": _with_nonce(G, z=(3 - G[0]) % N, s=3),
        "key is the opposite of the nonce": _for_key(_opposite(G), nonce=G),
    }


def _bad() -> dict[str, _Signed]:
    ordinary = _by_key(0)
    digest, signature, key = ordinary
    r, s, v = signature[:32], signature[32:64], signature[64:]
    x, y = key[:32], key[32:]
    small = _point(next(x for x in count(1) if _square_root(x) is not None))
    beyond = [x for x in range(N, N + 40) if _square_root(x) is not None]
    reduced = [_square_root(x - N) is not None for x in beyond]
    pointless = next(x for x in count(1) if _square_root(x) is None)
    high = N - int.from_bytes(s, "big")

    def signed(signature: bytes, public_key: bytes = key) -> _Signed:
        return _Signed(digest, signature, public_key)

    of_small = _for_key(small)
    unreduced = _with_nonce(_point(beyond[0]))
    to_infinity = _numbers(G, 5)
    return {
        "r of 0": signed(bytes(32) + s + v),
        "r of n": signed(_word(N) + s + v),
        "r plus n has a point": _with_nonce(_point(beyond[reduced.index(False)])),
        "r has a point, and r plus n another": _with_nonce(_point(beyond[reduced.index(True)])),
        "r of n or more": unreduced._replace(signature=_word(beyond[0]) + unreduced.signature[32:]),
        "r of the prime or more": signed(_word(small[0] + P) + s + v),
        "r of all ones": signed(b"\xff" * 32 + s + v),
        "r without a point": signed(_word(pointless) + s + v),
        "s of 0": _Signed(
            digest, _numbers(small, 0), _encoded(multiply(G, -_Z * inv(small[0], N) % N))
        ),
        "s of n/2 + 1": _with_nonce(small, s=N // 2 + 1),
        "high s of a good signature": signed(r + _word(high) + bytes([55 - v[0]])),
        "s of n": signed(r + _word(N) + v),
        "s of all ones": signed(r + b"\xff" * 32 + v),
        "s off by one": signed(r + _word(int.from_bytes(s, "big") + 1) + v),
        **{f"v of {number}": signed(r + s + bytes([number])) for number in (0, 1, 26, 29, 30, 255)},
        "v of the other parity": signed(r + s + bytes([55 - v[0]])),
        "no bytes": signed(b""),
        "one byte short": signed(signature[:64]),
        "one byte over": signed(signature + b"\0"),
        "another digest": _Signed(_word(_Z + 1), signature, key),
        "another key": signed(signature, _KEYS[1].public_key),
        "opposite key": signed(signature, x + _word(P - int.from_bytes(y, "big"))),
        "key off the curve": signed(signature, x + _word(int.from_bytes(y, "big") ^ 1)),
        "key with coordinates exchanged": signed(signature, y + x),
        "key with y of 0": signed(signature, x + bytes(32)),
        "key with x plus p": of_small._replace(
            public_key=_word(small[0] + P) + of_small.public_key[32:]
        ),
        "key of all ones": signed(signature, b"\xff" * 64),
        "key at infinity": _Signed(_word(5), to_infinity, bytes(64)),
        "the point at infinity under another key": _Signed(_word(5), to_infinity, key),
    }


def _batches(good: list[_Signed], bad: dict[str, _Signed]) -> dict[str, list[_Signed]]:
    forged = list(bad.values())
    nonce = multiply(G, 77)
    # The plain sum of either pair fulfils the equation; one weight for all would accept them.
    in_s = [_moved(_with_nonce(nonce, s), s=step) for s, step in ((1000, 3), (2000, -3))]
    in_z = [_moved(_with_nonce(nonce, s), z=step * s) for s, step in ((1000, 3), (2000, -3))]
    return {
        "none": [],
        "one": good[:1],
        "good ones": good,
        "the same one, eight times": good[:1] * 8,
        "opposite nonces": [_with_nonce(nonce), _with_nonce(_opposite(nonce))],
        "one bad signature": [*good[:5], bad["s off by one"], *good[5:]],
        "a bad one at each end": [bad["another digest"], *good, bad["another key"]],
        "every bad one": forged,
        "bad and good ones in turn": [
            one for number, two in enumerate(forged) for one in (two, good[number % len(good)])
        ],
        "errors of s that cancel": in_s,
        "errors of digests that cancel": in_z,
        "errors that cancel among good ones": [*good[:3], in_s[0], *in_z, *good[3:6], in_s[1]],
        "a key at infinity among good ones": [*good[:3], bad["key at infinity"]],
    }


def _by_key(number: int, digest: bytes = _DIGEST) -> _Signed:
    """A signature by one of three keys."""
    key = _KEYS[number]
    return _Signed(digest, key.sign(digest), key.public_key)


def _with_nonce(nonce: _Point, s: int = 99, z: int = _Z) -> _Signed:
    """A signature with this R and s, by the only key that can have made it."""
    key = multiply(add(multiply(nonce, s), multiply(G, -z % N)), inv(nonce[0] % N, N))
    return _Signed(_word(z), _numbers(nonce, s), _encoded(key))


def _for_key(key: _Point, nonce: _Point | None = None) -> _Signed:
    """A signature by a key whose secret may be unknown, of the digest that makes it good."""
    # With R = 3 G + 2 Q, s = r / 2 and z = 3 s give s R = z G + r Q.
    a, b = (3, 2) if nonce is None else (-1, -2)
    point = nonce or add(multiply(G, a), multiply(key, b))
    s = point[0] * inv(b, N) % N
    if s > N // 2:
        point, s, a = _opposite(point), N - s, -a
    return _Signed(_word(a * s % N), _numbers(point, s), _encoded(key))


def _moved(signed: _Signed, s: int = 0, z: int = 0) -> _Signed:
    """The same with steps added to its s and to its digest."""
    digest, signature, key = signed
    moved_s = int.from_bytes(signature[32:64], "big") + s
    moved_z = int.from_bytes(digest, "big") + z
    return _Signed(_word(moved_z), signature[:32] + _word(moved_s) + signature[64:], key)


def _numbers(nonce: _Point, s: int) -> bytes:
    return _word(nonce[0] % N) + _word(s) + bytes([_ODD if nonce[1] % 2 else _EVEN])


def _point(x: int) -> _Point:
    y = _square_root(x)
    if y is None:
        raise ValueError(f"no point has the abscissa {x}")
    return x, y if y % 2 == 0 else P - y


def _square_root(x: int) -> int | None:
    """A root of x³ + 7, if there is one."""
    square = (x**3 + 7) % P
    root = pow(square, (P + 1) // 4, P)
    return root if root * root % P == square else None


def _opposite(point: _Point) -> _Point:
    return point[0], P - point[1]


def _encoded(point: _Point) -> bytes:
    return _word(point[0]) + _word(point[1])


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
