"""Hashes and signatures: the Rust extension and the readable code agree, at every edge."""

from collections.abc import Iterator
from typing import Any

import pytest
from Crypto.Hash import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka.keys import SigningKey
from ostraka_verifier.encoding import hasher
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import (
    SECP256K1_ORDER,
    key_address,
    recover,
    recover_key,
    recover_signers,
)
from tests.support.vectors import named, unhex, vectors

ENGINES = ("native", "reference")
N = SECP256K1_ORDER
P = 2**256 - 2**32 - 977
KEY = SigningKey(bytes(31) + b"\7")
DIGEST = bytes(range(32))
GOOD = KEY.sign(DIGEST)


def verdict(digest: bytes, signature: bytes, engine: str) -> bytes | str:
    """The key that signed, or the words of the refusal."""
    try:
        return recover_key(digest, signature, engine)
    except Malformed as error:
        return str(error)


def agreed(digest: bytes, signature: bytes) -> bytes | str:
    """What both say."""
    native, reference = (verdict(digest, signature, engine) for engine in ENGINES)
    assert native == reference
    (signer,) = recover_signers([digest], [signature])
    assert signer == (key_address(native) if isinstance(native, bytes) else None)
    return native


def of(r: int, s: int, v: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


def point_less() -> Iterator[int]:
    """Numbers that are no x coordinate of a point."""
    for x in range(1, 40):
        square = (x**3 + 7) % P
        if pow(square, (P - 1) // 2, P) != 1:
            yield x


R, S = (int.from_bytes(GOOD[start : start + 32], "big") for start in (0, 32))
NOBODY = "no key gives it"
HIGH = "s is in the upper half"


@pytest.mark.parametrize(
    ("r", "s", "v", "says"),
    [
        (R, S, 0, "v is 0"),
        (R, S, 1, "v is 1"),
        (R, S, 26, "v is 26"),
        (R, S, 29, "v is 29"),
        (R, S, 255, "v is 255"),
        (0, S, 27, NOBODY),
        (R, 0, 27, NOBODY),
        (0, 0, 28, NOBODY),
        (N, S, 27, NOBODY),
        (N + 1, S, 27, NOBODY),
        (2**256 - 1, S, 28, NOBODY),
        (R, N, 27, HIGH),
        (R, N - 1, 27, HIGH),
        (R, N - S, 55 - GOOD[64], HIGH),
        (R, N // 2 + 1, 27, HIGH),
        (R, 2**256 - 1, 27, HIGH),
        # x coordinates from the order on are coordinates of points, but only `v` 29 names them.
        (N + 2, S, 27, NOBODY),
    ],
)
def test_refused(r: int, s: int, v: int, says: str) -> None:
    found = agreed(DIGEST, of(r, s, v))
    assert isinstance(found, str)
    assert says in found


@pytest.mark.parametrize("s", [1, 2, N // 2 - 1, N // 2])
@pytest.mark.parametrize("v", [27, 28])
def test_every_low_s_has_a_key(s: int, v: int) -> None:
    assert isinstance(agreed(DIGEST, of(R, s, v)), bytes)


def test_no_key_signs_without_a_point() -> None:
    numbers = list(point_less())
    assert len(numbers) > 5
    assert {agreed(DIGEST, of(r, 1, v)) for r in numbers for v in (27, 28)} == {
        f"signature: {NOBODY}"
    }


def test_the_point_at_infinity_is_no_key() -> None:
    """With R = k G and s k = z, the sum is the identity; here k is 1."""
    x = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
    for z in (5, N // 2):
        assert agreed(z.to_bytes(32, "big"), of(x, z, 27)) == f"signature: {NOBODY}"
        assert isinstance(agreed(z.to_bytes(32, "big"), of(x, z, 28)), bytes)


@pytest.mark.parametrize("digest", [bytes(32), N.to_bytes(32, "big"), b"\xff" * 32])
def test_digests_beyond_the_order(digest: bytes) -> None:
    assert isinstance(agreed(digest, GOOD), bytes)
    signed = KEY.sign(digest)
    assert recover(digest, signed) == KEY.address


@pytest.mark.parametrize("size", [0, 1, 64, 66, 130])
def test_other_lengths_are_refused(size: int) -> None:
    found = agreed(DIGEST, bytes(size))
    assert found == f"signature: {size} bytes, expected 65"


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64), st.booleans())
def test_random_signatures(digest: bytes, numbers: bytes, odd: bool) -> None:
    low = numbers[:32] + bytes([numbers[32] & 0x7F]) + numbers[33:]
    agreed(digest, low + bytes([27 + odd]))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, N - 1), st.binary(min_size=32, max_size=32), st.data())
def test_both_engines_sign_alike(secret: int, digest: bytes, data: st.DataObject) -> None:
    native, reference = (SigningKey(secret.to_bytes(32, "big"), one) for one in ENGINES)
    assert (native.public_key, native.address) == (reference.public_key, reference.address)
    if int.from_bytes(digest, "big") < N:
        assert native.sign(digest) == reference.sign(digest)
    signature = native.sign(digest)
    assert agreed(digest, signature) == native.public_key
    place = data.draw(st.integers(0, 64))
    changed = bytearray(signature)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    assert agreed(digest, bytes(changed)) != native.public_key


@pytest.mark.parametrize("secret", [0, N, N + 1, 2**256 - 1])
@pytest.mark.parametrize("engine", ENGINES)
def test_secrets_outside_the_group_are_refused(secret: int, engine: str) -> None:
    with pytest.raises(ValueError, match="not a secret key") as caught:
        SigningKey(secret.to_bytes(32, "big"), engine)
    assert str(secret) not in str(caught.value)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_secrets_and_digests_have_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="not a secret key"):
        SigningKey(bytes(size - 1) + b"\1" if size else b"")
    with pytest.raises(ValueError, match=f"a digest of {size} bytes"):
        KEY.sign(bytes(size))


@pytest.mark.parametrize("case", named(vectors("typed_data")["refused"]))
def test_refused_vectors(case: dict[str, str]) -> None:
    assert isinstance(agreed(unhex(case["digest"]), unhex(case["signature"])), str)


@pytest.mark.parametrize("case", named(vectors("signatures")["cases"]))
def test_signatures_beside_keys(case: dict[str, str]) -> None:
    found = agreed(unhex(case["digest"]), unhex(case["signature"]))
    assert (found == unhex(case["public_key"])) == ("expect" not in case)
    if "expect" in case:
        reason = "not signed by its public key" if isinstance(found, bytes) else found
        assert reason == case["reason"]


@pytest.mark.parametrize("case", named(vectors("signatures")["batches"]))
def test_batches_beside_keys(case: dict[str, Any]) -> None:
    verdicts = [
        agreed(unhex(one["digest"]), unhex(one["signature"])) == unhex(one["public_key"])
        for one in case["signatures"]
    ]
    assert [number for number, good in enumerate(verdicts) if not good] == case["failing"]


def test_a_signer_for_each_digest() -> None:
    digests = [bytes([number] * 32) for number in range(70)]
    signatures = [KEY.sign(digest) for digest in digests]
    signatures[3] = signatures[3][:64] + b"\0"
    found = recover_signers(digests, signatures)
    assert found == [None if number == 3 else KEY.address for number in range(70)]
    assert recover_signers([], []) == []
    signatures[5] = b""
    assert recover_signers(digests[:6], signatures[:6]) == [*found[:5], None]
    with pytest.raises(ValueError):
        recover_signers(digests, signatures[1:])


@pytest.mark.parametrize("size", [0, 1, 135, 136, 137, 271, 272, 2047, 2048, 6000])
def test_hashes(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    expected = keccak.new(digest_bits=256, data=data).digest()
    assert [hasher(engine)(data) for engine in ENGINES] == [expected, expected]
