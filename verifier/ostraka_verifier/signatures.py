"""Recovery of the keys that signed, by ECDSA on secp256k1.

The Rust extension does the work where it is installed. The readable code here is its specification,
and takes its place otherwise; `curve.choose` chooses. Nothing here is secret.

Source: docs/protocol.md §15; SEC 1, §4.1.6; EIP-2 (low s). Vectors:
tests/vectors/typed_data.json.
"""

from collections.abc import Callable, Sequence
from functools import cache

from ostraka_verifier.curve import chosen
from ostraka_verifier.encoding import ADDRESS_BYTES, SIGNATURE_BYTES, keccak256
from ostraka_verifier.errors import Malformed

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

_EVEN, _ODD = 27, 28
"""What `v` is for each parity of the y coordinate of the nonce's point."""


def key_address(public_key: bytes) -> bytes:
    """Return the Ethereum address of a public key given as its two coordinates, 64 bytes."""
    return keccak256(public_key)[-ADDRESS_BYTES:]


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the address whose key signed `digest`; arguments and errors as for `recover_key`."""
    return key_address(recover_key(digest, signature))


def recover_key(digest: bytes, signature: bytes, engine: str | None = None) -> bytes:
    """Return the public key that signed `digest`, as its two coordinates, 64 bytes.

    That `s R = z G + r Q` for the point R that `r` and `v` name is the same statement: it has
    exactly one solution Q.

    Args:
        digest: 32 bytes.
        signature: 65 bytes `r ‖ s ‖ v`, low `s`, `v` 27 or 28.
        engine: "native" or "reference"; by default the process's choice.

    Raises:
        Malformed: Not such a signature, or no key can have made it.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise Malformed("signature", f"{len(signature)} bytes, expected {SIGNATURE_BYTES}")
    if signature[64] not in (_EVEN, _ODD):
        raise Malformed("signature", f"v is {signature[64]}, expected {_EVEN} or {_ODD}")
    # A signature with high s is a second encoding of the same statement (EIP-2).
    if int.from_bytes(signature[32:64], "big") > SECP256K1_ORDER // 2:
        raise Malformed("signature", "s is in the upper half")
    key = _recoverer(engine or chosen())(digest, signature)
    if key is None:
        raise Malformed("signature", "no key gives it")
    return key


def recover_signers(digests: Sequence[bytes], signatures: Sequence[bytes]) -> list[bytes | None]:
    """Return for each digest the address whose key signed it; None where `recover` would raise."""
    if chosen() == "native" and all(len(one) == SIGNATURE_BYTES for one in signatures):
        from ostraka_verifier_native import recover_signers as native

        return native(b"".join(digests), b"".join(signatures))
    return [_signer(*signed) for signed in zip(digests, signatures, strict=True)]


def _signer(digest: bytes, signature: bytes) -> bytes | None:
    try:
        return recover(digest, signature)
    except Malformed:
        return None


@cache
def _recoverer(engine: str) -> Callable[[bytes, bytes], bytes | None]:
    if engine == "native":
        from ostraka_verifier_native import recover_key as native

        return native
    return _reference_key


def _reference_key(digest: bytes, signature: bytes) -> bytes | None:
    """Return `Q = r⁻¹ (s R − z G)`, None where there is none; `v` is 27 or 28."""
    # Slow to import.
    from py_ecc.secp256k1.secp256k1 import A, B, G, N, P, add, inv, multiply

    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not 0 < r < N or not 0 < s < N:
        return None
    # P = 3 mod 4, so this is a root whenever there is one.
    square = (r**3 + A * r + B) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        return None
    if y % 2 != signature[64] - _EVEN:
        y = P - y
    z = int.from_bytes(digest, "big") % N
    from_nonce, from_digest = multiply((r, y), s), multiply(G, -z % N)
    key = multiply(add(from_nonce, from_digest), inv(r, N))
    # The library's point at infinity is (0, 0), which is not on the curve.
    return None if key == (0, 0) else key[0].to_bytes(32, "big") + key[1].to_bytes(32, "big")
