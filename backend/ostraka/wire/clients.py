"""Whom bounds for each client count: an address, or the network that one subscriber has."""

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

_SUBSCRIBER_BITS = 64
"""Of an IPv6 address; the rest of it a subscriber chooses at will."""


def client_of(scope: Any) -> str:
    """Whom a request counts for.

    Args:
        scope: ASGI scope. Its client is whoever opened the connection, or what a proxy says that
            the operator trusts (`serving`).
    """
    host = str(scope["client"][0]) if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _SUBSCRIBER_BITS), strict=False).network_address)
