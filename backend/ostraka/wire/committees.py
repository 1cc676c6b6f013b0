"""A committee as JSON, for nodes that are asked to sign it."""

from typing import Any

from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.encoding import ADDRESS_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Committee, Member


def committee_to_json(committee: Committee) -> dict[str, Any]:
    """Nodes in order, threshold and faults."""
    return {
        "nodes": [
            {"address": to_hex(member.address), "url": member.url} for member in committee.members
        ],
        "threshold": committee.threshold,
        "faults": committee.faults,
    }


def committee_from_json(content: Any) -> Committee:
    """Reverse of `committee_to_json`.

    Raises:
        Malformed: It is none; names the member.
        Rejected: A bound of §3 is broken (check P3).
    """
    if not isinstance(content, dict) or content.keys() != {"nodes", "threshold", "faults"}:
        raise Malformed("committee: expected the members nodes, threshold and faults")
    if not isinstance(content["nodes"], list):
        raise Malformed("committee.nodes: not a list")
    members = []
    for number, one in enumerate(content["nodes"], start=1):
        field = f"committee.nodes[{number - 1}]"
        if not isinstance(one, dict) or one.keys() != {"address", "url"}:
            raise Malformed(f"{field}: expected the members address and url")
        address = from_hex(one["address"], f"{field}.address")
        if len(address) != ADDRESS_BYTES or not isinstance(one["url"], str):
            raise Malformed(f"{field}: no address or no URL")
        members.append(Member(address, one["url"]))
    for name in ("threshold", "faults"):
        if type(content[name]) is not int or not 0 <= content[name] < 256:
            raise Malformed(f"committee.{name}: not a small number")
    return Committee(tuple(members), content["threshold"], content["faults"])
