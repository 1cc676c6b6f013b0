"""The JSON form of an anchored root with its signatures.

Among nodes and on the board it travels as `AnchoredRoot.encode`.
"""

from typing import Any

from ostraka.wire.records import from_hex, strict_json, to_hex
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot


def certificate_json(anchored: AnchoredRoot) -> dict[str, Any]:
    """Return the members of a node's answer."""
    return {
        "round": anchored.round,
        "root_hash": to_hex(anchored.root.hash),
        "sum": to_hex(anchored.root.sum),
        "count": anchored.root.count,
        "attestations": [
            {"node": attestation.node, "signature": to_hex(attestation.signature)}
            for attestation in anchored.attestations
        ],
    }


def read_certificate(data: bytes) -> AnchoredRoot:
    """Reverse `certificate_json`; raise Malformed if it is invalid. Signatures are not checked."""
    answer = strict_json(data)
    try:
        root = SumRoot(
            from_hex(answer["root_hash"], "root_hash"),
            from_hex(answer["sum"], "sum"),
            answer["count"],
        )
        attestations = tuple(
            Attestation(listed["node"], from_hex(listed["signature"], "signature"))
            for listed in answer["attestations"]
        )
        # Encoding and decoding checks the ranges, lengths and order of all members.
        return AnchoredRoot.decode(AnchoredRoot(answer["round"], root, attestations).encode())
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Malformed("certificate", f"{error!r}") from error
