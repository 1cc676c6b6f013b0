"""Certificates in JSON, from nodes to the program that anchors their roots."""

import json

import pytest

from ostraka.wire.certificates import certificate_json, read_certificate
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot

CERTIFICATE = AnchoredRoot(
    3,
    SumRoot(bytes([1]) * 32, bytes([2]) * 64, 7),
    (Attestation(1, bytes([3]) * 65), Attestation(4, bytes([5]) * 65)),
)


def test_a_certificate_survives_both_encodings() -> None:
    assert read_certificate(json.dumps(certificate_json(CERTIFICATE)).encode()) == CERTIFICATE
    assert AnchoredRoot.decode(CERTIFICATE.encode()) == CERTIFICATE


@pytest.mark.parametrize(
    "change",
    [
        {"root_hash": None},
        {"root_hash": "0xzz"},
        {"sum": 5},
        {"attestations": 3},
        {"attestations": [{}]},
    ],
)
def test_an_invalid_certificate_is_malformed(change: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_certificate(json.dumps(certificate_json(CERTIFICATE) | change).encode())
    for data in (b"[]", b"{}", b"5"):
        with pytest.raises(Malformed):
            read_certificate(data)


def test_bytes_are_read_to_the_end_and_nodes_in_order() -> None:
    encoded = CERTIFICATE.encode()
    with pytest.raises(Malformed, match="root"):
        AnchoredRoot.decode(encoded[:-1])
    with pytest.raises(Malformed, match="root"):
        AnchoredRoot.decode(encoded + b"\0")
    first, second = CERTIFICATE.attestations
    backwards = AnchoredRoot(3, CERTIFICATE.root, (second, first)).encode()
    with pytest.raises(Malformed, match="in strict order"):
        AnchoredRoot.decode(backwards)
