"""A root with the signatures that anchor it, as nodes show it in JSON.

Among nodes and on the board it travels as `AnchoredRoot.encode`.
"""

from typing import Any

from ostraka.wire.records import from_hex, strict_json, to_hex
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot


def certificate_json(anchored: AnchoredRoot) -> dict[str, Any]:
    """Members as a node answers them."""
    return {
        "round": anchored.round,
        "root_hash": to_hex(anchored.root.hash),
        "sum": to_hex(anchored.root.sum),
        "count": anchored.root.count,
        "attestations": [
            {"node": one.node, "signature": to_hex(one.signature)} for one in anchored.attestations
        ],
    }


def read_certificate(data: bytes) -> AnchoredRoot:
    """Reverse of `certificate_json`; Malformed when it is invalid. Checks no signature."""
    answer = strict_json(data)
    try:
        root = SumRoot(
            from_hex(answer["root_hash"], "root_hash"),
            from_hex(answer["sum"], "sum"),
            answer["count"],
        )
        attestations = tuple(
            Attestation(one["node"], from_hex(one["signature"], "signature"))
            for one in answer["attestations"]
        )
        return AnchoredRoot(answer["round"], root, attestations)
    except (KeyError, TypeError) as error:
        raise Malformed("certificate", repr(error)) from error
