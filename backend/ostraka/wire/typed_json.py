"""EIP-712 statements as JSON, as wallets take them in `eth_signTypedData_v4`."""

from typing import Any

from ostraka.wire.records import to_hex
from ostraka_verifier.typed_data import Domain

_DOMAIN_MEMBERS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)


def typed_json(domain: Domain, type_string: str, *values: int | bytes | str) -> dict[str, Any]:
    """Return a statement with its domain and types.

    Args:
        type_string: One of `ostraka_verifier.typed_data`'s types.
        values: Its members in order, as for `Domain.digest`.
    """
    name, _, rest = type_string.rstrip(")").partition("(")
    members = [tuple(member.split(" ")) for member in rest.split(",")]
    return {
        "types": {
            "EIP712Domain": [{"name": one, "type": kind} for one, kind in _DOMAIN_MEMBERS],
            name: [{"name": one, "type": kind} for kind, one in members],
        },
        "primaryType": name,
        "domain": {
            "name": "Ostraka",
            "version": "2",
            "chainId": domain.chain_id,
            "verifyingContract": to_hex(domain.registry),
        },
        "message": {
            # Decimal strings, because many clients lose digits of large JSON numbers.
            one: to_hex(value) if isinstance(value, bytes) else str(value)
            for (_, one), value in zip(members, values, strict=True)
        },
    }
