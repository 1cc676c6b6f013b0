"""Identify clients for limits: by address, or by the network of one subscriber."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

_SUBSCRIBER_BITS = 64
"""Prefix of an IPv6 address; a subscriber can choose the other bits freely."""
_MOST_REMEMBERED = 4096
"""Most addresses whose network is remembered."""


def client_of(scope: Any) -> str:
    """Return the client for which a request counts.

    Args:
        scope: ASGI scope. Its client opened the connection, or was named by a proxy that the
            operator trusts (`serving`).
    """
    return _limited_as(str(scope["client"][0]) if scope.get("client") else "")


@lru_cache(_MOST_REMEMBERED)
def _limited_as(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _SUBSCRIBER_BITS), strict=False).network_address)
